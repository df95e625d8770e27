import FoundationEssentials
import GRDB

/// A checksum over the values of one row (64-bit FNV-1a), as SQLite has none of its own.
///
/// Without it, a flipped byte in a value would be read as if it had been written. A change of one byte always changes it.
struct RowSum {
    private var hash: UInt64 = 0xcbf2_9ce4_8422_2325

    init(_ table: String) { combine(table) }

    private mutating func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }

    /// A value's type comes first, and a text ends with a byte that UTF-8 never has: no two rows read alike.
    mutating func combine(_ text: String) {
        mix(1)
        for byte in text.utf8 { mix(byte) }
        mix(0xff)
    }

    mutating func combine(_ number: Int64?) {
        guard let number else { return mix(0) }
        mix(2)
        var rest = UInt64(bitPattern: number)
        for _ in 0..<8 {
            mix(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }

    mutating func combine(_ number: Int?) { combine(number.map(Int64.init)) }

    private mutating func combine(_ value: DatabaseValue) {
        switch value.storage {
        case .null: mix(0)
        case .int64(let number): combine(number)
        case .string(let text): combine(text)
        case .double(let number): combine(Int64(bitPattern: number.bitPattern))
        case .blob(let data):
            mix(3)
            for byte in data { mix(byte) }
        }
    }

    /// What stands in the row.
    var value: Int64 { Int64(bitPattern: hash) }
    /// Half of it, for samples: there are millions of them.
    var short: Int64 { Int64(UInt32(truncatingIfNeeded: hash ^ (hash >> 32))) }

    /// The same for SQL: `rowsum('table', column, …)`.
    static let function = DatabaseFunction("rowsum", pure: true) { values in
        guard let name = values.first, case .string(let table) = name.storage else { return nil }
        var sum = RowSum(table)
        for value in values.dropFirst() { sum.combine(value) }
        return sum.value
    }
}

/// A table whose rows carry a checksum in the column `sum`.
struct SummedTable: Hashable {
    let name: String
    /// What the checksum covers, in this order.
    let columns: [String]
    /// True for rows that an older version wrote without a checksum; nil where every row has one.
    let isLegacy: String?

    /// The checksum as SQL, over columns or over the parameters that stand for them.
    func sum(of values: [String]? = nil) -> String {
        "rowsum('\(name)', \((values ?? columns).joined(separator: ", ")))"
    }

    /// True, in SQL, for a row that reads as it was written.
    var isSound: String {
        let legacy = isLegacy.map { " OR (sum IS NULL AND \($0))" } ?? ""
        return "(sum IS \(sum())\(legacy))"
    }

    static let head = SummedTable(
        name: "head",
        columns: [
            "ledger", "sequence", "digest", "has_record", "thinned_until", "legacy_at", "legacy_decision",
            "legacy_event",
        ], isLegacy: nil)
    static let workspace = SummedTable(name: "workspace", columns: ["name", "memory"], isLegacy: nil)
    static let campaign = SummedTable(
        name: "campaign", columns: ["workspace", "id", "phase", "updated_at", "memory"], isLegacy: nil)
    static let launch = SummedTable(
        name: "launch", columns: ["workspace", "campaign", "phase", "updated_at", "memory"], isLegacy: nil)
    static let pool = SummedTable(name: "pool", columns: ["workspace", "id", "updated_at", "memory"], isLegacy: nil)
    static let intent = SummedTable(
        name: "intent",
        columns: ["workspace", "decision", "action", "campaign", "attempt", "sent_at", "settled_at", "outcome"],
        isLegacy: nil)
    static let senderChange = SummedTable(
        name: "sender_change",
        columns: [
            "workspace", "decision", "action", "pool", "sender", "address", "rule", "condition", "evidence", "sent_at",
            "settled_at", "outcome",
        ], isLegacy: nil)
    static let decision = SummedTable(
        name: "decision", columns: ["workspace", "id", "at", "campaign", "cause", "rule", "condition", "evidence"],
        isLegacy: "id <= (SELECT legacy_decision FROM head)")
    static let event = SummedTable(
        name: "event",
        columns: ["workspace", "at", "kind", "priority", "campaign", "pool", "rule", "message", "fields"],
        isLegacy: "number <= (SELECT legacy_event FROM head)")

    /// What a guard goes on from; the sum of their checksums is the ledger's digest.
    static let state: [SummedTable] = [.workspace, .campaign, .launch, .pool]
    /// What is verified as a whole when a ledger is opened; samples are verified as they are loaded.
    static let verified: [SummedTable] = [.head] + state + [.intent, .senderChange, .decision]
}

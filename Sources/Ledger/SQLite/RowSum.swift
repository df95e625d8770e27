import FoundationEssentials
import GRDB

/// A checksum of one row's values (64-bit FNV-1a), because SQLite has none.
///
/// It detects changed bytes that SQLite would return as valid values; a change of one byte always changes it.
struct RowSum {
    private var hash: UInt64 = 0xcbf2_9ce4_8422_2325

    init(_ table: String) { combine(table) }

    private mutating func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }

    /// Each value begins with its type, and a text ends with a byte that UTF-8 never uses, so rows are unambiguous.
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

    /// The first six always count; unknown ones at the end do not, because earlier versions had no columns for them.
    mutating func combine(counters: [Int64?]) {
        let last = counters.lastIndex { $0 != nil } ?? -1
        for (index, value) in counters.enumerated() where index < 6 || index <= last { combine(value) }
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

    /// The checksum in the row.
    var value: Int64 { Int64(bitPattern: hash) }
    /// A shorter checksum for samples, of which there are millions.
    var short: Int64 { Int64(UInt32(truncatingIfNeeded: hash ^ (hash >> 32))) }

    /// The SQL function: `rowsum('table', column, …)`.
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
    /// The columns that the checksum covers, in order.
    let columns: [String]
    /// The SQL condition for rows that an older version wrote without a checksum; nil if every row has one.
    let isLegacy: String?

    /// The SQL of the checksum, over the columns or over parameters in their place.
    func sum(of values: [String]? = nil) -> String {
        "rowsum('\(name)', \((values ?? columns).joined(separator: ", ")))"
    }

    /// The SQL condition for a row that matches its checksum.
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

    /// Waiting notifications; not part of the digest, because a lost one does not damage the state.
    static let outbox = SummedTable(name: "outbox", columns: ["id", "receiver", "at", "item"], isLegacy: nil)

    /// The guard's state; the sum of these tables' checksums is the ledger's digest.
    static let state: [SummedTable] = [.workspace, .campaign, .launch, .pool]
    /// The tables that are verified when a ledger is opened; samples are verified when they are loaded.
    static let verified: [SummedTable] = [.head] + state + [.intent, .senderChange, .decision, .outbox]
}

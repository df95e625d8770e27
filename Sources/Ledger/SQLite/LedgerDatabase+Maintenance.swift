import GRDB
package import Model
import Synchronization

extension LedgerDatabase {
    /// Pages that maintenance may use beyond the limit, because deletions can need pages before they free any.
    private static let reservePages = 64
    /// The most queries of one step; each skips one campaign without rows to remove.
    private static let stepQueries = 32

    /// All statements of maintenance, for a test of their query plans.
    package static var maintenanceStatements: [String] {
        Maintenance.Kind.allCases.flatMap { [$0.select, $0.delete] }
    }

    /// The position of a walk over a table.
    struct Walk: Sendable {
        var work: Maintenance.Work
        /// The key of the last row that was read.
        var key: [DatabaseValue]
        /// The subject of that row, and the interval whose first sample is retained.
        var subject: [DatabaseValue] = []
        var part: Int64?
    }

    /// Removes old or excess rows in one bounded step; true if another step is due immediately.
    ///
    /// Call it when nothing urgent waits, and at least every few seconds: it also detects replaced files.
    package func maintain(at now: Instant) throws(LedgerError) -> Bool {
        try checkFiles()
        do {
            return try queue.writeWithoutTransaction { database in
                checkpoint(database)
                try LedgerDatabase.setSizeLimit(database, limits.bytesMax, reserve: LedgerDatabase.reservePages)
                defer { try? LedgerDatabase.setSizeLimit(database, limits.bytesMax) }
                if try adoptStep(database) { return true }
                return try step(database, at: now)
            }
        } catch {
            throw LedgerError(error, writing: queue.path)
        }
    }

    private func step(_ database: Database, at now: Instant) throws -> Bool {
        let usedPercent = try usedPercent(database)
        let thinnedUntil = try Int64.fetchOne(database, sql: "SELECT thinned_until FROM head") ?? 0
        var (maintenance, walk) = state.withLock { ($0.maintenance, $0.walk) }
        let work = maintenance.next(usedPercent: usedPercent, thinnedUntil: thinnedUntil, at: now)
        if let work {
            var current = walk.flatMap { $0.work == work ? $0 : nil } ?? Walk(work: work, key: work.kind.start)
            var removed = 0
            var isFinished = false
            try database.inTransaction(.immediate) {
                (removed, isFinished) = try advance(&current, database)
                if isFinished, case .thin(.poolSample, _, let before) = work {
                    try database.execute(sql: "UPDATE head SET thinned_until = ?", arguments: [before])
                    try LedgerDatabase.sealHead(database)
                }
                return .commit
            }
            if isFinished { maintenance.finish(work) }
            walk = isFinished ? nil : current
            state.withLock { $0.uncheckpointed += removed }
        }
        state.withLock { ($0.maintenance, $0.walk) = (maintenance, walk) }
        return maintenance.hasMore
    }

    /// Continues the walk for at most ``LedgerLimits/stepRows`` rows, and removes the expired ones.
    private func advance(_ walk: inout Walk, _ database: Database) throws -> (removed: Int, isFinished: Bool) {
        let kind = walk.work.kind
        let select = try database.cachedStatement(sql: kind.select)
        let delete = try database.cachedStatement(sql: kind.delete)
        var (seen, removed) = (0, 0)
        for _ in 0..<LedgerDatabase.stepQueries {
            var doomed: [[DatabaseValue]] = []
            var jump: [DatabaseValue]?
            let rows = try Row.fetchCursor(select, arguments: StatementArguments(walk.key + [limits.stepRows - seen]))
            var found = 0
            while jump == nil, let row = try rows.next() {
                found += 1
                let key = kind.key.map { row[$0] as DatabaseValue }
                guard let time = Int64.fromDatabaseValue(row["time"]) else {
                    throw Verification.Damage(what: "a row of its table \(kind.table) is damaged")
                }
                switch walk.take(key, time: time, isOpen: row["open"]) {
                case .stay: walk.key = key
                case .remove:
                    walk.key = key
                    doomed.append(key)
                case .jump(let target): jump = target
                }
            }
            seen += found
            for key in doomed { try delete.execute(arguments: StatementArguments(kind.identity(key))) }
            removed += doomed.count
            if let jump { walk.key = jump }
            if jump == nil, seen < limits.stepRows { return (removed, true) }
            if seen >= limits.stepRows { break }
        }
        return (removed, false)
    }

    /// The used pages in percent of the allowed pages; free pages are reused, so they do not count.
    private func usedPercent(_ database: Database) throws -> Int {
        func value(_ name: String) throws -> Int { try Int.fetchOne(database, sql: "PRAGMA \(name)") ?? 0 }
        let used = try value("page_count") - value("freelist_count")
        return used * 100 / max(1, limits.bytesMax / max(1, try value("page_size")))
    }

    /// Sets the largest size of the file; SQLite never sets it below the current size.
    static func setSizeLimit(_ database: Database, _ bytes: Int, reserve: Int = 0) throws {
        let page = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 4096
        _ = try Int.fetchOne(database, sql: "PRAGMA max_page_count = \(max(1, bytes / page) + reserve)")
    }
}

extension LedgerDatabase.Walk {
    enum Step {
        case stay
        case remove
        /// Skip the rest of the subject: continue after this key, which need not exist.
        case jump([DatabaseValue])
    }

    /// Decides about the next row.
    mutating func take(_ key: [DatabaseValue], time: Int64, isOpen: Bool) -> Step {
        switch work {
        case .remove(let kind, let before):
            if time < before || before == .max { return isOpen ? .stay : .remove }
            return kind.isInOrderOfTime ? .jump(kind.end(of: key)) : .stay
        case .thin(let kind, let from, let before):
            if time >= before { return .jump(kind.end(of: key)) }
            let subject = Array(key.dropLast())
            if time < from { return .jump(subject + [(from - 1).databaseValue]) }
            let part = time / Maintenance.thinnedSpacing.milliseconds
            defer { (self.subject, self.part) = (subject, part) }
            return subject == self.subject && part == self.part ? .remove : .stay
        }
    }
}

extension Maintenance.Work {
    var kind: Maintenance.Kind {
        switch self {
        case .remove(let kind, _), .thin(let kind, _, _): kind
        }
    }
}

extension Maintenance.Kind {
    var table: String {
        switch self {
        case .sample: "sample"
        case .poolSample: "pool_sample"
        case .event: "event"
        case .senderChange: "sender_change"
        case .intent: "intent"
        case .decision: "decision"
        }
    }

    /// The columns of the index that the walk follows.
    var key: [String] {
        switch self {
        case .sample: ["workspace", "campaign", "at"]
        case .poolSample: ["workspace", "pool", "at"]
        case .event: ["workspace", "at", "number"]
        case .senderChange: ["workspace", "decision"]
        case .intent: ["workspace", "decision", "action"]
        case .decision: ["workspace", "id"]
        }
    }

    /// True if the rows of one subject are sorted by time, so that the rest can be skipped.
    var isInOrderOfTime: Bool {
        switch self {
        case .sample, .poolSample, .event: true
        case .senderChange, .intent, .decision: false
        }
    }

    /// A key before all others.
    var start: [DatabaseValue] {
        let (text, number) = ("".databaseValue, Int64.min.databaseValue)
        switch self {
        case .sample, .poolSample: return [text, text, number]
        case .event: return [text, number, number]
        case .senderChange, .decision: return [text, number]
        case .intent: return [text, number, text]
        }
    }

    /// A key after all others of the same subject.
    func end(of key: [DatabaseValue]) -> [DatabaseValue] {
        let last = Int64.max.databaseValue
        switch self {
        case .sample, .poolSample: return [key[0], key[1], last]
        case .event, .intent: return [key[0], last, last]
        case .senderChange, .decision: return [key[0], last]
        }
    }

    private var time: String {
        switch self {
        case .sample, .poolSample, .event, .decision: "at"
        case .senderChange, .intent: "sent_at"
        }
    }

    /// The SQL condition for a row that an unsettled action needs.
    private var isOpen: String {
        switch self {
        case .sample, .poolSample, .event: "0"
        case .senderChange, .intent: "settled_at IS NULL"
        case .decision:
            """
            EXISTS (SELECT 1 FROM intent WHERE intent.workspace = decision.workspace
                AND intent.decision = decision.id AND settled_at IS NULL)
            """
        }
    }

    /// Selects the rows after a key; its arguments are the key's values and the limit.
    var select: String {
        let columns = key.joined(separator: ", ")
        let places = key.map { _ in "?" }.joined(separator: ", ")
        return """
            SELECT \(columns), \(time) AS time, \(isOpen) AS open FROM \(table)
            WHERE (\(columns)) > (\(places)) ORDER BY \(columns) LIMIT ?
            """
    }

    var delete: String {
        switch self {
        case .event: "DELETE FROM event WHERE number = ?"
        case .sample, .poolSample, .senderChange, .intent, .decision:
            "DELETE FROM \(table) WHERE \(key.map { "\($0) = ?" }.joined(separator: " AND "))"
        }
    }

    /// The arguments of ``delete``.
    func identity(_ key: [DatabaseValue]) -> [DatabaseValue] {
        switch self {
        case .event: [key[2]]
        case .sample, .poolSample, .senderChange, .intent, .decision: key
        }
    }
}

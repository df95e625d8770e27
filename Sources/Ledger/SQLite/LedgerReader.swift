import FoundationEssentials
import GRDB
import Glibc
package import Guard
package import Model
import Policy

/// Read-only access to a ledger file, which a daemon may be writing.
package struct LedgerReader: Sendable {
    private let queue: any DatabaseReader
    private let path: String

    /// Opens a ledger read-only.
    ///
    /// - Throws: if the file does not exist, cannot be read, or is not a ledger of a known version.
    package init(_ path: String) throws(LedgerError) {
        self.path = path
        guard FileManager.default.fileExists(atPath: path) else {
            throw LedgerError(code: .missing, message: "there is no ledger \(path)")
        }
        try LedgerFiles.requireFile(path)
        do {
            // Read the record first: the ledger already contains what it requires, even while a daemon writes.
            let real = LedgerReader.withoutLinks(path)
            guard access(real, R_OK) == 0 else {
                throw LedgerError(
                    code: .noPermission,
                    message: "\(path) cannot be read by this user; run as root, or query the daemon")
            }
            let record = try HeadFile.read(LedgerFiles(main: real).head)
            let queue = try DatabaseQueue(path: real, configuration: LedgerDatabase.readOnly)
            try queue.read { database in
                guard try Verification.verifyVersion(database, path) else {
                    throw LedgerError(
                        code: .otherVersion,
                        message:
                            "\(path) was written by an older version of sendwarden; the daemon upgrades it at its "
                            + "next start")
                }
                // A copy may lack the record; with a record, it must be as new as the record requires.
                let head = try Verification.Head(database)
                if record.record != nil || record == .unreadable { try Verification.verify(head, record, at: .now) }
            }
            self.queue = queue
        } catch {
            throw LedgerReader.explain(error, path)
        }
    }

    private static func withoutLinks(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func explain(_ error: any Error, _ path: String) -> LedgerError {
        switch error {
        case let error as LedgerError: return error
        case let damage as Verification.Damage:
            return LedgerError(
                code: .corrupt,
                message:
                    "\(path) is damaged or an incomplete copy: \(damage.what). A copy consists of the file, its -wal "
                    + "and its .head from the same moment; copy them again")
        case let error as DatabaseError:
            switch error.resultCode {
            case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_SCHEMA:
                return LedgerError(
                    code: .corrupt, message: "\(path) is damaged or is not a ledger: \(error.message ?? "SQLite error")"
                )
            case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
                return LedgerError(
                    code: .noPermission,
                    message: "\(path) cannot be read by this user; run as root, or query the daemon")
            default:
                return LedgerError(
                    code: .unwritable, message: "\(path): SQLite error \(error.extendedResultCode.rawValue)")
            }
        default: return LedgerError(code: .corrupt, message: "\(path) contains data that this version cannot read")
        }
    }

    /// Throws if the row does not match its checksum.
    private static func check(_ row: Row, _ table: SummedTable) throws {
        guard row["sound"] else { throw Verification.Damage(what: "a row of its table \(table.name) is damaged") }
    }

    private func read<Value>(_ body: (Database) throws -> Value) throws(LedgerError) -> Value {
        do {
            return try queue.read(body)
        } catch {
            throw LedgerReader.explain(error, path)
        }
    }

    // MARK: Workspaces

    /// The workspaces in the ledger, sorted by name.
    package func workspaces() throws(LedgerError) -> [String] {
        try read { try String.fetchAll($0, sql: "SELECT name FROM workspace ORDER BY name") }
    }

    /// The times of the workspace's first and last entry; nil without entries.
    package func span(_ workspace: String) throws(LedgerError) -> ClosedRange<Instant>? {
        let (first, last) = (try times("min", workspace).min(), try times("max", workspace).max())
        guard let first, let last else { return nil }
        return first...max(first, last)
    }

    private func times(_ function: String, _ workspace: String) throws(LedgerError) -> [Instant] {
        try read { database in
            try ["sample", "pool_sample", "event"].compactMap { table in
                try Int64.fetchOne(
                    database, sql: "SELECT \(function)(at) FROM \(table) WHERE workspace = ?", arguments: [workspace])
            }.map { Instant(milliseconds: $0) }
        }
    }

    /// The state from which a guard of these workspaces continues.
    package func memory(
        _ scope: LedgerScope, window: Duration = LedgerDatabase.retention, at now: Instant
    ) throws(LedgerError) -> Memory {
        do {
            return try queue.read { try LedgerDatabase.memory($0, scope, window, at: now) }
        } catch {
            throw LedgerReader.explain(error, path)
        }
    }

    // MARK: History

    /// Events, oldest first.
    package func history(_ workspace: String, _ filter: HistoryFilter) throws(LedgerError) -> [HistoryEntry] {
        var conditions = ["workspace = ?"]
        var arguments: [(any DatabaseValueConvertible)?] = [workspace]
        func add(_ condition: String, _ value: (any DatabaseValueConvertible)?) {
            guard let value else { return }
            conditions.append(condition)
            arguments.append(value)
        }
        add("campaign = ?", filter.campaign)
        add("pool = ?", filter.pool)
        add("rule = ?", filter.rule)
        add("priority <= ?", filter.priority)
        add("at >= ?", filter.since?.milliseconds)
        add("at < ?", filter.until?.milliseconds)
        add("number > ?", filter.after)
        if let event = filter.event {
            conditions.append("(kind = ? OR substr(kind, 1, ?) = ?)")
            arguments += [event, event.utf8.count + 1, event + "."]
        }
        arguments.append(min(max(1, filter.limit), HistoryFilter.limitMax))
        let sql =
            "SELECT *, \(SummedTable.event.isSound) AS sound FROM event "
            + "WHERE \(conditions.joined(separator: " AND ")) ORDER BY at DESC, number DESC LIMIT ?"
        return try read { database in
            let rows = try Row.fetchAll(database, sql: sql, arguments: StatementArguments(arguments))
            return try rows.reversed().map { row in
                try LedgerReader.check(row, .event)
                return HistoryEntry(
                    number: row["number"], at: Instant(milliseconds: row["at"]), event: row["kind"],
                    priority: row["priority"], campaign: row["campaign"], rule: row["rule"], message: row["message"],
                    fields: try JSONDecoder().decode(
                        [String: String].self, from: Data((row["fields"] as String).utf8)))
            }
        }
    }

    /// Notifications that were neither sent nor dropped, oldest first; the oldest are omitted beyond the limit.
    func outbox(limit: Int) throws(LedgerError) -> [OutboxItem] {
        try read { database in
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT *, \(SummedTable.outbox.isSound) AS sound FROM outbox ORDER BY at DESC, id DESC LIMIT ?",
                arguments: [max(0, limit)])
            return try rows.reversed().map { row in
                try LedgerReader.check(row, .outbox)
                return try JSONDecoder().decode(OutboxItem.self, from: Data((row["item"] as String).utf8))
            }
        }
    }

    /// The decision with this number; nil if there is none.
    package func decision(_ id: Int, _ workspace: String) throws(LedgerError) -> DecisionRecord? {
        if let found = try decisions(workspace, where: "id = ?", [id]).first { return found }
        return try senderChanges(workspace, where: "decision = ?", [id]).first
    }

    /// The decisions since this time, oldest first.
    package func decisions(_ workspace: String, since: Instant) throws(LedgerError) -> [DecisionRecord] {
        let all =
            try decisions(workspace, where: "at >= ?", [since.milliseconds])
            + senderChanges(workspace, where: "sent_at >= ?", [since.milliseconds])
        return all.sorted { $0.id < $1.id }
    }

    /// The newest decisions that match, newest first.
    package func decisions(_ workspace: String, _ filter: DecisionFilter) throws(LedgerError) -> [DecisionRecord] {
        let (before, newest) = (filter.before ?? .max, "DESC LIMIT \(filter.boundedLimit)")
        guard filter.campaign == nil else {
            return try decisions(
                workspace, where: "id < ? AND campaign = ?", [before, filter.campaign?.text ?? ""],
                orderedBy: "id \(newest)")
        }
        let all =
            try decisions(workspace, where: "id < ?", [before], orderedBy: "id \(newest)")
            + senderChanges(workspace, where: "decision < ?", [before], orderedBy: "decision \(newest)")
        return Array(all.sorted { $0.id > $1.id }.prefix(filter.boundedLimit))
    }

    /// Changes of pools' members, as decisions.
    private func senderChanges(
        _ workspace: String, where condition: String, _ arguments: [any DatabaseValueConvertible],
        orderedBy order: String = "decision"
    ) throws(LedgerError) -> [DecisionRecord] {
        try read { database in
            let rows = try LedgerReader.rows(
                .senderChange, of: workspace, where: condition, arguments, orderedBy: order, database)
            return try rows.map { row in
                let evidence = try JSONDecoder().decode(Evaluation.self, from: Data((row["evidence"] as String).utf8))
                let address: String? = row["address"]
                return DecisionRecord(
                    id: row["decision"], at: Instant(milliseconds: row["sent_at"]), campaign: nil,
                    pool: PoolID(row["pool"] as String), sender: address ?? row["sender"], cause: "rule",
                    rule: row["rule"], condition: row["condition"], evidence: evidence.sentences,
                    actions: [
                        DecisionRecord.Action(
                            action: "\(row["action"] as String) sender", attempt: 1,
                            sentAt: Instant(milliseconds: row["sent_at"]),
                            settledAt: (row["settled_at"] as Int64?).map { Instant(milliseconds: $0) },
                            outcome: row["outcome"])
                    ])
            }
        }
    }

    /// The rows of a table; throws if one does not match its checksum.
    private static func rows(
        _ table: SummedTable, of workspace: String, where condition: String,
        _ arguments: [any DatabaseValueConvertible], orderedBy order: String, _ database: Database
    ) throws -> [Row] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT *, \(table.isSound) AS sound FROM \(table.name)
                WHERE workspace = ? AND \(condition) ORDER BY \(order)
                """,
            arguments: StatementArguments([workspace] + arguments))
        for row in rows { try check(row, table) }
        return rows
    }

    private func decisions(
        _ workspace: String, where condition: String, _ arguments: [any DatabaseValueConvertible],
        orderedBy order: String = "id"
    ) throws(LedgerError) -> [DecisionRecord] {
        try read { database in
            let rows = try LedgerReader.rows(
                .decision, of: workspace, where: condition, arguments, orderedBy: order, database)
            return try rows.compactMap { row -> DecisionRecord? in
                guard let campaign = CampaignID(row["campaign"] as String) else { return nil }
                let actions = try LedgerReader.rows(
                    .intent, of: workspace, where: "decision = ?", [row["id"] as Int], orderedBy: "sent_at", database)
                return DecisionRecord(
                    id: row["id"], at: Instant(milliseconds: row["at"]), campaign: campaign, pool: nil, sender: nil,
                    cause: row["cause"],
                    rule: row["rule"], condition: row["condition"],
                    evidence: try (row["evidence"] as String?).map {
                        try JSONDecoder().decode(Evaluation.self, from: Data($0.utf8)).sentences
                    } ?? [],
                    actions: actions.map { action in
                        DecisionRecord.Action(
                            action: action["action"], attempt: action["attempt"],
                            sentAt: Instant(milliseconds: action["sent_at"]),
                            settledAt: (action["settled_at"] as Int64?).map { Instant(milliseconds: $0) },
                            outcome: action["outcome"])
                    })
            }
        }
    }

    // MARK: Numbers

    /// The campaigns with samples, sorted by id.
    package func campaigns(_ workspace: String) throws(LedgerError) -> [CampaignID] {
        try read { database in
            try String.fetchAll(
                database, sql: "SELECT DISTINCT campaign FROM sample WHERE workspace = ? ORDER BY campaign",
                arguments: [workspace]
            ).compactMap { CampaignID($0) }
        }
    }

    /// The campaign's samples since this time, oldest first.
    package func samples(
        of campaign: CampaignID, _ workspace: String, since: Instant
    ) throws(LedgerError) -> [(at: Instant, stats: CampaignStats)] {
        try read { database in
            let legacyAt = try Verification.Head(database)?.legacyAt ?? .max
            var start = RowSum("sample")
            start.combine(workspace)
            start.combine(campaign.text)
            return try Row.fetchAll(
                database, sql: "SELECT * FROM sample WHERE workspace = ? AND campaign = ? AND at >= ? ORDER BY at",
                arguments: [workspace, campaign.text, since.milliseconds]
            ).map { row in
                guard LedgerDatabase.isSound(row, start, legacyAt) else {
                    throw Verification.Damage(what: "a sample of campaign \(campaign) is damaged")
                }
                return LedgerDatabase.sample(row)
            }
        }
    }

    /// The samples of all pools since this time, oldest first.
    package func pools(_ workspace: String, since: Instant) throws(LedgerError) -> [PoolID: [PoolVolumeSample]] {
        try read { database in
            let legacyAt = try Verification.Head(database)?.legacyAt ?? .max
            var pools: [PoolID: [PoolVolumeSample]] = [:]
            for row in try Row.fetchAll(
                database, sql: "SELECT * FROM pool_sample WHERE workspace = ? AND at >= ? ORDER BY pool, at",
                arguments: [workspace, since.milliseconds])
            {
                guard let text = String.fromDatabaseValue(row["pool"]) else { continue }
                var start = RowSum("pool_sample")
                start.combine(workspace)
                start.combine(text)
                guard LedgerDatabase.isSound(row, start, legacyAt, counters: LedgerDatabase.poolCounters) else {
                    throw Verification.Damage(what: "a sample of pool \(text) is damaged")
                }
                guard let id = PoolID(text) else { continue }
                pools[id, default: []].append(
                    PoolVolumeSample(
                        at: Instant(milliseconds: row["at"]), capacity: row["capacity"], remaining: row["remaining"],
                        reserved: row["reserved"]))
            }
            return pools
        }
    }

    /// The first damage that SQLite or the checksums show; nil if the ledger is sound.
    package func damage() throws(LedgerError) -> String? {
        try read { database in
            let verdict = try String.fetchOne(database, sql: "PRAGMA integrity_check(1)") ?? "SQLite reported no result"
            guard verdict == "ok" else { return verdict }
            do {
                if let head = try Verification.Head(database) { try Verification.verifyRows(database, head) }
                return nil
            } catch let damage as Verification.Damage {
                return damage.what
            }
        }
    }
}

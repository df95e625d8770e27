import FoundationEssentials
import GRDB
package import Guard
package import Model
import Synchronization

extension LedgerDatabase {
    /// Writes the records under the first workspace, in one transaction.
    package func write(_ records: [LedgerRecord], at now: Instant) throws(LedgerError) {
        try write(LedgerBatch(records.map { LedgerEntry(scope.first, $0) }, at: now))
    }

    /// Writes the batch in one transaction; an urgent batch is on disk when this returns.
    package func write(_ batch: LedgerBatch) throws(LedgerError) {
        guard !batch.entries.isEmpty else { return }
        try checkFiles()
        do {
            try commit(isUrgent: batch.isUrgent) { database in
                var change: Int64 = 0
                for entry in batch.entries { change &+= try write(entry, database, at: batch.at) }
                return change
            }
            state.withLock { $0.uncheckpointed += batch.entries.count }
        } catch {
            // The next sample must not be skipped because of one that was not written.
            state.withLock { state in
                (state.sampledAt, state.pooledAt) = ([:], [:])
                // On a full disk, a checkpoint makes the log's space reusable.
                state.uncheckpointed = LedgerDatabase.checkpointRecords
            }
            throw LedgerError(error, writing: queue.path)
        }
    }

    /// Runs one transaction, then records it in the head file.
    ///
    /// In this order, a crash in between leaves a ledger that is newer than its record, which is valid. A ledger
    /// that is older than its record counts as damaged.
    ///
    /// - Parameter body: returns the change of the digest.
    func commit(isUrgent: Bool, _ body: (Database) throws -> Int64) throws {
        try queue.writeWithoutTransaction { database in
            if isUrgent { try database.execute(sql: "PRAGMA synchronous = FULL") }
            defer { if isUrgent { try? database.execute(sql: "PRAGMA synchronous = NORMAL") } }
            var mark = HeadMark(sequence: 0, digest: 0)
            try database.inTransaction(.immediate) {
                mark = try LedgerDatabase.advance(database, by: try body(database))
                return .commit
            }
            try head.advance(to: mark, isDurable: isUrgent, at: boot())
            if !isUrgent { checkpoint(database) }
        }
    }

    /// Increments the number of the transaction, within the transaction.
    private static func advance(_ database: Database, by change: Int64) throws -> HeadMark {
        guard let row = try Row.fetchOne(database.cachedStatement(sql: "SELECT sequence, digest FROM head")) else {
            throw Verification.Damage(what: "its head is missing")
        }
        let mark = HeadMark(sequence: (row["sequence"] as Int64) + 1, digest: (row["digest"] as Int64) &+ change)
        try database.cachedStatement(sql: "UPDATE head SET sequence = ?, digest = ?")
            .execute(arguments: [mark.sequence, mark.digest])
        try sealHead(database)
        return mark
    }

    static func sealHead(_ database: Database) throws {
        try database.cachedStatement(sql: "UPDATE head SET sum = \(SummedTable.head.sum())").execute()
    }

    /// Checkpoints the log when due; if readers prevent it, the next call tries again.
    func checkpoint(_ database: Database) {
        let isDue = state.withLock { state in
            guard state.uncheckpointed >= LedgerDatabase.checkpointRecords else { return false }
            state.uncheckpointed = 0
            return true
        }
        if isDue { try? database.execute(sql: "PRAGMA wal_checkpoint(PASSIVE)") }
    }

    /// Replaces a row of the state; returns the change of the digest.
    private func replace(
        _ table: SummedTable, key: [String], _ values: StatementArguments, _ keyValues: StatementArguments,
        _ database: Database
    ) throws -> Int64 {
        let condition = key.map { "\($0) = ?" }.joined(separator: " AND ")
        let before = try Int64.fetchOne(
            database.cachedStatement(sql: "SELECT sum FROM \(table.name) WHERE \(condition)"), arguments: keyValues)
        let places = (1...table.columns.count).map { "?\($0)" }
        let after = try Int64.fetchOne(
            database.cachedStatement(
                sql: """
                    INSERT OR REPLACE INTO \(table.name) (\(table.columns.joined(separator: ", ")), sum)
                    VALUES (\(places.joined(separator: ", ")), \(table.sum(of: places))) RETURNING sum
                    """), arguments: values)
        return (after ?? 0) &- (before ?? 0)
    }

    /// Inserts a row with its checksum.
    ///
    /// - Parameter conflict: the SQL clause for an existing row with the same key.
    private func insert(
        _ table: SummedTable, conflict: String = "", _ values: StatementArguments, _ database: Database
    ) throws {
        let places = (1...table.columns.count).map { "?\($0)" }
        try database.cachedStatement(
            sql: """
                INSERT \(conflict) INTO \(table.name) (\(table.columns.joined(separator: ", ")), sum)
                VALUES (\(places.joined(separator: ", ")), \(table.sum(of: places)))
                """
        ).execute(arguments: values)
    }

    /// Writes one record; returns the change of the digest.
    private func write(_ entry: LedgerEntry, _ database: Database, at now: Instant) throws -> Int64 {
        let workspace = entry.workspace.text
        func text(_ value: some Encodable) throws -> String {
            String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
        }
        switch entry.record {
        case .sample(let id, let stats, let at): try write(stats, of: id, workspace, at: at, database)
        case .pool(let pool, let reserved, let at): try write(pool, reserved: reserved, workspace, at: at, database)
        case .event(let event, let at):
            let fields = Dictionary(uniqueKeysWithValues: event.fields.map { ($0.key.rawValue, $0.value) })
            try insert(
                .event,
                [
                    workspace, at.milliseconds, event.kind.rawValue, event.priority.rawValue, event.fields[.campaign],
                    event.fields[.pool], event.fields[.rule], event.message, try text(fields),
                ], database)
        case .campaign(let memory):
            return try replace(
                .campaign, key: ["workspace", "id"],
                [workspace, memory.id.text, memory.phaseName, now.milliseconds, try text(memory)],
                [workspace, memory.id.text], database)
        case .launch(let memory):
            return try replace(
                .launch, key: ["workspace", "campaign"],
                [workspace, memory.campaign.text, memory.phaseName, now.milliseconds, try text(memory)],
                [workspace, memory.campaign.text], database)
        case .poolState(let memory):
            return try replace(
                .pool, key: ["workspace", "id"], [workspace, memory.id.text, now.milliseconds, try text(memory)],
                [workspace, memory.id.text], database)
        case .workspace(let memory):
            return try replace(.workspace, key: ["name"], [workspace, try text(memory)], [workspace], database)
        case .senderChange(let change, let outcome):
            try insert(
                .senderChange, conflict: "OR REPLACE",
                [
                    workspace, change.decision, change.action.rawValue, change.pool.text, change.sender.id.text,
                    change.sender.address, change.rule, change.conditionText, try text(change.evidence),
                    change.sentAt.milliseconds, outcome.map { _ in now.milliseconds }, outcome?.text,
                ], database)
        case .outbox(let change):
            for item in change.queued {
                try insert(
                    .outbox, conflict: "OR REPLACE", [item.id, item.receiver, item.at.milliseconds, try text(item)],
                    database)
            }
            let delete = try database.cachedStatement(sql: "DELETE FROM outbox WHERE id = ?")
            for id in change.settled { try delete.execute(arguments: [id]) }
        case .decision(let decision):
            try insert(
                .decision, conflict: "OR REPLACE",
                [
                    workspace, decision.id, decision.at.milliseconds, decision.campaign.text, decision.cause.name,
                    decision.cause.rule, decision.conditionText, try decision.evidence.map { try text($0) },
                ], database)
        case .intent(let intent, let outcome):
            try insert(
                .intent, conflict: "OR REPLACE",
                [
                    workspace, intent.decision.id, intent.action.rawValue, intent.campaign.text, intent.attempt,
                    intent.firstSentAt.milliseconds, outcome.map { _ in now.milliseconds }, outcome?.text,
                ], database)
        }
        return 0
    }

    private static let insertSample = """
        INSERT OR REPLACE INTO sample (workspace, campaign, at, \(counters.joined(separator: ", ")), sum)
        VALUES (?, ?, ?, \(counters.map { _ in "?" }.joined(separator: ", ")), ?)
        """

    private func write(
        _ stats: CampaignStats, of id: CampaignID, _ workspace: String, at: Instant, _ database: Database
    ) throws {
        let isDue = state.withLock { state in
            if let last = state.sampledAt[id], at - last < LedgerDatabase.sampleSpacing, at >= last { return false }
            state.sampledAt[id] = at
            return true
        }
        guard isDue else { return }
        var sum = RowSum("sample")
        sum.combine(workspace)
        sum.combine(id.text)
        sum.combine(at.milliseconds)
        let counters = [
            stats.totalEnrolled, stats.sent, stats.delivered, stats.bounced, stats.replied, stats.queued,
            stats.hardBounced, stats.softBounced, stats.complained, stats.unsubscribed, stats.deferred,
        ].map { $0.map(Int64.init) }
        sum.combine(counters: counters)
        try database.cachedStatement(sql: LedgerDatabase.insertSample).execute(
            arguments: [workspace, id.text, at.milliseconds] + StatementArguments(counters) + [sum.short])
    }

    private func write(
        _ pool: SenderPool, reserved: Int, _ workspace: String, at: Instant, _ database: Database
    ) throws {
        let isDue = state.withLock { state in
            if let last = state.pooledAt[pool.id], at - last < LedgerDatabase.poolSpacing, at >= last { return false }
            state.pooledAt[pool.id] = at
            return true
        }
        guard isDue else { return }
        var sum = RowSum("pool_sample")
        sum.combine(workspace)
        sum.combine(pool.id.text)
        for value in [Int(at.milliseconds), pool.dailyCapacity, pool.remainingVolume, reserved] { sum.combine(value) }
        try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO pool_sample (workspace, pool, at, capacity, remaining, reserved, sum)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(
            arguments: [
                workspace, pool.id.text, at.milliseconds, pool.dailyCapacity, pool.remainingVolume, reserved,
                sum.short,
            ])
    }
}

extension Decision.Cause {
    /// The name that ledgers store.
    var name: String {
        switch self {
        case .rule: "rule"
        case .relapse: "relapse"
        case .cooldownOver: "cool-down over"
        case .launchRulesPass: "launch rules pass"
        case .unapprovedLaunch: "unapproved launch"
        case .order(let order): "order by \(order.by)"
        }
    }
}

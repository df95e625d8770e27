import FoundationEssentials
import GRDB
import Guard
import Model

extension LedgerDatabase {
    static func memory(
        _ database: Database, _ scope: LedgerScope, _ window: Duration, at now: Instant
    ) throws -> Memory {
        var memory = Memory()
        memory.workspace = try guardMemory(database, scope) ?? memory.workspace
        memory.campaigns = try newest(CampaignMemory.self, .campaign, key: "id", database, scope)
        memory.launches = try newest(LaunchMemory.self, .launch, key: "campaign", database, scope)
        memory.pools = try newest(PoolMemory.self, .pool, key: "id", database, scope)
        let legacyAt = try Verification.Head(database)?.legacyAt ?? .max
        for workspace in scope.workspaces {
            try addSamples(&memory, database, workspace.text, since: now - window, legacyAt, at: now)
        }
        return memory
    }

    private static func decoded<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
        try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    }

    /// The guard's common state, which is stored under each of its workspaces.
    ///
    /// The row with the latest decision is the newest, even if a workspace was not in the policy for a while.
    private static func guardMemory(_ database: Database, _ scope: LedgerScope) throws -> WorkspaceMemory? {
        struct Count: Decodable { var lastDecision: Int }
        var newest: (count: Int, text: String)?
        for workspace in scope.workspaces {
            let text = try String.fetchOne(
                database, sql: "SELECT memory FROM workspace WHERE name = ?", arguments: [workspace.text])
            guard let text else { continue }
            let count = try decoded(Count.self, text).lastDecision
            if newest.map({ count > $0.count }) ?? true { newest = (count, text) }
        }
        return try newest.map { try decoded(WorkspaceMemory.self, $0.text) }
    }

    /// The newest row of each key over all workspaces, sorted by key.
    private static func newest<Value: Decodable>(
        _ type: Value.Type, _ table: SummedTable, key: String, _ database: Database, _ scope: LedgerScope
    ) throws -> [Value] {
        var found: [String: (updatedAt: Int64, text: String)] = [:]
        for workspace in scope.workspaces {
            let rows = try Row.fetchCursor(
                database, sql: "SELECT \(key) AS key, updated_at, memory FROM \(table.name) WHERE workspace = ?",
                arguments: [workspace.text])
            while let row = try rows.next() {
                let (id, updatedAt): (String, Int64) = (row["key"], row["updated_at"])
                if let other = found[id], other.updatedAt >= updatedAt { continue }
                found[id] = (updatedAt, row["memory"])
            }
        }
        return try found.sorted { $0.key < $1.key }.map { try decoded(Value.self, $0.value.text) }
    }

    /// Adds the samples campaign by campaign, so that only rows within the window are read.
    private static func addSamples(
        _ memory: inout Memory, _ database: Database, _ workspace: String, since: Instant, _ legacyAt: Int64,
        at now: Instant
    ) throws {
        let statement = try database.makeStatement(
            sql: "SELECT * FROM sample WHERE workspace = ? AND campaign = ? AND at >= ? ORDER BY at")
        let known = memory.campaignsOfKnownAge
        let oldest = try database.makeStatement(
            sql: "SELECT * FROM sample WHERE workspace = ? AND campaign = ? ORDER BY at LIMIT 1")
        for text in try subjects(database, "sample", "campaign", of: workspace) {
            guard let id = CampaignID(text) else { continue }
            let rows = try Row.fetchCursor(statement, arguments: [workspace, text, since.milliseconds])
            var samples: [(at: Instant, stats: CampaignStats)] = []
            var start = RowSum("sample")
            start.combine(workspace)
            start.combine(text)
            while let row = try rows.next() {
                guard isSound(row, start, legacyAt) else {
                    throw Verification.Damage(what: "a sample of campaign \(text) is damaged")
                }
                let sample = sample(row)
                if let last = samples.last?.at, sample.at - last < loadedSpacing(age: now - sample.at) { continue }
                samples.append(sample)
            }
            if !known.contains(id), let row = try Row.fetchOne(oldest, arguments: [workspace, text]) {
                guard isSound(row, start, legacyAt) else {
                    throw Verification.Damage(what: "a sample of campaign \(text) is damaged")
                }
                let first = sample(row).at
                memory.firstSamples[id] = min(memory.firstSamples[id] ?? first, first)
            }
            // Older samples may still be stored under another workspace.
            let others = memory.samples[id] ?? []
            memory.samples[id] = others.isEmpty ? samples : (others + samples).sorted { $0.at < $1.at }
        }
    }

    /// The distinct values of a column in a workspace, found by index seeks instead of a scan.
    static func subjects(
        _ database: Database, _ table: String, _ column: String, of workspace: String
    ) throws -> [String] {
        try String.fetchAll(
            database,
            sql: """
                WITH RECURSIVE found(id) AS (
                    SELECT min(\(column)) FROM \(table) WHERE workspace = ?1 AND \(column) IS NOT NULL
                    UNION ALL
                    SELECT (SELECT min(\(column)) FROM \(table) WHERE workspace = ?1 AND \(column) > found.id)
                    FROM found WHERE found.id IS NOT NULL
                )
                SELECT id FROM found WHERE id IS NOT NULL
                """, arguments: [workspace])
    }

    /// The least interval of samples to load at this age, which resolves a window into a few hundred parts.
    private static func loadedSpacing(age: Duration) -> Duration {
        if age < .seconds(86400) { return .zero }
        return age < .seconds(7 * 86400) ? .seconds(900) : .seconds(3600)
    }

    static let counters = ["enrolled", "sent", "delivered", "bounced", "replied", "queued"] + optionalCounters
    /// The columns that only some platforms fill.
    static let optionalCounters = ["hard_bounced", "soft_bounced", "complained", "unsubscribed", "deferred"]
    static let poolCounters = ["capacity", "remaining", "reserved"]

    /// True if the sample matches its checksum; `start` covers its table, workspace and subject.
    static func isSound(
        _ row: Row, _ start: RowSum, _ legacyAt: Int64, counters: [String] = counters
    ) -> Bool {
        var sum = start
        guard let at = Int64.fromDatabaseValue(row["at"]) else { return false }
        sum.combine(at)
        var values: [Int64?] = []
        values.reserveCapacity(counters.count)
        for counter in counters {
            let value: DatabaseValue = row[counter]
            guard value.isNull || Int64.fromDatabaseValue(value) != nil else { return false }
            values.append(Int64.fromDatabaseValue(value))
        }
        sum.combine(counters: values)
        let written: DatabaseValue = row["sum"]
        if written.isNull { return at <= legacyAt }
        return Int64.fromDatabaseValue(written) == sum.short
    }

    static func sample(_ row: Row) -> (at: Instant, stats: CampaignStats) {
        let stats = CampaignStats(
            totalEnrolled: row["enrolled"], sent: row["sent"], delivered: row["delivered"], bounced: row["bounced"],
            replied: row["replied"], queued: row["queued"], hardBounced: row["hard_bounced"],
            softBounced: row["soft_bounced"], complained: row["complained"], unsubscribed: row["unsubscribed"],
            deferred: row["deferred"])
        return (Instant(milliseconds: row["at"]), stats)
    }
}

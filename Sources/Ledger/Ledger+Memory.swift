import FoundationEssentials
import GRDB
import Guard
import Model

extension Ledger {
    static func memory(
        _ database: Database, _ workspace: String, _ window: Duration, at now: Instant
    ) throws -> Memory {
        var memory = Memory()
        let decoder = JSONDecoder()
        func decoded<Value: Decodable>(_ type: Value.Type, _ text: String) throws -> Value {
            try decoder.decode(Value.self, from: Data(text.utf8))
        }
        if let text = try String.fetchOne(
            database, sql: "SELECT memory FROM workspace WHERE name = ?", arguments: [workspace])
        {
            memory.workspace = try decoded(WorkspaceMemory.self, text)
        }
        memory.campaigns = try String.fetchAll(
            database, sql: "SELECT memory FROM campaign WHERE workspace = ? ORDER BY id", arguments: [workspace]
        ).map { try decoded(CampaignMemory.self, $0) }
        memory.launches = try String.fetchAll(
            database, sql: "SELECT memory FROM launch WHERE workspace = ? ORDER BY campaign",
            arguments: [workspace]
        ).map { try decoded(LaunchMemory.self, $0) }
        memory.pools = try String.fetchAll(
            database, sql: "SELECT memory FROM pool WHERE workspace = ? ORDER BY id", arguments: [workspace]
        ).map { try decoded(PoolMemory.self, $0) }
        let legacyAt = try Verification.Head(database)?.legacyAt ?? .max
        // Campaign by campaign, so that only what a window reaches is read, however much there is.
        let statement = try database.makeStatement(
            sql: "SELECT * FROM sample WHERE workspace = ? AND campaign = ? AND at >= ? ORDER BY at")
        for text in try String.fetchAll(database, sql: Ledger.sampledCampaigns, arguments: [workspace]) {
            guard let id = CampaignID(text) else { continue }
            let rows = try Row.fetchCursor(
                statement, arguments: [workspace, text, (now - window).milliseconds])
            var samples: [(at: Instant, stats: CampaignStats)] = []
            var start = RowSum("sample")
            start.combine(workspace)
            start.combine(text)
            while let row = try rows.next() {
                guard isSound(row, start, legacyAt) else {
                    throw Verification.Damage(what: "a sample of campaign \(text) is damaged")
                }
                let sample = Ledger.sample(row)
                let spacing = Ledger.loadedSpacing(age: now - sample.at)
                if let last = samples.last?.at, sample.at - last < spacing { continue }
                samples.append(sample)
            }
            memory.samples[id] = samples
        }
        return memory
    }

    /// From one campaign to the next by the index, whatever the number of their samples.
    private static let sampledCampaigns = """
        WITH RECURSIVE found(id) AS (
            SELECT min(campaign) FROM sample WHERE workspace = ?1
            UNION ALL
            SELECT (SELECT min(campaign) FROM sample WHERE workspace = ?1 AND campaign > found.id)
            FROM found WHERE found.id IS NOT NULL
        )
        SELECT id FROM found WHERE id IS NOT NULL
        """

    /// How far apart samples of that age are worth being loaded: windows are resolved into some hundred parts.
    private static func loadedSpacing(age: Duration) -> Duration {
        if age < .seconds(86400) { return .zero }
        return age < .seconds(7 * 86400) ? .seconds(900) : .seconds(3600)
    }

    private static let counters = ["enrolled", "sent", "delivered", "bounced", "replied", "queued"]
    static let poolCounters = ["capacity", "remaining", "reserved"]

    /// Whether a sample reads as it was written; `start` is the checksum of its table, workspace and subject.
    static func isSound(
        _ row: Row, _ start: RowSum, _ legacyAt: Int64, counters: [String] = counters
    ) -> Bool {
        var sum = start
        guard let at = Int64.fromDatabaseValue(row["at"]) else { return false }
        sum.combine(at)
        for counter in counters {
            let value: DatabaseValue = row[counter]
            guard value.isNull || Int64.fromDatabaseValue(value) != nil else { return false }
            sum.combine(Int64.fromDatabaseValue(value))
        }
        let written: DatabaseValue = row["sum"]
        if written.isNull { return at <= legacyAt }
        return Int64.fromDatabaseValue(written) == sum.short
    }

    static func sample(_ row: Row) -> (at: Instant, stats: CampaignStats) {
        let stats = CampaignStats(
            totalEnrolled: row["enrolled"], sent: row["sent"], delivered: row["delivered"], bounced: row["bounced"],
            replied: row["replied"], queued: row["queued"])
        return (Instant(milliseconds: row["at"]), stats)
    }
}

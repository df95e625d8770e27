import FoundationEssentials
import GRDB
import Glibc
package import Guard
package import Model
import Synchronization

/// The durable store of all that the guard must not forget: one SQLite file, in WAL mode, used by one daemon.
package final class Ledger: Sendable {
    /// Samples lie at least this far apart; what changes faster is in the guard's memory.
    static let sampleSpacing: Duration = .seconds(15)
    /// Pools are kept at least this far apart.
    static let poolSpacing: Duration = .seconds(60)
    /// Samples older than this are thinned to one in ``thinnedSpacing``.
    static let rawFor: Duration = .seconds(48 * 3600)
    static let thinnedSpacing: Duration = .seconds(300)
    /// Samples, decisions and intents older than this are dropped: no window reaches back further.
    package static let keptFor: Duration = .seconds(90 * 86400)
    /// So many records are in the log until the file is brought up to it.
    private static let checkpointRecords = 500
    /// How often old rows are looked for.
    private static let pruneInterval: Duration = .seconds(3600)
    /// The largest size of the file; beyond it writing fails as on a full disk.
    static let bytesMax = 4 << 30

    private let workspace: String
    private let queue: DatabaseQueue
    private let lock: LedgerLock
    private let state = Mutex(State())

    private struct State {
        var sampledAt: [CampaignID: Instant] = [:]
        var pooledAt: [PoolID: Instant] = [:]
        var prunedAt: Instant?
        /// Records that were written since the file was last brought up to the log beside it.
        var uncheckpointed = 0
    }

    // MARK: Opening

    /// Opens the ledger, or makes a new one, and reads all that it keeps of the workspace.
    ///
    /// - Parameters:
    ///   - recovers: a damaged file is set aside and a new one begun; otherwise it is refused.
    ///   - window: how far back samples are needed.
    package static func open(
        _ path: String, workspace: String, recovers: Bool, window: Duration = keptFor, at now: Instant
    ) throws(LedgerError) -> (ledger: Ledger, memory: Memory, setAside: String?) {
        let lock = try LedgerLock(for: path)
        do throws(LedgerError) {
            let ledger = Ledger(workspace, try openFile(path), lock)
            return (ledger, try ledger.load(window, at: now), nil)
        } catch {
            guard error.code == .corrupt, recovers else { throw error }
            let aside = try setAside(path)
            return (Ledger(workspace, try openFile(path), lock), Memory(), aside)
        }
    }

    private init(_ workspace: String, _ queue: DatabaseQueue, _ lock: LedgerLock) {
        self.workspace = workspace
        self.queue = queue
        self.lock = lock
    }

    /// For those who only read: a connection of its own, so that nobody's question keeps the guard waiting.
    package func reader() throws(LedgerError) -> LedgerReader { try LedgerReader(queue.path) }

    /// The bytes on disk: the file, and what SQLite keeps beside it.
    package var size: Int {
        [queue.path, queue.path + "-wal"].reduce(0) { sum, path in
            var status = stat()
            return stat(path, &status) == 0 ? sum + Int(status.st_size) : sum
        }
    }

    private static func openFile(_ path: String) throws(LedgerError) -> DatabaseQueue {
        // Made for its owner alone; SQLite gives the files beside it the same mode.
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        if descriptor >= 0 { close(descriptor) }
        do {
            var configuration = Configuration()
            configuration.busyMode = .timeout(2)
            configuration.prepareDatabase { database in
                try database.execute(sql: "PRAGMA journal_mode = WAL")
                try database.execute(sql: "PRAGMA synchronous = NORMAL")
                try database.execute(sql: "PRAGMA journal_size_limit = 4194304")
                // Done when nothing urgent waits; see `checkpoint`.
                try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
            }
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            try queue.writeWithoutTransaction { database in
                let page = try Int.fetchOne(database, sql: "PRAGMA page_size") ?? 4096
                try database.execute(sql: "PRAGMA max_page_count = \(bytesMax / page)")
                let verdict = try String.fetchOne(database, sql: "PRAGMA quick_check(1)")
                guard verdict == "ok" else { throw DatabaseError(resultCode: .SQLITE_CORRUPT) }
            }
            let migrator = Schema.migrator
            if try queue.read({ try migrator.hasBeenSuperseded($0) }) {
                throw LedgerError(
                    code: .tooNew,
                    message:
                        "\(path) was written by a newer version of sendwarden; run that version, or give this one a "
                        + "ledger of its own")
            }
            try migrator.migrate(queue)
            return queue
        } catch let error as LedgerError {
            throw error
        } catch {
            throw explain(error, path)
        }
    }

    /// A damaged file is kept beside the new one, for people to look at.
    private static func setAside(_ path: String) throws(LedgerError) -> String {
        let aside = "\(path).damaged-\(time(nil))"
        guard rename(path, aside) == 0 else {
            throw LedgerError(
                code: .unwritable, message: "\(path): it cannot be set aside: \(String(cString: strerror(errno)))")
        }
        for suffix in ["-wal", "-shm"] { rename(path + suffix, aside + suffix) }
        return aside
    }

    private static func explain(_ error: any Error, _ path: String) -> LedgerError {
        guard let error = error as? DatabaseError else {
            return LedgerError(code: .unwritable, message: "\(path): the ledger cannot be used")
        }
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            return LedgerError(
                code: .corrupt,
                message: "\(path) is damaged; restore it, or start once with --recover-ledger, which sets it aside and "
                    + "begins a new one: what was paused here is then not known to be ours")
        case .SQLITE_CANTOPEN, .SQLITE_PERM, .SQLITE_READONLY, .SQLITE_AUTH:
            return LedgerError(
                code: .noPermission,
                message: "\(path) cannot be opened for writing; the user that runs sendwarden must be able to")
        case .SQLITE_FULL:
            return LedgerError(code: .unwritable, message: "\(path): no room is left on the disk; make some")
        case .SQLITE_IOERR:
            return LedgerError(
                code: .unwritable,
                message: "\(path): the disk has no room, or fails (SQLite error \(error.extendedResultCode.rawValue)); "
                    + "make room, and look at the kernel's log")
        default:
            return LedgerError(code: .unwritable, message: "\(path): SQLite error \(error.extendedResultCode.rawValue)")
        }
    }

    // MARK: Reading

    /// All that is kept of the workspace.
    private func load(_ window: Duration, at now: Instant) throws(LedgerError) -> Memory {
        do {
            return try queue.read { try Ledger.memory($0, workspace, window, at: now) }
        } catch is DecodingError {
            throw LedgerError(
                code: .corrupt,
                message:
                    "\(queue.path) holds what this version cannot read; start once with --recover-ledger, which sets "
                    + "it aside and begins a new one")
        } catch {
            throw Ledger.explain(error, queue.path)
        }
    }

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
        // Campaign by campaign, so that only what a window reaches is read, however much there is.
        let statement = try database.makeStatement(
            sql: "SELECT * FROM sample WHERE workspace = ? AND campaign = ? AND at >= ? ORDER BY at")
        for text in try String.fetchAll(database, sql: Ledger.sampledCampaigns, arguments: [workspace]) {
            guard let id = CampaignID(text) else { continue }
            let rows = try Row.fetchCursor(
                statement, arguments: [workspace, text, (now - window).milliseconds])
            var samples: [(at: Instant, stats: CampaignStats)] = []
            while let row = try rows.next() {
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

    static func sample(_ row: Row) -> (at: Instant, stats: CampaignStats) {
        let stats = CampaignStats(
            totalEnrolled: row["enrolled"], sent: row["sent"], delivered: row["delivered"], bounced: row["bounced"],
            replied: row["replied"], queued: row["queued"])
        return (Instant(milliseconds: row["at"]), stats)
    }

    // MARK: Writing

    /// Keeps all of it, or nothing; what is urgent is on disk when this returns.
    package func write(_ records: [LedgerRecord], at now: Instant) throws(LedgerError) {
        let isUrgent = records.contains(where: \.isUrgent)
        do {
            try queue.writeWithoutTransaction { database in
                if isUrgent { try database.execute(sql: "PRAGMA synchronous = FULL") }
                defer { if isUrgent { try? database.execute(sql: "PRAGMA synchronous = NORMAL") } }
                try database.inTransaction(.immediate) {
                    for record in records { try write(record, database, at: now) }
                    try prune(database, at: now)
                    return .commit
                }
                if !isUrgent { checkpoint(database, records.count) }
            }
        } catch {
            // What was not kept is to be tried again with the next sample.
            state.withLock { ($0.sampledAt, $0.pooledAt) = ([:], [:]) }
            throw Ledger.explain(error, queue.path)
        }
    }

    /// Brings the file up to the log beside it, now and then; readers keep it from nothing but waiting for the next time.
    private func checkpoint(_ database: Database, _ records: Int) {
        let isDue = state.withLock { state in
            state.uncheckpointed += records
            guard state.uncheckpointed >= Ledger.checkpointRecords else { return false }
            state.uncheckpointed = 0
            return true
        }
        if isDue { try? database.execute(sql: "PRAGMA wal_checkpoint(PASSIVE)") }
    }

    private func write(_ record: LedgerRecord, _ database: Database, at now: Instant) throws {
        func text(_ value: some Encodable) throws -> String {
            String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
        }
        switch record {
        case .sample(let id, let stats, let at): try write(stats, of: id, at: at, database)
        case .pool(let pool, let reserved, let at): try write(pool, reserved: reserved, at: at, database)
        case .event(let event, let at):
            let fields = Dictionary(uniqueKeysWithValues: event.fields.map { ($0.key.rawValue, $0.value) })
            try database.cachedStatement(
                sql: """
                    INSERT INTO event (workspace, at, kind, priority, campaign, pool, rule, message, fields)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """
            ).execute(
                arguments: [
                    workspace, at.milliseconds, event.kind.rawValue, event.priority.rawValue, event.fields[.campaign],
                    event.fields[.pool], event.fields[.rule], event.message, try text(fields),
                ])
        case .campaign(let memory):
            try database.cachedStatement(
                sql: "INSERT OR REPLACE INTO campaign (workspace, id, phase, updated_at, memory) VALUES (?, ?, ?, ?, ?)"
            ).execute(
                arguments: [workspace, memory.id.text, memory.phaseName, now.milliseconds, try text(memory)])
        case .launch(let memory):
            try database.cachedStatement(
                sql:
                    "INSERT OR REPLACE INTO launch (workspace, campaign, phase, updated_at, memory) VALUES (?, ?, ?, ?, ?)"
            ).execute(
                arguments: [workspace, memory.campaign.text, memory.phaseName, now.milliseconds, try text(memory)])
        case .poolState(let memory):
            try database.cachedStatement(
                sql: "INSERT OR REPLACE INTO pool (workspace, id, updated_at, memory) VALUES (?, ?, ?, ?)"
            ).execute(arguments: [workspace, memory.id.text, now.milliseconds, try text(memory)])
        case .senderChange(let change, let outcome):
            try database.cachedStatement(
                sql: """
                    INSERT INTO sender_change (workspace, decision, action, pool, sender, address, rule, condition,
                        evidence, sent_at, settled_at, outcome)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET settled_at = excluded.settled_at, outcome = excluded.outcome
                    """
            ).execute(
                arguments: [
                    workspace, change.decision, change.action.rawValue, change.pool.text, change.sender.id.text,
                    change.sender.address, change.rule, change.conditionText, try text(change.evidence),
                    change.sentAt.milliseconds, outcome.map { _ in now.milliseconds }, outcome,
                ])
        case .workspace(let memory):
            try database.cachedStatement(
                sql: "INSERT OR REPLACE INTO workspace (name, memory) VALUES (?, ?)"
            ).execute(
                arguments: [workspace, try text(memory)])
        case .decision(let decision):
            try database.cachedStatement(
                sql: """
                    INSERT OR REPLACE INTO decision (workspace, id, at, campaign, cause, rule, condition, evidence)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    """
            ).execute(
                arguments: [
                    workspace, decision.id, decision.at.milliseconds, decision.campaign.text, decision.cause.name,
                    decision.cause.rule, decision.conditionText, try decision.evidence.map { try text($0) },
                ])
        case .intent(let intent, let outcome):
            try database.cachedStatement(
                sql: """
                    INSERT INTO intent (workspace, decision, action, campaign, attempt, sent_at, settled_at, outcome)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET attempt = excluded.attempt, settled_at = excluded.settled_at,
                        outcome = excluded.outcome
                    """
            ).execute(
                arguments: [
                    workspace, intent.decision.id, intent.action.rawValue, intent.campaign.text, intent.attempt,
                    intent.firstSentAt.milliseconds, outcome.map { _ in now.milliseconds }, outcome,
                ])
        }
    }

    private func write(_ stats: CampaignStats, of id: CampaignID, at: Instant, _ database: Database) throws {
        let isDue = state.withLock { state in
            if let last = state.sampledAt[id], at - last < Ledger.sampleSpacing, at >= last { return false }
            state.sampledAt[id] = at
            return true
        }
        guard isDue else { return }
        try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO sample
                    (workspace, campaign, at, enrolled, sent, delivered, bounced, replied, queued)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        ).execute(
            arguments: [
                workspace, id.text, at.milliseconds, stats.totalEnrolled, stats.sent, stats.delivered, stats.bounced,
                stats.replied, stats.queued,
            ])
    }

    private func write(_ pool: SenderPool, reserved: Int, at: Instant, _ database: Database) throws {
        let isDue = state.withLock { state in
            if let last = state.pooledAt[pool.id], at - last < Ledger.poolSpacing, at >= last { return false }
            state.pooledAt[pool.id] = at
            return true
        }
        guard isDue else { return }
        try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO pool_sample (workspace, pool, at, capacity, remaining, reserved)
                VALUES (?, ?, ?, ?, ?, ?)
                """
        ).execute(
            arguments: [
                workspace, pool.id.text, at.milliseconds, pool.dailyCapacity, pool.remainingVolume, reserved,
            ])
    }

    /// Thins old samples and drops what no window reaches, now and then.
    private func prune(_ database: Database, at now: Instant) throws {
        let isDue = state.withLock { state in
            if let last = state.prunedAt, now - last < Ledger.pruneInterval, now >= last { return false }
            state.prunedAt = now
            return true
        }
        guard isDue else { return }
        let spacing = Ledger.thinnedSpacing.milliseconds
        // The first of each five minutes stays.
        for (table, subject) in [("sample", "campaign"), ("pool_sample", "pool")] {
            try database.execute(
                sql: """
                    DELETE FROM \(table) WHERE workspace = ?1 AND at < ?2 AND EXISTS (
                        SELECT 1 FROM \(table) AS earlier WHERE earlier.workspace = \(table).workspace
                            AND earlier.\(subject) = \(table).\(subject) AND earlier.at < \(table).at
                            AND earlier.at >= \(table).at / ?3 * ?3)
                    """,
                arguments: [workspace, (now - Ledger.rawFor).milliseconds, spacing])
        }
        let oldest = (now - Ledger.keptFor).milliseconds
        try database.execute(sql: "DELETE FROM sample WHERE at < ?", arguments: [oldest])
        try database.execute(sql: "DELETE FROM pool_sample WHERE at < ?", arguments: [oldest])
        try database.execute(sql: "DELETE FROM event WHERE at < ?", arguments: [oldest])
        try database.execute(sql: "DELETE FROM decision WHERE at < ?", arguments: [oldest])
        for table in ["intent", "sender_change"] {
            try database.execute(
                sql: "DELETE FROM \(table) WHERE sent_at < ? AND settled_at IS NOT NULL", arguments: [oldest])
        }
    }
}

extension Decision.Cause {
    /// The cause in a word.
    var name: String {
        switch self {
        case .rule: "rule"
        case .relapse: "relapse"
        case .coolDownOver: "cool-down over"
        case .launchRulesPass: "launch rules pass"
        case .unapprovedLaunch: "unapproved launch"
        case .order(let order): "order by \(order.by)"
        }
    }
}

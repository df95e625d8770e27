import Foundation
import GRDB
import Glibc
import Guard
import Ledger
import Model
import Policy
import TestSupport
import Testing

/// The ledger on real files: its contents and its refusals.
@Suite struct LedgerTests {
    static let start = Instant(milliseconds: 1_796_000_000_000)
    static let camp = CampaignID(unchecked: "camp_1")

    private func open(_ path: String, recovers: Bool = false) throws(LedgerError)
        -> OpenedLedger<LedgerDatabase>
    {
        try LedgerDatabase.open(
            path, LedgerScope(WorkspaceName("acme")), recovers: recovers, at: Self.start + .seconds(86400))
    }

    private func error(_ body: () throws(LedgerError) -> Void) -> LedgerError? {
        do throws(LedgerError) {
            try body()
            return nil
        } catch {
            return error
        }
    }

    static func stats(_ sent: Int) -> CampaignStats {
        CampaignStats(totalEnrolled: 500, sent: sent, delivered: sent, bounced: 0, replied: 0, queued: 500 - sent)
    }

    /// The records of a guard that paused a campaign.
    static func policy() throws -> CheckedPolicy {
        let text = """
            version: 1
            mode: enforce
            workspace: {name: acme, provider: leadterra, credential: key}
            campaigns: [{id: camp_1}]
            rules: [{name: b, when: bounceRate > 5% and resolved >= 50, then: pause}]
            """
        return try #require(PolicyLoader.load(SourceFile(name: "p", text: text)).policy)
    }

    func records() throws -> [LedgerRecord] {
        let policy = try Self.policy()
        var warden = Guard(policy: policy, at: Self.start)
        var effects = warden.handle(.started, at: Self.start)
        let stats = CampaignStats(totalEnrolled: 500, sent: 100, delivered: 80, bounced: 20, queued: 400)
        effects += warden.handle(
            .polled(
                PollOutcome(target: .stats(Self.camp), requestedAt: Self.start, result: .success(.stats(stats)))),
            at: Self.start)
        return effects.compactMap { if case .record(let record) = $0 { record } else { nil } }
    }

    @Test func recordsAreReadBackAfterARestart() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        do {
            let ledger = try open(path).store
            try ledger.write(try records(), at: Self.start)
        }
        let memory = try open(path).memory
        #expect(memory.campaigns.map(\.id) == [Self.camp])
        #expect(memory.campaigns.map(\.phaseName) == ["pausing"])
        #expect(memory.samples[Self.camp]?.map(\.stats.bounced) == [20])
        let queue = try DatabaseQueue(path: path)
        let row = try queue.read { try Row.fetchOne($0, sql: "SELECT * FROM decision JOIN intent ON decision = id") }
        #expect(row?["cause"] == "rule")
        #expect(row?["rule"] == "b")
        #expect((row?["evidence"] as String?)?.contains("findings") == true)
        #expect(row?["action"] == "pause")
        #expect(row?["outcome"] as String? == nil)
    }

    @Test func onlyItsOwnerMayReadIt() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        let ledger = try open(path).store
        try ledger.write([.sample(Self.camp, Self.stats(1), at: Self.start)], at: Self.start)
        for file in [path, path + "-wal", path + ".head"] {
            let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
            #expect((mode ?? 0o777) & 0o077 == 0, "\(file)")
        }
    }

    @Test func aSecondDaemonIsRefusedByThePidOfTheFirst() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        let first = try open(path).store
        let error = error { () throws(LedgerError) in _ = try open(path) }
        #expect(error?.code == .locked)
        #expect(error?.message.contains("process \(getpid())") == true)
        try first.write([.sample(Self.camp, Self.stats(1), at: Self.start)], at: Self.start)
    }

    @Test func aNewerSchemaIsRefusedAndNotModified() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        _ = try open(path)
        try DatabaseQueue(path: path).write {
            try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 of the future')")
        }
        for recovers in [false, true] {
            #expect(error { () throws(LedgerError) in _ = try open(path, recovers: recovers) }?.code == .otherVersion)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).allSatisfy { !$0.contains("damaged") })
    }

    @Test func aDamagedFileIsRefusedOrSetAside() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("ledger.sqlite", String(repeating: "this is no database. ", count: 500))
        let refused = error { () throws(LedgerError) in _ = try open(path) }
        #expect(refused?.code == .corrupt)
        #expect(refused?.message.contains("--recover-ledger") == true)
        let opened = try open(path, recovers: true)
        let aside = try #require(opened.setAside)
        #expect(try String(contentsOfFile: aside, encoding: .utf8).hasPrefix("this is no database."))
        #expect(opened.memory.campaigns.isEmpty)
        try opened.store.write([.sample(Self.camp, Self.stats(1), at: Self.start)], at: Self.start)
    }

    @Test func aFileWithADamagedPageIsRefused() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        do {
            let ledger = try open(path).store
            for minute in 0..<400 {
                let at = Self.start + .seconds(60 * minute)
                try ledger.write([.sample(Self.camp, Self.stats(minute), at: at)], at: at)
            }
        }
        _ = try DatabaseQueue(path: path).writeWithoutTransaction { try $0.checkpoint(.truncate) }
        let handle = try #require(FileHandle(forUpdatingAtPath: path))
        let size = try handle.seekToEnd()
        #expect(size > 20_000)
        for offset in stride(from: UInt64(8192), to: size, by: 4096) {
            try handle.seek(toOffset: offset)
            try handle.write(contentsOf: Data(repeating: 0xA5, count: 512))
        }
        try handle.close()
        #expect(error { () throws(LedgerError) in _ = try open(path) }?.code == .corrupt)
    }

    @Test func unreadableRecordsAreDamage() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        do { try open(path).store.write(try records(), at: Self.start) }
        try DatabaseQueue(path: path).write { try $0.execute(sql: "UPDATE campaign SET memory = '{\"id\": 5}'") }
        #expect(error { () throws(LedgerError) in _ = try open(path) }?.code == .corrupt)
    }

    @Test func aMissingFolderIsReported() throws {
        let error = error { () throws(LedgerError) in _ = try open("/nonexistent/ledger.sqlite") }
        #expect(error?.message.contains("/nonexistent/ledger.sqlite") == true)
    }

    @Test func samplesAreThinnedAfterTwoDaysAndDroppedAfterNinety() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        let ledger = try open(path).store
        var batch: [LedgerRecord] = []
        for minute in 0..<(4 * 24 * 60) {
            batch.append(.sample(Self.camp, Self.stats(minute), at: Self.start + .seconds(60 * minute)))
        }
        let now = Self.start + .seconds(4 * 86400)
        try ledger.write(batch, at: Self.start)
        try ledger.write([.sample(Self.camp, Self.stats(9999), at: now)], at: now)
        while try ledger.maintain(at: now) {}
        let queue = try DatabaseQueue(path: path)
        func count(_ sql: String) throws -> Int { try queue.read { try Int.fetchOne($0, sql: sql) ?? 0 } }
        let edge = (now - .seconds(48 * 3600)).milliseconds
        #expect(try count("SELECT count(*) FROM sample WHERE at >= \(edge)") == 48 * 60 + 1)
        #expect((570...582).contains(try count("SELECT count(*) FROM sample WHERE at < \(edge)")))
        let late = now + .seconds(91 * 86400)
        try ledger.write([.sample(Self.camp, Self.stats(1), at: late)], at: late)
        while try ledger.maintain(at: late) {}
        #expect(try count("SELECT count(*) FROM sample") == 1)
    }

    @Test func frequentSamplesAreThinned() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        let ledger = try open(path).store
        for second in 0..<60 {
            let at = Self.start + .seconds(second)
            try ledger.write([.sample(Self.camp, Self.stats(second), at: at)], at: at)
        }
        let count = try DatabaseQueue(path: path).read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sample") }
        #expect(count == 4)
    }

    // MARK: Events and pools

    func event(_ kind: EventKind, _ campaign: String?, _ message: String) -> LedgerRecord {
        var fields: [JournalField: String] = [.mode: "enforce"]
        fields[.campaign] = campaign
        return .event(JournalEvent(kind, message, fields: fields), at: Self.start)
    }

    @Test func historyIsReadThroughItsFilters() throws {
        let folder = try TemporaryFolder()
        let ledger = try open(folder.path + "/ledger.sqlite").store
        try ledger.write(
            [
                event(.daemonReady, nil, "ready"), event(.campaignPaused, "camp_1", "paused one"),
                event(.campaignPaused, "camp_2", "paused two"), event(.campaignResumed, "camp_1", "resumed one"),
            ], at: Self.start)
        func told(_ change: (inout HistoryFilter) -> Void) throws -> [String] {
            var filter = HistoryFilter(limit: 10)
            change(&filter)
            return try LedgerReader(folder.path + "/ledger.sqlite").history("acme", filter).map(\.message)
        }
        #expect(try told { _ in } == ["ready", "paused one", "paused two", "resumed one"])
        #expect(try told { $0.campaign = "camp_1" } == ["paused one", "resumed one"])
        #expect(try told { $0.event = "campaign.paused" } == ["paused one", "paused two"])
        #expect(try told { $0.event = "campaign" } == ["paused one", "paused two", "resumed one"])
        #expect(try told { $0.event = "campaign.paus" } == [])
        #expect(try told { $0.priority = Priority.warning.rawValue } == ["paused one", "paused two"])
        #expect(try told { $0.limit = 1 } == ["resumed one"])
        #expect(try told { $0.after = 3 } == ["resumed one"])
        #expect(try told { $0.since = Self.start + .milliseconds(1) } == [])
        #expect(try told { $0.until = Self.start } == [])
        let paused = try #require(
            try LedgerReader(folder.path + "/ledger.sqlite").history("acme", .init(limit: 9)).dropFirst().first)
        #expect(paused.fields == ["SENDWARDEN_CAMPAIGN": "camp_1", "SENDWARDEN_MODE": "enforce"])
    }

    @Test func aDecisionIsReadWithItsEvidenceAndOutcome() throws {
        let folder = try TemporaryFolder()
        let ledger = try open(folder.path + "/ledger.sqlite").store
        try ledger.write(try records(), at: Self.start)
        let reader = try LedgerReader(folder.path + "/ledger.sqlite")
        let decision = try #require(try reader.decision(1, "acme"))
        #expect(decision.campaign == Self.camp && decision.rule == "b")
        #expect(decision.evidence == ["bounceRate 20 % > 5 %: true", "resolved 100 >= 50: true"])
        #expect(decision.actions.map(\.action) == ["pause"] && decision.actions[0].outcome == nil)
        #expect(try reader.decision(2, "acme") == nil)
    }

    /// Reverts the migrations after the given version, as far as its tables are concerned.
    private func downgrade(_ path: String, to version: Int) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.write { database in
            for column in ["hard_bounced", "soft_bounced", "complained", "unsubscribed", "deferred"] {
                try database.execute(sql: "ALTER TABLE sample DROP COLUMN \(column)")
            }
            try database.execute(
                sql: "DELETE FROM grdb_migrations WHERE CAST(identifier AS INTEGER) > ?", arguments: [version])
            try database.execute(sql: "DROP TABLE outbox")
            if version == 4 { return }
            var dropped = ["head"]
            var summed = ["workspace", "campaign", "launch", "sample", "decision", "intent"]
            if version < 2 { dropped += ["event", "pool_sample"] } else { summed += ["event", "pool_sample"] }
            if version < 3 { dropped += ["pool", "sender_change"] } else { summed += ["pool", "sender_change"] }
            for table in dropped { try database.execute(sql: "DROP TABLE \(table)") }
            for table in summed { try database.execute(sql: "ALTER TABLE \(table) DROP COLUMN sum") }
            if version == 2 {
                try database.execute(sql: "DROP INDEX event_by_pool; ALTER TABLE event DROP COLUMN pool")
            }
        }
        try queue.close()
        if version < 4 { try FileManager.default.removeItem(atPath: path + ".head") }
    }

    @Test(arguments: [1, 2, 3, 4]) func aLedgerOfAnOlderVersionIsMigrated(_ version: Int) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        do {
            let ledger = try open(path).store
            try ledger.write(try records(), at: Self.start)
        }
        try downgrade(path, to: version)
        // A reader does not modify the ledger and reports why it cannot be read.
        let refusal = error { () throws(LedgerError) in _ = try LedgerReader(path) }
        #expect(refusal?.message.contains("older version") == true)
        do {
            let opened = try open(path)
            #expect(opened.memory.campaigns.map(\.id) == [Self.camp])
            #expect(opened.memory.samples[Self.camp]?.count == 1)
            try opened.store.write([event(.daemonReady, nil, "ready")], at: Self.start)
            #expect(try LedgerReader(path).history("acme", .init(limit: 9)).map(\.message) == ["ready"])
            #expect(try LedgerReader(path).decisions("acme", since: Self.start).count == 1)
        }
        // From then on, the ledger has a head record and is verified like any other.
        #expect(try open(path).memory.campaigns.map(\.id) == [Self.camp])
        try FileManager.default.removeItem(atPath: path + ".head")
        #expect(error { () throws(LedgerError) in _ = try open(path) }?.code == .corrupt)
    }

    /// All records are under the first workspace's name, partly without checksums; they are moved without loss.
    @Test(arguments: [3, 4]) func workspacesOfAnOlderVersionAreSeparated(_ version: Int) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        let story = try LedgerStory()
        let polls = (1...300).flatMap { minute in
            ["camp_n", "camp_s"].map {
                LedgerRecord.sample(
                    CampaignID(unchecked: $0), Self.stats(minute), at: Self.start + .seconds(60 * minute))
            }
        }
        do {
            let ledger = try LedgerDatabase.open(path, LedgerScope(LedgerStory.north), at: Self.start).store
            try ledger.write(story.records + polls, at: Self.start)
        }
        if version < 4 { try downgrade(path, to: version) }
        let now = Self.start + .seconds(301 * 60)
        do {
            let opened = try LedgerDatabase.open(path, story.scope, limits: LedgerLimits(stepRows: 100), at: now)
            // Nothing is moved yet, but everything is loaded.
            #expect(opened.memory.samples[CampaignID(unchecked: "camp_s")]?.count == 301)
            #expect(opened.memory.campaigns.count == 3)
            #expect(try opened.store.maintain(at: now))
        }
        // A kill in between loses nothing either.
        let opened = try LedgerDatabase.open(path, story.scope, at: now)
        #expect(opened.memory.samples[CampaignID(unchecked: "camp_s")]?.count == 301)
        while try opened.store.maintain(at: now) {}
        let reader = try LedgerReader(path)
        #expect(try reader.damage() == nil)
        for (workspace, campaign) in [("north", "camp_n"), ("south", "camp_s")] {
            let id = CampaignID(unchecked: campaign)
            #expect(try reader.campaigns(workspace) == [id])
            #expect(try reader.samples(of: id, workspace, since: Self.start).count == 301)
            #expect(try reader.history(workspace, .init(limit: 9)).map(\.message) == ["paused \(campaign)"])
            #expect(try reader.decisions(workspace, since: Self.start).count == 1)
        }
    }

    @Test func poolSamplesAreStoredOnceAMinuteAndRetainedLikeSamples() throws {
        let folder = try TemporaryFolder()
        let ledger = try open(folder.path + "/ledger.sqlite").store
        let pool = SenderPool(id: PoolID(unchecked: "pool_a"), dailyCapacity: 100, remainingVolume: 60)
        for second in stride(from: 0, to: 180, by: 10) {
            let at = Self.start + .seconds(second)
            try ledger.write([.pool(pool, reserved: 5, at: at)], at: at)
        }
        let reader = try LedgerReader(folder.path + "/ledger.sqlite")
        let kept = try #require(try reader.pools("acme", since: Self.start)[pool.id])
        #expect(kept.map { Int(($0.at - Self.start).seconds) } == [0, 60, 120])
        #expect(kept.allSatisfy { $0.capacity == 100 && $0.remaining == 60 && $0.reserved == 5 })
        // Nothing is left after 90 days.
        while try ledger.maintain(at: Self.start + .seconds(91 * 86400)) {}
        #expect(try reader.pools("acme", since: Self.start).isEmpty)
        #expect(try reader.history("acme", .init(limit: 9)).isEmpty)
    }
}

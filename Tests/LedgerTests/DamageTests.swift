import Foundation
import GRDB
import Guard
import Ledger
import Model
import TestSupport
import Testing

/// Lost or changed ledger files are refused and never mistaken for what was written.
@Suite struct DamageTests {
    static let start = LedgerTests.start
    static let boot = BootClock(startedAt: 1000, uptime: 1_000_000)
    static let parts = ["", "-wal", ".head"]

    private func open(_ path: String, recovers: Bool = false, boot: BootClock = boot) throws(LedgerError)
        -> OpenedLedger<LedgerDatabase>
    {
        try LedgerDatabase.open(
            path, LedgerScope(WorkspaceName("acme")), recovers: recovers, boot: { boot },
            at: Self.start + .seconds(86400))
    }

    private func refusal(_ path: String, boot: BootClock = boot) -> LedgerError? {
        do throws(LedgerError) {
            _ = try open(path, boot: boot)
            return nil
        } catch {
            return error
        }
    }

    /// Copies the files as a kill leaves them; another process copies, because closing them here would drop SQLite's
    /// locks.
    private func copy(_ path: String, to other: String, parts: [String] = parts) throws {
        for part in parts {
            try? FileManager.default.removeItem(atPath: other + part)
            guard FileManager.default.fileExists(atPath: path + part) else { continue }
            let process = try Process.run(URL(filePath: "/bin/cp"), arguments: [path + part, other + part])
            process.waitUntilExit()
            try #require(process.terminationStatus == 0)
        }
    }

    /// Everything that a guard restores, and the history that explains it.
    private func contents(_ path: String, _ memory: Memory) throws -> [String] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        func text(_ value: some Encodable) throws -> String {
            String(decoding: try encoder.encode(value), as: UTF8.self)
        }
        var lines = try memory.campaigns.map(text) + memory.launches.map(text) + memory.pools.map(text)
        lines.append(try text(memory.workspace))
        for (id, samples) in memory.samples.sorted(by: { $0.key.text < $1.key.text }) {
            lines += samples.map { "\(id) \($0.at.milliseconds) \($0.stats)" }
        }
        let decisions = try LedgerReader(path).decisions("acme", since: Self.start - .seconds(86400))
        return lines + (try decisions.map(text))
    }

    private func contents(_ path: String) throws -> [String] { try contents(path, try open(path).memory) }

    /// Writes for several minutes; returns copies of the files at the given minutes.
    private func killed(_ folder: TemporaryFolder, at minutes: [Int]) throws -> [String] {
        let path = folder.path + "/live.sqlite"
        let ledger = try open(path).store
        let urgent = try LedgerTests().records()
        var copies: [String] = []
        for minute in 0...(minutes.max() ?? 0) {
            let at = Self.start + .seconds(60 * minute)
            for campaign in ["camp_1", "camp_2", "camp_3"] {
                let id = CampaignID(unchecked: campaign)
                try ledger.write([.sample(id, LedgerTests.stats(minute), at: at)], at: at)
            }
            if minute % 7 == 0 { try ledger.write(urgent, at: at) }
            if minute == 300 {
                _ = try DatabaseQueue(path: path).writeWithoutTransaction { try $0.checkpoint(.passive) }
            }
            if minutes.contains(minute) {
                copies.append(folder.path + "/killed\(minute).sqlite")
                try copy(path, to: copies[copies.count - 1])
            }
        }
        return copies
    }

    @Test func threeHundredDamagedCopiesAreRefusedOrHarmless() throws {
        let folder = try TemporaryFolder()
        var random = SeededGenerator(seed: 17)
        let copies = try killed(folder, at: [2, 29, 160, 301, 420])
        let sound = try copies.map { path in
            try copy(path, to: folder.path + "/sound.sqlite")
            return try contents(folder.path + "/sound.sqlite")
        }
        var refused = 0
        for round in 0..<300 {
            let pick = round % copies.count
            let path = folder.path + "/damaged.sqlite"
            for rest in ["-shm", "-journal"] { try? FileManager.default.removeItem(atPath: path + rest) }
            try copy(copies[pick], to: path)
            let part = Self.parts[Int.random(in: 0..<3, using: &random)]
            let what = try damage(path + part, &random)
            do throws(LedgerError) {
                let memory = try open(path).memory
                let found = try? contents(path, memory)
                #expect(found == sound[pick], "round \(round): \(what) of ledger\(part) changed what is loaded")
            } catch {
                #expect(error.code == .corrupt, "round \(round): \(what) of ledger\(part): \(error)")
                refused += 1
            }
        }
        // Most damage must be detected, or the test damages nothing.
        #expect(refused > 90, "\(refused)")
    }

    private func damage(_ path: String, _ random: inout SeededGenerator) throws -> String {
        var bytes = try Data(contentsOf: URL(filePath: path))
        let kind = Int.random(in: 0..<10, using: &random)
        let at = Int.random(in: 0..<bytes.count, using: &random)
        switch kind {
        case 0:
            try FileManager.default.removeItem(atPath: path)
            return "deletion"
        case 1, 2:
            bytes = bytes.prefix(at)
        case 3:
            let page = at / 4096 * 4096
            for index in page..<min(page + 4096, bytes.count) { bytes[index] = 0 }
        default: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
        try bytes.write(to: URL(filePath: path))
        return "damage \(kind) at \(at)"
    }

    /// Changes that SQLite itself does not detect.
    @Test(arguments: [
        "UPDATE sample SET sent = sent + 1", "UPDATE sample SET campaign = 'camp_0'", "UPDATE sample SET sum = NULL",
        "UPDATE sample SET workspace = 'acmd'", "UPDATE decision SET rule = 'other'", "UPDATE decision SET sum = NULL",
        "UPDATE intent SET action = 'start'", "UPDATE campaign SET workspace = 'acmd'", "DELETE FROM campaign",
        "UPDATE campaign SET updated_at = updated_at + 1", "UPDATE head SET sequence = sequence + 1",
        "UPDATE grdb_migrations SET identifier = '4 checksum and head' WHERE identifier LIKE '4 %'",
        "CREATE TABLE other (id INTEGER)",
    ]) func aChangedValueIsDamage(_ sql: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        do { try open(path).store.write(try LedgerTests().records(), at: Self.start) }
        try change(path, sql)
        #expect(refusal(path)?.code == .corrupt)
    }

    @Test(arguments: ["event", "pool_sample"]) func aReaderReportsAChangedValue(_ table: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        let pool = SenderPool(id: PoolID(unchecked: "pool_a"), dailyCapacity: 100, remainingVolume: 60)
        do {
            try open(path).store.write(
                [.pool(pool, reserved: 5, at: Self.start), LedgerTests().event(.daemonReady, nil, "ready")],
                at: Self.start)
        }
        func read() throws {
            let reader = try LedgerReader(path)
            #expect(try reader.history("acme", .init(limit: 9)).count == 1)
            #expect(try reader.pools("acme", since: Self.start)[pool.id]?.count == 1)
        }
        try read()
        try change(path, "UPDATE \(table) SET at = at + 1")
        let error = #expect(throws: LedgerError.self) { try read() }
        #expect(error?.code == .corrupt && error?.message.contains("is damaged") == true)
    }

    private func change(_ path: String, _ sql: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { try $0.execute(sql: sql) }
        try queue.close()
    }

    @Test func aRefusedLedgerIsNotModified() throws {
        let folder = try TemporaryFolder()
        let path = try killed(folder, at: [29])[0]
        let wal = try Data(contentsOf: URL(filePath: path + "-wal"))
        var damaged = wal
        damaged[wal.count / 2] ^= 1
        try damaged.write(to: URL(filePath: path + "-wal"))
        for _ in 0..<2 {
            let error = refusal(path)
            #expect(error?.code == .corrupt)
            #expect(error?.message.contains("--recover-ledger") == true)
        }
        #expect(try Data(contentsOf: URL(filePath: path + "-wal")) == damaged)
        // Readers refuse it too.
        #expect(throws: LedgerError.self) { try LedgerReader(path) }
        // Once the file is restored, the ledger opens.
        try wal.write(to: URL(filePath: path + "-wal"))
        #expect(refusal(path) == nil)
    }

    @Test func theFileWithoutItsCompanionsIsRefused() throws {
        let folder = try TemporaryFolder()
        let path = try killed(folder, at: [29])[0]
        for part in Self.parts where !part.isEmpty { try? FileManager.default.removeItem(atPath: path + part) }
        try? FileManager.default.removeItem(atPath: path + "-shm")
        #expect(refusal(path)?.code == .corrupt)
    }

    @Test func anOlderBackupIsRefusedAndSetAside() throws {
        let folder = try TemporaryFolder()
        let copies = try killed(folder, at: [29, 160])
        let path = folder.path + "/restored.sqlite"
        try copy(copies[1], to: path)
        try copy(copies[0], to: path, parts: ["", "-wal"])
        #expect(refusal(path)?.message.contains("an older backup was put in its place") == true)
        let opened = try open(path, recovers: true)
        let aside = try #require(opened.setAside)
        for part in Self.parts { #expect(FileManager.default.fileExists(atPath: aside + part), "\(part)") }
        #expect(opened.memory.campaigns.isEmpty)
    }

    @Test func afterAPowerCutOnlySyncedDataIsRequired() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/live.sqlite"
        let ledger = try open(path).store
        try ledger.write(try LedgerTests().records(), at: Self.start)
        let synced = folder.path + "/cut.sqlite"
        try copy(path, to: synced)
        let later = Self.start + .seconds(60)
        try ledger.write([.sample(LedgerTests.camp, LedgerTests.stats(7), at: later)], at: later)
        // The head record of the last sample reached the disk, but the sample did not.
        try copy(path, to: synced, parts: [".head"])
        #expect(refusal(synced)?.code == .corrupt)
        let rebooted = BootClock(startedAt: 9_000_000, uptime: 500)
        #expect(try open(synced, boot: rebooted).memory.campaigns.count == 1)
        // A missing decision is a loss, even after a power cut.
        try ledger.write(try LedgerTests().records(), at: later)
        try copy(path, to: synced, parts: [".head"])
        #expect(refusal(synced, boot: rebooted)?.code == .corrupt)
    }

    @Test func aCrashBeforeTheHeadRecordIsNotDamage() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/live.sqlite"
        let ledger = try open(path).store
        try ledger.write(try LedgerTests().records(), at: Self.start)
        let other = folder.path + "/newer.sqlite"
        try copy(path, to: other, parts: [".head"])
        try ledger.write(try LedgerTests().records(), at: Self.start)
        try copy(path, to: other, parts: ["", "-wal"])
        #expect(refusal(other) == nil)
    }

    @Test(arguments: parts) func aDeletedOrReplacedFileFailsWrites(_ part: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        let ledger = try open(path).store
        let records = try LedgerTests().records()
        try ledger.write(records, at: Self.start)
        func failure(_ body: () throws -> Void) -> String {
            do {
                try body()
                return "none"
            } catch {
                return (error as? LedgerError)?.message ?? "\(error)"
            }
        }
        try #require(rename(path + part, path + ".moved") == 0)
        for body in [{ try ledger.write(records, at: Self.start) }, { _ = try ledger.maintain(at: Self.start) }] {
            #expect(failure(body).contains("was deleted or moved while the daemon was running; a restart would lose"))
        }
        _ = try folder.write("ledger.sqlite" + part, "another")
        #expect(failure { try ledger.write(records, at: Self.start) }.contains("a restart would load that file"))
        // After the file is moved back, writing continues.
        try #require(rename(path + ".moved", path + part) == 0)
        #expect(failure { try ledger.write(records, at: Self.start) } == "none")
    }
}

import Foundation
import GRDB
import Guard
import Ledger
import Model
import TestSupport
import Testing

/// A ledger stays below its size limit and recovers from being full.
@Suite struct RetentionTests {
    static let start = LedgerTests.start
    static let small = LedgerLimits(bytesMax: 1 << 20, stepRows: 100)

    private func open(_ path: String, _ limits: LedgerLimits) throws -> LedgerDatabase {
        try LedgerDatabase.open(
            path, LedgerScope(WorkspaceName("acme")), limits: limits, at: Self.start
        ).store
    }

    private func batch(_ polls: Range<Int>) -> [LedgerRecord] {
        polls.flatMap { poll in
            (0..<4).map { campaign in
                .sample(
                    CampaignID(unchecked: "camp_\(campaign)"), LedgerTests.stats(poll),
                    at: Self.start + .seconds(15 * poll))
            }
        }
    }

    private func value(_ path: String, _ sql: String) throws -> Int {
        var configuration = Configuration()
        configuration.readonly = true
        return try DatabaseQueue(path: path, configuration: configuration).read { try Int.fetchOne($0, sql: sql) ?? -1 }
    }

    /// Fills the file without maintenance until a write fails; returns the poll reached.
    private func fill(_ ledger: LedgerDatabase) -> Int {
        for poll in stride(from: 0, to: 100_000, by: 50) {
            do { try ledger.write(batch(poll..<poll + 50), at: Self.start) } catch { return poll }
        }
        return 100_000
    }

    @Test func aMaintainedLedgerIsNeverFull() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        let ledger = try open(path, Self.small)
        try ledger.write(try LedgerTests().records(), at: Self.start)
        // Five times the capacity; no write may fail.
        for poll in stride(from: 0, to: 24_000, by: 20) {
            let now = Self.start + .seconds(15 * (poll + 20))
            try ledger.write(batch(poll..<poll + 20), at: now)
            while try ledger.maintain(at: now) {}
        }
        #expect(try value(path, "PRAGMA page_count") * 4096 <= 1 << 20)
        // The newest samples of each campaign and everything open are retained.
        #expect(
            try value(path, "SELECT min(n) FROM (SELECT max(at) n FROM sample GROUP BY campaign)")
                == Int((Self.start + .seconds(15 * 23_999)).milliseconds))
        #expect(try value(path, "SELECT count(*) FROM intent JOIN decision ON decision = id") == 1)
        #expect(try value(path, "SELECT count(*) FROM campaign") == 1)
    }

    @Test(arguments: [false, true]) func aFullLedgerRecoversByItself(isReopened: Bool) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        var ledger: LedgerDatabase? = try open(path, Self.small)
        let urgent = try LedgerTests().records()
        try ledger?.write(urgent, at: Self.start)
        let end = fill(try #require(ledger))
        #expect(end < 100_000)
        let now = Self.start + .seconds(15 * end)
        if isReopened {
            // Also with a limit that the file already exceeds.
            ledger = nil
            ledger = try open(path, LedgerLimits(bytesMax: 600 << 10, stepRows: 100))
        }
        let healed = try #require(ledger)
        while try healed.maintain(at: now) {}
        try healed.write(urgent + batch(end..<end + 50), at: now)
        #expect(try value(path, "SELECT count(*) FROM intent JOIN decision ON decision = id") == 1)
        #expect(try value(path, "SELECT count(*) FROM sample") > 200)
    }

    @Test func settledRecordsAreDroppedAndOpenOnesRetained() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        let ledger = try open(path, LedgerLimits())
        let records = try LedgerTests().records()
        try ledger.write(records, at: Self.start)
        let late = Self.start + .seconds(91 * 86400)
        while try ledger.maintain(at: late) {}
        #expect(try value(path, "SELECT count(*) FROM intent JOIN decision ON decision = id") == 1)
        for case .intent(let intent, _) in records {
            try ledger.write([.intent(intent, outcome: .answered(.paused))], at: late)
        }
        while try ledger.maintain(at: late + .seconds(3600)) {}
        #expect(try value(path, "SELECT (SELECT count(*) FROM intent) + (SELECT count(*) FROM decision)") == 0)
        #expect(try value(path, "SELECT count(*) FROM campaign") == 1)
    }

    @Test func oneStepIsBounded() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        let ledger = try open(path, LedgerLimits(stepRows: 100))
        try ledger.write(batch(0..<1000), at: Self.start)
        let late = Self.start + .seconds(91 * 86400)
        var (steps, rows) = (0, try value(path, "SELECT count(*) FROM sample"))
        #expect(rows == 4000)
        while try ledger.maintain(at: late) {
            let left = try value(path, "SELECT count(*) FROM sample")
            #expect(rows - left <= 100)
            (steps, rows) = (steps + 1, left)
        }
        #expect(rows == 0 && steps >= 40)
    }

    /// Checks SQLite's query plan for every maintenance statement.
    @Test func noStatementOfMaintenanceScansATable() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/ledger.sqlite"
        _ = try open(path, LedgerLimits())
        let statements = LedgerDatabase.maintenanceStatements
        #expect(statements.count == 12)
        try DatabaseQueue(path: path).read { database in
            for sql in statements {
                let arguments = StatementArguments(Array(repeating: 1, count: sql.count { $0 == "?" }))
                let plan = try Row.fetchAll(database, sql: "EXPLAIN QUERY PLAN " + sql, arguments: arguments)
                let details = plan.map { $0["detail"] as String }
                #expect(details.contains { $0.hasPrefix("SEARCH") }, "\(sql)")
                #expect(!details.contains { $0.hasPrefix("SCAN") || $0.contains("TEMP B-TREE") }, "\(sql): \(details)")
            }
        }
    }
}

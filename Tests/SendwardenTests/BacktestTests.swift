import Foundation
import TestSupport
import Testing

/// `sendwarden backtest` on files and on a ledger.
@Suite struct BacktestTests {
    private static let policy = """
        version: 1
        workspace: {name: process, provider: leadterra, credential: key}
        campaigns: []
        rules:
          - {name: bounces, when: bounceRate > 5% and resolved >= 50, then: pause}
          - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}
        """

    /// Two lists over 200 minutes: a good one, and one with a bounce rate of 20 %.
    private func rows(_ row: (_ at: String, _ campaign: String, _ sent: Int, _ bounced: Int, _ label: String) -> String)
        -> String
    {
        (0..<200).flatMap { minute in
            let at = String(format: "2026-12-01T%02d:%02d:00Z", minute / 60, minute % 60)
            return [row(at, "good", minute, minute / 100, "good"), row(at, "bad", minute, minute / 5, "bad")]
        }.joined()
    }

    private func figures(_ arguments: [String]) throws -> [[String: Any]] {
        let outcome = try Program.run(["backtest", "--json"] + arguments)
        #expect(outcome.code == 0, "\(outcome.stderr)")
        let object = try JSONSerialization.jsonObject(with: Data(outcome.stdout.utf8)) as? [String: Any]
        return try #require(object?["policies"] as? [[String: Any]])
    }

    @Test func everyFormatGivesTheSameFigures() throws {
        let folder = try TemporaryFolder()
        let policy = try folder.write("policy.yaml", Self.policy)
        let strict = try folder.write("strict.yaml", Self.policy.replacingOccurrences(of: "> 5%", with: "> 0.5%"))
        let csv = try folder.write(
            "samples.csv",
            "at,campaign,sent,delivered,bounced,label,other\n"
                + rows { "\($0),\($1),\($2),\($2 - $3),\($3),\($4),x\n" })
        let lines = try folder.write(
            "samples.jsonl",
            rows {
                "{\"at\":\"\($0)\",\"campaign\":\"\($1)\",\"sent\":\($2),\"delivered\":\($2 - $3),\"bounced\":\($3),\"label\":\"\($4)\"}\n"
            })
        for file in [csv, lines] {
            let both = try figures([policy, strict, "--recording", file])
            #expect(both.map { $0["campaignsPaused"] as? Int } == [1, 2])
            #expect(both.map { $0["falsePauses"] as? Int } == [0, 1])
            #expect(both.map { $0["missed"] as? Int } == [0, 0])
            // 39 emails bounce, 10 of them before the pause at 50 emails.
            #expect(both.map { $0["bouncesSpared"] as? Int } == [29, 29])
            #expect(both.map { $0["medianSecondsToPause"] as? Int } == [3000, 3000])
        }
        let outcome = try Program.run(["backtest", policy, strict, "--recording", csv])
        #expect(outcome.stdout.contains("400 samples of 2 campaigns, 2026-12-01T00:00:00Z to 2026-12-01T03:19:00Z"))
        #expect(outcome.stdout.split(separator: "\n").allSatisfy { $0.count <= 80 })
        #expect(outcome.stdout.contains("not evaluated"))
    }

    @Test func aReadErrorNamesItsLine() throws {
        let folder = try TemporaryFolder()
        let policy = try folder.write("policy.yaml", Self.policy)
        func refusal(_ text: String) throws -> String {
            let file = try folder.write("bad.csv", text)
            let outcome = try Program.run(["backtest", policy, "--recording", file])
            #expect(outcome.code == 65)
            return outcome.stderr
        }
        #expect(try refusal("at,sent\n").contains("bad.csv:1: the header has no column 'campaign'"))
        let head = "at,campaign,sent\n"
        #expect(
            try refusal(head + "2026-12-01T00:00:00Z,a,1\nlater,a,2\n").contains("bad.csv:3: 'later' is not a time"))
        #expect(
            try refusal(head + "2026-12-01T00:00:00Z,a,many\n").contains(
                "bad.csv:2: 'many' in column sent is not a count")
        )
        #expect(
            try refusal(head + "2026-12-01T00:01:00Z,a,1\n2026-12-01T00:00:00Z,a,2\n").contains(
                "the samples of a are not sorted by time"))
        #expect(try refusal(head).contains("has no samples"))
        #expect(try Program.run(["backtest", policy, "--recording", folder.path + "/none.csv"]).code == 66)
        #expect(try Program.run(["backtest", folder.path + "/none.yaml", "--recording", policy]).code == 66)
    }

    @Test func aLedgerCanBeReplayed() throws {
        try DaemonProcessTests.withDaemon(mode: "observe") { daemon, folder, _, _ in
            #expect(daemon.wait { daemon.stderr.contains("campaign.paused") })
            daemon.signal(SIGTERM)
            _ = daemon.waitUntilExit()
            let found = try figures([folder.path + "/policy.yaml", "--ledger", folder.path + "/ledger.sqlite"])
            let courses = try #require(found.first?["courses"] as? [[String: Any]])
            #expect(courses.map { $0["campaign"] as? String } == ["bad", "good"])
        }
    }
}

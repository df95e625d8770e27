import Foundation
import GRDB
import TestSupport
import Testing

/// Kills the daemon at random moments; the simulator's request log shows what it did.
@Suite struct KillTests {
    /// The number of kills; each run continues from the ledger of the one before.
    static let rounds = 200
    static let key = "sk_live_NeverShownByTheKilled"

    static let world = """
        key: \(key)
        transit: 2s
        bounce_lag: 4s
        pools: [{id: pool_a, capacity: 3000, used: 500}]
        campaigns:
          - {id: good, pool: pool_a, status: running, leads: 100000, rate: 900, bounce_rate: 0.2%}
          - {id: bad, pool: pool_a, status: running, leads: 2000, rate: 1800, bounce_rate: 25%}
          - {id: fits, pool: pool_a, leads: 300, rate: 600}
          - {id: large, pool: pool_a, leads: 2900, rate: 600}
          - {id: stopped, pool: pool_a, status: paused, leads: 900, sent: 200, bounced: 80, rate: 600}
        faults:
          - {kind: lost, endpoint: start, probability: 30%}
          - {kind: lost, endpoint: pause, probability: 30%}
          - {kind: error_500, probability: 5%}
        """

    private static func policy(_ url: String, _ folder: TemporaryFolder) -> String {
        """
        version: 1
        mode: enforce
        workspace: {name: killed, provider: leadterra, url: "\(url)", credential_file: \(folder.path)/key}
        poll: {stats: 100ms, pools: 100ms, budget: 200/s, timeout: 1s}
        stale_after: 5s
        campaigns:
          - {id: good, pool: pool_a}
          - {id: bad, pool: pool_a}
          - {id: fits, pool: pool_a}
          - {id: large, pool: pool_a}
          - {id: stopped, pool: pool_a}
        launches: [{campaign: large, priority: 5}, {campaign: fits}]
        rules:
          - {name: bounces, when: bounceRate > 8% and resolved >= 40, for: 300ms, then: pause}
          - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}
        """
    }

    private func fetch(_ url: String) throws -> Any {
        try JSONSerialization.jsonObject(with: try Data(contentsOf: try #require(URL(string: url))))
    }

    @Test func twoHundredKillsLoseAndRepeatNothing() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("key", Self.key)
        let simulator = try SimulatorProcess(world: try folder.write("world.yaml", Self.world), speed: 2)
        defer { simulator.end() }
        let url = simulator.url
        let policy = try folder.write("policy.yaml", Self.policy(url, folder))
        let arguments = [
            "run", "--policy", policy, "--log-format", "json", "--ledger", folder.path + "/ledger.sqlite",
        ]
        var seed: UInt64 = 20_261_121
        for round in 1...Self.rounds {
            let daemon = try RunningProgram(arguments)
            // A seeded delay of 0 to 400 ms hits the start, polls, decisions, writes and actions.
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            usleep(UInt32(seed >> 33) % 400_000)
            daemon.signal(SIGKILL)
            let outcome = daemon.waitUntilExit()
            #expect(outcome.code == -SIGKILL, "round \(round): \(outcome.stderr)")
            #expect(!outcome.stderr.contains("NeverShown"))
        }
        // Without further kills, it settles.
        let daemon = try RunningProgram(arguments)
        func status(_ campaign: String) throws -> String? {
            let world = try fetch(url + "/simulator/world") as? [String: Any]
            let campaigns = world?["campaigns"] as? [[String: Any]]
            return campaigns?.first { $0["id"] as? String == campaign }?["status"] as? String
        }
        let hasSettled = daemon.wait {
            (try? status("bad")) == "paused" && (try? status("fits")) == "running"
                && daemon.stderr.contains("daemon.ready")
        }
        #expect(hasSettled, "\(daemon.stderr)")
        usleep(1_000_000)
        daemon.signal(SIGTERM)
        #expect(daemon.waitUntilExit().code == 0)
        let requests = try #require(try fetch(url + "/simulator/requests") as? [[String: Any]])
        let posts = requests.filter { $0["method"] as? String == "POST" }.compactMap { $0["path"] as? String }
        // Only actions that the policy allows: one launch fits, and no one else's pause is ended.
        #expect(
            Set(posts).isSubset(of: [
                "/v1/campaigns/bad/pause", "/v1/campaigns/fits/start", "/v1/campaigns/stopped/pause",
            ]), "\(Set(posts))")
        #expect(posts.contains("/v1/campaigns/bad/pause"))
        #expect(posts.contains("/v1/campaigns/fits/start"))
        let ledger = try DatabaseQueue(path: folder.path + "/ledger.sqlite")
        let (open, unexplained) = try ledger.read { database in
            (
                try Int.fetchOne(database, sql: "SELECT count(*) FROM intent WHERE outcome IS NULL"),
                try Int.fetchOne(
                    database,
                    sql: "SELECT count(*) FROM intent WHERE decision NOT IN (SELECT id FROM decision)")
            )
        }
        #expect(open == 0, "an action has no outcome in the ledger")
        #expect(unexplained == 0, "an action has no decision in the ledger")
        let unproven = try ledger.read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM decision WHERE evidence IS NULL OR condition IS NULL")
        }
        #expect(unproven == 0, "a decision has no evidence in the ledger")
        #expect(try status("large") == "draft")
        #expect(try status("stopped") == "paused")
        #expect(try status("good") == "running")
    }
}

import Daemon
import Guard
import Model
import Reporting
import Simulator
import TestSupport
import Testing

/// Pauses are sent even if the platform is slow or asks for a wait.
@Suite(.timeLimit(.minutes(3))) struct LaneTests {
    /// 150 campaigns whose stats take 6 s, within the timeout of 10 s, and one that bounces.
    static let slow = (1...150).map { "slow_\($0)" }
    static let slowWorld = """
        start: 2026-12-01T20:00:00Z
        pools: [{id: pool_a, capacity: 3000}]
        campaigns:
          - {id: bad, pool: pool_a, status: running, leads: 5000, sent: 100, bounced: 50, rate: 60, bounce_rate: 50%}
        \(slow.map { "  - {id: \($0), pool: pool_a, status: running, leads: 100, rate: 0}" }.joined(separator: "\n"))
        faults:
        \(slow.map { "  - {kind: slow, endpoint: stats, campaign: \($0), wait: 6s}" }.joined(separator: "\n"))

        """
    static let slowPolicy = """
        campaigns:
          \((slow + ["bad"]).map { "- {id: \($0), pool: pool_a}" }.joined(separator: "\n  "))
        rules:
          - {name: bounces, when: bounceRate > 6% and resolved >= 40, then: pause}

        """

    @Test func aSlowPlatformDoesNotDelayAPause() async throws {
        // Ten times real time: a slow response takes 600 ms, within the 2 s of the policy's timeout.
        try await DaemonBench.run(world: Self.slowWorld, policy: Self.slowPolicy, speed: 10) { bench in
            try await bench.wait(upTo: .seconds(120)) { bench.status("bad") == "paused" }
            // It is last in the policy, so each slow one was polled once and few twice: no poll waited for a response.
            #expect((bench.server.requestCounts["GET"] ?? 0) < 2 * 151)
            // Healthy campaigns are polled at their interval.
            try await bench.pass(.seconds(200))
            #expect(bench.count(.campaignStale) == 0)
            #expect(bench.count(.apiUnreachable) == 0)
        }
    }

    static let world = """
        start: 2026-12-01T20:00:00Z
        pools: [{id: pool_a, capacity: 3000}]
        campaigns:
          - {id: good, pool: pool_a, status: running, leads: 2000, rate: 60}
          - {id: other, pool: pool_a, status: running, leads: 2000, rate: 60}

        """
    static let policy = """
        campaigns: [{id: good, pool: pool_a}, {id: other, pool: pool_a}]
        rules: [{name: bounces, when: bounceRate > 50%, then: pause}]

        """

    @Test(arguments: ["pools", "stats"])
    func aPersonsPauseIgnoresARetryAfter(_ endpoint: String) async throws {
        let faults = "faults: [{kind: throttle_seconds, endpoint: \(endpoint), wait: 1h, times: 1}]\n"
        let policy = Self.policy + "launches: [{campaign: other}]\n"
        try await DaemonBench.run(world: Self.world + faults, policy: policy) { bench in
            try await bench.wait(upTo: .seconds(600)) { bench.count(.apiThrottled) == 1 }
            let reply = await bench.control.obey(Order(.pause, CampaignID(unchecked: "good"), by: "anna"))
            #expect(reply?.accepted == true)
            try await bench.wait(upTo: .seconds(300)) { bench.status("good") == "paused" }
            #expect(bench.server.requestCounts["POST"] == 1)
        }
    }

    @Test func aReloadKeepsTheRetryAfter() async throws {
        let faults = "faults: [{kind: throttle_seconds, endpoint: stats, wait: 1h, from: 5m, times: 1}]\n"
        try await DaemonBench.run(world: Self.world + faults, policy: Self.policy) { bench in
            try await bench.wait(upTo: .seconds(1200)) { bench.count(.apiThrottled) == 1 }
            // Requests that were already sent can still arrive.
            try await bench.pass(.seconds(60))
            let before = bench.server.requestCounts["GET"] ?? 0
            try await bench.reload("# another one\n" + Self.policy)
            try await bench.wait(upTo: .seconds(600)) { bench.count(.policyLoaded) == 1 }
            try await bench.pass(.seconds(30 * 60))
            #expect(bench.server.requestCounts["GET"] == before)
            try await bench.wait(upTo: .seconds(3600)) { (bench.server.requestCounts["GET"] ?? 0) > before }
        }
    }
}

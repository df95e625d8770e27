import Model
import Simulator
import TestSupport
import Testing

/// The daemon with a simulated platform over HTTP: pauses, launches, faults and reloads.
@Suite struct GuardServiceTests {
    static let world = """
        start: 2026-12-01T20:00:00Z
        pools: [{id: pool_a, capacity: 3000, used: 500}]
        campaigns:
          - {id: good, pool: pool_a, status: running, leads: 2000, rate: 120, bounce_rate: 0.5%}
          - {id: bad, pool: pool_a, status: running, leads: 2000, rate: 240, bounce_rate: 20%}
        """
    static let policy = """
        campaigns:
          - {id: good, pool: pool_a}
          - {id: bad, pool: pool_a}
        rules:
          - {name: bounces, when: bounceRate > 6% and resolved >= 40, for: 2m, then: pause}
        """

    @Test func aBadListIsPausedAndAGoodOneIsNot() async throws {
        try await DaemonBench.run(world: Self.world, policy: Self.policy) { bench in
            try await bench.wait(upTo: .seconds(3 * 3600)) { bench.status("bad") == "paused" }
            let bad = try #require(bench.server.world.campaign(CampaignID(unchecked: "bad")))
            // 40 resolved, two polls and the rule's two minutes at four emails per minute, and the emails in transit;
            // doubled for a busy machine, because a tenth of a second is a minute here.
            #expect(bad.sent < 130)
            try await bench.pass(.seconds(3600))
            #expect(bench.status("good") == "running")
            #expect(bench.count(.campaignPaused) == 1)
            #expect(bench.server.requestCounts["POST"] == 1)
        }
    }

    @Test func observeModeSendsNoPOST() async throws {
        try await DaemonBench.run(world: Self.world, policy: "mode: observe\n" + Self.policy) { bench in
            try await bench.wait(upTo: .seconds(7200)) { bench.count(.campaignPaused) == 1 }
            try await bench.pass(.seconds(1800))
            #expect(bench.status("bad") == "running")
            #expect(bench.server.requestCounts["POST"] == nil)
            #expect(bench.count(.campaignPaused) == 1)
        }
    }

    @Test func aLaunchStartsAfterTheReset() async throws {
        let world = """
            start: 2026-12-01T23:00:00Z
            shapes: {pools: concepts, start: wrapped}
            pools: [{id: pool_a, capacity: 1000, used: 900}]
            campaigns:
              - {id: fits, pool: pool_a, leads: 400, rate: 60}
              - {id: never, pool: pool_a, leads: 4000, rate: 60}
            """
        let policy = """
            campaigns: [{id: fits, pool: pool_a}, {id: never, pool: pool_a}]
            launches: [{campaign: fits}, {campaign: never}]
            rules: [{name: room, on: launch, when: totalEnrolled > pool.available, then: hold}]
            """
        try await DaemonBench.run(world: world, policy: policy) { bench in
            try await bench.wait(upTo: .seconds(1800)) { bench.count(.launchHeld) == 2 }
            #expect(bench.count(.launchCannotFit) == 1)
            #expect(bench.status("fits") == "draft")
            try await bench.wait(upTo: .seconds(5400)) { bench.status("fits") == "running" }
            #expect(bench.server.world.now >= Instant(rfc3339: "2026-12-02T00:00:00Z") ?? bench.time.now)
            try await bench.pass(.seconds(1800))
            #expect(bench.status("never") == "draft")
            #expect(bench.server.requestCounts["POST"] == 1)
        }
    }

    static let faults = [
        "error_500", "error_503", "html", "empty", "wrong_types", "wrong_shape", "cut", "lost", "huge",
        "throttle_seconds", "throttle_date", "throttle_bare",
    ]

    /// A third of all requests fails; the bad list must be paused nevertheless, and the good one must not.
    @Test(arguments: faults)
    func itPausesBadListsDespiteFaults(_ kind: String) async throws {
        let world = Self.world + "\nfaults: [{kind: \(kind), probability: 30%, wait: 20s}]\n"
        try await DaemonBench.run(world: world, policy: Self.policy) { bench in
            try await bench.wait(upTo: .seconds(3 * 3600)) { bench.status("bad") == "paused" }
            #expect(bench.status("good") == "running")
            #expect(bench.server.world.campaign(CampaignID(unchecked: "bad")).map { $0.sent < 250 } == true)
        }
    }

    @Test func malformedAnswersNeitherPauseNorStopIt() async throws {
        let world = Self.world + "\nfaults: [{kind: wrong_types, until: 3h}]\n"
        try await DaemonBench.run(world: world, policy: Self.policy) { bench in
            try await bench.pass(.seconds(6000))
            #expect(bench.server.requestCounts["POST"] == nil)
            #expect(bench.count(.campaignStale) == 2)
            #expect(bench.count(.apiUnexpected) >= 1)
            // It recovers without intervention.
            try await bench.wait(upTo: .seconds(3 * 3600)) { bench.status("bad") == "paused" }
            #expect(bench.count(.apiRecovered) >= 1)
        }
    }

    @Test func retryAfterIsObeyed() async throws {
        let world = Self.world + "\nfaults: [{kind: throttle_seconds, wait: 30m, from: 10m, times: 1}]\n"
        try await DaemonBench.run(world: world, policy: Self.policy) { bench in
            try await bench.wait(upTo: .seconds(1800)) { bench.count(.apiThrottled) == 1 }
            // Requests that were already sent can still arrive.
            try await bench.pass(.seconds(60))
            let before = bench.server.requestCounts.values.reduce(0, +)
            try await bench.pass(.seconds(25 * 60))
            #expect(bench.server.requestCounts.values.reduce(0, +) == before)
            try await bench.pass(.seconds(15 * 60))
            #expect(bench.server.requestCounts.values.reduce(0, +) > before)
        }
    }

    @Test func aRejectedKeyIsReportedOnce() async throws {
        let world = Self.world + "\nfaults: [{kind: unauthorized}]\n"
        try await DaemonBench.run(world: world, policy: Self.policy) { bench in
            // On a busy machine the first answer takes a while of the world's time.
            try await bench.wait(upTo: .seconds(1800)) {
                bench.count(.apiUnauthorized) == 1 && bench.count(.daemonReady) == 1
            }
            try await bench.pass(.seconds(240))
            #expect(bench.count(.apiUnauthorized) == 1)
            #expect(bench.count(.daemonReady) == 1)
            #expect(bench.server.requestCounts["POST"] == nil)
        }
    }

    @Test func aReloadCannotMoveToAnotherWorkspace() async throws {
        try await DaemonBench.run(world: Self.world, policy: Self.policy) { bench in
            try await bench.wait(upTo: .seconds(1200)) { bench.count(.daemonReady) == 1 }
            try await bench.reload("# another one\n" + Self.policy, workspace: "elsewhere")
            try await bench.wait(upTo: .seconds(1200)) { bench.count(.policyRefused) == 1 }
            #expect(bench.count(.policyLoaded) == 0)
        }
    }

    @Test func aReloadIsAllOrNothing() async throws {
        try await DaemonBench.run(world: Self.world, policy: "mode: observe\n" + Self.policy) { bench in
            try await bench.wait(upTo: .seconds(7200)) { bench.count(.campaignPaused) == 1 }
            // Refused: the policy in use stays in use.
            try await bench.reload(Self.policy.replacing("bounceRate", with: "bounceRat"))
            try await bench.wait(upTo: .seconds(600)) { bench.count(.policyRefused) == 1 }
            let refused = bench.events.first { $0["SENDWARDEN_EVENT"] == EventKind.policyRefused.rawValue }
            #expect(refused?["MESSAGE"]?.contains("unknown name 'bounceRat'") == true)
            try await bench.pass(.seconds(600))
            #expect(bench.status("bad") == "running")
            // Loaded: from now on it acts.
            try await bench.reload(Self.policy)
            try await bench.wait(upTo: .seconds(1200)) { bench.status("bad") == "paused" }
            #expect(bench.count(.policyLoaded) == 1)
        }
    }
}

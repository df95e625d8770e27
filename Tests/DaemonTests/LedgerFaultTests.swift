import Daemon
import Foundation
import Guard
import Ledger
import Model
import Policy
import Reporting
import Simulator
import TestSupport
import Testing

/// The daemon with a ledger that hangs, fails once, or fails permanently.
@Suite(.serialized, .timeLimit(.minutes(3))) struct LedgerFaultTests {
    static let world = """
        start: 2026-12-01T20:00:00Z
        pools: [{id: pool_a, capacity: 3000, used: 0}]
        campaigns:
          - {id: good, pool: pool_a, status: running, leads: 2000, rate: 60}
          - {id: bad, pool: pool_a, status: running, leads: 5000, sent: 100, rate: 3600, bounce_rate: 50%}
          - {id: new, pool: pool_a, leads: 100, rate: 60}
        """
    static let policy = """
        campaigns: [{id: good, pool: pool_a}, {id: bad, pool: pool_a}, {id: new, pool: pool_a}]
        launches: [{campaign: new, not_before: 2026-12-01T20:05:00Z}]
        rules: [{name: bounces, when: bounceRate > 20% and resolved >= 300, then: pause}]
        """

    private func ledger() async throws -> InMemoryLedger {
        try await InMemoryLedger.open(
            InMemoryStorage(), LedgerScope(WorkspaceName("bench")), at: Instant(milliseconds: 0)
        ).store
    }

    @Test func aHangingLedgerDelaysStartsButNoPause() async throws {
        let ledger = try await ledger()
        try await DaemonBench.run(
            world: Self.world, policy: Self.policy, speed: 60, ledger: ledger, ledgerAnswersWithin: .milliseconds(500)
        ) { bench in
            try await bench.wait(upTo: .seconds(300)) { bench.count(.daemonReady) == 1 }
            ledger.faults.hang()
            // The bad campaign is still paused, as is one by an order, whose reply waits for the ledger.
            let order = Order(.pause, CampaignID(unchecked: "good"), by: "anna")
            async let reply = bench.control.obey(order)
            try await bench.wait(upTo: .seconds(60)) { bench.status("good") == "paused" }
            let answer = await reply
            #expect(answer?.accepted == true)
            #expect(answer?.message.contains("the ledger cannot be written") == true)
            try await bench.wait(upTo: .seconds(900)) { bench.status("bad") == "paused" }
            // The launch is due meanwhile, but no request was sent.
            try await bench.pass(.seconds(120))
            #expect(bench.status("new") == "draft" && bench.count(.launchReleased) == 0)
            #expect(bench.count(.ledgerFailed) >= 1)
            ledger.faults.release()
            try await bench.wait(upTo: .seconds(600)) { bench.count(.ledgerRecovered) == 1 }
            try await bench.wait(upTo: .seconds(900)) { bench.status("new") == "running" }
        }
        let decisions = try await ledger.queries.decisions("bench", since: Instant(milliseconds: 0))
        #expect(decisions.flatMap(\.actions).map(\.action).sorted() == ["pause", "pause", "start"])
        #expect(decisions.flatMap(\.actions).allSatisfy { $0.outcome != nil })
    }

    /// A hold and a pause stop a start that is decided and still being stored.
    @Test(arguments: [Order.Act.hold, .pause])
    func anOrderStopsAStartThatIsBeingStored(_ act: Order.Act) async throws {
        let ledger = try await ledger()
        let policy = Self.policy.replacing("20:05:00", with: "20:00:03")
        try await DaemonBench.run(
            world: Self.world, policy: policy, speed: 1, quick: true, ledger: ledger
        ) { bench in
            try await bench.wait(upTo: .seconds(30), every: .milliseconds(50)) { bench.count(.daemonReady) == 1 }
            ledger.faults.hang()
            // The start is decided when the launch is due.
            try await bench.pass(.seconds(5))
            async let reply = bench.control.obey(Order(act, CampaignID(unchecked: "new"), by: "anna"))
            try await bench.wait(upTo: .seconds(10), every: .milliseconds(50)) { bench.count(.orderAccepted) == 1 }
            ledger.faults.release()
            #expect(await reply?.accepted == true)
            try await bench.pass(.seconds(10))
            #expect(bench.status("new") == "draft" && bench.count(.launchReleased) == 0)
            #expect(bench.count(.launchFailed) == 0 && bench.count(.launchHeld) == 1)
            #expect(
                await bench.control.obey(Order(.release, CampaignID(unchecked: "new"), by: "anna"))?.accepted == true)
            try await bench.wait(upTo: .seconds(30), every: .milliseconds(50)) { bench.status("new") == "running" }
        }
    }

    /// Only the start waits for a slow write that does not count as failing yet.
    @Test func aStartWaitsForItsBatch() async throws {
        let ledger = try await ledger()
        let policy = Self.policy.replacing("20:05:00", with: "20:00:03")
        try await DaemonBench.run(
            world: Self.world, policy: policy, speed: 1, quick: true, ledger: ledger
        ) { bench in
            try await bench.wait(upTo: .seconds(30), every: .milliseconds(50)) { bench.count(.daemonReady) == 1 }
            ledger.faults.hang()
            let hungAt = bench.time.now
            let order = Order(.pause, CampaignID(unchecked: "good"), by: "anna")
            async let reply = bench.control.obey(order)
            try await bench.wait(upTo: .seconds(2), every: .milliseconds(5)) { bench.status("good") == "paused" }
            let delay = bench.time.now - hungAt
            #expect(delay < .seconds(1))
            try await bench.pass(.seconds(5))
            #expect(bench.status("new") == "draft")
            ledger.faults.release()
            #expect(await reply?.message.contains("cannot be written") == false)
            try await bench.wait(upTo: .seconds(20), every: .milliseconds(50)) { bench.status("new") == "running" }
            #expect(bench.count(.ledgerFailed) == 0)
        }
    }

    @Test func aDecisionThatNoLongerStandsIsNotSent() async throws {
        let ledger = try await ledger()
        let policy = Self.policy.replacing("20:05:00", with: "20:00:03")
        try await DaemonBench.run(
            world: Self.world, policy: policy, speed: 1, quick: true, ledger: ledger
        ) { bench in
            try await bench.wait(upTo: .seconds(30), every: .milliseconds(20)) { bench.count(.daemonReady) == 1 }
            ledger.faults.hang()
            // Its start is decided and waits; then a reload switches to observe mode.
            try await bench.pass(.seconds(5))
            try await bench.reload("mode: observe\n" + policy, quick: true)
            ledger.faults.release()
            try await bench.pass(.seconds(3))
            #expect(bench.status("new") == "draft")
            #expect(bench.server.requestCounts["POST"] == nil)
        }
    }

    @Test func aSingleFailureLosesNoEvent() async throws {
        let ledger = try await ledger()
        try await DaemonBench.run(world: Self.world, policy: Self.policy, ledger: ledger) { bench in
            try await bench.wait(upTo: .seconds(300)) { bench.count(.daemonReady) == 1 }
            ledger.faults.failOnce()
            try await bench.wait(upTo: .seconds(1800)) { bench.count(.ledgerRecovered) == 1 }
            try await bench.wait(upTo: .seconds(3600)) { bench.status("new") == "running" }
            try await bench.wait(upTo: .seconds(3600)) { bench.status("bad") == "paused" }
            try await bench.pass(.seconds(60))
        }
        let history = try await ledger.queries.history("bench", HistoryFilter(limit: 1000))
        let kinds: [EventKind] = [
            .daemonReady, .ledgerFailed, .ledgerRecovered, .campaignPaused, .launchReleased, .daemonStopping,
        ]
        for kind in kinds {
            #expect(history.count { $0.event == kind.rawValue } == 1, "\(kind)")
        }
        #expect(history.map(\.number) == history.sorted { $0.at < $1.at }.map(\.number))
    }

    @Test func aFullDiskBlocksStartsButNoPause() async throws {
        let ledger = try await ledger()
        try await DaemonBench.run(world: Self.world, policy: Self.policy, ledger: ledger) { bench in
            try await bench.wait(upTo: .seconds(300)) { bench.count(.daemonReady) == 1 }
            ledger.faults.fail()
            try await bench.wait(upTo: .seconds(3600)) { bench.status("bad") == "paused" }
            try await bench.pass(.seconds(1800))
            #expect(bench.status("new") == "draft")
            let reply = await bench.control.obey(Order(.pause, CampaignID(unchecked: "good"), by: "anna"))
            #expect(reply?.message.contains("the ledger cannot be written") == true)
            try await bench.wait(upTo: .seconds(600)) { bench.status("good") == "paused" }
            ledger.faults.fail(nil)
            try await bench.wait(upTo: .seconds(3600)) { bench.status("new") == "running" }
        }
        let history = try await ledger.queries.history("bench", HistoryFilter(limit: 1000))
        #expect(history.count { $0.event == EventKind.campaignPaused.rawValue } == 2)
    }

    @Test func aHangingLedgerDoesNotDelayShutdown() async throws {
        let ledger = try await ledger()
        let end = try await DaemonBench.run(world: Self.world, policy: Self.policy, speed: 60, ledger: ledger) {
            bench in
            try await bench.wait(upTo: .seconds(300)) { bench.count(.daemonReady) == 1 }
            ledger.faults.hang()
            try await bench.pass(.seconds(60))
            return ContinuousClock.now
        }
        // 700 ms for pending writes; the rest allows for a busy machine.
        #expect(end.duration(to: .now) < .seconds(3))
    }
}

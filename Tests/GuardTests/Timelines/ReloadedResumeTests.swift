import Guard
import Model
import Policy
import Reporting
import Testing

/// A reload removes the rule that was to resume a campaign.
@Suite struct ReloadedResumeTests: ReloadBench {
    /// The cooldown is over, and the resume is under way.
    private func resuming() throws -> (GuardBench, Intent) {
        var (bench, pause) = try paused()
        bench.confirmPause(pause)
        bench.wait(.seconds(3660))
        bench.seePool(remaining: 1000)
        bench.see(2, sent: 103, bounced: 10)
        let intent = try #require(bench.sent().first)
        return (bench, intent)
    }

    private func resuming(answer: Result<ActionAnswer, Fault>, _ newer: String) throws -> GuardBench {
        var (bench, intent) = try resuming()
        try bench.reload(newer, campaigns: 2)
        bench.answer(intent, answer)
        return bench
    }

    static let withoutRule = rules.replacing("- {name: bounces", with: "- {name: other")

    @Test func aResumeWithoutItsRuleIsNotTriedAgain() throws {
        var bench = try resuming(answer: .failure(Self.notSent), Self.withoutRule)
        #expect(bench.events.last?.message.hasSuffix("not sent; the policy in use does not resume it") == true)
        bench.wait(.seconds(7200))
        #expect(bench.sent() == [])
        guard case .paused = phase(bench) else {
            Issue.record("\(String(describing: phase(bench)))")
            return
        }
    }

    @Test func aResumeIsCountedEvenWithoutItsRule() throws {
        let answer = ActionAnswer(status: .running, startedAt: nil)
        let bench = try resuming(answer: .success(answer), Self.withoutRule)
        #expect(
            bench.events.last { $0.kind == .campaignResumed }?.message
                == "resumed camp_2 after its cooldown, rule bounces, resume number 1")
    }

    @Test func aLostResumeWithoutItsRuleBlamesNobody() throws {
        var bench = try resuming(answer: .failure(Self.lost), Self.withoutRule)
        _ = bench.reported()
        for count in 0...30 {
            bench.wait(Self.minute)
            bench.seePool(remaining: 1000)
            bench.see(2, sent: 103 + max(0, count - 20) * 20, bounced: 10)
        }
        let reported = bench.reported()
        #expect(reported.contains(.campaignResumed) && !reported.contains(.campaignOverride))
    }

    @Test func aResumeThatWaitsForStatsEndsWithItsRule() throws {
        var (bench, pause) = try paused()
        bench.confirmPause(pause)
        bench.wait(.seconds(3660))
        try bench.reload(Self.withoutRule, campaigns: 2)
        guard case .paused = phase(bench) else {
            Issue.record("\(String(describing: phase(bench)))")
            return
        }
    }

    @Test func aResumeWithoutItsRuleIsNotSent() throws {
        var (bench, intent) = try resuming()
        try bench.reload("rules: [{name: silent, when: age(stats) > 1h, then: alert}]", campaigns: 2)
        #expect(!bench.warden.stillStands(intent, at: bench.now))
    }

    @Test func aPauseOrderedAfterALostResumeIsSent() throws {
        var bench = try resuming(answer: .failure(Self.lost), Self.withoutRule)
        #expect(try bench.order(.pause, 2).accepted)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func anOrderedPauseIsAbandonedInObserveMode() throws {
        var (bench, pause) = try paused()
        _ = try bench.order(.pause, 2)
        try bench.reload("mode: observe\n" + Self.rules, campaigns: 2)
        _ = bench.reported()
        bench.answer(pause, .failure(Self.lost))
        #expect(bench.sent() == [] && bench.reported() == [.campaignPauseFailed, .campaignPauseAbandoned])
    }
}

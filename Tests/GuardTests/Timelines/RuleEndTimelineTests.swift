import Guard
import Model
import Policy
import Reporting
import Testing

/// A pending or firing rule that a reload ends is reported as clear, so that nothing outside keeps it firing.
@Suite struct RuleEndTimelineTests {
    private static let rules =
        "rules: [{name: bounces, when: bounceRate > 5% and resolved >= 50, then: alert}]"

    private func firing(_ rules: String = rules) throws -> GuardBench {
        var bench = try GuardBench(rules, campaigns: 2)
        bench.see(2, sent: 10, bounced: 0)
        bench.see(sent: 100, bounced: 10)
        #expect(bench.reported().contains(.ruleFiring))
        return bench
    }

    private func ends(_ bench: inout GuardBench) -> [String] {
        bench.reportedEvents().filter { $0.kind == .ruleCleared }.map(\.message)
    }

    struct Edit: CustomTestStringConvertible, Sendable {
        var name: String
        var policy: String
        var end: String?
        var testDescription: String { name }
    }

    static let edits = [
        Edit(name: "nothing", policy: rules, end: nil),
        Edit(
            name: "the rule", policy: "rules: [{name: other, when: sent > 500, then: alert}]",
            end: "the policy in use does not have it there"),
        Edit(
            name: "its limit", policy: rules.replacing("5%", with: "50%"),
            end: "the policy in use changed it, so it starts without evidence"),
        Edit(
            name: "an override", policy: rules + "\noverrides: [{where: {campaign: camp_1}, rule: bounces, mode: off}]",
            end: "the policy in use does not have it there"),
        Edit(
            name: "an override elsewhere",
            policy: rules + "\noverrides: [{where: {campaign: camp_2}, rule: bounces, mode: off}]", end: nil),
    ]

    @Test(arguments: edits)
    func aReloadEndsTheRule(_ edit: Edit) throws {
        var bench = try firing()
        try bench.reload(edit.policy, campaigns: 2)
        #expect(ends(&bench) == (edit.end.map { ["rule bounces is no longer firing on camp_1: \($0)"] } ?? []))
        try bench.reload(edit.policy, campaigns: 2)
        #expect(ends(&bench) == [], "once")
    }

    @Test(arguments: edits)
    func aRestartEndsTheRule(_ edit: Edit) throws {
        var bench = try firing()
        try bench.restart(edit.policy, campaigns: 2)
        #expect(ends(&bench) == (edit.end.map { ["rule bounces is no longer firing on camp_1: \($0)"] } ?? []))
        try bench.restart(edit.policy, campaigns: 2)
        #expect(ends(&bench) == [], "once")
    }

    @Test func aPendingRuleEndsToo() throws {
        var bench = try GuardBench(Self.rules.replacing("then:", with: "for: 10m, then:"))
        bench.see(sent: 100, bounced: 10)
        try bench.reload(Self.rules)
        #expect(ends(&bench).first?.hasPrefix("rule bounces is no longer pending on camp_1") == true)
    }

    @Test func aCampaignThatLeavesAndReturns() throws {
        var bench = try firing()
        let both = try GuardBench.policy(Self.rules, campaigns: 2)
        var without = both
        without.campaigns.removeFirst()
        bench.reload(without)
        #expect(
            ends(&bench) == [
                "rule bounces is no longer firing on camp_1: the policy in use does not list what it was evaluated on"
            ])
        bench.reload(both)
        #expect(bench.reported().contains(.ruleFiring), "it continues where it was")
        // Also if it returns while the process does not run.
        bench.reload(without)
        _ = bench.reported()
        try bench.restart(both)
        #expect(bench.reported().contains(.ruleFiring))
        try bench.restart(both)
        #expect(!bench.reported().contains(.ruleFiring), "once")
    }

    @Test func aRuleOnAGroupEnds() throws {
        let rule = "rules: [{name: teams, on: group, by: pool, when: bounceRate > 5% and resolved >= 50, then: alert}]"
        var bench = try firing(rule)
        try bench.reload(rule, campaigns: 1)
        #expect(ends(&bench) == [])
        try bench.reload("rules: [{name: other, when: sent > 500, then: alert}]")
        #expect(ends(&bench).first?.hasPrefix("rule teams is no longer firing on pool pool_a") == true)
    }

    @Test func aRuleOnAPoolEnds() throws {
        let rule = "rules: [{name: low, on: pool, when: pool.available < 100, then: alert}]"
        var bench = try GuardBench(rule)
        bench.seePool(remaining: 10)
        #expect(bench.reported().contains(.ruleFiring))
        try bench.reload("rules: [{name: other, when: sent > 500, then: alert}]")
        #expect(
            ends(&bench) == ["rule low is no longer firing on pool pool_a: the policy in use does not have it there"])
    }

    // MARK: A resume that does not happen

    private static let resuming =
        "rules: [{name: bounces, when: bounceRate > 5% and resolved >= 50, then: pause, resume: {after: 1h}}]"

    @Test(arguments: ["then: alert", "mode: observe", "mode: off"])
    func aResumeThatAnOverrideCancelsIsReported(_ change: String) throws {
        var bench = try GuardBench(Self.resuming)
        bench.see(sent: 100, bounced: 10)
        bench.confirmPause(try #require(bench.sent().first))
        try bench.reload(Self.resuming + "\noverrides: [{where: {campaign: camp_1}, rule: bounces, \(change)}]")
        _ = bench.reported()
        bench.wait(.seconds(3700))
        let event = try #require(bench.reportedEvents().first { $0.kind == .campaignResumeFailed })
        #expect(
            event.message
                == "camp_1 stays paused after its cooldown: the policy in use does not resume it; only a person can start it"
        )
        #expect(event.fields[.rule] == "bounces")
        bench.wait(.seconds(86400))
        #expect(!bench.reported().contains(.campaignResumeFailed) && bench.sent() == [], "once")
    }
}

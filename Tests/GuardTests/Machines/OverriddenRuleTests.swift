import Guard
import Model
import Policy
import Reporting
import Testing

@testable import Guard

/// An override makes a rule another one on its campaigns, and only there.
@Suite struct OverriddenRuleTests {
    private static func policy(
        when condition: String = "bounceRate > 5% and resolved >= 50", for clause: String = "10m",
        _ overrides: String..., more: String = ""
    ) -> String {
        let list = overrides.map { "  - {where: \($0)}\n" }.joined()
        return """
            rules:
              - {name: bounces, when: \(condition), for: \(clause), then: pause\(more)}
            \(overrides.isEmpty ? "" : "overrides:\n\(list)")
            """
    }

    private static let second = "{campaign: camp_2}, rule: bounces, when: bounceRate > 8% and resolved >= 50"

    struct Edit: CustomTestStringConvertible, Sendable {
        var name: String
        var policy: String
        /// The campaigns whose rule starts without evidence.
        var resets: Set<Int>
        var testDescription: String { name }
    }

    static let edits = [
        Edit(name: "nothing", policy: policy(second), resets: []),
        Edit(name: "severity", policy: policy(second + ", severity: critical"), resets: []),
        Edit(name: "spacing", policy: policy(second.replacing(" > ", with: "  >  ")), resets: []),
        Edit(name: "another limit", policy: policy(second.replacing("8%", with: "7%")), resets: [2]),
        Edit(name: "mode", policy: policy(second + ", mode: observe"), resets: [2]),
        Edit(name: "action", policy: policy(second + ", then: alert"), resets: [2]),
        Edit(name: "no override", policy: policy(), resets: [2]),
        Edit(name: "the rule's limit", policy: policy(when: "bounceRate > 6% and resolved >= 50", second), resets: [1]),
        Edit(name: "the rule's for", policy: policy(for: "11m", second), resets: [1, 2]),
        Edit(name: "for, as before in the override", policy: policy(for: "11m", second + ", for: 10m"), resets: [1]),
        Edit(
            name: "another override before it",
            policy: policy("{campaign: camp_2}, rule: bounces, for: 1m", second), resets: []),
        Edit(
            name: "an override of the other campaign",
            policy: policy(second, "{campaign: camp_1}, rule: bounces, for: 11m"), resets: [1]),
        Edit(
            name: "the same by another selector",
            policy: policy(second.replacing("camp_2}", with: "[camp_2]}")), resets: []),
    ]

    /// A bench with two campaigns whose rule has been pending for two minutes, and the start of that time for each.
    private func pending() throws -> (bench: GuardBench, since: [Int: Instant]) {
        var bench = try GuardBench(Self.policy(Self.second), campaigns: 2)
        var since: [Int: Instant] = [:]
        for minute in 0...2 {
            for campaign in [1, 2] {
                bench.see(campaign, sent: 100 + minute, bounced: 12)
                since[campaign] = since[campaign] ?? bench.now
            }
            bench.wait(.seconds(60))
        }
        return (bench, since)
    }

    private func check(_ bench: GuardBench, _ since: [Int: Instant], _ edit: Edit) {
        var bench = bench
        for campaign in [1, 2] {
            bench.see(campaign, sent: 104, bounced: 12)
            guard case .pending(let found, _, _)? = bench.warden.campaigns[campaign - 1].rules.states.first?.state.phase
            else {
                #expect(Bool(false), "the rule is not pending on camp_\(campaign)")
                continue
            }
            #expect(found == (edit.resets.contains(campaign) ? bench.now : since[campaign]), "camp_\(campaign)")
        }
    }

    @Test(arguments: edits) func aReloadKeepsTheEvidenceOfEverythingElse(_ edit: Edit) throws {
        var (bench, since) = try pending()
        try bench.reload(edit.policy, campaigns: 2)
        check(bench, since, edit)
    }

    @Test(arguments: edits) func aRestartKeepsTheEvidenceOfEverythingElse(_ edit: Edit) throws {
        var (bench, since) = try pending()
        try bench.restart(edit.policy, campaigns: 2)
        check(bench, since, edit)
    }

    // MARK: Decisions

    private func breached(_ policy: String) throws -> GuardBench {
        var bench = try GuardBench(policy, campaigns: 2)
        for campaign in [1, 2] { bench.see(campaign, sent: 100, bounced: 7) }
        return bench
    }

    @Test func theOverridesLimitDecidesOnItsCampaigns() throws {
        var bench = try breached(Self.policy(for: "0s", Self.second))
        #expect(bench.sent().map(\.campaign.text) == ["camp_1"])
        bench.see(2, sent: 101, bounced: 9)
        let pause = try #require(bench.sent().first)
        #expect(pause.campaign.text == "camp_2")
        #expect(pause.decision.conditionText == "bounceRate > 8% and resolved >= 50")
    }

    @Test func aCampaignThatAPersonWatchesIsOverriddenByItsLabels() throws {
        let policy = """
            defaults: {pool: pool_a}
            rules: [{name: bounces, when: bounceRate > 5% and resolved >= 50, then: pause}]
            overrides: [{where: {team: sales}, rule: bounces, when: bounceRate > 50%}]
            """
        var bench = try GuardBench(policy)
        let id = CampaignID(unchecked: "camp_7")
        #expect(try bench.order(.watch, 7, watch: Watch(id, labels: ["team": "sales"], by: "anna")).accepted)
        bench.see(7, sent: 100, bounced: 20)
        #expect(bench.sent() == [])
        #expect(try bench.order(.watch, 7, watch: Watch(id, labels: ["team": "support"], by: "anna")).accepted)
        bench.see(7, sent: 101, bounced: 20)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    /// What happens after a pause is up to the override, too.
    @Test func onlyTheOverridesCampaignResumes() throws {
        for isRestarted in [false, true] {
            let policy = Self.policy(for: "0s", "{campaign: camp_2}, rule: bounces, resume: {after: 1h}")
            var bench = try breached(policy)
            for intent in bench.sent() { bench.confirmPause(intent) }
            if isRestarted { try bench.restart(policy, campaigns: 2) }
            bench.wait(.seconds(1800))
            for campaign in [1, 2] { bench.see(campaign, sent: 100, bounced: 7) }
            bench.wait(.seconds(1860))
            bench.seePool(remaining: 1000)
            for campaign in [1, 2] { bench.see(campaign, sent: 100, bounced: 7) }
            #expect(bench.sent().map { "\($0.action) \($0.campaign)" } == ["resume camp_2"])
        }
    }

    @Test func onlyTheOverridesCampaignIsPausedAgainAfterAPersonRestartsIt() throws {
        var bench = try breached(Self.policy(for: "0s", "{campaign: camp_2}, rule: bounces, on_override: pause_again"))
        for intent in bench.sent() { bench.confirmPause(intent) }
        bench.wait(.seconds(660))
        for sent in [105, 105, 105, 105, 130] {
            bench.seePool(remaining: 1000)
            for campaign in [1, 2] { bench.see(campaign, sent: sent, bounced: 12) }
            bench.wait(.seconds(60))
        }
        #expect(bench.reported().filter { $0 == .campaignOverride }.count == 2)
        #expect(bench.sent().map { "\($0.action) \($0.campaign)" } == ["pause camp_2"])
    }

    @Test func aPoolThatOnlyAnOverrideReadsIsPolled() throws {
        let plain = "rules: [{name: bounces, when: bounceRate > 5%, then: pause}]\n"
        let extra = "overrides: [{where: {campaign: camp_1}, rule: bounces, when: accounts.active < 3 and sent > 5}]\n"
        var bench = try GuardBench(plain)
        let accounts = Target.accounts(WorkspaceName("bench"))
        #expect(!bench.polled().contains(accounts))
        bench = try GuardBench(plain + extra)
        #expect(bench.polled().contains(accounts))
    }

    // MARK: Explanations

    @Test func explanationsShowTheConditionThatApplies() throws {
        let bench = try breached(Self.policy(Self.second, "{campaign: camp_2}, rule: bounces, severity: info"))
        let first = try #require(
            bench.warden.explanation(of: CampaignID(unchecked: "camp_1"), at: bench.now)?.rules.first)
        #expect(first.condition == "bounceRate > 5% and resolved >= 50" && first.isOverridden == nil)
        let only = try breached(Self.policy(Self.second.replacing(" and resolved >= 50", with: "")))
        let second = try #require(
            only.warden.explanation(of: CampaignID(unchecked: "camp_2"), at: bench.now)?.rules.first)
        #expect(second.condition == "bounceRate > 8%" && second.isOverridden == true)
        let rule = try #require(only.warden.explanation(ofRule: "bounces", at: only.now))
        #expect(rule.overrides?.map(\.campaigns) == [[CampaignID(unchecked: "camp_2")]])
        #expect(rule.overrides?.first?.condition == second.condition && rule.condition == first.condition)
        #expect(rule.places.last?.evidence?.contains("8 %") == true, "\(rule.places)")
        let status = only.warden.status(at: only.now)
        #expect(status.campaigns.map(\.rateLimit) == [0.05, 0.08])
    }

    @Test func aRuleWithoutOverridesNamesNone() throws {
        let bench = try breached(Self.policy())
        #expect(bench.warden.explanation(ofRule: "bounces", at: bench.now)?.overrides == nil)
    }

    @Test func aLaunchRuleIsWhatItIsOnItsCampaign() throws {
        let policy = """
            launches: [{campaign: camp_1}, {campaign: camp_2}]
            rules: [{name: small, on: launch, when: totalEnrolled > 100, then: hold}]
            overrides: [{where: {campaign: camp_2}, rule: small, when: totalEnrolled > 1000}]
            """
        for (enrolled, started) in [(500, ["start camp_2"]), (2000, [])] {
            var bench = try GuardBench(policy, campaigns: 2)
            bench.wait(.seconds(10))
            bench.answerPolls([1: 500, 2: enrolled], remaining: 5000)
            #expect(bench.sent().map { "\($0.action) \($0.campaign)" } == started)
            let places = try #require(bench.warden.explanation(ofRule: "small", at: bench.now)).places
            #expect(places.first { $0.id == "camp_1" }?.evidence == "totalEnrolled 500 > 100")
            if enrolled == 2000 {
                #expect(places.first { $0.id == "camp_2" }?.evidence == "totalEnrolled 2000 > 1000")
            }
        }
    }
}

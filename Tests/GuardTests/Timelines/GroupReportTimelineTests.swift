import Guard
import Model
import Policy
import Reporting
import Testing

/// Rules on groups: what `explain`, `status` and the events say of them.
@Suite struct GroupReportTimelineTests {
    /// The bad campaign and two good ones; together, 6.8 % bounce.
    private func seeAll(_ bench: inout GuardBench) {
        bench.seeGrouped(2, sent: 200, bounced: 2)
        bench.seeGrouped(3, sent: 200, bounced: 2)
        bench.seeGrouped(1, sent: 100, bounced: 30)
    }

    private func id(_ campaign: Int) -> CampaignID { CampaignID(unchecked: "camp_\(campaign)") }

    // MARK: Explanations

    @Test(arguments: [false, true])
    func anExplanationNamesTheGroupTheRuleAndTheNumbers(_ restarts: Bool) throws {
        var bench = try GuardBench(GuardBench.groupRule(), campaigns: 3)
        seeAll(&bench)
        for intent in bench.sent() { bench.confirmPause(intent) }
        if restarts { try bench.restart(GuardBench.groupRule(), campaigns: 3) }
        let explanation = try #require(bench.warden.explanation(of: id(1), at: bench.now))
        let pause = try #require(explanation.pause)
        #expect(pause.why == "rule team fired on pool pool_a (3 campaigns)")
        #expect(pause.group == "pool=pool_a")
        #expect(pause.evidence == ["bounceRate 6.8 % > 5 %: true", "resolved 500 >= 100: true"])
        #expect(pause.own == ["bounceRate 30 % > 5 %: true", "resolved 100 >= 100: true"])
        let rule = try #require(explanation.rules.first)
        #expect(rule.group == "pool pool_a (3 campaigns)" && rule.state == "firing" && rule.on == "group")
    }

    @Test func anExplanationShowsAnAlertOnTheGroup() throws {
        var bench = try GuardBench(GuardBench.groupRule("then: alert"), campaigns: 3)
        seeAll(&bench)
        let explanation = try #require(bench.warden.explanation(of: id(2), at: bench.now))
        #expect(explanation.rules.map(\.state) == ["firing"])
        #expect(explanation.rules.map(\.group) == ["pool pool_a (3 campaigns)"])
    }

    @Test func theStatusShowsEachRuleOnEachGroup() throws {
        var bench = try GuardBench(GuardBench.groupRule("then: pause, for: 5m"), campaigns: 3)
        seeAll(&bench)
        let group = try #require(bench.warden.status(at: bench.now).groups.first)
        #expect(group.text == "pool=pool_a" && group.campaigns == 3 && group.counted == 3)
        #expect(group.rules.map(\.state) == [.pending])
        #expect(group.rules.map(\.evidence) == ["bounceRate 6.8 % > 5 %"])
    }

    // MARK: Missing data

    @Test func missingDataIsReportedOnceAndSoIsItsEnd() throws {
        var bench = try GuardBench("stale_after: 5m\n" + GuardBench.groupRule(), campaigns: 3)
        bench.seeGrouped(1, sent: 100, bounced: 1)
        bench.seeGrouped(2, sent: 200, bounced: 2)
        bench.seeGrouped(3, sent: 200, bounced: 2)
        let lost = bench.now
        func lackData(_ minutes: Int) {
            for _ in 1...minutes {
                bench.wait(.seconds(60))
                bench.seeGrouped(1, sent: 100, bounced: nil)
                bench.seeGrouped(2, sent: 200, bounced: nil)
                bench.seeGrouped(3, sent: 200, bounced: 2)
            }
        }
        lackData(5)
        #expect(!bench.reported().contains(.ruleNoData), "not for long enough")
        lackData(10)
        let event = try #require(bench.events.first { $0.kind == .ruleNoData })
        #expect(bench.events.count { $0.kind == .ruleNoData } == 1)
        #expect(
            event.message
                == "rule team cannot act on pool pool_a (3 campaigns, 1 with data): 2 campaigns lack data: "
                + "camp_1, camp_2 (for 5m1s); the sums are unknown, so the rule pauses nothing")
        #expect(event.fields[.group] == "pool=pool_a" && event.fields[.lacking] == "2")
        #expect(bench.now - lost > .seconds(600))
        let standing = bench.warden.status(at: bench.now).groups.first?.rules.first
        #expect(standing?.noData == "2 campaigns lack data: camp_1, camp_2")

        try bench.restart("stale_after: 5m\n" + GuardBench.groupRule(), campaigns: 3)
        _ = bench.reported()
        lackData(10)
        #expect(!bench.reported().contains(.ruleNoData), "a restart does not report it again")
        bench.seeGrouped(1, sent: 100, bounced: 1)
        bench.seeGrouped(2, sent: 200, bounced: 2)
        #expect(bench.events.map(\.kind) == [.ruleDataRestored])
        #expect(bench.events[0].message.hasPrefix("rule team has data on pool pool_a (3 campaigns) again after 2"))
        lackData(1)
        #expect(bench.events.map(\.kind) == [.ruleDataRestored])
    }

    @Test func anAlertThatLacksDataIsReportedToo() throws {
        var bench = try GuardBench("stale_after: 5m\n" + GuardBench.groupRule("then: alert"), campaigns: 2)
        bench.seeGrouped(1, sent: 100, bounced: 1)
        for _ in 1...10 {
            bench.seeGrouped(2, sent: 100, bounced: nil)
            bench.wait(.seconds(60))
        }
        let events = bench.events.filter { $0.kind == .ruleNoData }
        #expect(events.count == 1 && events[0].message.hasSuffix("so the rule reports nothing"))
    }

    @Test func unansweredPollsAreMissingDataToo() throws {
        var bench = try GuardBench("stale_after: 5m\n" + GuardBench.groupRule(), campaigns: 2)
        bench.seeGrouped(1, sent: 100, bounced: 1)
        bench.seeGrouped(2, sent: 100, bounced: 1)
        for _ in 1...20 {
            for campaign in 1...2 { bench.fail(.stats(id(campaign)), Fault(.unreachable, "HTTP 503")) }
            bench.wait(.seconds(60))
        }
        #expect(bench.events.count { $0.kind == .ruleNoData } == 1)
    }

    @Test(arguments: ["then: alert", "then: pause"])
    func stoppedCampaignsLackNothing(_ then: String) throws {
        var bench = try GuardBench("stale_after: 5m\n" + GuardBench.groupRule(then), campaigns: 2)
        for campaign in 1...2 { bench.seeDraft(campaign, enrolled: 100) }
        for _ in 1...20 {
            bench.wait(.seconds(60))
            for campaign in 1...2 { bench.fail(.stats(id(campaign)), Fault(.unreachable, "HTTP 503")) }
        }
        #expect(!bench.reported().contains(.ruleNoData))
    }

    // MARK: Numbers

    @Test func afterAResumeTheEventHasTheNumbersThatWereJudged() throws {
        var bench = try GuardBench(GuardBench.groupRule(), campaigns: 3)
        seeAll(&bench)
        for intent in bench.sent() { bench.confirmPause(intent) }
        #expect(try bench.order(.resume, 1).accepted)
        bench.wait(.seconds(1))
        bench.seeGrouped(1, sent: 100, bounced: 30)
        let resume = try #require(bench.sent().first)
        bench.answer(resume, .success(ActionAnswer(status: .running, startedAt: bench.now)))
        _ = bench.reported()
        bench.wait(.seconds(30))
        seeAll(&bench)
        bench.seeGrouped(1, sent: 120, bounced: 30)
        #expect(bench.reported().contains(.ruleCleared), "what it sent since the resume is good")
        bench.seeGrouped(1, sent: 300, bounced: 90)
        // 200 emails with 60 bounces since the resume, and 400 with 4 of the others.
        let messages = bench.events.map(\.message)
        #expect(messages.contains("rule team is firing on pool pool_a (3 campaigns): bounceRate 10.7 % > 5 %"))
        for intent in bench.sent() { bench.confirmPause(intent) }
        let pause = try #require(bench.events.last { $0.kind == .campaignPaused })
        #expect(pause.message.contains("bounceRate 10.7 % > 5 %"))
        #expect(pause.message.contains("this campaign: bounceRate 30 %"))
    }

    // MARK: Reloads

    @Test func anotherGroupingStartsWithoutEvidence() throws {
        func rule(by label: String) -> String {
            """
            campaigns:
              - {id: camp_1, pool: pool_a, labels: {team: red, region: red}}
            rules:
              - {name: team, on: group, by: \(label), when: bounceRate > 5% and resolved >= 100, for: 5m, then: pause}
            """
        }
        let (team, region) = (
            try GuardBench.policy(labels: rule(by: "team")), try GuardBench.policy(labels: rule(by: "region"))
        )
        #expect(team.rules[0].identity != region.rules[0].identity)
        var warden = Guard(policy: team, at: Self.start)
        _ = warden.handle(.started, at: Self.start)
        let stats = CampaignStats(totalEnrolled: 900, sent: 100, delivered: 70, bounced: 30, queued: 800)
        _ = warden.handle(
            .polled(PollOutcome(target: .stats(id(1)), requestedAt: Self.start, result: .success(.stats(stats)))),
            at: Self.start + .seconds(1))
        func standing() -> [GuardStatus.RuleStatus.State] {
            warden.status(at: Self.start + .seconds(2)).groups.flatMap { $0.rules.map(\.state) }
        }
        #expect(standing() == [.pending])
        _ = warden.handle(.reloaded(team), at: Self.start + .seconds(2))
        #expect(standing() == [.pending])
        _ = warden.handle(.reloaded(region), at: Self.start + .seconds(2))
        #expect(standing() == [.inactive])
    }

    private static let start = Instant(milliseconds: 1_796_000_000_000)
}

extension GuardBench {
    /// A policy with the campaigns and rules of the text.
    fileprivate static func policy(labels text: String) throws -> CheckedPolicy {
        let head = "version: 1\nworkspace: {name: bench, provider: leadterra, credential: key}\n"
        return try #require(PolicyLoader.load(SourceFile(name: "bench", text: head + text)).policy)
    }
}

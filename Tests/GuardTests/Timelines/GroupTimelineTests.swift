import Guard
import Model
import Policy
import Reporting
import Testing

/// Rules on groups of campaigns: the sums that they read, whom they pause, and what is reported.
@Suite struct GroupTimelineTests {
    private func bench(_ more: String = "then: pause", campaigns: Int = 3) throws -> GuardBench {
        try GuardBench(GuardBench.groupRule(more), campaigns: campaigns)
    }

    /// The bad campaign and two good ones; together, 6.8 % bounce.
    private func seeAll(_ bench: inout GuardBench) {
        bench.seeGrouped(1, sent: 100, bounced: 30)
        bench.seeGrouped(2, sent: 200, bounced: 2)
        bench.seeGrouped(3, sent: 200, bounced: 2)
    }

    @Test func theWorstCampaignIsPausedAndTheOthersGoOn() throws {
        var bench = try bench()
        bench.seeGrouped(2, sent: 200, bounced: 2)
        bench.seeGrouped(3, sent: 200, bounced: 2)
        #expect(bench.events.isEmpty)
        bench.seeGrouped(1, sent: 100, bounced: 30)
        let pause = try #require(bench.sent().first)
        #expect(pause.campaign.text == "camp_1" && bench.intents.isEmpty)
        bench.confirmPause(pause)
        let messages = bench.events.map(\.message)
        #expect(
            messages == [
                "rule team is firing on pool pool_a (3 campaigns): bounceRate 6.8 % > 5 %",
                "paused camp_1: bounceRate 6.8 % > 5 % over pool pool_a (3 campaigns)"
                    + "; this campaign: bounceRate 30 %, rule team; it stays paused until a person starts it",
            ])
        #expect(bench.events.allSatisfy { $0.fields[.group] == "pool=pool_a" })
        _ = bench.reported()
        for _ in 1...5 {
            bench.wait(.seconds(30))
            seeAll(&bench)
        }
        #expect(bench.sent() == [] && bench.reported() == [], "what is left does not breach")
    }

    @Test func asManyArePausedAsNeeded() throws {
        var bench = try bench()
        for _ in 1...3 {
            bench.seeGrouped(1, sent: 100, bounced: 30)
            bench.seeGrouped(2, sent: 100, bounced: 20)
            bench.seeGrouped(3, sent: 200, bounced: 2)
            for intent in bench.sent() { bench.confirmPause(intent) }
            bench.wait(.seconds(30))
        }
        let paused = bench.events.filter { $0.kind == .campaignPaused }.compactMap { $0.fields[.campaign] }
        #expect(paused.sorted() == ["camp_1", "camp_2"])
    }

    @Test func allCampaignsArePausedIfTheRuleSaysSo() throws {
        var bench = try bench("then: pause, pauses: all")
        seeAll(&bench)
        for intent in bench.sent() { bench.confirmPause(intent) }
        bench.wait(.seconds(30))
        seeAll(&bench)
        for intent in bench.sent() { bench.confirmPause(intent) }
        #expect(bench.reported().filter { $0 == .campaignPaused }.count == 3)
    }

    @Test func anAlertIsReportedOnceForTheGroup() throws {
        var bench = try bench("then: alert")
        for _ in 1...4 {
            seeAll(&bench)
            bench.wait(.seconds(30))
        }
        #expect(bench.reported() == [.ruleFiring])
        for campaign in 1...3 { bench.seeGrouped(campaign, sent: 1000, bounced: 30) }
        #expect(bench.reported() == [.ruleCleared])
        #expect(bench.sent() == [])
    }

    @Test func twoEquallyBadCampaignsArePausedTogether() throws {
        var bench = try bench()
        bench.seeGrouped(3, sent: 400, bounced: 0)
        for step in 0...3 {
            // Whichever was sampled last looks a little better.
            bench.seeGrouped(1, sent: 100 + step, bounced: 30)
            bench.seeGrouped(2, sent: 100 + step, bounced: 30)
        }
        for intent in bench.sent() { bench.confirmPause(intent) }
        #expect(bench.reported().filter { $0 == .campaignPaused }.count == 2)
    }

    @Test func aGroupIsJudgedOnceEveryCampaignHasBeenSampled() throws {
        var bench = try bench()
        bench.seeGrouped(1, sent: 1000, bounced: 200)
        bench.seeGrouped(2, sent: 20000, bounced: 200)
        #expect(bench.reported() == [] && bench.sent() == [])
        bench.seeGrouped(3, sent: 20000, bounced: 200)
        #expect(bench.reported() == [] && bench.sent() == [])
    }

    @Test(arguments: [true, false])
    func missingDataFreezesTheRule(_ isStale: Bool) throws {
        var bench = try GuardBench("stale_after: 5m\n" + GuardBench.groupRule("then: pause, for: 20m"), campaigns: 2)
        for _ in 1...4 {
            bench.seeGrouped(1, sent: 200, bounced: 40)
            bench.seeGrouped(2, sent: 1000, bounced: 30)
            bench.wait(.seconds(120))
        }
        #expect(bench.reported() == [.rulePending])
        // The worst campaign's data is missing for a while: what is left does not breach.
        for _ in 1...4 {
            if !isStale { bench.seeGrouped(1, sent: 200, bounced: nil) }
            bench.seeGrouped(2, sent: 1000, bounced: 30)
            bench.wait(.seconds(120))
        }
        #expect(!bench.reported().contains(.ruleCleared))
        for _ in 1...12 {
            bench.seeGrouped(1, sent: 200, bounced: 40)
            bench.seeGrouped(2, sent: 1000, bounced: 30)
            bench.wait(.seconds(120))
        }
        #expect(bench.sent().map(\.campaign.text) == ["camp_1"])
    }

    @Test func aCampaignThatThePlatformDoesNotKnowIsLeftOut() throws {
        var bench = try bench("then: alert")
        bench.seeGrouped(1, sent: 100, bounced: 20)
        bench.seeGrouped(2, sent: 100, bounced: 20)
        bench.observe(.stats(CampaignID(unchecked: "camp_3")), .failure(Fault(.missing, "HTTP 404")))
        bench.seeGrouped(1, sent: 100, bounced: 20)
        let event = try #require(bench.events.first { $0.kind == .ruleFiring })
        #expect(event.message.contains("pool pool_a (3 campaigns, 2 with data): bounceRate 20 %"))
    }

    @Test func aPersonsResumeCountsFromThere() throws {
        var bench = try bench()
        bench.seeGrouped(2, sent: 200, bounced: 2)
        bench.seeGrouped(3, sent: 200, bounced: 2)
        bench.seeGrouped(1, sent: 100, bounced: 30)
        for intent in bench.sent() { bench.confirmPause(intent) }
        #expect(try bench.order(.resume, 1).accepted)
        bench.wait(.seconds(1))
        bench.seeGrouped(1, sent: 100, bounced: 30)
        let resume = try #require(bench.sent().first)
        bench.answer(resume, .success(ActionAnswer(status: .running, startedAt: bench.now)))
        _ = bench.reported()
        for step in 1...5 {
            bench.wait(.seconds(30))
            bench.seeGrouped(1, sent: 100 + step * 20, bounced: 30)
            bench.seeGrouped(2, sent: 200 + step, bounced: 2)
            bench.seeGrouped(3, sent: 200 + step, bounced: 2)
        }
        #expect(bench.sent() == [], "what it sent since the resume is good")
        bench.seeGrouped(1, sent: 300, bounced: 110)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func aMutedCampaignIsSpared() throws {
        var bench = try bench()
        _ = try bench.order(.mute, 1, rule: "team", for: .seconds(3600))
        for _ in 1...3 {
            seeAll(&bench)
            bench.wait(.seconds(30))
        }
        #expect(bench.sent() == [], "the others do not breach")
    }

    @Test func manyPausesForOneGroupDoNotTripTheCircuitBreaker() throws {
        var bench = try GuardBench(
            "circuit_breaker: {pauses: stop}\n" + GuardBench.groupRule("then: pause, pauses: all"), campaigns: 8)
        for _ in 1...2 {
            for campaign in 1...8 { bench.seeGrouped(campaign, sent: 100, bounced: 30) }
            for intent in bench.sent() { bench.confirmPause(intent) }
            bench.wait(.seconds(30))
        }
        #expect(bench.reported().filter { $0 == .campaignPaused }.count == 8)
    }

    @Test(arguments: [true, false])
    func aPendingRuleSurvives(_ restarts: Bool) throws {
        let rule = GuardBench.groupRule("then: pause, for: 2m")
        var bench = try GuardBench(rule, campaigns: 3)
        func round() {
            seeAll(&bench)
            bench.wait(.seconds(30))
        }
        for _ in 1...3 { round() }
        #expect(bench.reported() == [.rulePending])
        if restarts { try bench.restart(rule, campaigns: 3) } else { try bench.reload(rule, campaigns: 3) }
        _ = bench.sent()
        for _ in 1...3 { round() }
        #expect(bench.reported().contains(.ruleFiring))
        #expect(bench.sent().map(\.campaign.text) == ["camp_1"])
    }

    @Test func observeModeReportsWhatItWouldPause() throws {
        var bench = try GuardBench("mode: observe\n" + GuardBench.groupRule(), campaigns: 3)
        for _ in 1...3 {
            seeAll(&bench)
            bench.wait(.seconds(30))
        }
        #expect(bench.sent() == [])
        let messages = bench.events.filter { $0.kind == .campaignPaused }.map(\.message)
        #expect(messages.count == 1 && messages[0].hasPrefix("would pause camp_1"))
    }
}

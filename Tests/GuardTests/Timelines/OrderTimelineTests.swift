import Guard
import Model
import Policy
import Reporting
import Testing

/// Orders of people are executed, stored, and never overridden by a rule.
@Suite struct OrderTimelineTests {
    static let minute = Duration.seconds(60)
    static let rules = """
        rules:
          - name: bounces
            when: bounceRate > 5% and resolved >= 50
            then: pause
            resume: {after: 1h}
          - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}
        """

    /// A campaign that a rule has just paused.
    func paused() throws -> GuardBench {
        var bench = try GuardBench(Self.rules)
        bench.seePool(remaining: 5000)
        bench.see(sent: 100, bounced: 10)
        bench.confirmPause(try #require(bench.sent().first))
        _ = (bench.reported(), bench.polled())
        return bench
    }

    func fresh(_ bench: inout GuardBench, sent: Int, bounced: Int) {
        bench.see(sent: sent, bounced: bounced)
        bench.seePool(remaining: 5000)
    }

    // MARK: Pause

    @Test func aPersonsPauseIsNeverResumedByTheGuard() throws {
        var bench = try GuardBench(Self.rules)
        bench.see(sent: 40, bounced: 0)
        let reply = try bench.order(.pause, reason: "the client called")
        #expect(reply.accepted)
        let intent = try #require(bench.sent().first)
        #expect(intent.action == .pause)
        bench.confirmPause(intent)
        let paused = try #require(bench.events.last)
        #expect(paused.kind == .campaignPaused)
        #expect(paused.message.contains("ordered by anna (uid 1000, pid 7), \"the client called\""))
        #expect(paused.message.contains("stays paused until a person starts it"))
        #expect(paused.fields[.by] == "anna (uid 1000, pid 7)")
        for _ in 0..<50 {
            bench.wait(.seconds(3600))
            fresh(&bench, sent: 40, bounced: 0)
        }
        #expect(bench.sent() == [])
    }

    @Test func aPersonTakesOverAPause() throws {
        var bench = try paused()
        let pausedAt = bench.now
        #expect(
            try bench.order(.pause).message.contains(
                "was last known to be paused; sending the pause again; it stays paused until"))
        let again = try #require(bench.sent().first)
        bench.answer(again, .success(ActionAnswer(status: .paused, pausedAt: pausedAt)))
        #expect(bench.events.last?.message.contains("is still paused: the platform confirmed the pause") == true)
        bench.wait(.seconds(5 * 3600))
        fresh(&bench, sent: 100, bounced: 10)
        #expect(bench.sent() == [])
        // Also after a restart.
        try bench.restart(Self.rules)
        bench.wait(.seconds(5 * 3600))
        fresh(&bench, sent: 100, bounced: 10)
        #expect(bench.sent() == [])
    }

    @Test func aPauseOrderedDuringAPauseIsThePersons() throws {
        var bench = try GuardBench(Self.rules)
        bench.see(sent: 100, bounced: 10)
        let intent = try #require(bench.sent().first)
        #expect(try bench.order(.pause).accepted)
        bench.confirmPause(intent)
        bench.wait(.seconds(5 * 3600))
        fresh(&bench, sent: 100, bounced: 10)
        #expect(bench.sent() == [])
    }

    @Test func aPauseOrderedDuringAResumeFollowsIt() throws {
        var bench = try paused()
        bench.wait(.seconds(3600))
        fresh(&bench, sent: 100, bounced: 10)
        let resume = try #require(bench.sent().first)
        #expect(resume.action == .resume)
        #expect(try bench.order(.pause).accepted)
        #expect(bench.sent() == [], "two requests at once could overtake each other")
        bench.confirmStart(resume)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func aPauseOrderedDuringALostResumeIsSent() throws {
        var bench = try paused()
        bench.wait(.seconds(3600))
        fresh(&bench, sent: 100, bounced: 10)
        let resume = try #require(bench.sent().first)
        #expect(try bench.order(.pause).accepted)
        bench.answer(resume, .failure(Fault(.unreachable, "no answer", mayHaveTakenEffect: true)))
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func aPauseOrderedDuringAFailedResumeIsSentToo() throws {
        var bench = try paused()
        bench.wait(.seconds(3600))
        fresh(&bench, sent: 100, bounced: 10)
        let resume = try #require(bench.sent().first)
        #expect(try bench.order(.pause).accepted)
        bench.answer(resume, .failure(Fault(.unreachable, "connection refused", mayHaveTakenEffect: false)))
        bench.confirmPause(try #require(bench.sent().first))
        bench.wait(.seconds(5 * 3600))
        fresh(&bench, sent: 100, bounced: 10)
        #expect(bench.sent() == [])
    }

    @Test func aPauseOrderedDuringAStartSurvivesARestart() throws {
        let policy = "launches: [{campaign: camp_1}]\n" + Self.rules
        var bench = try GuardBench(policy)
        bench.answerPolls([1: 500], remaining: 600)
        let start = try #require(bench.sent().first)
        #expect(try bench.order(.pause).accepted)
        try bench.restart(policy)
        // It is unknown whether the start took effect; the stats show it.
        bench.wait(Self.minute)
        bench.see(sent: 5, bounced: 0)
        #expect(bench.sent().map(\.action) == [.pause])
        #expect(start.action == .start)
    }

    @Test func observeModeSendsNothingForOrders() throws {
        var bench = try GuardBench("mode: observe\n" + Self.rules)
        bench.see(sent: 40, bounced: 0)
        for act in [Order.Act.pause, .resume] {
            let reply = try bench.order(act)
            #expect(!reply.accepted && reply.message.contains("observe mode sends nothing"))
        }
        #expect(bench.sent() == [])
    }

    @Test func anUnknownCampaignIsRefusedWithASuggestion() throws {
        var bench = try GuardBench(Self.rules, campaigns: 3)
        let reply = try bench.order(.pause, 11)
        #expect(!reply.accepted)
        #expect(reply.message == "the policy has no campaign camp_11; did you mean camp_1?")
        #expect(bench.reported().last == .orderRefused)
    }

    // MARK: Resume

    @Test func aPersonResumesDuringTheCooldown() throws {
        var bench = try paused()
        #expect(try bench.order(.resume, reason: "list cleaned").accepted)
        #expect(Set(bench.polled()) == [GuardBench.pools, .stats(CampaignID(unchecked: "camp_1"))])
        fresh(&bench, sent: 100, bounced: 10)
        let intent = try #require(bench.sent().first)
        #expect(intent.action == .resume)
        bench.confirmStart(intent)
        let reported = try #require(bench.events.first { $0.kind == .campaignResumed })
        #expect(reported.message.contains("ordered by anna") && reported.message.contains("list cleaned"))
        // The rule is armed again and evaluated from here.
        bench.wait(Self.minute)
        fresh(&bench, sent: 130, bounced: 12)
        #expect(bench.sent() == [])
        bench.wait(Self.minute)
        fresh(&bench, sent: 160, bounced: 22)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func aBlockingRuleNeedsForce() throws {
        var bench = try GuardBench(Self.rules)
        bench.see(sent: 40, bounced: 0)
        _ = try bench.order(.pause)
        bench.confirmPause(try #require(bench.sent().first))
        bench.wait(.seconds(700))
        // Emails in transit have bounced meanwhile.
        fresh(&bench, sent: 100, bounced: 20)
        let refused = try bench.order(.resume)
        #expect(!refused.accepted && refused.canBeForced)
        #expect(refused.message == "rule bounces is breached: bounceRate 20 % > 5 %")
        #expect(bench.sent() == [])
        #expect(try bench.order(.resume, force: true).accepted)
        fresh(&bench, sent: 100, bounced: 20)
        bench.confirmStart(try #require(bench.sent().first))
        // The overridden rule does not pause it a minute later.
        bench.wait(Self.minute)
        fresh(&bench, sent: 110, bounced: 25)
        #expect(bench.sent() == [])
        // The mute lasts for override_for, a day.
        bench.wait(.seconds(24 * 3600))
        fresh(&bench, sent: 120, bounced: 26)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func aResumeThatFreshStatsForbidChangesNothing() throws {
        var bench = try paused()
        #expect(try bench.order(.resume).accepted)
        bench.fail(.stats(CampaignID(unchecked: "camp_1")), Fault(.missing, "HTTP 404 campaign_not_found"))
        #expect(bench.sent() == [])
        #expect(bench.events.last?.message.contains("could not resume camp_1, as ordered by anna") == true)
        // The order expires, and the rule's cooldown is over as if there had been none.
        bench.wait(.seconds(3600))
        fresh(&bench, sent: 100, bounced: 10)
        #expect(bench.sent() == [])
        bench.wait(Self.minute)
        fresh(&bench, sent: 100, bounced: 10)
        #expect(bench.sent().map(\.action) == [.resume])
    }

    @Test func launchRulesOnlyWarnAboutAResume() throws {
        // 900 of 1000 are left and the pool sends 300 per day: as a launch it would never fit.
        var bench = try GuardBench(Self.rules)
        bench.seePool(remaining: 50, capacity: 300)
        bench.see(sent: 100, bounced: 0)
        #expect(try bench.order(.pause).accepted)
        bench.confirmPause(try #require(bench.sent().first))
        let explanation = try #require(
            bench.warden.explanation(of: CampaignID(unchecked: "camp_1"), at: bench.now))
        #expect(explanation.resumeObstacles == [])
        let warning =
            "launch rule fits would hold a launch of its remaining emails: totalEnrolled 900 > pool.available 50"
        #expect(explanation.resumeWarnings == [warning])
        let reply = try bench.order(.resume)
        #expect(reply.accepted && reply.message.contains("warning: \(warning)"))
        bench.see(sent: 100, bounced: 0)
        bench.seePool(remaining: 50, capacity: 300)
        bench.confirmStart(try #require(bench.sent().first))
        #expect(bench.events.last { $0.kind == .campaignResumed }?.message.contains(warning) == true)
    }

    @Test func aRefusalAndAnExplanationNameEveryObstacle() throws {
        var bench = try GuardBench(
            Self.rules + "\n  - {name: many, when: bounced > 15, then: pause}"
                + "\n  - {name: quiet, when: replied < 1 and sent > 90, then: pause}")
        bench.see(sent: 40, bounced: 0)
        _ = try bench.order(.pause)
        bench.confirmPause(try #require(bench.sent().first))
        bench.wait(.seconds(700))
        fresh(&bench, sent: 100, bounced: 20)
        let expected = [
            "rule bounces is breached: bounceRate 20 % > 5 %", "rule many is breached: bounced 20 > 15",
            "rule quiet is breached: replied 0 < 1",
        ]
        let explanation = try #require(
            bench.warden.explanation(of: CampaignID(unchecked: "camp_1"), at: bench.now))
        #expect(explanation.resumeObstacles == expected)
        let reply = try bench.order(.resume)
        #expect(!reply.accepted && reply.message == expected.joined(separator: "; "))
    }

    @Test func someoneElsesPauseEndsOnlyByAnOrder() throws {
        var bench = try GuardBench(Self.rules)
        bench.see(sent: 100, bounced: 10)
        let intent = try #require(bench.sent().first)
        bench.answer(intent, .success(ActionAnswer(status: .paused, pausedAt: bench.now - .seconds(9000))))
        bench.wait(.seconds(3 * 3600))
        fresh(&bench, sent: 100, bounced: 10)
        #expect(bench.sent() == [])
        #expect(try bench.order(.resume, force: true).accepted)
        fresh(&bench, sent: 100, bounced: 10)
        #expect(bench.sent().map(\.action) == [.resume])
    }

    @Test func aDraftAndARunningCampaignAreNotResumed() throws {
        var bench = try GuardBench(Self.rules, campaigns: 2)
        bench.seeDraft(enrolled: 500)
        bench.see(2, sent: 100, bounced: 0)
        let draft = try bench.order(.resume, force: true)
        #expect(!draft.accepted && draft.message.contains("is a draft that never ran"))
        let running = try bench.order(.resume, 2, force: true)
        #expect(!running.accepted && running.message.contains("is not known to be paused"))
        #expect(bench.sent() == [])
    }

    @Test func aResumeThatThePlatformRefusesEnds() throws {
        var bench = try paused()
        _ = try bench.order(.pause)
        bench.confirmPause(try #require(bench.sent().first))
        #expect(try bench.order(.resume).accepted)
        fresh(&bench, sent: 100, bounced: 10)
        bench.answer(try #require(bench.sent().first), .failure(Fault(.refused, "HTTP 409")))
        #expect(bench.events.last?.message.contains("could not resume camp_1, as ordered by anna") == true)
        bench.wait(.seconds(5 * 3600))
        fresh(&bench, sent: 100, bounced: 10)
        #expect(bench.sent() == [])
    }
}

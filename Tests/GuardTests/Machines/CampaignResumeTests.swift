import Model
import Policy
import Testing

@testable import Guard

/// A resume after the cooldown, on fresh stats, and its probation.
@Suite struct CampaignResumeTests {
    @Test func aResumeIsSentOnFreshStatsAndStartsAProbation() throws {
        var bench = try CampaignBench.resumeSent()
        #expect(bench.machine.state == .resuming && bench.machine.resumeAt == nil)
        #expect(bench.intent?.decision.cause == .cooldownOver("bounces"))
        #expect(try bench.answerResume(.success(ActionAnswer(status: .running))) == ["resumed", "bounces rearmed"])
        #expect(bench.machine.state == .probation && bench.machine.freshAfter == bench.now)
        #expect(bench.see(sent: 149, bounced: 10) == [], "49 of 50")
        bench.wait(60)
        #expect(bench.see(sent: 150, bounced: 10) == ["probation passed at 50"] && bench.machine.state == .running)
    }

    @Test func aResponseToAnotherResumeChangesNothing() throws {
        var bench = try CampaignBench.resumeSent()
        let intent = try #require(bench.intent)
        var other = intent
        other.attempt = 2
        let running = Result<ActionAnswer, Fault>.success(ActionAnswer(status: .running))
        #expect(try bench.answerResume(running, to: other) == [])
        #expect(try bench.answerResume(.failure(Fault(.refused, "409")), to: other) == [])
        #expect(bench.machine.state == .resuming)
        #expect(try bench.answerResume(running) != [])
        #expect(try bench.answerResume(running, to: intent) == [], "it is answered")
        bench = try CampaignBench.resuming()
        #expect(try bench.answerResume(running, to: intent) == [], "it is not sent")
    }

    struct Failure: CustomTestStringConvertible, Sendable {
        var fault: Fault
        var wait: Int
        var isLost = false
        var testDescription: String { fault.kind.rawValue }
    }

    static let failures = [
        Failure(fault: Fault(.refused, "no"), wait: 300), Failure(fault: Fault(.missing, "no"), wait: 300),
        Failure(fault: Fault(.throttled, "no", retryAfter: .seconds(45)), wait: 45),
        Failure(fault: Fault(.unauthorized, "no"), wait: 60),
        Failure(fault: Fault(.unreachable, "no"), wait: 60, isLost: true),
        Failure(fault: Fault(.unexpected, "no"), wait: 60, isLost: true),
        Failure(fault: Fault(.unreachable, "no", mayHaveTakenEffect: false), wait: 60),
    ]

    @Test(arguments: failures) func aFailureIsRetried(_ failure: Failure) throws {
        var bench = try CampaignBench.resumeSent()
        let intent = try #require(bench.intent)
        let answer = bench.machine.resumeAnswered(intent, .failure(failure.fault), in: bench.context)
        #expect(bench.words(answer.effects) == ["resume failed: no"] && answer.releasesVolume == !failure.isLost)
        #expect(bench.machine.resumeAt == bench.now + .seconds(failure.wait))
        bench.wait(failure.wait)
        #expect(bench.machine.advanceResume(in: bench.context).needsStats)
        _ = bench.evaluateResume()
        #expect(try bench.answerResume(.failure(failure.fault)) == [], "the same again is not reported")
        // New emails show that a lost start took effect; otherwise someone restarted it or the pause had no effect.
        bench.wait(60)
        let words = bench.see(sent: 101, bounced: 10)
        #expect(words.first == (failure.isLost ? "resumed" : "pause uncertain"))
        if failure.isLost { #expect(bench.machine.resumes.baseline?.stats.sent == 100, "it counts from its start") }
    }

    @Test func aResponseThatItDoesNotRunIsNotAResume() throws {
        var bench = try CampaignBench.resumeSent()
        #expect(try bench.answerResume(.success(ActionAnswer(status: .paused))) == ["not running"])
        #expect(bench.machine.resumeAt == bench.now + .seconds(60))
    }

    @Test func anOlderStartAfterAStandstillIsSomeoneElses() throws {
        for standsStill in [true, false] {
            var bench = try CampaignBench.paused(CampaignBench.rule)
            if standsStill { #expect(bench.standStill(minutes: 14, sent: 100, bounced: 10) == []) }
            bench.wait(3600)
            _ = bench.machine.advanceResume(in: bench.context)
            _ = bench.see(sent: 100, bounced: 10)
            _ = bench.evaluateResume()
            let answer = ActionAnswer(status: .running, startedAt: bench.now - .seconds(20))
            let words = try bench.answerResume(.success(answer))
            #expect(words == (standsStill ? ["overridden: ruleMuted"] : ["resumed", "bounces rearmed"]))
        }
    }

    // MARK: Hindrances

    @Test func eachHindranceIsReportedOnce() throws {
        var bench = try CampaignBench.resuming()
        let fault = Fault(.unreachable, "HTTP 503")
        #expect(bench.words(bench.machine.resumeLacksStats(fault, in: bench.context)) == ["no fresh stats: HTTP 503"])
        #expect(bench.machine.resumeAt == bench.now + .seconds(60))
        #expect(bench.words(bench.machine.resumeLacksStats(fault, in: bench.context)) == [])
        // A gap in the data is not reported while a reason is known.
        _ = bench.see(CampaignStats(totalEnrolled: 1000, sent: 100))
        #expect(bench.evaluateResume() == [])
        _ = bench.see(sent: 100, bounced: 10)
        bench.isLedgerFailing = true
        #expect(bench.evaluateResume() == ["obstacles: ledger"])
        #expect(bench.evaluateResume() == [])
        bench.isLedgerFailing = false
        _ = bench.words(bench.machine.note(Fault(.missing, "HTTP 404"), in: bench.context))
        #expect(bench.evaluateResume() == ["obstacles: missing"])
    }

    @Test func incompleteStatsDecideNothing() throws {
        var bench = try CampaignBench.resuming()
        _ = bench.see(CampaignStats(totalEnrolled: 1000, sent: 100))
        #expect(bench.evaluateResume() == ["incomplete stats"])
    }

    @Test func anotherBreachedRuleHindersAResume() throws {
        let other = "  - {name: replies, when: replied > 5, then: pause}\n"
        var bench = try CampaignBench.resuming(CampaignBench.rule + other)
        var stats = CampaignBench.stats(sent: 100, bounced: 10)
        stats.replied = 6
        _ = bench.see(stats)
        #expect(bench.evaluateResume() == ["obstacles: replies"])
        bench.machine.mute("replies", until: bench.now + .seconds(1), by: "anna")
        #expect(bench.evaluateResume() == ["store decision", "store intent", "send resume 1"])
    }

    @Test func aResumeWaitsADayForReservedVolume() throws {
        var bench = try CampaignBench.resuming()
        bench.pools.reserve(launch: 500, in: CampaignBench.poolID, for: CampaignID(unchecked: "camp_2"))
        bench.seePool(remaining: 1399)
        _ = bench.see(sent: 100, bounced: 10)
        #expect(bench.evaluateResume() == ["900 beside 500 reserved"])
        let since = bench.now
        for _ in 0..<23 {
            bench.wait(3600)
            bench.seePool(remaining: 1399)
            _ = bench.see(sent: 100, bounced: 10)
            #expect(bench.evaluateResume() == [])
        }
        bench.now = since + .seconds(86400)
        _ = bench.see(sent: 100, bounced: 10)
        #expect(bench.evaluateResume().last == "send resume 1")
        bench = try CampaignBench.resuming()
        bench.pools.reserve(launch: 500, in: CampaignBench.poolID, for: CampaignID(unchecked: "camp_2"))
        bench.seePool(remaining: 1400)
        _ = bench.see(sent: 100, bounced: 10)
        #expect(bench.evaluateResume().last == "send resume 1", "900 fit beside 500")
    }

    @Test func aResumeWaitsForTheStartLimit() throws {
        var bench = try CampaignBench.resuming()
        _ = bench.see(sent: 100, bounced: 10)
        guard case .passes(let attempt, _) = bench.machine.evaluateResume(in: bench.context) else {
            return #expect(Bool(false))
        }
        let until = bench.now + .seconds(1234)
        let effects = bench.machine.waitForStartLimit(attempt, until: until, in: bench.context)
        #expect(bench.words(effects) == ["start limit"] && bench.machine.resumeAt == until)
    }

    @Test func aRuleThatNoLongerResumesLeavesTheCampaignPaused() throws {
        for policy in ["", CampaignBench.rule.replacing("then: pause", with: "mode: observe\n    then: pause")] {
            var bench = try CampaignBench.paused(CampaignBench.rule)
            try bench.reload(policy)
            bench.wait(3600)
            let (effects, needsStats) = bench.machine.advanceResume(in: bench.context)
            #expect(bench.words(effects) == ["no rule resumes it"] && !needsStats)
            #expect(bench.machine.state == .paused && bench.machine.resumeAt == nil && !bench.machine.awaitsResume)
        }
    }

    @Test func onlyPausedCampaignsAreResumed() throws {
        for var bench in [try CampaignBench(""), try .starting(), try .pausedByAnother()] {
            let state = bench.machine.state
            #expect(bench.machine.advanceResume(in: bench.context).needsStats == false)
            #expect(bench.evaluateResume() == [] && bench.machine.state == state)
            #expect(bench.words(bench.machine.resumeLacksStats(Fault(.missing, ""), in: bench.context)) == [])
        }
    }

    // MARK: Probation

    /// Resumes the campaign and lets it relapse; returns how long it then stays paused.
    private func relapse(_ bench: inout CampaignBench, _ from: Int) throws -> Duration? {
        bench.now = bench.machine.resumeAt ?? bench.now
        #expect(bench.machine.advanceResume(in: bench.context).needsStats)
        _ = bench.see(sent: from, bounced: 10 + (from - 100) / 10)
        _ = bench.evaluateResume()
        _ = try bench.answerResume(.success(ActionAnswer(status: .running)))
        bench.wait(60)
        let words = bench.see(sent: from + 30, bounced: 13 + (from - 100) / 10)
        #expect(words == ["relapsed", "store decision", "store intent", "send pause 1"])
        #expect(bench.machine.state == .pausing)
        let isExhausted = bench.machine.resumes.resumes.count == 2
        let paused = try bench.answerPause(ActionAnswer(status: .paused, pausedAt: bench.now))
        #expect(paused == [isExhausted ? "paused for good" : "paused"])
        return bench.machine.resumeAt.map { $0 - bench.now }
    }

    @Test func aRelapseDoublesTheCooldownUntilResumesAreExhausted() throws {
        var bench = try CampaignBench.paused(CampaignBench.rule)
        #expect(try relapse(&bench, 100) == .seconds(7200))
        #expect(try relapse(&bench, 130) == nil, "2 per 7d")
        #expect(bench.machine.resumes.relapses == 2)
    }

    @Test func aCampaignWhoseResumesRunOutStaysPaused() throws {
        var bench = try CampaignBench.paused(CampaignBench.rule)
        #expect(try relapse(&bench, 100) == .seconds(7200))
        try bench.reload(CampaignBench.rule.replacing("2 per 7d", with: "1 per 7d"))
        bench.wait(7200)
        #expect(bench.machine.advanceResume(in: bench.context).needsStats)
        _ = bench.see(sent: 130, bounced: 13)
        #expect(bench.evaluateResume() == ["resumes exhausted"])
        #expect(bench.machine.state == .paused && bench.machine.resumeAt == nil)
    }

    @Test func observeModeReportsARelapseAndEndsTheProbation() throws {
        var bench = try CampaignBench.resumeSent()
        _ = try bench.answerResume(.success(ActionAnswer(status: .running)))
        try bench.reload("mode: observe\n" + CampaignBench.rule)
        bench.wait(60)
        #expect(bench.see(sent: 130, bounced: 13) == ["relapsed"] && bench.machine.state == .running)
    }
}

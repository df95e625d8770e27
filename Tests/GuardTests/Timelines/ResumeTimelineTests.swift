import Guard
import Model
import Policy
import Testing

/// Cooldown, probation, relapse, and the cases in which a person must decide.
@Suite struct ResumeTimelineTests {
    static let rule = """
        rules:
          - name: bounces
            when: bounceRate > 5% and resolved >= 50
            then: pause
            resume: {after: 1h, probation: {sends: 50, when: bounceRate > 2% and resolved >= 20}, at_most: 2 per 7d}
        """
    static let minute = Duration.seconds(60)

    /// A bench whose campaign breached and has just been paused.
    private func paused(_ more: String = rule, campaigns: Int = 1) throws -> GuardBench {
        var bench = try GuardBench(more, campaigns: campaigns)
        bench.see(sent: 100, bounced: 10)
        bench.confirmPause(try #require(bench.sent().first))
        return bench
    }

    /// Waits for the end of the cooldown, answers the fresh poll, and returns the resume, if any.
    private func awaitResume(_ bench: inout GuardBench, sent: Int, bounced: Int, _ coolDown: Duration) -> Intent? {
        bench.wait(coolDown - .seconds(30))
        bench.see(sent: sent, bounced: bounced)
        #expect(bench.sent() == [], "before the cool-down is over")
        bench.wait(.seconds(60))
        bench.see(sent: sent, bounced: bounced)
        return bench.sent().first
    }

    @Test func itResumesAfterTheCooldownOnFreshStats() throws {
        var bench = try paused()
        #expect(bench.events.last?.message.contains("earliest resume ") == true)
        let intent = try #require(awaitResume(&bench, sent: 100, bounced: 10, .seconds(3600)))
        #expect(intent.action == .resume)
        #expect(intent.decision.cause == .cooldownOver("bounces"))
        bench.confirmStart(intent)
        #expect(bench.reported().suffix(2) == [.campaignResumed, .ruleCleared])
        // Earlier bounces do not count again.
        bench.wait(Self.minute)
        bench.see(sent: 110, bounced: 10)
        #expect(bench.sent() == [])
    }

    @Test func itPassesItsProbationAndStaysArmed() throws {
        var bench = try paused()
        bench.confirmStart(try #require(awaitResume(&bench, sent: 100, bounced: 10, .seconds(3600))))
        _ = bench.reported()
        bench.wait(Self.minute)
        bench.see(sent: 140, bounced: 10)
        #expect(bench.reported() == [])
        bench.wait(Self.minute)
        bench.see(sent: 150, bounced: 10)
        #expect(bench.reported() == [.campaignProbationPassed])
        // The rule is armed again: 20 of the last 70 bounced.
        bench.wait(Self.minute)
        bench.see(sent: 170, bounced: 30)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func itIsNotResumedOnIncompleteStats() throws {
        var bench = try paused()
        bench.wait(.seconds(3600))
        bench.see(1, CampaignStats(totalEnrolled: 1000, sent: 100, delivered: 90, bounced: nil, queued: 900))
        #expect(bench.sent() == [])
        #expect(bench.events.last?.message.contains("fresh stats are incomplete") == true)
        let intent = try #require(awaitResume(&bench, sent: 100, bounced: 10, .seconds(60)))
        // An incomplete answer just before the start must not disable the rule.
        bench.see(1, CampaignStats(totalEnrolled: 1000, sent: 100, delivered: 90, bounced: nil, queued: 900))
        bench.confirmStart(intent)
        bench.wait(Self.minute)
        bench.see(sent: 170, bounced: 30)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func aRelapseDoublesTheCooldown() throws {
        var bench = try paused()
        bench.confirmStart(try #require(awaitResume(&bench, sent: 100, bounced: 10, .seconds(3600))))
        bench.wait(Self.minute)
        // One of 20 is 5 %: a breach of the probation, but too few emails for the rule.
        bench.see(sent: 120, bounced: 11)
        #expect(bench.reported().contains(.campaignRelapsed))
        let pause = try #require(bench.sent().first)
        #expect(pause.decision.cause == .relapse("bounces"))
        bench.confirmPause(pause)
        bench.wait(.seconds(3700))
        bench.see(sent: 120, bounced: 11)
        #expect(bench.sent() == [])
        #expect(awaitResume(&bench, sent: 120, bounced: 11, .seconds(3500))?.action == .resume)
    }

    @Test func aProbationCanUseAWindowOfItsOwn() throws {
        var bench = try paused(
            """
            rules:
              - name: bounces
                when: bounceRate > 5% and resolved >= 50
                then: pause
                resume:
                  after: 1h
                  probation: {sends: 50, when: "bounceRate(2h) > 20% and increase(resolved, 2h) >= 10"}
            """)
        bench.confirmStart(try #require(awaitResume(&bench, sent: 100, bounced: 10, .seconds(3600))))
        bench.wait(Self.minute)
        bench.see(sent: 120, bounced: 16)
        #expect(bench.reported().contains(.campaignRelapsed))
    }

    @Test func afterTheResumeLimitItWaitsForAPerson() throws {
        var bench = try paused()
        var (sent, bounced) = (100, 10)
        for coolDown in [3600, 7200] {
            let intent = try #require(awaitResume(&bench, sent: sent, bounced: bounced, .seconds(coolDown)))
            bench.confirmStart(intent)
            bench.wait(Self.minute)
            (sent, bounced) = (sent + 20, bounced + 2)
            bench.see(sent: sent, bounced: bounced)
            bench.confirmPause(try #require(bench.sent().first))
        }
        #expect(bench.events.last?.message.contains("a person") == true)
        bench.wait(.seconds(6 * 86400))
        bench.see(sent: sent, bounced: bounced)
        #expect(bench.sent() == [])
    }

    @Test func aPersonsPauseIsNeverResumed() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 100, bounced: 10)
        let intent = try #require(bench.sent().first)
        bench.answer(intent, .success(ActionAnswer(status: .paused, pausedAt: bench.now - .seconds(3600))))
        for _ in 0..<50 {
            bench.wait(.seconds(3600))
            bench.see(sent: 100, bounced: 10)
        }
        #expect(bench.sent() == [])
    }

    @Test func anotherFiringRuleKeepsItPaused() throws {
        var bench = try paused(Self.rule + "\n  - {name: few, when: sent > 90 and replied < 1, then: pause}")
        _ = bench.reported()
        #expect(awaitResume(&bench, sent: 100, bounced: 10, .seconds(3600)) == nil)
        #expect(bench.reported().contains(.campaignResumeFailed))
        for _ in 0..<5 {
            bench.wait(Self.minute)
            bench.see(sent: 100, bounced: 10)
        }
        #expect(bench.sent() == [])
        // Reported once, not at every poll.
        #expect(bench.reported() == [])
    }

    static let fits = "\n  - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}"

    @Test func aCampaignLargerThanADaysPoolResumesAfterItsCooldown() throws {
        var bench = try paused(Self.rule + Self.fits)
        bench.wait(.seconds(3570))
        bench.see(sent: 100, bounced: 10)
        bench.seePool(remaining: 40, capacity: 300)
        bench.wait(.seconds(60))
        bench.see(sent: 100, bounced: 10)
        bench.seePool(remaining: 40, capacity: 300)
        #expect(bench.sent().map(\.action) == [.resume])
    }

    @Test func anUnreadablePoolBlocksNoResume() throws {
        var bench = try paused(Self.rule + Self.fits)
        bench.wait(.seconds(3630))
        bench.see(sent: 100, bounced: 10)
        bench.fail(GuardBench.pools, Fault(.unreachable, "HTTP 500"))
        #expect(bench.sent().map(\.action) == [.resume])
    }

    @Test func aResumeDoesNotWaitForAnothersRemainder() throws {
        var bench = try GuardBench("start_limit: {share: 100%}\n" + Self.rule + Self.fits, campaigns: 2)
        for campaign in 1...2 {
            bench.see(campaign, sent: 100, bounced: 10)
            bench.confirmPause(try #require(bench.sent().first))
        }
        bench.wait(.seconds(3630))
        for campaign in 1...2 {
            bench.see(campaign, sent: 100, bounced: 10)
            bench.seePool(remaining: 50, capacity: 300)
            let intent = try #require(bench.sent().first)
            #expect(intent.action == .resume)
            bench.confirmStart(intent)
        }
    }

    @Test func aLaunchLeavesTheRemainderOfAResumeReserved() throws {
        var bench = try GuardBench("launches:\n  - {campaign: camp_2}\n" + Self.rule + Self.fits, campaigns: 2)
        bench.see(1, sent: 100, bounced: 10)
        bench.confirmPause(try #require(bench.sent().first))
        bench.wait(.seconds(3630))
        bench.see(1, sent: 100, bounced: 10)
        bench.fail(GuardBench.pools, Fault(.unreachable, "HTTP 500"))
        bench.confirmStart(try #require(bench.sent().first))
        // 900 of the remaining 1000 belong to the resumed campaign.
        for _ in 0..<5 {
            bench.wait(Self.minute)
            bench.seeDraft(2, enrolled: 400)
            bench.seePool(remaining: 1000)
        }
        #expect(bench.sent() == [])
    }

    /// Camp 1 is paused with 900 to send, and the launch of camp 2 has 400 of the pool's 1000 reserved.
    private func besideALaunch() throws -> GuardBench {
        var bench = try GuardBench("launches:\n  - {campaign: camp_2}\n" + Self.rule + Self.fits, campaigns: 2)
        bench.see(1, sent: 100, bounced: 10)
        bench.confirmPause(try #require(bench.sent().first))
        bench.seeDraft(2, enrolled: 400)
        bench.seePool(remaining: 1000)
        bench.seeDraft(2, enrolled: 400)
        bench.seePool(remaining: 1000)
        bench.confirmStart(try #require(bench.sent().first))
        return bench
    }

    private func answerPolls(_ bench: inout GuardBench, remaining: Int, launched: Int) {
        bench.see(1, sent: 100, bounced: 10)
        bench.see(
            2,
            CampaignStats(
                totalEnrolled: 400, sent: launched, delivered: launched, bounced: 0, replied: 0, queued: 400 - launched)
        )
        bench.seePool(remaining: remaining)
    }

    @Test func aResumeTakesNoVolumeThatIsReservedForALaunch() throws {
        var bench = try besideALaunch()
        for _ in 0..<70 {
            bench.wait(Self.minute)
            answerPolls(&bench, remaining: 900, launched: 100)
        }
        #expect(bench.sent() == [])
        #expect(
            bench.events.last { $0.kind == .campaignResumeFailed }?.message.contains("are reserved for launches")
                == true)
        // Once the launch has sent its reserved volume, nothing is reserved.
        for _ in 0..<5 {
            bench.wait(Self.minute)
            answerPolls(&bench, remaining: 600, launched: 400)
        }
        #expect(bench.sent().map(\.action) == [.resume])
    }

    @Test func aLaunchThatNeverSendsDelaysAResumeByADayAtMost() throws {
        var bench = try besideALaunch()
        for _ in 0..<(24 * 60) {
            bench.wait(Self.minute)
            answerPolls(&bench, remaining: 900, launched: 100)
        }
        #expect(bench.sent() == [])
        for _ in 0..<65 {
            bench.wait(Self.minute)
            answerPolls(&bench, remaining: 900, launched: 100)
        }
        #expect(bench.sent().map(\.action) == [.resume])
    }

    @Test func aFailedFreshPollResumesNothing() throws {
        var bench = try paused()
        bench.wait(.seconds(3610))
        bench.fail(.stats(CampaignID(unchecked: "camp_1")), Fault(.unreachable, "HTTP 500"))
        #expect(bench.sent() == [])
    }

    @Test func aRestartByAPersonCancelsTheResume() throws {
        var bench = try paused()
        bench.wait(.seconds(660))
        bench.see(sent: 103, bounced: 10)
        for _ in 1...3 {
            bench.wait(Self.minute)
            bench.seePool(remaining: 1000)
            bench.see(sent: 103, bounced: 10)
        }
        bench.wait(Self.minute)
        bench.see(sent: 120, bounced: 10)
        #expect(bench.reported().contains(.campaignOverride))
        bench.wait(.seconds(7200))
        bench.see(sent: 200, bounced: 10)
        #expect(bench.sent() == [])
    }

    @Test func observeModeResumesNothing() throws {
        var bench = try paused()
        try bench.reload("mode: observe\n" + Self.rule)
        bench.wait(.seconds(7200))
        bench.see(sent: 100, bounced: 10)
        #expect(bench.sent() == [])
    }

    @Test func theStartLimitBoundsResumes() throws {
        var bench = try GuardBench("start_limit: {share: 20%, per: 10m}\n" + Self.rule, campaigns: 5)
        for campaign in 1...5 {
            bench.see(campaign, sent: 100, bounced: 10)
            bench.confirmPause(try #require(bench.sent().first))
        }
        bench.wait(.seconds(3570))
        for campaign in 1...5 { bench.see(campaign, sent: 100, bounced: 10) }
        bench.wait(.seconds(60))
        _ = bench.reported()
        for campaign in 1...5 { bench.see(campaign, sent: 100, bounced: 10) }
        #expect(bench.sent().count == 1)
        #expect(bench.reported().filter { $0 == .beltTripped } == [.beltTripped])
    }

    @Test func manyBreachesAtOnceAreReportedAndPaused() throws {
        var bench = try GuardBench(Self.rule, campaigns: 6)
        for campaign in 1...6 { bench.see(campaign, sent: 100, bounced: 0) }
        for campaign in 1...6 { bench.see(campaign, sent: 200, bounced: 20) }
        #expect(bench.sent().count == 6)
        #expect(bench.reported().filter { $0 == .beltTripped } == [.beltTripped])
    }

    @Test func theCircuitBreakerStopsPausesIfThePolicySaysSo() throws {
        var bench = try GuardBench("circuit_breaker: {pauses: stop}\n" + Self.rule, campaigns: 6)
        for campaign in 1...6 { bench.see(campaign, sent: 100, bounced: 0) }
        for campaign in 1...6 { bench.see(campaign, sent: 200, bounced: 20) }
        #expect(bench.sent().count == 3)
    }
}

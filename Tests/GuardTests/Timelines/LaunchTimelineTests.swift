import Guard
import Model
import Policy
import Testing

/// Launches are held, and released in order and once.
@Suite struct LaunchTimelineTests {
    static let rule = """
        rules:
          - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}
        """

    private func bench(_ launches: String, campaigns: Int = 1, more: String = "") throws -> GuardBench {
        try GuardBench(more + "launches:\n" + launches + "\n" + Self.rule, campaigns: campaigns)
    }

    @Test func aLaunchThatFitsIsStartedOnFreshStats() throws {
        var bench = try bench("  - {campaign: camp_1}")
        #expect(bench.reported() == [.launchQueued])
        #expect(Set(bench.polled()) == [GuardBench.pools, .stats(CampaignID(unchecked: "camp_1"))])
        bench.seeDraft(enrolled: 500)
        bench.seePool(remaining: 600)
        // It fits, but is evaluated again on fresh answers.
        #expect(bench.sent() == [])
        #expect(Set(bench.polled()) == [GuardBench.pools, .stats(CampaignID(unchecked: "camp_1"))])
        bench.seeDraft(enrolled: 500)
        #expect(bench.sent() == [])
        bench.seePool(remaining: 600)
        let intents = bench.sent()
        #expect(intents.map(\.action) == [.start])
        bench.confirmStart(try #require(intents.first))
        #expect(bench.reported() == [.launchReleased])
        bench.wait(.seconds(600))
        bench.see(sent: 100, bounced: 0)
        bench.seePool(remaining: 500)
        #expect(bench.sent() == [])
        #expect(bench.reported() == [])
    }

    @Test func aTemporarilyMissingFieldIsNotReportedForAHeldLaunch() throws {
        var bench = try bench("  - {campaign: camp_1}")
        bench.seeDraft(enrolled: 500)
        bench.seePool(remaining: 100)
        #expect(bench.reported() == [.launchQueued, .launchHeld])
        // Every other answer lacks the field, which is not reported.
        for _ in 0..<5 {
            bench.wait(.seconds(60))
            bench.seeDraft(enrolled: 500)
            bench.seePool(remaining: nil)
            bench.wait(.seconds(60))
            bench.seePool(remaining: 100)
        }
        #expect(bench.reported() == [])
        // Once the field has been missing for stale_after, five minutes, it becomes the reason.
        for minute in 1...8 {
            bench.wait(.seconds(60))
            bench.seeDraft(enrolled: 500)
            bench.seePool(remaining: nil)
            let events = bench.events
            #expect(bench.reported() == (minute == 6 ? [.launchHeld] : []))
            if minute == 6 { #expect(events.first?.message.contains("unknown") == true) }
        }
        #expect(bench.sent() == [])
    }

    @Test func theFreshPollDecides() throws {
        var bench = try bench("  - {campaign: camp_1}")
        bench.seeDraft(enrolled: 500)
        bench.seePool(remaining: 600)
        bench.seeDraft(enrolled: 700)
        bench.seePool(remaining: 600)
        #expect(bench.sent() == [])
        #expect(bench.reported() == [.launchQueued, .launchHeld])
    }

    @Test func aFailedFreshPollStartsNothing() throws {
        var bench = try bench("  - {campaign: camp_1}")
        bench.seeDraft(enrolled: 500)
        bench.seePool(remaining: 600)
        bench.seeDraft(enrolled: 500)
        bench.fail(GuardBench.pools, Fault(.unreachable, "HTTP 500"))
        #expect(bench.sent() == [])
    }

    @Test func aLaunchThatIsTooLargeIsHeldAndReportedOnce() throws {
        var bench = try bench("  - {campaign: camp_1}")
        bench.seeDraft(enrolled: 500)
        bench.seePool(remaining: 100, resetAt: Instant(rfc3339: "2026-12-02T00:00:00Z"))
        let held = try #require(bench.events.last)
        #expect(held.kind == .launchHeld)
        #expect(held.message.contains("totalEnrolled 500 > pool.available 100"))
        #expect(held.message.contains("short by 400 emails"))
        _ = bench.reported()
        for _ in 0..<30 {
            bench.wait(.seconds(60))
            bench.seeDraft(enrolled: 500)
            bench.seePool(remaining: 90)
        }
        #expect(bench.reported() == [])
        #expect(bench.sent() == [])
        _ = bench.polled()
        bench.seePool(remaining: 2000)
        bench.answerPolls([1: 500], remaining: 2000)
        #expect(bench.sent().map(\.action) == [.start])
    }

    @Test func aLaunchThatCanNeverFitIsReportedAtOnce() throws {
        var bench = try bench("  - {campaign: camp_1}")
        bench.seeDraft(enrolled: 5000)
        bench.seePool(remaining: 2000, capacity: 2000)
        #expect(bench.reported() == [.launchQueued, .launchHeld, .launchCannotFit])
    }

    @Test(arguments: [nil, 2000] as [Int?])
    func withoutPoolVolumeNothingStarts(_ capacity: Int?) throws {
        var bench = try bench("  - {campaign: camp_1}")
        for _ in 0..<10 {
            bench.seeDraft(enrolled: 5)
            bench.seePool(remaining: nil, capacity: capacity)
            bench.wait(.seconds(60))
        }
        #expect(bench.sent() == [])
        #expect(bench.reported() == [.launchQueued, .launchHeld])
    }

    @Test func staleStatsStartNothing() throws {
        var bench = try bench("  - {campaign: camp_1, not_before: 2026-11-30T20:00:00Z}")
        bench.seeDraft(enrolled: 500)
        bench.seePool(remaining: 600)
        bench.wait(Instant(rfc3339: "2026-11-30T20:00:01Z").map { $0 - bench.now } ?? .zero)
        #expect(bench.sent() == [])
    }

    @Test func twoLaunchesDoNotReserveTheSameVolume() throws {
        var bench = try bench("  - {campaign: camp_1}\n  - {campaign: camp_2}", campaigns: 2)
        bench.seeDraft(1, enrolled: 400)
        bench.seeDraft(2, enrolled: 400)
        bench.seePool(remaining: 600)
        _ = bench.polled()
        bench.seeDraft(1, enrolled: 400)
        bench.seePool(remaining: 600)
        let intents = bench.sent()
        #expect(intents.map(\.campaign.text) == ["camp_1"])
        bench.confirmStart(try #require(intents.first))
        bench.answerPolls([1: 400, 2: 400], remaining: 600)
        #expect(bench.sent() == [])
        let held = try #require(bench.events.last { $0.kind == .launchHeld })
        #expect(held.fields[.campaign] == "camp_2")
        #expect(held.message.contains("pool.available 200"))
    }

    @Test func launchesAreOrderedByPriorityTimeAndPosition() throws {
        var bench = try bench(
            "  - {campaign: camp_1}\n  - {campaign: camp_2, not_before: 2020-01-01T00:00:00Z}\n  - {campaign: camp_3, priority: 5}",
            campaigns: 3)
        for campaign in 1...3 { bench.seeDraft(campaign, enrolled: 100) }
        var order: [String] = []
        for _ in 0..<3 {
            bench.seePool(remaining: 1000)
            bench.answerPolls([1: 100, 2: 100, 3: 100], remaining: 1000)
            let intent = try #require(bench.sent().first)
            order.append(intent.campaign.text)
            bench.confirmStart(intent)
            bench.see(Int(intent.campaign.text.dropFirst(5)) ?? 0, sent: 1, bounced: 0)
            // The start limit lets one of three start within ten minutes.
            bench.wait(.seconds(601))
            for campaign in 1...3 where !order.contains("camp_\(campaign)") { bench.seeDraft(campaign, enrolled: 100) }
        }
        #expect(order == ["camp_3", "camp_1", "camp_2"])
    }

    @Test func nothingStartsBeforeNotBefore() throws {
        var bench = try bench("  - {campaign: camp_1, not_before: 2026-11-30T20:00:00Z}")
        let start = try #require(Instant(rfc3339: "2026-11-30T20:00:00Z"))
        while bench.now < start {
            bench.answerPolls([1: 100], remaining: 1000)
            #expect(bench.sent() == [])
            bench.wait(.seconds(60))
        }
        bench.answerPolls([1: 100], remaining: 1000)
        bench.wait(.seconds(1))
        bench.answerPolls([1: 100], remaining: 1000)
        #expect(bench.sent().map(\.action) == [.start])
    }

    /// The clock was an hour slow at the start and is corrected.
    @Test func notBeforeFollowsTheWallClock() throws {
        var bench = try bench("  - {campaign: camp_1, not_before: 2026-11-30T02:00:00Z}")
        bench.answerPolls([1: 100], remaining: 1000)
        bench.wait(.seconds(600))
        bench.answerPolls([1: 100], remaining: 1000)
        #expect(bench.sent() == [])
        bench.setClock(ahead: .seconds(3600))
        bench.answerPolls([1: 100], remaining: 1000)
        #expect(bench.sent().map(\.action) == [.start])
    }

    @Test func aClockSetBackDelaysTheStart() throws {
        var bench = try bench("  - {campaign: camp_1, not_before: 2026-11-30T02:00:00Z}")
        bench.setClock(ahead: .seconds(-3600))
        for _ in 0..<80 {
            bench.answerPolls([1: 100], remaining: 1000)
            bench.wait(.seconds(60))
        }
        #expect(bench.sent() == [])
        for _ in 0..<60 {
            bench.answerPolls([1: 100], remaining: 1000)
            bench.wait(.seconds(60))
        }
        #expect(bench.sent().map(\.action) == [.start])
    }

    @Test func anUnreportedResetTimeIsLearned() throws {
        var bench = try bench("  - {campaign: camp_1}")
        bench.seePool(remaining: 50)
        bench.wait(.seconds(60))
        bench.seePool(remaining: 2000)
        let renewal = bench.now + .seconds(86400)
        bench.wait(.seconds(3600))
        bench.seePool(remaining: 400)
        bench.seeDraft(enrolled: 500)
        let held = try #require(bench.events.last { $0.kind == .launchHeld })
        #expect(held.message.contains("fits at \(renewal.rfc3339) at the earliest"))
    }

    @Test func anExpiredLaunchIsDropped() throws {
        var bench = try bench("  - {campaign: camp_1, expires: 2026-11-30T20:00:00Z}")
        bench.seeDraft(enrolled: 500)
        bench.seePool(remaining: 100)
        bench.wait(try #require(Instant(rfc3339: "2026-11-30T20:00:01Z")) - bench.now)
        #expect(bench.reported().contains(.launchExpired))
        bench.answerPolls([1: 500], remaining: 2000)
        #expect(bench.sent() == [])
    }

    @Test func aLaunchWithoutLeadsIsNotStarted() throws {
        var bench = try bench("  - {campaign: camp_1}")
        bench.seeDraft(enrolled: 0)
        bench.seePool(remaining: 1000)
        #expect(bench.reported() == [.launchQueued, .launchHeld])
        #expect(bench.sent() == [])
    }

    @Test func aCampaignThatRanBeforeIsNotStarted() throws {
        var bench = try bench("  - {campaign: camp_1}")
        bench.see(sent: 10, bounced: 0)
        bench.seePool(remaining: 1000)
        #expect(bench.reported().contains(.launchAlreadyStarted))
        bench.wait(.seconds(120))
        bench.answerPolls([1: 100], remaining: 1000)
        #expect(bench.sent() == [])
    }

    @Test func aStartByAPersonAgainstTheRulesIsReported() throws {
        var bench = try bench("  - {campaign: camp_1}")
        bench.seeDraft(enrolled: 500)
        bench.seePool(remaining: 100)
        _ = bench.reported()
        bench.wait(.seconds(60))
        bench.see(1, CampaignStats(totalEnrolled: 500, sent: 3, delivered: 3, bounced: 0, queued: 497))
        #expect(bench.reported() == [.launchUnapproved])
        #expect(bench.sent() == [])
    }

    @Test func aStartByAPersonAgainstTheRulesIsPausedIfThePolicySaysSo() throws {
        var bench = try bench("  - {campaign: camp_1}", more: "on_unapproved: pause\n")
        bench.seeDraft(enrolled: 500)
        bench.seePool(remaining: 100)
        bench.wait(.seconds(60))
        bench.see(1, CampaignStats(totalEnrolled: 500, sent: 3, delivered: 3, bounced: 0, queued: 497))
        let intents = bench.sent()
        #expect(intents.map(\.action) == [.pause])
        #expect(intents.first?.decision.cause == .unapprovedLaunch)
    }

    @Test func aStartWithALostResponseIsNotRepeatedBlindly() throws {
        var bench = try bench("  - {campaign: camp_1}")
        bench.answerPolls([1: 500], remaining: 600)
        let intent = try #require(bench.sent().first)
        bench.answer(intent, .failure(Fault(.unreachable, "no answer", mayHaveTakenEffect: true)))
        #expect(bench.reported().last == .launchFailed)
        // The stats show that it took effect.
        bench.wait(.seconds(60))
        bench.see(1, CampaignStats(totalEnrolled: 500, sent: 2, delivered: 1, bounced: 0, queued: 498))
        #expect(bench.reported() == [.launchReleased])
        bench.wait(.seconds(600))
        #expect(bench.sent() == [])
    }

    @Test func aLostStartWithoutEffectIsEvaluatedAgain() throws {
        var bench = try bench("  - {campaign: camp_1}")
        bench.answerPolls([1: 500], remaining: 600)
        bench.answer(
            try #require(bench.sent().first), .failure(Fault(.unreachable, "no answer", mayHaveTakenEffect: true)))
        for _ in 0..<5 {
            bench.wait(.seconds(60))
            bench.answerPolls([1: 500], remaining: 600)
        }
        #expect(bench.sent().map(\.action) == [.start])
    }

    /// A lost start of a launch that left the policy holds its volume for a day, and is remembered as ours.
    @Test func aLostStartWithoutALaunchIsGivenUpAfterADay() throws {
        var bench = try bench("  - {campaign: camp_1}")
        bench.answerPolls([1: 500], remaining: 600)
        bench.answer(
            try #require(bench.sent().first), .failure(Fault(.unreachable, "no answer", mayHaveTakenEffect: true)))
        try bench.reload(Self.rule)
        func stayADraft(hours: Int) {
            for _ in 0..<hours {
                bench.wait(.seconds(3600))
                bench.seeDraft(enrolled: 500)
                bench.seePool(remaining: 600)
            }
        }
        let pool = PoolID(unchecked: "pool_a")
        _ = bench.reported()
        stayADraft(hours: 23)
        #expect(!bench.reported().contains(.launchFailed))
        #expect(bench.warden.campaigns[0].state == .starting && bench.warden.pools.reserved(in: pool) == 500)
        stayADraft(hours: 2)
        let failure = try #require(bench.reportedEvents().first { $0.kind == .launchFailed })
        #expect(
            failure.message
                == "could not start camp_1: its start received no response, and the campaign is still a draft; its "
                + "reserved volume is free again; if it sends later, that counts as Sendwarden's start")
        #expect(bench.warden.campaigns[0].state == .draft && bench.warden.pools.reserved(in: pool) == 0)
        try bench.restart(Self.rule)
        stayADraft(hours: 5)
        #expect(!bench.reported().contains(.launchFailed), "it is reported once")
        bench.see(1, CampaignStats(totalEnrolled: 500, sent: 2, delivered: 1, bounced: 0, queued: 498))
        #expect(bench.reported().contains(.launchReleased), "nobody else started it")
        #expect(bench.warden.campaigns[0].state == .running)
    }

    @Test func anAlertingLaunchRuleHoldsNothing() throws {
        let alert = "  - {name: large, on: launch, when: totalEnrolled > 400, then: alert}"
        var bench = try GuardBench("launches:\n  - {campaign: camp_1}\n" + Self.rule + "\n" + alert)
        bench.answerPolls([1: 500], remaining: 600)
        #expect(bench.reported() == [.launchQueued, .ruleFiring])
        #expect(bench.sent().map(\.action) == [.start])
    }

    @Test func aPermanentlyRefusedStartIsNotRetried() throws {
        var bench = try bench("  - {campaign: camp_1}")
        bench.answerPolls([1: 500], remaining: 600)
        bench.answer(
            try #require(bench.sent().first), .failure(Fault(.refused, "HTTP 400", code: "no_sequence_steps")))
        #expect(bench.reported().last == .launchFailed)
        for _ in 0..<20 {
            bench.wait(.seconds(60))
            bench.answerPolls([1: 500], remaining: 600)
        }
        #expect(bench.sent() == [])
    }

    @Test func enforcingStartsWhatObserveModeWouldHaveStarted() throws {
        let launches = "launches:\n  - {campaign: camp_1}\n" + Self.rule
        for restarts in [false, true] {
            var bench = try bench("  - {campaign: camp_1}", more: "mode: observe\n")
            bench.seeDraft(enrolled: 500)
            bench.seePool(remaining: 600)
            bench.answerPolls([1: 500], remaining: 600)
            #expect(bench.reported() == [.launchQueued, .launchReleased])
            if restarts { try bench.restart(launches) } else { try bench.reload(launches) }
            #expect(bench.reported() == [.launchQueued])
            bench.seeDraft(enrolled: 500)
            bench.seePool(remaining: 600)
            bench.answerPolls([1: 500], remaining: 600)
            #expect(bench.sent().map(\.action) == [.start])
        }
    }

    @Test func observeModeOnlyReportsStarts() throws {
        var bench = try bench("  - {campaign: camp_1}", more: "mode: observe\n")
        bench.answerPolls([1: 500], remaining: 600)
        #expect(bench.sent() == [])
        let event = try #require(bench.events.last)
        #expect(event.kind == .launchReleased)
        #expect(event.fields[.mode] == "observe")
        #expect(event.message.contains("would start"))
    }
}

import Guard
import Model
import Policy
import Reporting
import Testing

/// From a breach to a pause, and what can prevent it.
@Suite struct PauseTimelineTests {
    static let rule = """
        rules:
          - {name: bounces, when: bounceRate > 5% and resolved >= 50, for: 2m, then: pause, severity: critical}
        """
    static let minute = Duration.seconds(60)

    /// A bench whose campaign has breached for three minutes, so that a pause is in flight.
    private func breached(_ more: String = rule) throws -> GuardBench {
        var bench = try GuardBench(more)
        bench.see(sent: 10, bounced: 0)
        for minute in 0...2 {
            bench.wait(Self.minute)
            bench.see(sent: 100 + minute, bounced: 10)
        }
        return bench
    }

    @Test func aLastingBreachIsPaused() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 10, bounced: 0)
        #expect(bench.reported() == [])
        bench.wait(Self.minute)
        bench.see(sent: 100, bounced: 10)
        #expect(bench.reported() == [.rulePending])
        bench.wait(Self.minute)
        bench.see(sent: 101, bounced: 10)
        #expect(bench.sent() == [])
        bench.wait(Self.minute)
        bench.see(sent: 102, bounced: 10)
        #expect(bench.reported() == [.ruleFiring])
        let intents = bench.sent()
        #expect(intents.map(\.action) == [.pause])
        #expect(intents.first?.decision.cause == .rule("bounces"))
        bench.confirmPause(try #require(intents.first))
        let event = try #require(bench.events.first)
        #expect(event.kind == .campaignPaused)
        #expect(event.priority == .critical)
        #expect(
            event.message
                == "paused camp_1: bounceRate 9.8 % > 5 % for 2m (10 of 102 resolved emails bounced), rule bounces; "
                + "it stays paused until a person starts it")
        #expect(event.fields[.value] == "0.098039")
        #expect(event.fields[.threshold] == "0.05")
        #expect(event.fields[.rule] == "bounces")
        #expect(event.fields[.campaign] == "camp_1")
        #expect(event.fields[.resolved] == "102")
    }

    @Test func aPausedCampaignIsNotPausedAgain() throws {
        var bench = try breached()
        bench.confirmPause(try #require(bench.sent().first))
        for minute in 1...30 {
            bench.wait(Self.minute)
            // Emails in transit still arrive for a while.
            bench.see(sent: 102 + min(minute, 5), bounced: 10 + min(minute, 3))
        }
        #expect(bench.sent() == [])
        #expect(!bench.reported().contains(.campaignOverride))
    }

    @Test func unknownDataNeverPauses() throws {
        var bench = try GuardBench(Self.rule)
        for minute in 0..<60 {
            bench.see(1, CampaignStats(totalEnrolled: 1000, sent: 100 + minute, bounced: 90))
            bench.wait(Self.minute)
        }
        #expect(bench.sent() == [])
        #expect(!bench.reported().contains(.rulePending))
    }

    @Test func errorsBetweenBreachesNeitherFireNorClear() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 100, bounced: 10)
        bench.wait(Self.minute)
        for _ in 0..<10 {
            bench.fail(.stats(CampaignID(unchecked: "camp_1")), Fault(.unreachable, "HTTP 500"))
            bench.wait(Self.minute)
        }
        #expect(bench.sent() == [])
        #expect(bench.reported().filter { $0 == .ruleCleared || $0 == .ruleFiring } == [])
        bench.see(sent: 110, bounced: 11)
        #expect(bench.sent() == [])
        bench.wait(Self.minute)
        bench.see(sent: 111, bounced: 11)
        bench.wait(Self.minute)
        bench.see(sent: 112, bounced: 11)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func anOvertakenAnswerIsIgnored() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 100, bounced: 10)
        bench.wait(Self.minute)
        bench.see(sent: 110, bounced: 11)
        _ = bench.reported()
        // Requested before both: its old stats must not clear the rule.
        bench.seeLate(sent: 50, bounced: 0, requestedBefore: .seconds(180))
        #expect(bench.reported() == [])
        bench.wait(Self.minute)
        bench.see(sent: 120, bounced: 12)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func anEarlierPauseIsSomeoneElses() throws {
        var bench = try breached()
        let intent = try #require(bench.sent().first)
        bench.answer(intent, .success(ActionAnswer(status: .paused, pausedAt: bench.now - .seconds(3600))))
        #expect(bench.reported().last == .campaignAlreadyPaused)
        bench.wait(Self.minute)
        bench.see(sent: 102, bounced: 10)
        #expect(bench.sent() == [])
    }

    @Test func aPauseInTheSameSecondIsOurs() throws {
        var bench = try breached()
        let intent = try #require(bench.sent().first)
        let second = Instant(milliseconds: intent.firstSentAt.milliseconds / 1000 * 1000)
        bench.answer(intent, .success(ActionAnswer(status: .paused, pausedAt: second)))
        #expect(bench.reported().last == .campaignPaused)
    }

    @Test func theServersClockDecidesWhoPaused() throws {
        var bench = try breached()
        let intent = try #require(bench.sent().first)
        // The server's clock is an hour behind ours, as its Date header shows.
        let there = bench.now - .seconds(3600)
        bench.answer(intent, .success(ActionAnswer(status: .paused, pausedAt: there, serverTimeAtRequest: there)))
        #expect(bench.reported().last == .campaignPaused)
    }

    @Test func aDraftIsNotPaused() throws {
        var bench = try GuardBench(Self.rule)
        bench.seeDraft(enrolled: 100)
        #expect(try bench.order(.pause).accepted)
        bench.answer(try #require(bench.sent().first), .success(ActionAnswer(status: .draft)))
        #expect(bench.reported().last == .campaignAlreadyPaused)
    }

    @Test func aCampaignThatHasSentIsNotADraft() throws {
        var bench = try breached()
        bench.answer(try #require(bench.sent().first), .success(ActionAnswer(status: .draft)))
        #expect(bench.reported().last == .campaignPauseFailed)
        for _ in 0..<20 {
            bench.wait(.seconds(60))
            bench.see(sent: 110, bounced: 12)
            for intent in bench.sent() { bench.answer(intent, .success(ActionAnswer(status: .draft))) }
        }
        #expect(bench.reported().allSatisfy { $0 == .campaignPauseFailed })
    }

    @Test func aFailedPauseIsRetriedUntilItSucceeds() throws {
        var bench = try breached()
        var intent = try #require(bench.sent().first)
        _ = bench.reported()
        for attempt in 2...6 {
            bench.answer(intent, .failure(Fault(.unreachable, "HTTP 503")))
            bench.wait(.seconds(31))
            let again = bench.sent()
            #expect(again.map(\.action) == [.pause])
            intent = try #require(again.first)
            #expect(intent.attempt == attempt)
        }
        // Reported once, not for every attempt.
        #expect(bench.reported().filter { $0 == .campaignPauseFailed } == [.campaignPauseFailed])
        bench.confirmPause(intent)
        #expect(bench.reported().contains(.campaignPaused))
    }

    @Test func aPauseWithALostResponseCanBeOurs() throws {
        var bench = try breached()
        let first = try #require(bench.sent().first)
        let pausedAt = bench.now
        bench.answer(first, .failure(Fault(.unreachable, "no answer", mayHaveTakenEffect: true)))
        bench.wait(.seconds(31))
        let second = try #require(bench.sent().first)
        bench.answer(second, .success(ActionAnswer(status: .paused, pausedAt: pausedAt)))
        #expect(bench.reported().last == .campaignPaused)
    }

    @Test(arguments: [Fault.Kind.throttled, .refused, .unauthorized, .unreachable, .unexpected])
    func aPauseIsSentAgainWithinAMinuteWhateverThePlatformAsks(_ kind: Fault.Kind) throws {
        var bench = try breached()
        var intent = try #require(bench.sent().first)
        for attempt in 1...12 {
            bench.answer(intent, .failure(Fault(kind, "HTTP", retryAfter: .seconds(3600))))
            // One second after the first failure, then doubling up to a minute.
            bench.wait(attempt == 1 ? .seconds(1) : .seconds(60))
            let again = bench.sent()
            #expect(again.map(\.action) == [.pause])
            intent = try #require(again.first)
        }
    }

    @Test func aReloadKeepsAPauseThatWaitsForARetry() throws {
        var bench = try breached()
        bench.answer(
            try #require(bench.sent().first), .failure(Fault(.throttled, "HTTP 429", retryAfter: .seconds(3600))))
        try bench.reload("stale_after: 20m\n" + Self.rule)
        bench.wait(.seconds(2))
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func aResponseThatItStillRunsIsNotAPause() throws {
        var bench = try breached()
        bench.answer(try #require(bench.sent().first), .success(ActionAnswer(status: .running)))
        #expect(bench.reported().last == .campaignPauseFailed)
        bench.wait(.seconds(31))
        #expect(bench.sent().count == 1)
    }

    // MARK: Modes

    @Test func observeModeOnlyReportsPauses() throws {
        var bench = try breached("mode: observe\n" + Self.rule)
        let reported = bench.reported()
        #expect(reported.suffix(2) == [.ruleFiring, .campaignPaused])
        for minute in 1...20 {
            bench.wait(Self.minute)
            bench.see(sent: 102 + minute, bounced: 12)
        }
        #expect(bench.sent() == [])
        // One report for each firing.
        #expect(bench.reported() == [])
    }

    @Test func aRuleInObserveModeSendsNothing() throws {
        var bench = try breached(Self.rule.replacing("then: pause", with: "then: pause, mode: observe"))
        #expect(bench.sent() == [])
        #expect(bench.events.last?.fields[.mode] == "observe")
    }

    @Test func aRuleThatIsOffReportsNothing() throws {
        var bench = try breached(Self.rule.replacing("then: pause", with: "then: pause, mode: off"))
        #expect(bench.sent() == [])
        #expect(bench.reported() == [])
    }

    @Test func anAlertOnlyReports() throws {
        var bench = try breached(Self.rule.replacing("then: pause", with: "then: alert"))
        #expect(bench.sent() == [])
        #expect(bench.reported() == [.rulePending, .ruleFiring])
    }

    @Test func aRuleAppliesOnlyToItsCampaigns() throws {
        let rule = Self.rule.replacing("then: pause", with: "then: pause, campaigns: [camp_2]")
        var bench = try GuardBench(rule, campaigns: 2)
        for minute in 0...3 {
            bench.see(1, sent: 100 + minute, bounced: 10)
            bench.see(2, sent: 100 + minute, bounced: 10)
            bench.wait(Self.minute)
        }
        #expect(bench.sent().map(\.campaign.text) == ["camp_2"])
    }

    // MARK: Restarts by people

    @Test func aRestartByAPersonIsRespectedUntilTheBreachClears() throws {
        var bench = try breached()
        bench.confirmPause(try #require(bench.sent().first))
        _ = bench.reported()
        bench.wait(.seconds(660))
        bench.seePool(remaining: 1000)
        bench.see(sent: 105, bounced: 12)
        for _ in 1...3 {
            bench.wait(Self.minute)
            bench.seePool(remaining: 1000)
            bench.see(sent: 105, bounced: 12)
        }
        bench.wait(Self.minute)
        bench.see(sent: 130, bounced: 14)
        #expect(bench.reported() == [.campaignOverride])
        for minute in 1...10 {
            bench.wait(Self.minute)
            bench.see(sent: 130 + minute, bounced: 15)
        }
        #expect(bench.sent() == [])
        // It recovers and breaches again, which is a new breach.
        bench.wait(Self.minute)
        bench.see(sent: 1000, bounced: 20)
        #expect(bench.reported() == [.ruleCleared])
        for minute in 1...4 {
            bench.wait(Self.minute)
            bench.see(sent: 1000, bounced: 100 + minute)
        }
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func aRestartIsPausedAgainIfThePolicySaysSo() throws {
        var bench = try breached("on_override: pause_again\n" + Self.rule)
        bench.confirmPause(try #require(bench.sent().first))
        bench.wait(.seconds(660))
        bench.seePool(remaining: 1000)
        bench.see(sent: 105, bounced: 12)
        for _ in 1...3 {
            bench.wait(Self.minute)
            bench.seePool(remaining: 1000)
            bench.see(sent: 105, bounced: 12)
        }
        bench.wait(Self.minute)
        bench.see(sent: 130, bounced: 14)
        #expect(bench.reported().contains(.campaignOverride))
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func emailsInTransitAreNoRestart() throws {
        var bench = try breached()
        bench.confirmPause(try #require(bench.sent().first))
        _ = bench.reported()
        for minute in 1...10 {
            bench.wait(Self.minute)
            bench.see(sent: 102 + minute, bounced: 12)
        }
        #expect(!bench.reported().contains(.campaignOverride))
    }
}

import Guard
import Model
import Policy
import Testing

/// From a breach to a pause, and what may come between.
@Suite struct PauseTimelineTests {
    static let rule = """
        rules:
          - {name: bounces, when: bounceRate > 5% and resolved >= 50, for: 2m, then: pause, severity: critical}
        """
    static let minute = Duration.seconds(60)

    /// A bench whose campaign breaches for three minutes, so that a pause is on its way.
    private func breached(_ more: String = rule) throws -> GuardBench {
        var bench = try GuardBench(more)
        bench.see(sent: 10, bounced: 0)
        for minute in 0...2 {
            bench.wait(Self.minute)
            bench.see(sent: 100 + minute, bounced: 10)
        }
        return bench
    }

    @Test func aBreachIsPausedOnceItHasLasted() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 10, bounced: 0)
        #expect(bench.told() == [])
        bench.wait(Self.minute)
        bench.see(sent: 100, bounced: 10)
        #expect(bench.told() == [.rulePending])
        bench.wait(Self.minute)
        bench.see(sent: 101, bounced: 10)
        #expect(bench.sent() == [])
        bench.wait(Self.minute)
        bench.see(sent: 102, bounced: 10)
        #expect(bench.told() == [.ruleFiring])
        let intents = bench.sent()
        #expect(intents.map(\.action) == [.pause])
        #expect(intents.first?.decision.cause == .rule("bounces"))
        bench.confirmPause(try #require(intents.first))
        let event = try #require(bench.events.first)
        #expect(event.kind == .campaignPaused)
        #expect(event.priority == .critical)
        #expect(
            event.message == "paused camp_1: bounceRate 9.8 % > 5 % for 2m (10 of 102 resolved), rule bounces; "
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
            // Mail in transit still lands for a while.
            bench.see(sent: 102 + min(minute, 5), bounced: 10 + min(minute, 3))
        }
        #expect(bench.sent() == [])
        #expect(!bench.told().contains(.campaignOverride))
    }

    @Test func unknownNumbersNeverPause() throws {
        var bench = try GuardBench(Self.rule)
        for minute in 0..<60 {
            bench.see(1, CampaignStats(totalEnrolled: 1000, sent: 100 + minute, bounced: 90))
            bench.wait(Self.minute)
        }
        #expect(bench.sent() == [])
        #expect(!bench.told().contains(.rulePending))
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
        #expect(bench.told().filter { $0 == .ruleCleared || $0 == .ruleFiring } == [])
        bench.see(sent: 110, bounced: 11)
        #expect(bench.sent() == [])
        bench.wait(Self.minute)
        bench.see(sent: 111, bounced: 11)
        bench.wait(Self.minute)
        bench.see(sent: 112, bounced: 11)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func anAnswerThatWasOvertakenTellsNothing() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 100, bounced: 10)
        bench.wait(Self.minute)
        bench.see(sent: 110, bounced: 11)
        _ = bench.told()
        // Asked for before both: its good numbers are from the past and must not clear the rule.
        bench.seeLate(sent: 50, bounced: 0, askedBefore: .seconds(180))
        #expect(bench.told() == [])
        bench.wait(Self.minute)
        bench.see(sent: 120, bounced: 12)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func aPauseOlderThanOursIsSomeoneElses() throws {
        var bench = try breached()
        let intent = try #require(bench.sent().first)
        bench.answer(intent, .success(ActionAnswer(status: .paused, pausedAt: bench.now - .seconds(3600))))
        #expect(bench.told().last == .campaignAlreadyPaused)
        bench.wait(Self.minute)
        bench.see(sent: 102, bounced: 10)
        #expect(bench.sent() == [])
    }

    @Test func aPauseInTheSameSecondIsOurs() throws {
        var bench = try breached()
        let intent = try #require(bench.sent().first)
        let second = Instant(milliseconds: intent.firstSentAt.milliseconds / 1000 * 1000)
        bench.answer(intent, .success(ActionAnswer(status: .paused, pausedAt: second)))
        #expect(bench.told().last == .campaignPaused)
    }

    @Test func theServersClockDecidesWhosePauseItWas() throws {
        var bench = try breached()
        let intent = try #require(bench.sent().first)
        // The server's clock is an hour behind ours: its answer says so itself.
        let there = bench.now - .seconds(3600)
        bench.answer(intent, .success(ActionAnswer(status: .paused, pausedAt: there, serverTimeAtRequest: there)))
        #expect(bench.told().last == .campaignPaused)
    }

    @Test func aDraftIsNotOursToPause() throws {
        var bench = try GuardBench(Self.rule)
        bench.seeDraft(enrolled: 100)
        #expect(try bench.order(.pause).accepted)
        bench.answer(try #require(bench.sent().first), .success(ActionAnswer(status: .draft)))
        #expect(bench.told().last == .campaignAlreadyPaused)
    }

    @Test func whatHasSentIsNoDraftWhateverTheAnswerSays() throws {
        var bench = try breached()
        bench.answer(try #require(bench.sent().first), .success(ActionAnswer(status: .draft)))
        #expect(bench.told().last == .campaignPauseFailed)
        for _ in 0..<20 {
            bench.wait(.seconds(60))
            bench.see(sent: 110, bounced: 12)
            for intent in bench.sent() { bench.answer(intent, .success(ActionAnswer(status: .draft))) }
        }
        #expect(bench.told().allSatisfy { $0 == .campaignPauseFailed })
    }

    @Test func aFailedPauseIsTriedUntilItSucceeds() throws {
        var bench = try breached()
        var intent = try #require(bench.sent().first)
        _ = bench.told()
        for attempt in 2...6 {
            bench.answer(intent, .failure(Fault(.unreachable, "HTTP 503")))
            bench.wait(.seconds(31))
            let again = bench.sent()
            #expect(again.map(\.action) == [.pause])
            intent = try #require(again.first)
            #expect(intent.attempt == attempt)
        }
        // Told once, not at every attempt.
        #expect(bench.told().filter { $0 == .campaignPauseFailed } == [.campaignPauseFailed])
        bench.confirmPause(intent)
        #expect(bench.told().contains(.campaignPaused))
    }

    @Test func aLostAnswerMayStillHaveBeenOurPause() throws {
        var bench = try breached()
        let first = try #require(bench.sent().first)
        let pausedAt = bench.now
        bench.answer(first, .failure(Fault(.unreachable, "no answer", mayHaveTakenEffect: true)))
        bench.wait(.seconds(31))
        let second = try #require(bench.sent().first)
        bench.answer(second, .success(ActionAnswer(status: .paused, pausedAt: pausedAt)))
        #expect(bench.told().last == .campaignPaused)
    }

    @Test(arguments: [Fault.Kind.throttled, .refused, .unauthorized, .unreachable, .unexpected])
    func aPauseIsSentAgainWithinAMinuteWhateverThePlatformAsks(_ kind: Fault.Kind) throws {
        var bench = try breached()
        var intent = try #require(bench.sent().first)
        for attempt in 1...12 {
            bench.answer(intent, .failure(Fault(kind, "HTTP", retryAfter: .seconds(3600))))
            // One second at the first failure, then twice as long each time, a minute at the most.
            bench.wait(attempt == 1 ? .seconds(1) : .seconds(60))
            let again = bench.sent()
            #expect(again.map(\.action) == [.pause])
            intent = try #require(again.first)
        }
    }

    @Test func aReloadForgetsNoPauseThatWaitsForItsNextAttempt() throws {
        var bench = try breached()
        bench.answer(
            try #require(bench.sent().first), .failure(Fault(.throttled, "HTTP 429", retryAfter: .seconds(3600))))
        try bench.reload("stale_after: 20m\n" + Self.rule)
        bench.wait(.seconds(2))
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func anAnswerThatItStillRunsIsNoPause() throws {
        var bench = try breached()
        bench.answer(try #require(bench.sent().first), .success(ActionAnswer(status: .running)))
        #expect(bench.told().last == .campaignPauseFailed)
        bench.wait(.seconds(31))
        #expect(bench.sent().count == 1)
    }

    // MARK: Modes

    @Test func observeModeTellsAndSendsNothing() throws {
        var bench = try breached("mode: observe\n" + Self.rule)
        let told = bench.told()
        #expect(told.suffix(2) == [.ruleFiring, .campaignPaused])
        for minute in 1...20 {
            bench.wait(Self.minute)
            bench.see(sent: 102 + minute, bounced: 12)
        }
        #expect(bench.sent() == [])
        // One firing, one word.
        #expect(bench.told() == [])
    }

    @Test func aRuleInObserveModeSendsNothing() throws {
        var bench = try breached(Self.rule.replacing("then: pause", with: "then: pause, mode: observe"))
        #expect(bench.sent() == [])
        #expect(bench.events.last?.fields[.mode] == "observe")
    }

    @Test func aRuleThatIsOffSaysNothing() throws {
        var bench = try breached(Self.rule.replacing("then: pause", with: "then: pause, mode: off"))
        #expect(bench.sent() == [])
        #expect(bench.told() == [])
    }

    @Test func anAlertOnlyTells() throws {
        var bench = try breached(Self.rule.replacing("then: pause", with: "then: alert"))
        #expect(bench.sent() == [])
        #expect(bench.told() == [.rulePending, .ruleFiring])
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

    // MARK: Restarted by a person

    @Test func aRestartByAPersonIsRespectedUntilTheBreachClears() throws {
        var bench = try breached()
        bench.confirmPause(try #require(bench.sent().first))
        _ = bench.told()
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
        #expect(bench.told() == [.campaignOverride])
        for minute in 1...10 {
            bench.wait(Self.minute)
            bench.see(sent: 130 + minute, bounced: 15)
        }
        #expect(bench.sent() == [])
        // It heals, and breaches anew: that is a new matter.
        bench.wait(Self.minute)
        bench.see(sent: 1000, bounced: 20)
        #expect(bench.told() == [.ruleCleared])
        for minute in 1...4 {
            bench.wait(Self.minute)
            bench.see(sent: 1000, bounced: 100 + minute)
        }
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func aRestartIsPausedAgainWhereThePolicySaysSo() throws {
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
        #expect(bench.told().contains(.campaignOverride))
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func mailInTransitIsNoRestart() throws {
        var bench = try breached()
        bench.confirmPause(try #require(bench.sent().first))
        _ = bench.told()
        for minute in 1...10 {
            bench.wait(Self.minute)
            bench.see(sent: 102 + minute, bounced: 12)
        }
        #expect(!bench.told().contains(.campaignOverride))
    }
}

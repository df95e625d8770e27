import Guard
import Model
import Policy
import Testing

/// Polls, staleness, trouble with the API, pools, reloads.
@Suite struct PlatformTimelineTests {
    static let rule = """
        rules:
          - {name: bounces, when: bounceRate > 5% and resolved >= 50, for: 5m, then: pause}
        """
    static let camp1 = Target.stats(CampaignID(unchecked: "camp_1"))

    // MARK: Polls

    @Test func pollsAreSpreadEvenlyAndOncePerInterval() throws {
        var bench = try GuardBench("poll: {stats: 1m, budget: 10000/min}\n" + Self.rule, campaigns: 30)
        // The first round goes faster; let it pass.
        for _ in 0..<120 {
            for target in bench.asked() {
                if case .stats(let id) = target { bench.see(Int(id.text.dropFirst(5)) ?? 0, sent: 10, bounced: 0) }
            }
            bench.wait(.seconds(1))
        }
        var perSecond: [Int] = []
        var counts: [Target: Int] = [:]
        for _ in 0..<60 {
            bench.wait(.seconds(1))
            let targets = bench.asked().filter { $0 != GuardBench.pools }
            perSecond.append(targets.count)
            for target in targets {
                counts[target, default: 0] += 1
                if case .stats(let id) = target { bench.see(Int(id.text.dropFirst(5)) ?? 0, sent: 10, bounced: 0) }
            }
        }
        #expect(counts.count == 30)
        // The minute is a little longer by the time that the answers took.
        #expect(counts.values.reduce(0, +) <= 32)
        #expect(perSecond.allSatisfy { $0 <= 1 })
    }

    @Test func whatIsNotAnsweredIsNotAskedAgain() throws {
        var bench = try GuardBench(Self.rule)
        _ = bench.asked()
        bench.wait(.seconds(600))
        #expect(!bench.asked().contains(Self.camp1))
        bench.see(sent: 1, bounced: 0)
        bench.wait(.seconds(60))
        #expect(bench.asked().contains(Self.camp1))
    }

    @Test func itIsReadyAfterTheFirstRound() throws {
        var bench = try GuardBench(Self.rule, campaigns: 2)
        bench.seePool(remaining: 10)
        bench.see(1, sent: 1, bounced: 0)
        #expect(!bench.isReady)
        bench.see(2, sent: 1, bounced: 0)
        #expect(bench.isReady)
    }

    @Test func itIsReadyAfterAClearFailure() throws {
        var bench = try GuardBench(Self.rule, campaigns: 2)
        bench.fail(Self.camp1, Fault(.unauthorized, "HTTP 401"))
        #expect(bench.isReady)
        #expect(bench.told() == [.apiUnauthorized])
    }

    @Test func itIsReadyInTimeHoweverLongTheFirstRoundTakes() throws {
        var bench = try GuardBench(Self.rule, campaigns: 3)
        bench.see(1, sent: 1, bounced: 0)
        bench.wait(.seconds(25))
        #expect(!bench.isReady)
        bench.wait(.seconds(40))
        #expect(bench.isReady)
    }

    // MARK: Staleness

    @Test func oldNumbersAreToldOnceAndWhenTheyAreOver() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 10, bounced: 0)
        for _ in 0..<20 {
            bench.wait(.seconds(60))
            bench.fail(Self.camp1, Fault(.unexpected, "the answer is not JSON"))
        }
        let told = bench.told()
        #expect(told.filter { $0 == .campaignStale } == [.campaignStale])
        bench.see(sent: 20, bounced: 0)
        #expect(bench.told() == [.apiRecovered, .campaignFresh])
    }

    @Test func aCampaignThatThePlatformDoesNotKnowIsToldOnce() throws {
        var bench = try GuardBench(Self.rule)
        for _ in 0..<14 {
            bench.fail(Self.camp1, Fault(.missing, "HTTP 404 campaign_not_found"))
            bench.wait(.seconds(60))
        }
        #expect(bench.told() == [.campaignMissing])
    }

    @Test func aRuleOnAgeFiresWithoutAnAnswer() throws {
        var bench = try GuardBench("rules:\n  - {name: blind, when: age(stats) > 10m, then: alert}")
        bench.see(sent: 10, bounced: 0)
        for _ in 0..<12 {
            bench.wait(.seconds(60))
            bench.fail(Self.camp1, Fault(.unreachable, "no answer"))
        }
        #expect(bench.told().contains(.ruleFiring))
    }

    @Test func countersThatBeginAnewAreTold() throws {
        var bench = try GuardBench("rules:\n  - {name: many, when: 'increase(sent, 1h) > 500', then: alert}")
        bench.see(sent: 400, bounced: 0)
        bench.wait(.seconds(60))
        bench.see(sent: 10, bounced: 0)
        // One answer may come from a replica that is behind.
        #expect(bench.told() == [])
        bench.wait(.seconds(60))
        bench.see(sent: 12, bounced: 0)
        #expect(bench.told() == [.statsReset])
    }

    @Test func countersThatStayWhereTheyFellHaveRestarted() throws {
        var bench = try GuardBench("rules:\n  - {name: many, when: 'increase(sent, 1h) > 500', then: alert}")
        bench.see(sent: 400, bounced: 0)
        for answer in 1...3 {
            bench.wait(.seconds(60))
            bench.see(sent: 0, bounced: 0)
            #expect(bench.told() == (answer == 3 ? [.statsReset] : []))
        }
    }

    @Test func oneAnswerWithFallenCountersChangesNothing() throws {
        var bench = try GuardBench(
            "rules:\n  - {name: w, when: 'bounceRate(1h) > 5% and increase(resolved, 1h) >= 50', then: pause}")
        bench.see(sent: 1000, bounced: 100)
        for minute in 1...10 {
            bench.wait(.seconds(60))
            bench.see(sent: minute % 3 == 0 ? 0 : 1000, bounced: minute % 3 == 0 ? 0 : 100)
        }
        #expect(bench.told() == [])
        #expect(bench.sent() == [])
    }

    @Test func aRunningCampaignThatStandsStillIsToldOnceADay() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 10, bounced: 0)
        bench.wait(Duration.seconds(60))
        bench.see(sent: 20, bounced: 0)
        for _ in 0..<(40 * 6) {
            bench.wait(.seconds(600))
            bench.see(sent: 20, bounced: 0)
        }
        #expect(bench.told().filter { $0 == .campaignStandstill } == [.campaignStandstill])
        bench.see(sent: 21, bounced: 0)
        for _ in 0..<(23 * 6) {
            bench.wait(.seconds(600))
            bench.see(sent: 21, bounced: 0)
        }
        #expect(!bench.told().contains(.campaignStandstill))
    }

    @Test func withoutPoolVolumeAStandstillIsNoNews() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 10, bounced: 0)
        bench.see(sent: 20, bounced: 0)
        for _ in 0..<(40 * 6) {
            bench.wait(.seconds(600))
            bench.seePool(remaining: 0)
            bench.see(sent: 20, bounced: 0)
        }
        #expect(!bench.told().contains(.campaignStandstill))
    }

    // MARK: The API

    @Test func aLastingTroubleIsToldAtDoublingIntervals() throws {
        var bench = try GuardBench(Self.rule)
        var toldAt: [Int] = []
        for minute in 0..<(8 * 60) {
            bench.fail(Self.camp1, Fault(.unreachable, "HTTP 500"))
            if bench.told().contains(.apiUnreachable) { toldAt.append(minute) }
            bench.wait(.seconds(60))
        }
        #expect(toldAt == [0, 5, 15, 35, 75, 155, 315])
        bench.see(sent: 10, bounced: 0)
        #expect(bench.told().contains(.apiRecovered))
    }

    @Test func oneCampaignsLuckDoesNotEndAnothersTrouble() throws {
        var bench = try GuardBench(Self.rule, campaigns: 2)
        bench.fail(Self.camp1, Fault(.unexpected, "the answer is not JSON"))
        _ = bench.told()
        bench.see(2, sent: 10, bounced: 0)
        #expect(bench.told() == [])
        bench.see(1, sent: 10, bounced: 0)
        #expect(bench.told() == [.apiRecovered])
    }

    @Test func anAPIThatFlickersDoesNotFillTheJournal() throws {
        var bench = try GuardBench(Self.rule)
        for _ in 0..<120 {
            bench.fail(Self.camp1, Fault(.unreachable, "HTTP 500"))
            bench.wait(.seconds(60))
            bench.see(sent: 10, bounced: 0)
            bench.wait(.seconds(60))
        }
        let told = bench.told()
        // At once, and then after 5, 10, 20, 40, 80 and 160 minutes at most, each with its end.
        #expect((4...7).contains(told.count { $0 == .apiUnreachable }))
        #expect(told.count { $0 == .apiRecovered } == told.count { $0 == .apiUnreachable })
        // After a long calm it is news again.
        bench.wait(.seconds(86400))
        bench.see(sent: 10, bounced: 0)
        _ = bench.told()
        bench.fail(Self.camp1, Fault(.unreachable, "HTTP 500"))
        #expect(bench.told() == [.apiUnreachable])
    }

    // MARK: Pools

    @Test func anExhaustedPoolIsToldWhenItIsAndWhenItIsNoMore() throws {
        var bench = try GuardBench(Self.rule)
        bench.seePool(remaining: 10)
        bench.seePool(remaining: 0)
        bench.seePool(remaining: 0)
        bench.seePool(remaining: 2000)
        #expect(bench.told() == [.poolExhausted, .poolRenewed])
    }

    @Test func aPoolThatThePlatformDoesNotReportIsToldOnce() throws {
        var bench = try GuardBench(Self.rule)
        for _ in 0..<3 {
            bench.observe(GuardBench.pools, .success(.pools([SenderPool(id: PoolID(unchecked: "pool_b"))])))
        }
        #expect(bench.told() == [.poolMissing])
    }

    @Test func aRuleOnPoolsAlerts() throws {
        var bench = try GuardBench(
            "rules:\n  - {name: low, on: pool, when: pool.remainingVolume < 100, for: 2m, then: alert}")
        for _ in 0..<4 {
            bench.seePool(remaining: 50)
            bench.wait(.seconds(60))
        }
        bench.seePool(remaining: 500)
        #expect(bench.told() == [.rulePending, .ruleFiring, .ruleCleared])
    }

    // MARK: Reloads

    @Test func timersOfUnchangedRulesGoOn() throws {
        var bench = try GuardBench(Self.rule)
        for minute in 0..<3 {
            bench.see(sent: 100 + minute, bounced: 10)
            bench.wait(.seconds(60))
        }
        try bench.reload(Self.rule + "\n  - {name: another, when: replied > 900, then: alert}")
        for minute in 3...5 {
            bench.see(sent: 100 + minute, bounced: 10)
            bench.wait(.seconds(60))
        }
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func timersOfChangedRulesBeginAnew() throws {
        var bench = try GuardBench(Self.rule)
        for minute in 0..<3 {
            bench.see(sent: 100 + minute, bounced: 10)
            bench.wait(.seconds(60))
        }
        try bench.reload(Self.rule.replacing("> 5%", with: "> 6%"))
        for minute in 3...5 {
            bench.see(sent: 100 + minute, bounced: 10)
            bench.wait(.seconds(60))
        }
        #expect(bench.sent() == [])
    }

    @Test func aPauseGoesOnThroughAReload() throws {
        var bench = try GuardBench(Self.rule.replacing("for: 5m", with: "for: 0s"))
        bench.see(sent: 100, bounced: 10)
        let intent = try #require(bench.sent().first)
        try bench.reload("stale_after: 20m\n" + Self.rule.replacing("for: 5m", with: "for: 0s"))
        bench.confirmPause(intent)
        #expect(bench.told().contains(.campaignPaused))
        bench.wait(.seconds(60))
        bench.see(sent: 101, bounced: 10)
        #expect(bench.sent() == [])
    }

    @Test func aCampaignThatLeavesThePolicyIsLeftAlone() throws {
        var bench = try GuardBench(Self.rule, campaigns: 2)
        try bench.reload(Self.rule, campaigns: 1)
        for minute in 0..<10 {
            bench.see(2, sent: 100 + minute, bounced: 50)
            bench.wait(.seconds(60))
        }
        #expect(bench.sent() == [])
    }
}

import Guard
import Model
import Policy
import Testing

/// Polls, staleness, API failures, pools, reloads.
@Suite struct PlatformTimelineTests {
    static let rule = """
        rules:
          - {name: bounces, when: bounceRate > 5% and resolved >= 50, for: 5m, then: pause}
        """
    static let camp1 = Target.stats(CampaignID(unchecked: "camp_1"))

    // MARK: Polls

    @Test func pollsAreSpreadEvenlyAndOncePerInterval() throws {
        var bench = try GuardBench("poll: {stats: 1m, budget: 10000/min}\n" + Self.rule, campaigns: 30)
        // Skip the first round, which is faster.
        for _ in 0..<120 {
            for target in bench.polled() {
                if case .stats(let id) = target { bench.see(Int(id.text.dropFirst(5)) ?? 0, sent: 10, bounced: 0) }
            }
            bench.wait(.seconds(1))
        }
        var perSecond: [Int] = []
        var counts: [Target: Int] = [:]
        for _ in 0..<60 {
            bench.wait(.seconds(1))
            let targets = bench.polled().filter { $0 != GuardBench.pools }
            perSecond.append(targets.count)
            for target in targets {
                counts[target, default: 0] += 1
                if case .stats(let id) = target { bench.see(Int(id.text.dropFirst(5)) ?? 0, sent: 10, bounced: 0) }
            }
        }
        #expect(counts.count == 30)
        // The latency of the answers makes the minute slightly longer.
        #expect(counts.values.reduce(0, +) <= 32)
        #expect(perSecond.allSatisfy { $0 <= 1 })
    }

    @Test func anUnansweredPollIsNotRepeated() throws {
        var bench = try GuardBench(Self.rule)
        _ = bench.polled()
        bench.wait(.seconds(600))
        #expect(!bench.polled().contains(Self.camp1))
        bench.see(sent: 1, bounced: 0)
        bench.wait(.seconds(60))
        #expect(bench.polled().contains(Self.camp1))
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
        #expect(bench.reported() == [.apiUnauthorized])
    }

    @Test func itIsReadyInTimeDespiteASlowFirstRound() throws {
        var bench = try GuardBench(Self.rule, campaigns: 3)
        bench.see(1, sent: 1, bounced: 0)
        bench.wait(.seconds(25))
        #expect(!bench.isReady)
        bench.wait(.seconds(40))
        #expect(bench.isReady)
    }

    // MARK: Staleness

    @Test func staleStatsAndTheirEndAreReportedOnce() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 10, bounced: 0)
        for _ in 0..<20 {
            bench.wait(.seconds(60))
            bench.fail(Self.camp1, Fault(.unexpected, "the answer is not JSON"))
        }
        let reported = bench.reported()
        #expect(reported.filter { $0 == .campaignStale } == [.campaignStale])
        bench.see(sent: 20, bounced: 0)
        #expect(bench.reported() == [.apiRecovered, .campaignFresh])
    }

    @Test func aMissingCampaignIsReportedOnce() throws {
        var bench = try GuardBench(Self.rule)
        for _ in 0..<14 {
            bench.fail(Self.camp1, Fault(.missing, "HTTP 404 campaign_not_found"))
            bench.wait(.seconds(60))
        }
        #expect(bench.reported() == [.campaignMissing])
    }

    @Test func aRuleOnAgeFiresWithoutAnAnswer() throws {
        var bench = try GuardBench("rules:\n  - {name: blind, when: age(stats) > 10m, then: alert}")
        bench.see(sent: 10, bounced: 0)
        for _ in 0..<12 {
            bench.wait(.seconds(60))
            bench.fail(Self.camp1, Fault(.unreachable, "no answer"))
        }
        #expect(bench.reported().contains(.ruleFiring))
    }

    @Test func restartedCountersAreReported() throws {
        var bench = try GuardBench("rules:\n  - {name: many, when: 'increase(sent, 1h) > 500', then: alert}")
        bench.see(sent: 400, bounced: 0)
        bench.wait(.seconds(60))
        bench.see(sent: 10, bounced: 0)
        // A single answer can be from a lagging replica.
        #expect(bench.reported() == [])
        bench.wait(.seconds(60))
        bench.see(sent: 12, bounced: 0)
        #expect(bench.reported() == [.statsReset])
    }

    @Test func countersThatStayLowHaveRestarted() throws {
        var bench = try GuardBench("rules:\n  - {name: many, when: 'increase(sent, 1h) > 500', then: alert}")
        bench.see(sent: 400, bounced: 0)
        for answer in 1...3 {
            bench.wait(.seconds(60))
            bench.see(sent: 0, bounced: 0)
            #expect(bench.reported() == (answer == 3 ? [.statsReset] : []))
        }
    }

    @Test func oneAnswerWithLowCountersChangesNothing() throws {
        var bench = try GuardBench(
            "rules:\n  - {name: w, when: 'bounceRate(1h) > 5% and increase(resolved, 1h) >= 50', then: pause}")
        bench.see(sent: 1000, bounced: 100)
        for minute in 1...10 {
            bench.wait(.seconds(60))
            bench.see(sent: minute % 3 == 0 ? 0 : 1000, bounced: minute % 3 == 0 ? 0 : 100)
        }
        #expect(bench.reported() == [])
        #expect(bench.sent() == [])
    }

    @Test func aStandstillIsReportedOnceADay() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 10, bounced: 0)
        bench.wait(Duration.seconds(60))
        bench.see(sent: 20, bounced: 0)
        for _ in 0..<(40 * 6) {
            bench.wait(.seconds(600))
            bench.see(sent: 20, bounced: 0)
        }
        #expect(bench.reported().filter { $0 == .campaignStandstill } == [.campaignStandstill])
        bench.see(sent: 21, bounced: 0)
        for _ in 0..<(23 * 6) {
            bench.wait(.seconds(600))
            bench.see(sent: 21, bounced: 0)
        }
        #expect(!bench.reported().contains(.campaignStandstill))
    }

    @Test func aStandstillWithoutPoolVolumeIsNotReported() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 10, bounced: 0)
        bench.see(sent: 20, bounced: 0)
        for _ in 0..<(40 * 6) {
            bench.wait(.seconds(600))
            bench.seePool(remaining: 0)
            bench.see(sent: 20, bounced: 0)
        }
        #expect(!bench.reported().contains(.campaignStandstill))
    }

    // MARK: The API

    @Test func aLastingFailureIsReportedAtDoublingIntervals() throws {
        var bench = try GuardBench(Self.rule)
        var toldAt: [Int] = []
        for minute in 0..<(8 * 60) {
            bench.fail(Self.camp1, Fault(.unreachable, "HTTP 500"))
            if bench.reported().contains(.apiUnreachable) { toldAt.append(minute) }
            bench.wait(.seconds(60))
        }
        #expect(toldAt == [0, 5, 15, 35, 75, 155, 315])
        bench.see(sent: 10, bounced: 0)
        #expect(bench.reported().contains(.apiRecovered))
    }

    @Test func oneCampaignsSuccessDoesNotEndAnothersFailure() throws {
        var bench = try GuardBench(Self.rule, campaigns: 2)
        bench.fail(Self.camp1, Fault(.unexpected, "the answer is not JSON"))
        _ = bench.reported()
        bench.see(2, sent: 10, bounced: 0)
        #expect(bench.reported() == [])
        bench.see(1, sent: 10, bounced: 0)
        #expect(bench.reported() == [.apiRecovered])
    }

    @Test func aFlappingAPIDoesNotFloodTheJournal() throws {
        var bench = try GuardBench(Self.rule)
        for _ in 0..<120 {
            bench.fail(Self.camp1, Fault(.unreachable, "HTTP 500"))
            bench.wait(.seconds(60))
            bench.see(sent: 10, bounced: 0)
            bench.wait(.seconds(60))
        }
        let reported = bench.reported()
        // At once, and then after 5, 10, 20, 40, 80 and 160 minutes at most, each with its recovery.
        #expect((4...7).contains(reported.count { $0 == .apiUnreachable }))
        #expect(reported.count { $0 == .apiRecovered } == reported.count { $0 == .apiUnreachable })
        // After a long healthy period it is reported at once.
        bench.wait(.seconds(86400))
        bench.see(sent: 10, bounced: 0)
        _ = bench.reported()
        bench.fail(Self.camp1, Fault(.unreachable, "HTTP 500"))
        #expect(bench.reported() == [.apiUnreachable])
    }

    // MARK: Pools

    @Test func anExhaustedPoolAndItsRenewalAreReported() throws {
        var bench = try GuardBench(Self.rule)
        bench.seePool(remaining: 10)
        bench.seePool(remaining: 0)
        bench.seePool(remaining: 0)
        bench.seePool(remaining: 2000)
        #expect(bench.reported() == [.poolExhausted, .poolRenewed])
    }

    @Test func aMissingPoolIsReportedOnce() throws {
        var bench = try GuardBench(Self.rule)
        for _ in 0..<3 {
            bench.observe(GuardBench.pools, .success(.pools([SenderPool(id: PoolID(unchecked: "pool_b"))])))
        }
        #expect(bench.reported() == [.poolMissing])
    }

    @Test func aRuleOnPoolsAlerts() throws {
        var bench = try GuardBench(
            "rules:\n  - {name: low, on: pool, when: pool.remainingVolume < 100, for: 2m, then: alert}")
        for _ in 0..<4 {
            bench.seePool(remaining: 50)
            bench.wait(.seconds(60))
        }
        bench.seePool(remaining: 500)
        #expect(bench.reported() == [.rulePending, .ruleFiring, .ruleCleared])
    }

    // MARK: Reloads

    @Test func timersOfUnchangedRulesContinue() throws {
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

    @Test func timersOfChangedRulesRestart() throws {
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

    @Test func aPauseContinuesAcrossAReload() throws {
        var bench = try GuardBench(Self.rule.replacing("for: 5m", with: "for: 0s"))
        bench.see(sent: 100, bounced: 10)
        let intent = try #require(bench.sent().first)
        try bench.reload("stale_after: 20m\n" + Self.rule.replacing("for: 5m", with: "for: 0s"))
        bench.confirmPause(intent)
        #expect(bench.reported().contains(.campaignPaused))
        bench.wait(.seconds(60))
        bench.see(sent: 101, bounced: 10)
        #expect(bench.sent() == [])
    }

    @Test func aCampaignRemovedFromThePolicyIsNotChanged() throws {
        var bench = try GuardBench(Self.rule, campaigns: 2)
        try bench.reload(Self.rule, campaigns: 1)
        for minute in 0..<10 {
            bench.see(2, sent: 100 + minute, bounced: 50)
            bench.wait(.seconds(60))
        }
        #expect(bench.sent() == [])
    }
}

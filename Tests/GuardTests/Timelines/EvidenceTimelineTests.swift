import Guard
import Model
import Policy
import Reporting
import Testing

/// Decisions on sparse, contradictory and late answers.
@Suite struct EvidenceTimelineTests {
    static let camp1 = Target.stats(CampaignID(unchecked: "camp_1"))
    static let minute = Duration.seconds(60)

    // MARK: Sparse answers

    @Test func aBreachFiresOnSparseSamples() throws {
        var bench = try GuardBench(
            "rules:\n  - {name: b, when: bounceRate > 5% and resolved >= 50, for: 2m, then: pause}")
        var kinds: [EventKind] = []
        var firedAfter: Int?
        for minute in 0..<60 where firedAfter == nil {
            // One answer in five is usable.
            if minute % 5 == 4 {
                bench.see(sent: 100 + minute, bounced: 50)
                if !bench.sent().isEmpty { firedAfter = minute }
            } else {
                bench.fail(Self.camp1, Fault(.unreachable, "HTTP 500"))
            }
            kinds += bench.reported()
            bench.wait(Self.minute)
        }
        #expect(firedAfter == 14, "the third usable answer")
        #expect(kinds.count { $0 == .campaignDegraded } == 1)
    }

    @Test func partialFailureIsASeparateState() throws {
        var bench = try GuardBench("rules:\n  - {name: b, when: bounceRate > 50%, then: pause}")
        var kinds: [EventKind] = []
        func poll(_ isUsable: Bool) {
            if isUsable {
                bench.see(sent: 10, bounced: 0)
            } else {
                bench.fail(Self.camp1, Fault(.unexpected, "garbage"))
            }
            kinds += bench.reported().filter { $0 == .campaignDegraded || $0 == .campaignSteady }
            bench.wait(Self.minute)
        }
        // A single outage does not count, however long it is.
        for _ in 0..<30 { poll(true) }
        for _ in 0..<30 { poll(false) }
        for _ in 0..<30 { poll(true) }
        #expect(kinds == [])
        for index in 0..<40 { poll(index % 3 == 0) }
        #expect(kinds == [.campaignDegraded])
        #expect(bench.warden.status(at: bench.now).campaigns[0].unusableShare ?? 0 > 0.5)
        for _ in 0..<20 { poll(true) }
        #expect(kinds == [.campaignDegraded, .campaignSteady])
    }

    @Test func throttlingIsNotPartialFailure() throws {
        var bench = try GuardBench("rules:\n  - {name: b, when: bounceRate > 50%, then: pause}")
        var held = Fault(.throttled, "the platform polled us to wait", retryAfter: .seconds(60))
        held.isHeldBack = true
        for index in 0..<40 {
            if index % 3 == 0 { bench.see(sent: 10, bounced: 0) } else { bench.fail(Self.camp1, held) }
            bench.wait(Self.minute)
        }
        let throttled = bench.events.first { $0.kind == .apiThrottled }
        // The platform did not reject a request for this campaign.
        #expect(throttled?.fields[.campaign] == nil && throttled?.message.contains("camp_1") == false)
        #expect(!bench.reported().contains(.campaignDegraded))
    }

    @Test func aStaleCampaignHasAReason() throws {
        var bench = try GuardBench("rules:\n  - {name: b, when: bounceRate > 50%, then: pause}")
        bench.see(sent: 10, bounced: 0)
        for _ in 0..<8 {
            bench.wait(Self.minute)
            bench.fail(Self.camp1, Fault(.unexpected, "sent 10 is less than delivered 900"))
        }
        let stale = try #require(bench.events.first { $0.kind == .campaignStale })
        #expect(stale.message.contains("no fresh stats for camp_1"))
        #expect(stale.message.contains("sent 10 is less than delivered 900"))
    }

    @Test func anUnusableAnswerNamesItsCampaign() throws {
        var bench = try GuardBench("rules:\n  - {name: b, when: bounceRate > 50%, then: pause}")
        bench.fail(Self.camp1, Fault(.unexpected, "sent 10 is less than delivered 900"))
        let event = try #require(bench.events.last)
        #expect(event.kind == .apiUnexpected)
        #expect(event.message.contains("on stats of camp_1"))
        #expect(event.fields[.campaign] == "camp_1")
    }

    // MARK: Drafts

    static let launch = """
        launches:
          - {campaign: camp_1}
        rules:
          - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}
        """

    @Test(arguments: ["sent", "delivered", "bounced", "replied", "queued"])
    func aMissingCounterDoesNotProveADraft(_ missing: String) throws {
        var bench = try GuardBench(Self.launch)
        func count(_ name: String) -> Int? { name == missing ? nil : 0 }
        for _ in 0..<10 {
            bench.see(
                1,
                CampaignStats(
                    totalEnrolled: 500, sent: count("sent"), delivered: count("delivered"), bounced: count("bounced"),
                    replied: count("replied"), queued: count("queued")))
            bench.seePool(remaining: 600)
            bench.wait(Self.minute)
        }
        #expect(bench.sent() == [])
        bench.answerPolls([1: 500], remaining: 600)
        #expect(bench.sent().map(\.action) == [.start])
    }

    // MARK: Inconsistent pools

    private func pool(_ remaining: Int?, of capacity: Int? = 2000, resetAt: Instant? = nil) -> SenderPool {
        SenderPool(
            id: PoolID(unchecked: "pool_a"), dailyCapacity: capacity, remainingVolume: remaining, resetAt: resetAt)
    }

    private func contradictory(_ kind: String, at now: Instant) -> [SenderPool] {
        switch kind {
        case "listed twice": [pool(0), pool(1500)]
        case "more left than it takes": [pool(2500)]
        case "reset in the past": [pool(1500, resetAt: now - .seconds(3600))]
        default:
            [
                {
                    var two = pool(1500)
                    two.contradiction = "remainingVolume 1500 and remainingToday 0 differ"
                    return two
                }()
            ]
        }
    }

    @Test(arguments: ["listed twice", "more left than it takes", "reset in the past", "two figures"])
    func anInconsistentPoolStartsNothingAndIsReportedOnce(_ kind: String) throws {
        var bench = try GuardBench(Self.launch)
        for _ in 0..<30 {
            bench.seeDraft(enrolled: 500)
            bench.observe(GuardBench.pools, .success(.pools(contradictory(kind, at: bench.now))))
            bench.wait(Self.minute)
        }
        #expect(bench.sent() == [])
        let kinds = bench.reported()
        #expect(kinds.count { $0 == .poolInconsistent } == 1)
        #expect(kinds.allSatisfy { $0 != .poolExhausted && $0 != .poolRenewed && $0 != .poolConsistent })
        for _ in 0..<3 { bench.seePool(remaining: 600) }
        #expect(bench.reported() == [.poolConsistent])
        bench.answerPolls([1: 500], remaining: 600)
        #expect(bench.sent().map(\.action) == [.start])
    }

    @Test func anIntermittentlyInconsistentPoolIsReportedOnce() throws {
        var bench = try GuardBench(Self.launch)
        for _ in 0..<20 {
            bench.observe(GuardBench.pools, .success(.pools([pool(0), pool(1500)])))
            bench.seePool(remaining: 100)
        }
        #expect(bench.reported().count { $0 == .poolInconsistent || $0 == .poolConsistent } == 1)
    }

    @Test func aResetTimeThatJustPassedIsConsistent() throws {
        var bench = try GuardBench(Self.launch)
        bench.seeDraft(enrolled: 500)
        bench.seePool(remaining: 600, resetAt: bench.now - .seconds(60))
        bench.seeDraft(enrolled: 500)
        bench.seePool(remaining: 600, resetAt: bench.now - .seconds(60))
        #expect(bench.sent().map(\.action) == [.start])
    }

    @Test func aPoolListedTwiceWithEqualFiguresIsConsistent() throws {
        var bench = try GuardBench(Self.launch)
        for _ in 0..<2 {
            bench.seeDraft(enrolled: 500)
            bench.observe(GuardBench.pools, .success(.pools([pool(600), pool(600)])))
        }
        #expect(bench.sent().map(\.action) == [.start])
    }

    // MARK: Order of launches

    private func queue() throws -> GuardBench {
        try GuardBench(
            """
            launches:
              - {campaign: camp_1}
              - {campaign: camp_2, priority: 5}
            rules:
              - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}
            """, campaigns: 2)
    }

    @Test func aLaunchWaitsForTheStatsOfEarlierLaunches() throws {
        var bench = try queue()
        bench.seeDraft(1, enrolled: 400)
        bench.seePool(remaining: 600)
        bench.seeDraft(1, enrolled: 400)
        bench.seePool(remaining: 600)
        #expect(bench.sent() == [], "camp_2 goes first, and its numbers are late")
        bench.wait(.milliseconds(800))
        bench.answerPolls([1: 400, 2: 400], remaining: 600)
        #expect(bench.sent().map(\.campaign.text) == ["camp_2"])
    }

    @Test func aLaunchWithoutStatsBlocksForStaleAfterAndIsReported() throws {
        var bench = try queue()
        var startedAfter: Int?
        for minute in 0..<10 {
            bench.fail(.stats(CampaignID(unchecked: "camp_2")), Fault(.unreachable, "HTTP 500"))
            bench.answerPolls([1: 400], remaining: 600)
            if !bench.sent().isEmpty, startedAfter == nil { startedAfter = minute }
            bench.wait(Self.minute)
        }
        #expect(startedAfter == 5)
        #expect(bench.reported().count { $0 == .launchSkipped } == 1)
    }

    @Test func aHeldLaunchBlocksNoOther() throws {
        var bench = try queue()
        for _ in 0..<4 {
            bench.answerPolls([1: 400, 2: 5000], remaining: 600)
            bench.wait(.seconds(1))
        }
        #expect(bench.sent().map(\.campaign.text) == ["camp_1"])
    }

    @Test func aFailedStartBlocksLaterLaunchesForAWhile() throws {
        var bench = try queue()
        for _ in 0..<4 {
            bench.answerPolls([1: 400, 2: 400], remaining: 600)
            bench.wait(.seconds(1))
        }
        let first = try #require(bench.sent().first)
        #expect(first.campaign.text == "camp_2")
        bench.answer(first, .failure(Fault(.throttled, "HTTP 429", retryAfter: .seconds(90))))
        for _ in 0..<8 {
            bench.wait(.seconds(10))
            bench.answerPolls([1: 400, 2: 400], remaining: 600)
        }
        #expect(bench.sent() == [], "its volume would be gone")
        // A reload does not forget a `Retry-After`.
        try bench.reload(
            """
            launches:
              - {campaign: camp_1}
              - {campaign: camp_2, priority: 6}
            rules:
              - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}
            """, campaigns: 2)
        bench.answerPolls([1: 400, 2: 400], remaining: 600)
        #expect(bench.sent() == [])
        bench.wait(.seconds(60))
        bench.answerPolls([1: 400, 2: 400], remaining: 600)
        #expect(bench.sent().map(\.campaign.text) == ["camp_2"])
    }

    @Test func aForcedReleaseWaitsForNoOther() throws {
        var bench = try queue()
        bench.seeDraft(1, enrolled: 400)
        bench.seePool(remaining: 600)
        #expect(try bench.order(.release, 1, force: true).accepted)
        bench.seeDraft(1, enrolled: 400)
        bench.seePool(remaining: 600)
        #expect(bench.sent().map(\.campaign.text) == ["camp_1"])
    }
}

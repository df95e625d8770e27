import Guard
import Model
import Reporting
import Testing

@testable import Policy

/// Adaptive polls between `min` and `max`: urgent campaigns first, and none starved.
@Suite struct PollingTimelineTests {
    static let rules = """
        rules:
          - {name: bounces, when: bounceRate > 5% and resolved >= 100, then: pause}
        """

    private static func poll(_ stats: String = "{min: 5s, max: 5m}", budget: String = "10000/min") -> String {
        "poll: {stats: \(stats), pools: {min: 10s, max: 10m}, budget: \(budget)}\n"
    }

    /// Runs campaigns with the given send rates and bounce rates; returns the number of polls of each and the longest
    /// time between two polls.
    private func live(
        _ bench: inout GuardBench, for duration: Duration, _ campaigns: [(perMinute: Double, bounces: Double)],
        from start: Instant
    ) -> [(polls: Int, longestGap: Duration)] {
        var polls = campaigns.map { _ in 0 }
        var gaps = campaigns.map { _ in Duration.zero }
        var last: [Instant?] = campaigns.map { _ in nil }
        let end = bench.now + duration
        while bench.now < end {
            for target in bench.polled() {
                guard case .stats(let id) = target, let number = Int(id.text.dropFirst(5)) else {
                    bench.seePool(remaining: 1000)
                    continue
                }
                let index = number - 1
                if let before = last[index] { gaps[index] = max(gaps[index], bench.now - before) }
                last[index] = bench.now
                polls[index] += 1
                let sent = 10 + campaigns[index].perMinute * (bench.now - start).seconds / 60
                bench.see(number, sent: Int(sent), bounced: Int(sent * campaigns[index].bounces))
            }
            bench.wait(.seconds(1))
        }
        return zip(polls, gaps).map { (polls: $0, longestGap: $1) }
    }

    @Test func campaignsNearTheLimitArePolledMoreOften() throws {
        var bench = try GuardBench(Self.poll() + Self.rules, campaigns: 3)
        let start = bench.now
        // One campaign is slow and far below the limit, one fast and close to it, one idle.
        let seen = live(&bench, for: .seconds(1800), [(1, 0.01), (60, 0.04), (0, 0)], from: start)
        #expect(seen[1].polls > 4 * seen[0].polls, "\(seen)")
        #expect(seen[2].polls <= seen[0].polls, "\(seen)")
        #expect(seen.allSatisfy { $0.longestGap <= .seconds(305) }, "\(seen)")
    }

    /// A rule on complaints, unsubscribes or deferrals makes polls as dense as one on bounces.
    @Test(arguments: [
        ("complaintRate > 0.3%", "2 % of its emails led to complaints"),
        ("unsubscribeRate > 0.5%", "5 % of its recipients unsubscribed"),
        ("deferralRate > 5%", "50 % of its emails were deferred"),
        ("hardBounceRate > 5%", "25 % of its emails bounced"),
    ])
    func everyHarmMakesPollsDense(_ condition: String, _ assumed: String) throws {
        func polls(_ perMinute: Double) throws -> (count: Int, next: String) {
            // No platform of the program reports all of these counters yet, so a policy's rules cannot read them.
            var policy = try GuardBench.policy(Self.poll() + Self.rules)
            policy.rules[0].condition = try #require(
                UnitChecker.check("\(condition) and sent >= 500", scope: .campaign).condition)
            var bench = GuardBench(policy)
            var count = 0
            let start = bench.now
            while bench.now < start + .seconds(1800) {
                for target in bench.polled() {
                    guard case .stats = target else { continue }
                    count += 1
                    let sent = 300 + Int(perMinute * (bench.now - start).seconds / 60)
                    bench.see(
                        1,
                        CampaignStats(
                            totalEnrolled: 90000, sent: sent, delivered: sent - sent / 50, bounced: sent / 50,
                            queued: 90000 - sent, hardBounced: sent / 50, softBounced: 0, complained: 0,
                            unsubscribed: 0, deferred: 0))
                }
                bench.wait(.seconds(1))
            }
            let next = bench.warden.explanation(of: CampaignID(unchecked: "camp_1"), at: bench.now)?.next ?? []
            return (count, next.joined(separator: "; "))
        }
        let (slow, fast) = (try polls(1), try polls(120))
        #expect(fast.count > 3 * slow.count, "\(slow) \(fast)")
        #expect(fast.next.contains(assumed), "\(fast.next)")
    }

    @Test func noPollIsEarlierThanTheShortestInterval() throws {
        var bench = try GuardBench(Self.poll("{min: 20s, max: 5m}") + Self.rules)
        let start = bench.now
        let seen = live(&bench, for: .seconds(1800), [(600, 0.045)], from: start)
        #expect(seen[0].polls <= 1800 / 20 + 1)
        #expect(seen[0].polls >= 1800 / 20 / 2, "close to the limit and fast, it is polled as often as allowed")
    }

    @Test func theBudgetHoldsAndNoCampaignStarves() throws {
        var bench = try GuardBench(Self.poll("{min: 5s, max: 5m}", budget: "30/min") + Self.rules, campaigns: 60)
        let start = bench.now
        // All but ten are fast and close to the limit: polls every 5 s would be 600 per minute.
        let campaigns = (0..<60).map { $0 % 6 == 0 ? (perMinute: 0.0, bounces: 0.0) : (perMinute: 120, bounces: 0.045) }
        let seen = live(&bench, for: .seconds(3600), campaigns, from: start)
        #expect(seen.reduce(0) { $0 + $1.polls } <= 60 * 30)
        for (index, campaign) in seen.enumerated() {
            #expect(campaign.longestGap <= .seconds(330), "camp_\(index + 1): \(campaign)")
        }
    }

    @Test func inOverloadUrgentCampaignsGetMorePolls() throws {
        var bench = try GuardBench(Self.poll("{min: 5s, max: 10m}", budget: "30/min") + Self.rules, campaigns: 60)
        let start = bench.now
        let campaigns = (0..<60).map { $0 < 20 ? (perMinute: 120.0, bounces: 0.045) : (perMinute: 0.1, bounces: 0.0) }
        let seen = live(&bench, for: .seconds(3600), campaigns, from: start).map(\.polls)
        let danger = seen[..<20].reduce(0, +) * 2
        let calm = seen[20...].reduce(0, +)
        #expect(danger > 4 * calm, "\(danger / 2) polls of 20 urgent campaigns, \(calm) of 40 others")
    }

    @Test func aNewListIsPolledOftenAtFirst() throws {
        var bench = try GuardBench(Self.poll() + Self.rules)
        let start = bench.now
        let early = live(&bench, for: .seconds(600), [(30, 0)], from: start)
        let late = live(&bench, for: .seconds(600), [(30, 0)], from: start)
        #expect(early[0].polls > late[0].polls, "\(early) \(late)")
    }

    @Test func pausedCampaignsArePolledRarely() throws {
        var bench = try GuardBench(Self.poll() + Self.rules)
        bench.see(sent: 10, bounced: 0)
        bench.wait(.seconds(10))
        bench.see(sent: 120, bounced: 20)
        let pause = try #require(bench.intents.last)
        bench.answer(pause, .success(ActionAnswer(status: .paused, pausedAt: bench.now)))
        _ = bench.polled()
        bench.wait(.seconds(280))
        #expect(!bench.polled().contains(PlatformTimelineTests.camp1))
        bench.wait(.seconds(30))
        #expect(bench.polled().contains(PlatformTimelineTests.camp1))
    }

    @Test func aPendingRuleIsPolledWhenItCanFire() throws {
        let rules = """
            rules:
              - {name: bounces, when: bounceRate > 5% and resolved >= 100, for: 45s, then: pause}
            """
        var bench = try GuardBench(Self.poll() + rules)
        bench.see(sent: 10, bounced: 0)
        bench.wait(.seconds(60))
        bench.see(sent: 120, bounced: 20)
        #expect(bench.reported().contains(.rulePending))
        _ = bench.polled()
        bench.wait(.seconds(47))
        #expect(bench.polled().contains(PlatformTimelineTests.camp1))
        bench.see(sent: 150, bounced: 25)
        #expect(bench.intents.count == 1)
    }

    @Test func aReloadNeitherDropsNorRepeatsPolls() throws {
        let policy = Self.poll("{min: 1m, max: 5m}") + Self.rules
        var bench = try GuardBench(policy, campaigns: 20)
        let start = bench.now
        _ = live(&bench, for: .seconds(900), (0..<20).map { _ in (1, 0.0) }, from: start)
        try bench.reload(policy + "\nstale_after: 20m\n", campaigns: 20)
        #expect(bench.polled().count <= 1, "a reload does not poll everything again")
        let seen = live(&bench, for: .seconds(400), (0..<20).map { _ in (1, 0.0) }, from: start)
        #expect(seen.allSatisfy { $0.polls >= 1 }, "\(seen)")
    }

    @Test func aNewCampaignIsPolledAtOnce() throws {
        let policy = Self.poll() + Self.rules
        var bench = try GuardBench(policy, campaigns: 2)
        let start = bench.now
        _ = live(&bench, for: .seconds(60), [(1, 0), (1, 0)], from: start)
        try bench.reload(policy, campaigns: 3)
        bench.wait(.seconds(1))
        #expect(bench.polled().contains(.stats(CampaignID(unchecked: "camp_3"))))
    }

    @Test func explainShowsTheIntervalAndItsReason() throws {
        var bench = try GuardBench(Self.poll() + Self.rules)
        let start = bench.now
        _ = live(&bench, for: .seconds(300), [(60, 0.03)], from: start)
        let explanation = try #require(bench.warden.explanation(of: CampaignID(unchecked: "camp_1"), at: bench.now))
        let next = explanation.next
        #expect(next.contains { $0.hasPrefix("polled every ") && $0.hasSuffix("would breach bounces") }, "\(next)")
    }

    // MARK: Pools

    private func poolPolls(_ bench: inout GuardBench, for duration: Duration, remaining: Int, resetAt: Instant?)
        -> [Instant]
    {
        var polls: [Instant] = []
        let end = bench.now + duration
        while bench.now < end {
            if bench.polled().contains(GuardBench.pools) {
                polls.append(bench.now)
                bench.seePool(remaining: remaining, resetAt: resetAt)
            }
            bench.wait(.seconds(1))
        }
        return polls
    }

    private static let launch = """
        launches: [{campaign: camp_1}]
        rules:
          - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}
        """

    @Test func poolsArePolledWhenTheirVolumeResets() throws {
        var bench = try GuardBench(Self.poll() + Self.rules)
        let resetAt = bench.now + .seconds(400)
        let polls = poolPolls(&bench, for: .seconds(1200), remaining: 10, resetAt: resetAt)
        #expect(polls.contains { $0 >= resetAt && $0 <= resetAt + .seconds(3) }, "\(polls.map { $0 - resetAt })")
        #expect(polls.count <= 4, "\(polls.map { $0 - resetAt })")
    }

    @Test func poolsArePolledOftenWhileALaunchWaitsForAnUnknownReset() throws {
        var bench = try GuardBench(Self.poll() + Self.launch)
        bench.seePool(remaining: 10)
        bench.seeDraft(enrolled: 500)
        let polls = poolPolls(&bench, for: .seconds(300), remaining: 10, resetAt: nil)
        #expect(polls.count >= 20, "\(polls.count)")
    }

    @Test func poolsAndTheCampaignArePolledSoonAfterAStart() throws {
        var bench = try GuardBench(Self.poll() + Self.launch)
        bench.seePool(remaining: 1000)
        bench.seeDraft(enrolled: 500)
        bench.seeDraft(enrolled: 500)
        bench.seePool(remaining: 1000)
        let start = try #require(bench.intents.first)
        bench.answer(start, .success(ActionAnswer(status: .running, startedAt: bench.now)))
        _ = bench.polled()
        bench.wait(.seconds(11))
        let polled = bench.polled()
        #expect(polled.contains(GuardBench.pools))
        #expect(polled.contains(PlatformTimelineTests.camp1))
    }
}

import Guard
import Model
import Policy
import Testing

/// Polls between `min` and `max`: where danger is, and nobody starved.
@Suite struct PollingTimelineTests {
    static let rules = """
        rules:
          - {name: bounces, when: bounceRate > 5% and resolved >= 100, then: pause}
        """

    private static func poll(_ stats: String = "{min: 5s, max: 5m}", budget: String = "10000/min") -> String {
        "poll: {stats: \(stats), pools: {min: 10s, max: 10m}, budget: \(budget)}\n"
    }

    /// Lets campaigns live for a while, each on from 10 mails, sending so many mails a minute of which a share bounces; how often each
    /// was asked for, and the longest time between two looks.
    private func live(
        _ bench: inout GuardBench, for duration: Duration, _ campaigns: [(perMinute: Double, bounces: Double)],
        from start: Instant
    ) -> [(looks: Int, longestGap: Duration)] {
        var looks = campaigns.map { _ in 0 }
        var gaps = campaigns.map { _ in Duration.zero }
        var last: [Instant?] = campaigns.map { _ in nil }
        let end = bench.now + duration
        while bench.now < end {
            for target in bench.asked() {
                guard case .stats(let id) = target, let number = Int(id.text.dropFirst(5)) else {
                    bench.seePool(remaining: 1000)
                    continue
                }
                let place = number - 1
                if let before = last[place] { gaps[place] = max(gaps[place], bench.now - before) }
                last[place] = bench.now
                looks[place] += 1
                let sent = 10 + campaigns[place].perMinute * (bench.now - start).seconds / 60
                bench.see(number, sent: Int(sent), bounced: Int(sent * campaigns[place].bounces))
            }
            bench.wait(.seconds(1))
        }
        return zip(looks, gaps).map { (looks: $0, longestGap: $1) }
    }

    @Test func whatIsNearTheLimitIsLookedAtMoreOften() throws {
        var bench = try GuardBench(Self.poll() + Self.rules, campaigns: 3)
        let start = bench.now
        // One is far below the limit and slow, one close to it and fast, one sends nothing.
        let seen = live(&bench, for: .seconds(1800), [(1, 0.01), (60, 0.04), (0, 0)], from: start)
        #expect(seen[1].looks > 4 * seen[0].looks, "\(seen)")
        #expect(seen[2].looks <= seen[0].looks, "\(seen)")
        #expect(seen.allSatisfy { $0.longestGap <= .seconds(305) }, "\(seen)")
    }

    @Test func noLookComesSoonerThanTheShortestInterval() throws {
        var bench = try GuardBench(Self.poll("{min: 20s, max: 5m}") + Self.rules)
        let start = bench.now
        let seen = live(&bench, for: .seconds(1800), [(600, 0.045)], from: start)
        #expect(seen[0].looks <= 1800 / 20 + 1)
        #expect(seen[0].looks >= 1800 / 20 / 2, "so near and so fast, it is looked at as often as may be")
    }

    @Test func theBudgetHoldsAndNobodyStarvesHoweverManyAreInDanger() throws {
        var bench = try GuardBench(Self.poll("{min: 5s, max: 5m}", budget: "30/min") + Self.rules, campaigns: 60)
        let start = bench.now
        // All but ten are fast and close to the limit: each wants a look in 5 s, which would be 600 a minute.
        let campaigns = (0..<60).map { $0 % 6 == 0 ? (perMinute: 0.0, bounces: 0.0) : (perMinute: 120, bounces: 0.045) }
        let seen = live(&bench, for: .seconds(3600), campaigns, from: start)
        #expect(seen.reduce(0) { $0 + $1.looks } <= 60 * 30)
        for (place, campaign) in seen.enumerated() {
            #expect(campaign.longestGap <= .seconds(330), "camp_\(place + 1): \(campaign)")
        }
    }

    @Test func inOverloadDangerStillGetsMoreThanCalm() throws {
        var bench = try GuardBench(Self.poll("{min: 5s, max: 10m}", budget: "30/min") + Self.rules, campaigns: 60)
        let start = bench.now
        let campaigns = (0..<60).map { $0 < 20 ? (perMinute: 120.0, bounces: 0.045) : (perMinute: 0.1, bounces: 0.0) }
        let seen = live(&bench, for: .seconds(3600), campaigns, from: start).map(\.looks)
        let danger = seen[..<20].reduce(0, +) * 2
        let calm = seen[20...].reduce(0, +)
        #expect(danger > 4 * calm, "\(danger / 2) looks at 20 in danger, \(calm) at 40 that are calm")
    }

    @Test func aFreshListIsWatchedCloselyUntilItHasShownItself() throws {
        var bench = try GuardBench(Self.poll() + Self.rules)
        let start = bench.now
        let early = live(&bench, for: .seconds(600), [(30, 0)], from: start)
        let late = live(&bench, for: .seconds(600), [(30, 0)], from: start)
        #expect(early[0].looks > late[0].looks, "\(early) \(late)")
    }

    @Test func whatIsPausedIsLookedAtRarely() throws {
        var bench = try GuardBench(Self.poll() + Self.rules)
        bench.see(sent: 10, bounced: 0)
        bench.wait(.seconds(10))
        bench.see(sent: 120, bounced: 20)
        let pause = try #require(bench.intents.last)
        bench.answer(pause, .success(ActionAnswer(status: .paused, pausedAt: bench.now)))
        _ = bench.asked()
        bench.wait(.seconds(280))
        #expect(!bench.asked().contains(PlatformTimelineTests.camp1))
        bench.wait(.seconds(30))
        #expect(bench.asked().contains(PlatformTimelineTests.camp1))
    }

    @Test func aRuleThatWaitsToFireIsLookedAtWhenItMay() throws {
        let rules = """
            rules:
              - {name: bounces, when: bounceRate > 5% and resolved >= 100, for: 45s, then: pause}
            """
        var bench = try GuardBench(Self.poll() + rules)
        bench.see(sent: 10, bounced: 0)
        bench.wait(.seconds(60))
        bench.see(sent: 120, bounced: 20)
        #expect(bench.told().contains(.rulePending))
        _ = bench.asked()
        bench.wait(.seconds(47))
        #expect(bench.asked().contains(PlatformTimelineTests.camp1))
        bench.see(sent: 150, bounced: 25)
        #expect(bench.intents.count == 1)
    }

    @Test func aReloadNeitherForgetsNorRepeatsLooks() throws {
        let policy = Self.poll("{min: 1m, max: 5m}") + Self.rules
        var bench = try GuardBench(policy, campaigns: 20)
        let start = bench.now
        _ = live(&bench, for: .seconds(900), (0..<20).map { _ in (1, 0.0) }, from: start)
        try bench.reload(policy + "\nstale_after: 20m\n", campaigns: 20)
        #expect(bench.asked().count <= 1, "a reload is no reason to ask for everything anew")
        let seen = live(&bench, for: .seconds(400), (0..<20).map { _ in (1, 0.0) }, from: start)
        #expect(seen.allSatisfy { $0.looks >= 1 }, "\(seen)")
    }

    @Test func aNewCampaignIsAskedForAtOnce() throws {
        let policy = Self.poll() + Self.rules
        var bench = try GuardBench(policy, campaigns: 2)
        let start = bench.now
        _ = live(&bench, for: .seconds(60), [(1, 0), (1, 0)], from: start)
        try bench.reload(policy, campaigns: 3)
        bench.wait(.seconds(1))
        #expect(bench.asked().contains(.stats(CampaignID(unchecked: "camp_3"))))
    }

    @Test func explainTellsHowOftenItIsLookedAtAndWhy() throws {
        var bench = try GuardBench(Self.poll() + Self.rules)
        let start = bench.now
        _ = live(&bench, for: .seconds(300), [(60, 0.03)], from: start)
        let explanation = try #require(bench.warden.explanation(of: CampaignID(unchecked: "camp_1"), at: bench.now))
        let next = explanation.next
        #expect(next.contains { $0.hasPrefix("looked at every ") && $0.hasSuffix("would breach bounces") }, "\(next)")
    }

    // MARK: Pools

    private func poolLooks(_ bench: inout GuardBench, for duration: Duration, remaining: Int, resetAt: Instant?)
        -> [Instant]
    {
        var looks: [Instant] = []
        let end = bench.now + duration
        while bench.now < end {
            if bench.asked().contains(GuardBench.pools) {
                looks.append(bench.now)
                bench.seePool(remaining: remaining, resetAt: resetAt)
            }
            bench.wait(.seconds(1))
        }
        return looks
    }

    private static let launch = """
        launches: [{campaign: camp_1}]
        rules:
          - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}
        """

    @Test func poolsAreLookedAtWhenTheirVolumeComesBack() throws {
        var bench = try GuardBench(Self.poll() + Self.rules)
        let resetAt = bench.now + .seconds(400)
        let looks = poolLooks(&bench, for: .seconds(1200), remaining: 10, resetAt: resetAt)
        #expect(looks.contains { $0 >= resetAt && $0 <= resetAt + .seconds(3) }, "\(looks.map { $0 - resetAt })")
        #expect(looks.count <= 4, "\(looks.map { $0 - resetAt })")
    }

    @Test func poolsAreLookedAtOftenWhileALaunchWaitsForVolumeOfWhichNobodyKnowsWhenItComes() throws {
        var bench = try GuardBench(Self.poll() + Self.launch)
        bench.seePool(remaining: 10)
        bench.seeDraft(enrolled: 500)
        let looks = poolLooks(&bench, for: .seconds(300), remaining: 10, resetAt: nil)
        #expect(looks.count >= 20, "\(looks.count)")
    }

    @Test func poolsAndTheCampaignAreLookedAtSoonAfterAStart() throws {
        var bench = try GuardBench(Self.poll() + Self.launch)
        bench.seePool(remaining: 1000)
        bench.seeDraft(enrolled: 500)
        bench.seeDraft(enrolled: 500)
        bench.seePool(remaining: 1000)
        let start = try #require(bench.intents.first)
        bench.answer(start, .success(ActionAnswer(status: .running, startedAt: bench.now)))
        _ = bench.asked()
        bench.wait(.seconds(11))
        let asked = bench.asked()
        #expect(asked.contains(GuardBench.pools))
        #expect(asked.contains(PlatformTimelineTests.camp1))
    }
}

import Guard
import Model
import Policy
import TestSupport
import Testing

/// A replay says what the guard itself would have done on the same numbers.
@Suite struct CampaignReplayTests {
    private static let camp = CampaignID(unchecked: "camp_1")
    private static let start = Instant(milliseconds: 1_796_000_000_000)

    private func policy(_ rule: String) throws -> CheckedPolicy {
        try GuardBench.policy("poll: {stats: 1m}\nrules:\n" + rule)
    }

    /// Cumulative counters of a list that bounces more and more rarely, with gaps.
    private func history(_ seed: UInt64, minutes: Int) -> [(at: Instant, stats: CampaignStats)] {
        var generator = SeededGenerator(seed: seed)
        var (sent, bounced) = (0, 0)
        let share = Double.random(in: 0.01...0.12, using: &generator)
        return (0..<minutes).map { minute in
            for _ in 0..<Int.random(in: 0...4, using: &generator) {
                sent += 1
                if Double.random(in: 0..<1, using: &generator) < share { bounced += 1 }
            }
            var stats = CampaignStats(
                totalEnrolled: 5000, sent: sent, delivered: sent - bounced, bounced: bounced, replied: 0,
                queued: 5000 - sent)
            if Int.random(in: 0..<20, using: &generator) == 0 { stats.bounced = nil }
            return (Self.start + .seconds(60 * minute), stats)
        }
    }

    @Test(arguments: 1...60 as ClosedRange<UInt64>)
    func pausesWhenTheGuardDoes(_ seed: UInt64) throws {
        let rules = [
            "  - {name: b, when: bounceRate > 5% and resolved >= 50, then: pause}",
            "  - {name: b, when: bounceRate(2h) > 6% and 'increase(resolved, 2h) >= 40', for: 3m, then: pause}"
                .replacing("and 'increase(resolved, 2h) >= 40'", with: "and resolved >= 40"),
            "  - {name: b, when: \"bounceRate(30m) > 8% and increase(resolved, 30m) >= 30\", for: 3 of 5, then: pause}",
            "  - {name: b, when: \"rate(bounced, 1h) > 6 or bounced > 40\", for: 2m, then: pause}",
        ]
        let policy = try policy(rules[Int(seed) % rules.count])
        let history = history(seed, minutes: 400)
        var warden = Guard(policy: policy, at: Self.start)
        _ = warden.handle(.started, at: Self.start)
        var paused: Instant?
        for sample in history where paused == nil {
            let effects = warden.handle(
                .observed(
                    Observation(
                        target: .stats(Self.camp), requestedAt: sample.at, result: .success(.stats(sample.stats)))),
                at: sample.at)
            if effects.contains(where: { if case .send(let intent) = $0 { intent.action == .pause } else { false } }) {
                paused = sample.at
            }
        }
        var replay = CampaignReplay(policy.campaigns[0], policy: policy)
        for sample in history { replay.observe(sample.stats, at: sample.at) }
        #expect(replay.stops.first?.at == paused)
    }

    @Test func whatWasSentWhilePausedIsSparedAndLeftOut() throws {
        let policy = try policy(
            """
              - name: b
                when: bounceRate > 5% and resolved >= 50
                then: pause
                resume: {after: 1h, probation: {sends: 50, when: bounceRate > 2% and resolved >= 20}, at_most: 2 per 7d}
            """)
        var replay = CampaignReplay(policy.campaigns[0], policy: policy)
        // One mail a minute; every fifth bounces for two hours, none afterwards.
        for minute in 0..<1000 {
            let bounced = min(minute, 120) / 5
            replay.observe(
                CampaignStats(sent: minute, delivered: minute - bounced, bounced: bounced),
                at: Self.start + .seconds(60 * minute))
        }
        let minutes = replay.stops.map { Int(($0.at - Self.start).seconds / 60) }
        // Fifty resolved; an hour's rest; a relapse in its probation after twenty mails more; two hours' rest.
        #expect(minutes == [50, 130])
        #expect(replay.stops.map(\.isRelapse) == [false, true])
        #expect(replay.stops[0].resumedAt == Self.start + .seconds(60 * 110))
        #expect((replay.stops[0].sparedSent, replay.stops[0].sparedBounced) == (60, 12))
        #expect(replay.stops[1].resumedAt == Self.start + .seconds(60 * 250))
        #expect((replay.stops[1].sparedSent, replay.stops[1].sparedBounced) == (120, 0))
        #expect(replay.total == (999, 24))
    }

    @Test func aPauseWithoutAResumeLastsToTheEnd() throws {
        let policy = try policy("  - {name: b, when: bounced > 10, then: pause}")
        var replay = CampaignReplay(policy.campaigns[0], policy: policy)
        for minute in 0..<100 {
            replay.observe(
                CampaignStats(sent: 2 * minute, delivered: minute, bounced: minute),
                at: Self.start + .seconds(60 * minute))
        }
        #expect(replay.stops.count == 1 && replay.stops[0].resumedAt == nil)
        #expect((replay.stops[0].sparedSent, replay.stops[0].sparedBounced) == (176, 88))
        #expect(replay.firings.map(\.count) == [1])
    }
}

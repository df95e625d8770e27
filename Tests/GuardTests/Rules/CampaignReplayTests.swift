import Guard
import Model
import Policy
import Testing

/// What a replay counts, and how it handles recordings that are sparser than the guard's polls.
@Suite struct CampaignReplayTests {
    private static let start = Instant(milliseconds: 1_796_000_000_000)

    private func policy(_ rule: String) throws -> CheckedPolicy {
        try GuardBench.policy("poll: {stats: 1m}\nrules:\n" + rule)
    }

    @Test func emailsSentWhilePausedCountAsAvoided() throws {
        let policy = try policy(
            """
              - name: b
                when: bounceRate > 5% and resolved >= 50
                then: pause
                resume: {after: 1h, probation: {sends: 50, when: bounceRate > 2% and resolved >= 20}, at_most: 2 per 7d}
            """)
        var replay = CampaignReplay(policy.campaigns[0], policy: policy)
        // One email per minute; every fifth bounces for two hours, none afterwards.
        for minute in 0..<1000 {
            let bounced = min(minute, 120) / 5
            replay.observe(
                CampaignStats(sent: minute, delivered: minute - bounced, bounced: bounced),
                at: Self.start + .seconds(60 * minute))
        }
        let minutes = replay.stops.map { Int(($0.at - Self.start).seconds / 60) }
        // Fifty resolved; one hour of cooldown; a relapse after twenty more emails; two hours of cooldown.
        #expect(minutes == [50, 130])
        #expect(replay.stops.map(\.isRelapse) == [false, true])
        #expect(replay.stops[0].resumedAt == Self.start + .seconds(60 * 110))
        #expect((replay.stops[0].avoidedSent, replay.stops[0].avoidedBounced) == (60, 12))
        #expect(replay.stops[1].resumedAt == Self.start + .seconds(60 * 250))
        #expect((replay.stops[1].avoidedSent, replay.stops[1].avoidedBounced) == (120, 0))
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
        #expect((replay.stops[0].avoidedSent, replay.stops[0].avoidedBounced) == (176, 88))
        #expect(replay.firings.map(\.count) == [1])
    }

    /// The minute of the first pause by a rule with `for: 3m`, at a poll interval of one minute.
    private func firstPause(samplesAt minutes: [Int], breachFrom first: Int) throws -> Int? {
        let policy = try policy("  - {name: b, when: bounced > 0, for: 3m, then: pause}")
        var replay = CampaignReplay(policy.campaigns[0], policy: policy)
        for minute in minutes {
            replay.observe(
                CampaignStats(sent: 100, bounced: minute < first ? 0 : 1), at: Self.start + .seconds(60 * minute))
        }
        return replay.stops.first.map { Int(($0.at - Self.start).seconds / 60) }
    }

    @Test func timeBetweenSparseSamplesCounts() throws {
        #expect(try firstPause(samplesAt: [0, 5, 10, 15, 20, 25, 30, 35], breachFrom: 25) == 30)
        // A gap of more than three times the spacing does not count.
        #expect(try firstPause(samplesAt: [0, 5, 10, 15, 20, 25, 41, 46], breachFrom: 25) == 46)
    }

    @Test func anOutageInADenseRecordingDoesNotCount() throws {
        #expect(try firstPause(samplesAt: [0, 1, 2, 3, 8, 13, 18, 19], breachFrom: 8) == 18)
        #expect(try firstPause(samplesAt: [0, 1, 2, 3, 4, 9, 10, 11], breachFrom: 4) == 10)
    }
}

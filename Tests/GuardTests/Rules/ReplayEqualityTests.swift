import Model
import Policy
import Testing

/// A replay makes the guard's decisions on the same samples: every pause, relapse, resume and firing.
@Suite struct ReplayEqualityTests {
    /// Each policy uses a feature in which the guard and the replay could differ.
    private static let rules = [
        // Lifetime counters, a probation, doubling cooldowns, a resume limit.
        """
          - name: life
            when: bounceRate > 5% and resolved >= 50
            then: pause
            resume: {after: 1h, probation: {sends: 50, when: bounceRate > 4% and resolved >= 20}, at_most: 4 per 7d}
        """,
        // Confidence, armed on bounces and resolved emails.
        """
          - name: sure
            when: bounceRate > 4%
            confidence: 0.9
            then: pause
            resume: {after: 30m, probation: {sends: 40, when: bounceRate > 12% and resolved >= 15}}
        """,
        // Confidence on other counters, without a probation.
        """
          - name: replies
            when: replied / sent > 3%
            confidence: 0.95
            then: pause
            resume: {after: 20m}
          - {name: watch, when: bounced / sent > 3%, confidence: 0.9, then: alert}
        """,
        // A change of a rate, alone and with a further part.
        """
          - name: changed
            when: bounceRate > 4%
            confidence: 0.9
            within: 500
            then: pause
            resume: {after: 30m}
          - {name: watch, when: replied / sent > 3% and sent > 50, confidence: 0.8, within: 200, then: alert}
        """,
        // A `for` that counts samples, and one with a duration.
        """
          - name: window
            when: "bounceRate(30m) > 8% and increase(resolved, 30m) >= 30"
            for: 3 of 5
            then: pause
            resume: {after: 20m}
          - {name: lasting, when: bounceRate(1h) > 4%, for: 5m, then: alert}
        """,
        // Several rules pause at once and block each other's resumes.
        """
          - name: first
            when: bounceRate(2h) > 7%
            for: 2m
            then: pause
            resume: {after: 10m, probation: {sends: 30, when: bounceRate > 10% and resolved >= 10}}
          - name: second
            when: "rate(bounced, 1h) > 12"
            for: 2 of 4
            then: pause
            resume: {after: 15m}
          - {name: third, when: "increase(bounced, 30m) > 7", then: pause, resume: {after: 5m}}
        """,
        // A rule without `resume`.
        """
          - {name: for_good, when: "rate(bounced, 1h) > 6 or bounced > 40", for: 2m, then: pause}
          - {name: watch, when: bounceRate(1h) > 5%, for: 2m, then: alert}
        """,
        // A probation over a window, and an exhausted resume limit.
        """
          - name: windowed
            when: bounceRate(2h) > 6% and resolved >= 40
            then: pause
            resume: {after: 30m, probation: {sends: 80, when: "bounceRate(1h) > 5% and increase(resolved, 1h) >= 10"},
              at_most: 2 per 1d}
        """,
        // Conditions that drafts and idle campaigns breach.
        """
          - {name: early, when: totalEnrolled > 100 and sent < 20, then: pause, resume: {after: 30m}}
          - {name: life, when: bounceRate > 6% and resolved >= 30, for: 4m, then: pause, resume: {after: 1h}}
        """,
        // A condition on the queue, which contains the emails not sent.
        """
          - {name: queue, when: queued < 19700, for: 2 of 3, then: pause, resume: {after: 2h}}
        """,
        // A rule in observe mode next to one that pauses.
        """
          - {name: seen, when: bounceRate > 3% and resolved >= 20, mode: observe, then: pause, resume: {after: 1h}}
          - name: sure
            when: bounceRate > 5% and resolved >= 20
            confidence: 0.8
            for: 3m
            then: pause
            resume: {after: 45m, probation: {sends: 100, when: bounceRate > 8% and resolved >= 25}, at_most: 3 per 1d}
        """,
    ]

    private func course(_ seed: UInt64) throws -> (real: ReplayedCourse, replayed: ReplayedCourse) {
        // Half of them last four days, so that some pauses are more than a day after a resume.
        let minutes = seed / UInt64(Self.rules.count) % 2 == 0 ? 1 : 5
        let policy = try GuardBench.policy(
            "poll: {stats: \(minutes)m}\nrules:\n" + Self.rules[Int(seed) % Self.rules.count])
        // A campaign paused before all counters are known has unknown counters.
        let isEarly = Self.rules[Int(seed) % Self.rules.count].contains("early")
        let recording = RandomRecording(
            seed, count: 1200, every: .seconds(60 * minutes), lackingFirst: isEarly || seed % 3 == 0 ? 0 : 20)
        return (ReplayedCourse(guard: policy, recording), ReplayedCourse(replay: policy, recording))
    }

    @Test(arguments: 0..<176 as Range<UInt64>)
    func matchesTheGuard(_ seed: UInt64) throws {
        let (real, replayed) = try course(seed)
        #expect(replayed.actions == real.actions)
        #expect(replayed.firings == real.firings)
    }

    /// The comparison is meaningful only if the recordings exercise every rule.
    @Test func everyRulePausesAndResumes() throws {
        var counts: [ReplayedAction.Kind: [String: Int]] = [:]
        for seed in 0..<88 as Range<UInt64> {
            for action in try course(seed).real.actions {
                counts[action.kind, default: [:]][action.rule, default: 0] += 1
            }
        }
        let resumed = [
            "life", "sure", "replies", "changed", "window", "first", "second", "third", "windowed", "early", "queue",
        ]
        for rule in resumed + ["for_good"] { #expect(counts[.pause]?[rule] ?? 0 > 0, "\(rule) pauses") }
        for rule in resumed { #expect(counts[.resume]?[rule] ?? 0 > 0, "\(rule) resumes") }
        for rule in ["life", "sure", "first", "windowed"] {
            #expect(counts[.relapse]?[rule] ?? 0 > 0, "\(rule) relapses")
        }
    }
}

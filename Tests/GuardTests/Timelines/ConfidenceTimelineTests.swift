import Guard
import Model
import Policy
import TestSupport
import Testing

/// Rules with `confidence`: what they count, from when, and their error rate.
@Suite struct ConfidenceTimelineTests {
    private static let minute = Duration.seconds(60)
    private static let rule = """
        rules:
          - name: bounces
            when: bounceRate > 5%
            confidence: 95%
            then: pause
            resume: {after: 1h}
        """

    @Test func itFiresAtTheLeastSufficientEvidence() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 0, bounced: 0)
        bench.wait(Self.minute)
        bench.see(sent: 10, bounced: 3)
        #expect(bench.sent() == [])
        bench.wait(Self.minute)
        bench.see(sent: 20, bounced: 5)
        #expect(bench.sent().map(\.action) == [.pause])
        let firing = try #require(bench.events.first { $0.kind == .ruleFiring })
        #expect(firing.message.contains("bounceRate 25 % > 5 % (5 of 20 since armed, evidence "))
        #expect(firing.message.contains(" of 20 needed)"))
    }

    @Test func bouncesBeforeItWasArmedDoNotCount() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 500, bounced: 200)
        bench.wait(Self.minute)
        bench.see(sent: 600, bounced: 203)
        #expect(bench.sent() == [])
        bench.wait(Self.minute)
        bench.see(sent: 620, bounced: 218)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func onlyACompleteSampleArmsIt() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(1, CampaignStats(totalEnrolled: 1000, sent: 500, delivered: 300, bounced: nil))
        bench.wait(Self.minute)
        bench.see(sent: 500, bounced: 200)
        bench.wait(Self.minute)
        bench.see(sent: 520, bounced: 201)
        #expect(bench.sent() == [])
    }

    @Test func itsEvidenceSurvivesARestart() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 100, bounced: 50)
        bench.wait(Self.minute)
        bench.see(sent: 110, bounced: 53)
        try bench.restart(Self.rule)
        bench.wait(Self.minute)
        bench.see(sent: 120, bounced: 55)
        #expect(bench.sent().map(\.action) == [.pause], "five of twenty since it was armed")
    }

    @Test func aChangeOfTheRuleRearmsIt() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 100, bounced: 0)
        bench.wait(Self.minute)
        bench.see(sent: 110, bounced: 3)
        try bench.reload(Self.rule.replacing("95%", with: "90%"))
        bench.wait(Self.minute)
        bench.see(sent: 115, bounced: 4)
        bench.wait(Self.minute)
        bench.see(sent: 120, bounced: 5)
        #expect(bench.sent() == [], "one of five since the change")
    }

    @Test func aResumeRearmsIt() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 0, bounced: 0)
        bench.wait(Self.minute)
        bench.see(sent: 20, bounced: 10)
        bench.confirmPause(try #require(bench.sent().first))
        bench.wait(.seconds(3600))
        bench.see(sent: 20, bounced: 10)
        bench.confirmStart(try #require(bench.sent().first))
        bench.wait(Self.minute)
        bench.see(sent: 40, bounced: 11)
        #expect(bench.sent() == [], "one of twenty since the resume")
        bench.wait(Self.minute)
        bench.see(sent: 50, bounced: 18)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func restartedCountersRearmItAtZero() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 500, bounced: 0)
        bench.wait(Self.minute)
        bench.see(sent: 10, bounced: 1)
        bench.wait(Self.minute)
        bench.see(sent: 20, bounced: 5)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    /// With a poll after every email, a list at its limit is paused in at most one of twenty cases.
    @Test func itsErrorRateHoldsForAnyNumberOfPolls() {
        let process = EProcess(limit: 0.05, confidence: 0.95)
        var generator = SeededGenerator(seed: 5)
        let lists = 400
        func stopped(_ rate: Double) -> Int {
            (0..<lists).count { _ in
                var bounced = 0.0
                for sent in 1...1000 {
                    if Double.random(in: 0..<1, using: &generator) < rate { bounced += 1 }
                    if process.rejects(bounced, of: Double(sent)) { return true }
                }
                return false
            }
        }
        let (atTheLimit, bad) = (stopped(0.05), stopped(0.2))
        #expect(atTheLimit <= lists / 20)
        #expect(atTheLimit > 0, "a test that never rejects is no test")
        #expect(bad == lists)
    }

    @Test(arguments: [
        ("when: bounceRate(24h) > 5%", "counts emails since the rule was armed, so its ratio cannot have a window"),
        ("when: sent > 5", "needs a condition that compares a ratio of counters"),
        ("when: bounceRate < 5%", "needs a condition that compares a ratio of counters"),
        ("when: bounced / replied > 5%", "needs a condition that compares a ratio of counters"),
        ("when: bounceRate > 5% and replied / delivered > 2%", "supports one ratio"),
        ("when: bounceRate > 5% or sent > 100", "needs a condition that compares a ratio of counters"),
    ])
    func untestableConditionsAreRefused(_ condition: String, _ message: String) {
        let text = """
            version: 1
            mode: enforce
            workspace: {name: w, provider: leadterra, credential: key}
            campaigns: [{id: a}]
            rules: [{name: r, confidence: 95%, then: pause, \(condition)}]
            """
        let outcome = PolicyLoader.load(SourceFile(name: "p", text: text))
        #expect(
            outcome.diagnostics.contains { $0.severity == .error && $0.message.contains(message) },
            "\(outcome.diagnostics.map(\.message))")
    }

    @Test func wilsonBoundsEvaluateOneSample() throws {
        var bench = try GuardBench(
            "rules: [{name: w, when: \"wilson_lower(bounced, resolved, 95%) > 5%\", then: pause}]")
        bench.see(sent: 29, bounced: 3)
        #expect(bench.sent() == [])
        bench.wait(Self.minute)
        bench.see(sent: 148, bounced: 15)
        #expect(bench.sent().map(\.action) == [.pause])
    }
}

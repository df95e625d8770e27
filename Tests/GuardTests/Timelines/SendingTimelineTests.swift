import Guard
import Model
import Testing

/// Decisions are evaluated again just before they are sent.
@Suite struct SendingTimelineTests {
    static let launch = """
        launches: [{campaign: camp_1}]
        rules: [{name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}]
        """

    private func released(force: Bool = false) throws -> (bench: GuardBench, intent: Intent) {
        var bench = try GuardBench(Self.launch)
        if force { _ = try bench.order(.release, force: true) }
        bench.answerPolls([1: 500], remaining: force ? 100 : 600)
        let intent = try #require(bench.sent().first)
        #expect(bench.warden.stillStands(intent, at: bench.now))
        return (bench, intent)
    }

    @Test func aStartStandsWhileItsRulesPass() throws {
        var (bench, intent) = try released()
        bench.seePool(remaining: 550)
        #expect(bench.warden.stillStands(intent, at: bench.now))
        bench.seePool(remaining: 400)
        #expect(!bench.warden.stillStands(intent, at: bench.now))
    }

    @Test func aStartIsDroppedWithItsStatsItsLaunchOrTheMode() throws {
        var (old, first) = try released()
        old.wait(.seconds(3600))
        #expect(!old.warden.stillStands(first, at: old.now))
        var (begun, second) = try released()
        begun.see(sent: 20, bounced: 0)
        #expect(!begun.warden.stillStands(second, at: begun.now))
        var (edited, third) = try released()
        try edited.reload("mode: observe\n" + Self.launch)
        #expect(!edited.warden.stillStands(third, at: edited.now))
        var (answered, fourth) = try released()
        answered.answer(fourth, .failure(Fault(.unreachable, "not sent", mayHaveTakenEffect: false)))
        #expect(!answered.warden.stillStands(fourth, at: answered.now))
        // The launch is evaluated again and not lost.
        answered.wait(.seconds(600))
        answered.answerPolls([1: 500], remaining: 600)
        #expect(answered.sent().map(\.action) == [.start])
    }

    @Test func aForcedStartOverridesOnlyRules() throws {
        var (bench, intent) = try released(force: true)
        bench.seePool(remaining: 50)
        #expect(bench.warden.stillStands(intent, at: bench.now))
        bench.seeDraft(enrolled: 0)
        #expect(!bench.warden.stillStands(intent, at: bench.now))
    }

    static let resume = """
        rules:
          - {name: bounces, when: bounceRate > 5% and resolved >= 50, then: pause, resume: {after: 1h}}
          - {name: more, when: bounced >= 20, then: pause}
        """

    @Test func aResumeIsDroppedIfAnotherRuleBreaches() throws {
        var bench = try GuardBench(Self.resume)
        bench.see(sent: 100, bounced: 10)
        let pause = try #require(bench.sent().first)
        #expect(bench.warden.stillStands(pause, at: bench.now))
        bench.confirmPause(pause)
        bench.wait(.seconds(3570))
        bench.see(sent: 100, bounced: 10)
        bench.wait(.seconds(60))
        bench.see(sent: 100, bounced: 10)
        let intent = try #require(bench.sent().first)
        #expect(intent.action == .resume && bench.warden.stillStands(intent, at: bench.now))
        bench.reportRecording("full")
        #expect(!bench.warden.stillStands(intent, at: bench.now))
        bench.reportRecording(nil)
        bench.see(sent: 100, bounced: 25)
        #expect(!bench.warden.stillStands(intent, at: bench.now))
    }

    @Test func aPauseAlwaysStands() throws {
        var bench = try GuardBench(Self.resume)
        bench.see(sent: 100, bounced: 10)
        let pause = try #require(bench.sent().first)
        bench.reportRecording("full")
        bench.wait(.seconds(86400))
        #expect(bench.warden.stillStands(pause, at: bench.now))
    }
}

import Guard
import Model
import Policy
import Testing

/// The process stops at a bad moment, and another continues from the stored state.
@Suite struct RestartTimelineTests {
    static let rule = """
        rules:
          - {name: bounces, when: bounceRate > 5% and resolved >= 50, for: 2m, then: pause, resume: {after: 1h}}
        """
    static let launch = """
        launches:
          - {campaign: camp_1}
        rules:
          - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}
        """
    static let minute = Duration.seconds(60)

    private func pausing() throws -> (GuardBench, Intent) {
        var bench = try GuardBench(Self.rule)
        for minute in 0...2 {
            bench.see(sent: 100 + minute, bounced: 10)
            bench.wait(Self.minute)
        }
        let intent = try #require(bench.sent().first)
        return (bench, intent)
    }

    @Test func anUnfinishedPauseIsSentAgain() throws {
        var (bench, first) = try pausing()
        let pausedAt = bench.now
        try bench.restart(Self.rule)
        let again = bench.sent()
        #expect(again.map(\.action) == [.pause])
        #expect(again.first?.decision == first.decision)
        // The first attempt took effect, so the earlier pause time is ours.
        bench.answer(try #require(again.first), .success(ActionAnswer(status: .paused, pausedAt: pausedAt)))
        #expect(bench.reported().last == .campaignPaused)
    }

    @Test func aPersonsPauseBetweenTwoAttemptsIsTheirs() throws {
        var (bench, _) = try pausing()
        try bench.restart(Self.rule, after: .seconds(1800))
        let again = try #require(bench.sent().first)
        // Ten minutes after the first attempt and twenty before the second, so neither paused it.
        bench.answer(again, .success(ActionAnswer(status: .paused, pausedAt: bench.now - .seconds(1200))))
        #expect(bench.reported().last == .campaignAlreadyPaused)
    }

    @Test func evidenceTimeSurvivesARestartButDowntimeDoesNotCount() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 100, bounced: 10)
        try bench.restart(Self.rule, after: .seconds(3600))
        bench.see(sent: 102, bounced: 10)
        #expect(bench.sent() == [])
        bench.wait(Self.minute)
        // Three good samples in a row confirm the breach across the gap.
        bench.see(sent: 103, bounced: 10)
        #expect(bench.sent().map(\.action) == [.pause])
        #expect(!bench.reported().contains(.ruleCleared))
    }

    @Test func aClockSetBackNeitherFiresNorBlocks() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 100, bounced: 10)
        try bench.restart(Self.rule, after: .seconds(-86400))
        bench.see(sent: 101, bounced: 10)
        #expect(bench.sent() == [])
        for minute in 2...4 {
            bench.wait(Self.minute)
            bench.see(sent: 100 + minute, bounced: 10)
        }
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func aPauseIsStillOursAfterARestartAndResumedOnTime() throws {
        var (bench, intent) = try pausing()
        bench.confirmPause(intent)
        try bench.restart(Self.rule, after: .seconds(1800))
        bench.see(sent: 103, bounced: 10)
        #expect(bench.sent() == [])
        bench.wait(.seconds(1790))
        bench.see(sent: 103, bounced: 10)
        #expect(bench.sent() == [])
        bench.wait(.seconds(60))
        bench.see(sent: 103, bounced: 10)
        #expect(bench.sent().map(\.action) == [.resume])
    }

    @Test func overdueActionsRunAtTheStartOnFreshStats() throws {
        var (bench, intent) = try pausing()
        bench.confirmPause(intent)
        try bench.restart(Self.rule, after: .seconds(86400))
        #expect(bench.sent() == [])
        #expect(bench.polled().contains(.stats(CampaignID(unchecked: "camp_1"))))
        bench.see(sent: 103, bounced: 10)
        #expect(bench.sent().map(\.action) == [.resume])
    }

    @Test func anUnfinishedResumeIsEvaluatedAgain() throws {
        var (bench, intent) = try pausing()
        bench.confirmPause(intent)
        bench.wait(.seconds(3660))
        bench.see(sent: 103, bounced: 10)
        #expect(bench.sent().map(\.action) == [.resume])
        try bench.restart(Self.rule)
        #expect(bench.sent() == [])
        bench.see(sent: 103, bounced: 10)
        #expect(bench.sent().map(\.action) == [.resume])
    }

    @Test func anUnfinishedStartIsEvaluatedAgain() throws {
        var bench = try GuardBench(Self.launch)
        bench.answerPolls([1: 500], remaining: 600)
        #expect(bench.sent().map(\.action) == [.start])
        try bench.restart(Self.launch)
        #expect(bench.sent() == [])
        // It took effect: nothing is sent, and it counts as released by us.
        bench.see(1, CampaignStats(totalEnrolled: 500, sent: 2, delivered: 1, bounced: 0, queued: 498))
        bench.seePool(remaining: 598)
        #expect(bench.sent() == [])
        #expect(bench.reported().contains(.launchReleased))
    }

    @Test func anUnfinishedStartThatNoLongerFitsIsHeld() throws {
        var bench = try GuardBench(Self.launch)
        bench.answerPolls([1: 500], remaining: 600)
        #expect(bench.sent().count == 1)
        try bench.restart(Self.launch)
        for _ in 0..<5 {
            bench.answerPolls([1: 500], remaining: 300)
            bench.wait(Self.minute)
        }
        #expect(bench.sent() == [])
    }

    @Test func aReleasedLaunchIsNotStartedAgain() throws {
        var bench = try GuardBench(Self.launch)
        bench.answerPolls([1: 500], remaining: 600)
        bench.confirmStart(try #require(bench.sent().first))
        try bench.restart(Self.launch)
        for _ in 0..<5 {
            bench.answerPolls([1: 500], remaining: 600)
            bench.wait(Self.minute)
        }
        #expect(bench.sent() == [])
    }

    @Test func reservedVolumeStaysReserved() throws {
        let launches = Self.launch.replacing("camp_1}", with: "camp_1}\n  - {campaign: camp_2}")
        var bench = try GuardBench(launches, campaigns: 2)
        bench.answerPolls([1: 400, 2: 400], remaining: 600)
        bench.confirmStart(try #require(bench.sent().first))
        try bench.restart(launches, campaigns: 2)
        for _ in 0..<15 {
            bench.answerPolls([1: 400, 2: 400], remaining: 600)
            bench.wait(Self.minute)
        }
        #expect(bench.sent() == [])
    }

    @Test func aMuteSurvivesARestart() throws {
        var (bench, intent) = try pausing()
        bench.confirmPause(intent)
        bench.wait(.seconds(660))
        bench.see(sent: 105, bounced: 12)
        for _ in 1...8 {
            bench.wait(.seconds(80))
            bench.seePool(remaining: 1000)
            bench.see(sent: 105, bounced: 12)
        }
        bench.wait(Self.minute)
        bench.see(sent: 130, bounced: 14)
        #expect(bench.reported().contains(.campaignOverride))
        try bench.restart(Self.rule)
        for minute in 1...20 {
            bench.see(sent: 130 + minute, bounced: 15)
            bench.wait(Self.minute)
        }
        #expect(bench.sent() == [])
    }

    @Test func windowsSurviveARestart() throws {
        let rule = "rules:\n  - {name: w, when: 'increase(bounced, 24h) >= 30', then: pause}"
        var bench = try GuardBench(rule)
        bench.see(sent: 100, bounced: 0)
        bench.wait(Self.minute)
        bench.see(sent: 200, bounced: 20)
        try bench.restart(rule, after: .seconds(3600))
        bench.see(sent: 250, bounced: 31)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    // MARK: Ledger failures

    @Test func whileTheLedgerFailsOnlyPausesAreSent() throws {
        var bench = try GuardBench(
            Self.launch + "\n  - {name: bounces, when: bounceRate > 5% and resolved >= 50, then: pause}", campaigns: 2)
        bench.reportRecording("no room is left on the disk")
        bench.reportRecording("no room is left on the disk")
        #expect(bench.reported().filter { $0 == .ledgerFailed } == [.ledgerFailed])
        bench.answerPolls([1: 500], remaining: 600)
        bench.see(2, sent: 100, bounced: 10)
        #expect(bench.sent().map(\.action) == [.pause])
        bench.reportRecording(nil)
        #expect(bench.reported().contains(.ledgerRecovered))
        bench.wait(Self.minute)
        bench.answerPolls([1: 500], remaining: 600)
        #expect(bench.sent().map(\.action) == [.start])
    }

    @Test func afterALedgerFailureEverythingIsWrittenAgain() throws {
        var (bench, intent) = try pausing()
        bench.reportRecording("no room is left on the disk")
        bench.reportRecording(nil)
        try bench.restart(Self.rule)
        #expect(bench.sent().map(\.decision) == [intent.decision])
    }
}

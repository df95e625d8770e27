import Guard
import Model
import Policy
import Reporting
import Testing

/// Quiet hours: nothing is started or resumed, and pauses go out.
@Suite struct QuietHoursTimelineTests {
    private static let minute = Duration.seconds(60)
    /// A bench begins on Monday, 2026-11-30, at 00:53:20Z.
    private static let untilThree = "quiet: [{to: \"03:00\", tz: UTC}]\n"
    private static let rules = """
        rules:
          - name: bounces
            when: bounceRate > 5% and resolved >= 50
            then: pause
            resume: {after: 30m}
          - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}

        """
    private static let launch = "launches: [{campaign: camp_1}]\n" + rules
    /// From the beginning of a bench to 02:59.
    private static let toAMinuteBefore = Duration.seconds(2 * 3600 + 5 * 60 + 40)

    private func held(_ more: String = untilThree) throws -> GuardBench {
        var bench = try GuardBench(more + Self.launch)
        bench.answerPolls([1: 500], remaining: 600)
        return bench
    }

    /// Waits and answers what is polled.
    private func wait(_ bench: inout GuardBench, _ duration: Duration, enrolled: Int = 500) {
        let end = bench.now + duration
        while bench.now < end {
            bench.answerPolls([1: enrolled], remaining: 600)
            let rest = end - bench.now
            bench.wait(rest < .seconds(10) ? rest : .seconds(10))
        }
        bench.answerPolls([1: enrolled], remaining: 600)
    }

    private func messages(_ bench: inout GuardBench, _ kind: EventKind) -> [String] {
        bench.reportedEvents().filter { $0.kind == kind }.map(\.message)
    }

    // MARK: Launches

    @Test func aStartWaitsForTheEndAndIsJudgedAgain() throws {
        var bench = try held()
        #expect(
            messages(&bench, .launchHeld)
                == ["held launch of camp_1: quiet hours until 2026-11-30T03:00:00Z"])
        wait(&bench, Self.toAMinuteBefore)
        #expect(bench.sent() == [])
        let reported = bench.reported()
        #expect(!reported.contains(.launchHeld), "reported once")
        wait(&bench, .seconds(80))
        #expect(bench.sent().map(\.action) == [.start])
    }

    @Test func aLaunchThatNoLongerFitsStaysHeldAfterwards() throws {
        var bench = try held()
        wait(&bench, Self.toAMinuteBefore)
        wait(&bench, .seconds(120), enrolled: 700)
        #expect(bench.sent() == [])
        let held = messages(&bench, .launchHeld)
        #expect(held.last?.contains("rule fits") == true)
    }

    @Test func statusAndExplainSayUntilWhen() throws {
        let bench = try held()
        let status = bench.warden.status(at: bench.now)
        #expect(status.workspaces[0].isQuiet == true)
        #expect(status.workspaces[0].quietUntil == Instant(rfc3339: "2026-11-30T03:00:00Z"))
        #expect(status.launches[0].reasons == ["quiet hours until 2026-11-30T03:00:00Z"])
    }

    @Test func observeModeStartsNothingEither() throws {
        var bench = try held("mode: observe\n" + Self.untilThree)
        let early = bench.reported()
        #expect(!early.contains(.launchReleased))
        wait(&bench, Self.toAMinuteBefore + .seconds(120))
        let late = bench.reported()
        #expect(late.contains(.launchReleased))
    }

    @Test func aRestartKeepsTheHold() throws {
        var bench = try held()
        _ = bench.reported()
        try bench.restart(Self.untilThree + Self.launch, after: .seconds(600))
        wait(&bench, Self.toAMinuteBefore - .seconds(660))
        #expect(bench.sent() == [])
        let again = bench.reported()
        #expect(!again.contains(.launchHeld), "it was reported before the restart")
        wait(&bench, .seconds(180))
        #expect(bench.sent().map(\.action) == [.start])
    }

    @Test func aReloadAppliesOtherHoursAtOnce() throws {
        var bench = try held()
        _ = bench.reported()
        try bench.reload("quiet: [{to: \"05:00\", tz: UTC}]\n" + Self.launch)
        bench.answerPolls([1: 500], remaining: 600)
        #expect(
            messages(&bench, .launchHeld) == ["held launch of camp_1: quiet hours until 2026-11-30T05:00:00Z"])
        try bench.reload(Self.launch)
        wait(&bench, .seconds(30))
        #expect(bench.sent().map(\.action) == [.start])
    }

    @Test func aStartThatIsBeingStoredDoesNotLeaveInQuietHours() throws {
        var bench = try GuardBench("quiet: [{from: \"00:54\", to: \"03:00\", tz: UTC}]\n" + Self.launch)
        bench.isStoring = true
        bench.answerPolls([1: 500], remaining: 600)
        let start = try #require(bench.sent().first)
        bench.wait(Self.minute)
        let hasLeft = bench.leave(start)
        #expect(!hasLeft)
        bench.isStoring = false
        wait(&bench, Self.toAMinuteBefore - .seconds(90))
        #expect(bench.sent() == [])
        wait(&bench, .seconds(180))
        #expect(bench.sent().map(\.action) == [.start])
    }

    @Test func theWallClockDecides() throws {
        var bench = try held()
        bench.setClock(ahead: .seconds(3 * 3600))
        wait(&bench, .seconds(30))
        #expect(bench.sent().map(\.action) == [.start])
    }

    /// Clocks in Berlin skip 02:00 to 03:00 on 2027-03-28, and show it twice on 2027-10-31.
    @Test(arguments: [
        ("2026-12-25T00:00:00Z", "2026-12-25T01:00:00Z"), ("2027-03-28T00:30:00Z", "2027-03-28T01:00:00Z"),
        ("2027-10-31T00:30:00Z", "2027-10-31T01:30:00Z"),
    ])
    func aStartFollowsTheClocks(_ from: String, _ end: String) throws {
        let (from, end) = (try #require(Instant(rfc3339: from)), try #require(Instant(rfc3339: end)))
        // 02:30 is skipped in March, and the second 02:30 counts in October.
        let to = end == Instant(rfc3339: "2026-12-25T01:00:00Z") ? "02:00" : "02:30"
        var bench = try GuardBench(
            "quiet: [{from: \"01:00\", to: \"\(to)\", tz: Europe/Berlin}]\n" + Self.launch)
        bench.setClock(ahead: from - bench.now)
        bench.answerPolls([1: 500], remaining: 600)
        wait(&bench, end - from - .seconds(30))
        #expect(bench.sent() == [])
        wait(&bench, .seconds(90))
        #expect(bench.sent().map(\.action) == [.start])
    }

    // MARK: Resumes

    private func breached(_ more: String) throws -> GuardBench {
        var bench = try GuardBench(more + Self.rules)
        bench.see(sent: 100, bounced: 10)
        let pause = try #require(bench.sent().first, "a pause goes out at once")
        #expect(pause.action == .pause)
        bench.confirmPause(pause)
        return bench
    }

    /// Answers the polls of a campaign that stands still.
    private func standStill(_ bench: inout GuardBench, _ duration: Duration) {
        let end = bench.now + duration
        while bench.now < end {
            bench.wait(min(Self.minute, end - bench.now))
            bench.see(sent: 100, bounced: 10)
            bench.seePool(remaining: 1000)
        }
    }

    @Test func aResumeWaitsForTheEndAndForFreshStats() throws {
        var bench = try breached(Self.untilThree)
        _ = bench.reported()
        standStill(&bench, Self.toAMinuteBefore)
        #expect(bench.sent() == [])
        #expect(
            messages(&bench, .campaignResumeFailed)
                == [
                    "camp_1 stays paused after its cooldown: quiet hours until 2026-11-30T03:00:00Z; the resume is "
                        + "tried again later"
                ])
        let explained = bench.warden.explanation(of: CampaignID(unchecked: "camp_1"), at: bench.now)
        #expect(explained?.next.contains { $0.contains("quiet hours until 2026-11-30T03:00:00Z") } == true)
        standStill(&bench, .seconds(180))
        #expect(bench.sent().map(\.action) == [.resume])
    }

    @Test func aResumeAlsoWaitsAfterARestartAndAReload() throws {
        var bench = try breached(Self.untilThree)
        standStill(&bench, .seconds(3600))
        _ = bench.reported()
        try bench.restart(Self.untilThree + Self.rules)
        standStill(&bench, .seconds(1200))
        #expect(bench.sent() == [])
        let reported = bench.reported()
        #expect(!reported.contains(.campaignResumeFailed))
        try bench.reload("quiet: [{to: \"04:00\", tz: UTC}]\n" + Self.rules)
        standStill(&bench, Self.minute)
        #expect(bench.sent() == [])
        let failed = messages(&bench, .campaignResumeFailed)
        #expect(failed.last?.contains("until 2026-11-30T04:00:00Z") == true)
        try bench.reload(Self.rules)
        standStill(&bench, Self.minute)
        #expect(bench.sent().map(\.action) == [.resume])
    }

    // MARK: People

    @Test func aPersonsResumeIsObeyedWithAWarning() throws {
        var bench = try breached(Self.untilThree)
        standStill(&bench, .seconds(3600))
        let reply = try bench.order(.resume)
        #expect(reply.accepted)
        #expect(
            reply.message
                == "resuming camp_1 once fresh stats are in; warning: quiet hours until 2026-11-30T03:00:00Z")
        standStill(&bench, Self.minute)
        #expect(bench.sent().map(\.action) == [.resume])
    }

    @Test func aReleaseNeedsForce() throws {
        var bench = try held()
        let refused = try bench.order(.release)
        #expect(!refused.accepted && refused.canBeForced)
        #expect(refused.message.hasSuffix("it waits: quiet hours until 2026-11-30T03:00:00Z"))
        let forced = try bench.order(.release, force: true)
        #expect(forced.accepted && forced.message.hasSuffix("warning: quiet hours until 2026-11-30T03:00:00Z"))
        bench.answerPolls([1: 500], remaining: 600)
        #expect(bench.sent().map(\.action) == [.start])
    }

    @Test func aPersonsPauseGoesOutAtOnce() throws {
        var bench = try GuardBench(Self.untilThree + Self.rules)
        bench.see(sent: 100, bounced: 0)
        #expect(try bench.order(.pause).accepted)
        #expect(bench.sent().map(\.action) == [.pause])
    }
}

import Guard
import Model
import Policy
import Reporting
import Testing

/// Orders about launches, and mutes.
extension OrderTimelineTests {
    private static let launch = "launches: [{campaign: camp_1}]\n" + rules

    @Test func aHoldHoldsALaunchThatFits() throws {
        var bench = try GuardBench(Self.launch)
        #expect(try bench.order(.hold, reason: "typo in the subject").accepted)
        bench.answerPolls([1: 500], remaining: 600)
        #expect(bench.sent() == [])
        try bench.restart(Self.launch)
        bench.answerPolls([1: 500], remaining: 600)
        bench.wait(.seconds(3600))
        bench.answerPolls([1: 500], remaining: 600)
        #expect(bench.sent() == [], "a hold outlives the process")
        let reply = try bench.order(.release)
        #expect(reply.accepted && reply.message.hasSuffix("its launch rules decide"))
        bench.answerPolls([1: 500], remaining: 600)
        #expect(bench.sent().map(\.action) == [.start])
    }

    @Test func aReleaseNeedsForceIfARuleStillHolds() throws {
        var bench = try GuardBench(Self.launch)
        bench.answerPolls([1: 500], remaining: 100)
        let refused = try bench.order(.release)
        #expect(!refused.accepted && refused.canBeForced)
        #expect(refused.message.contains("rule fits holds it (totalEnrolled 500 > pool.available 100)"))
        #expect(bench.sent() == [])
        let forced = try bench.order(.release, force: true, reason: "the client insists")
        #expect(forced.accepted)
        bench.answerPolls([1: 500], remaining: 100)
        let start = try #require(bench.sent().first)
        bench.confirmStart(start)
        let reported = try #require(bench.events.last)
        #expect(reported.kind == .launchReleased)
        #expect(reported.message.contains("ordered by anna (uid 1000, pid 7), \"the client insists\""))
        #expect(reported.message.contains("although (totalEnrolled > pool.available) holds"))
    }

    @Test func aReleasedLaunchThatARuleHoldsStillWaits() throws {
        var bench = try GuardBench(Self.launch)
        bench.answerPolls([1: 500], remaining: 100)
        _ = try bench.order(.hold)
        let reply = try bench.order(.release)
        #expect(reply.accepted && reply.canBeForced && reply.message.contains("it still waits: rule fits holds it"))
        bench.answerPolls([1: 500], remaining: 100)
        #expect(bench.sent() == [])
    }

    @Test func forceDoesNotStartALaunchWithoutStatsOrLeads() throws {
        var bench = try GuardBench(Self.launch)
        _ = try bench.order(.release, force: true)
        bench.wait(.seconds(120))
        bench.answerPolls([1: 0], remaining: 5000)
        #expect(bench.sent() == [])
    }

    @Test func aHoldSurvivesAChangeOfTheLaunch() throws {
        var bench = try GuardBench(Self.launch)
        _ = try bench.order(.hold)
        try bench.reload("launches: [{campaign: camp_1, priority: 5}]\n" + Self.rules)
        bench.wait(.seconds(600))
        bench.answerPolls([1: 500], remaining: 600)
        #expect(bench.sent() == [])
        try bench.restart("launches: [{campaign: camp_1, priority: 7}]\n" + Self.rules)
        bench.answerPolls([1: 500], remaining: 600)
        #expect(bench.sent() == [])
    }

    @Test func anOrderExpiresAfterAnHour() throws {
        var bench = try paused()
        _ = try bench.order(.pause)
        bench.confirmPause(try #require(bench.sent().first))
        #expect(try bench.order(.resume, force: true).accepted)
        for _ in 0..<70 {
            for target in bench.polled() { bench.fail(target, Fault(.unreachable, "HTTP 503")) }
            bench.wait(Self.minute)
        }
        #expect(bench.events.contains { $0.message.contains("within 1h") })
        fresh(&bench, sent: 100, bounced: 10)
        bench.wait(Self.minute)
        fresh(&bench, sent: 100, bounced: 10)
        #expect(bench.sent() == [])

        var launch = try GuardBench(Self.launch)
        #expect(try launch.order(.release, force: true).accepted)
        for _ in 0..<70 {
            for target in launch.polled() { launch.fail(target, Fault(.unreachable, "HTTP 503")) }
            launch.wait(Self.minute)
        }
        launch.answerPolls([1: 500], remaining: 100)
        launch.wait(Self.minute)
        launch.answerPolls([1: 500], remaining: 100)
        #expect(launch.sent() == [], "its rules decide again")
    }

    @Test func anOrderForAMissingLaunchIsRefused() throws {
        var bench = try GuardBench(Self.rules)
        bench.see(sent: 40, bounced: 0)
        #expect(try bench.order(.hold).message.contains("has no launch of camp_1"))
        #expect(try bench.order(.release).message.contains("has no waiting launch and is not paused"))
    }

    // MARK: Mutes

    @Test func aMuteLastsItsDuration() throws {
        var bench = try GuardBench(Self.rules)
        #expect(try bench.order(.mute, rule: "bounces", for: .seconds(3600)).accepted)
        bench.see(sent: 100, bounced: 10)
        // A good sample in between does not end it.
        bench.wait(Self.minute)
        bench.see(sent: 300, bounced: 10)
        bench.wait(Self.minute)
        bench.see(sent: 400, bounced: 60)
        #expect(bench.sent() == [])
        try bench.restart(Self.rules)
        bench.see(sent: 410, bounced: 70)
        #expect(bench.sent() == [])
        bench.wait(.seconds(3600))
        bench.see(sent: 420, bounced: 80)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func aMuteCanBeEndedAndNamesItsRule() throws {
        var bench = try GuardBench(Self.rules)
        let wrong = try bench.order(.mute, rule: "bounce")
        #expect(!wrong.accepted && wrong.message.contains("did you mean bounces?"))
        #expect(try bench.order(.mute).message.contains("rule bounces is muted on camp_1 until "))
        #expect(try bench.order(.mute, for: .zero).message == "rule bounces is no longer muted on camp_1")
        bench.see(sent: 100, bounced: 10)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func nothingIsStartedByOrderWhileTheLedgerFails() throws {
        var bench = try paused()
        bench.reportRecording("disk full")
        #expect(try !bench.order(.resume, force: true).accepted)
        #expect(bench.sent() == [])
    }
}

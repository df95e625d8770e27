import Guard
import Model
import Reporting
import Testing

/// What a person has stopped, and what changed while a start was being stored, never starts.
@Suite struct HeldLaunchTimelineTests {
    static let rules = "rules: [{name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}]"
    static let launch = "launches: [{campaign: camp_1}]\n" + rules
    static let draft = ActionAnswer(status: .draft)

    private func launch(_ more: String) -> String { "launches: [{campaign: camp_1, \(more)}]\n" + Self.rules }

    /// Polls for some hours; returns the actions sent.
    private func actions(_ bench: inout GuardBench, hours: Int = 3, enrolled: Int = 500) -> [Intent.Action] {
        for _ in 0..<(hours * 60) {
            bench.wait(.seconds(60))
            bench.answerPolls([1: enrolled], remaining: 2000)
        }
        return bench.sent().map(\.action)
    }

    private func answerDraft(_ bench: inout GuardBench) throws {
        let pause = try #require(bench.sent().last)
        #expect(pause.action == .pause)
        bench.answer(pause, .success(Self.draft))
    }

    // MARK: Pauses of drafts

    @Test func aPauseOfADraftHoldsItsLaunch() throws {
        let policy = launch("not_before: \(GuardBench.start(after: .seconds(600)))")
        var bench = try GuardBench(policy)
        bench.answerPolls([1: 500], remaining: 2000)
        let reply = try bench.order(.pause, reason: "do not send this")
        #expect(reply.message.contains("is a draft that has never run"))
        #expect(reply.message.contains("its launch is held until a person releases it"))
        try answerDraft(&bench)
        #expect(actions(&bench) == [])
        #expect(bench.reported().contains(.launchHeld))
        try bench.restart(policy)
        #expect(actions(&bench) == [], "the hold outlives the process")
        #expect(try !bench.order(.resume).accepted, "it never ran")
        #expect(actions(&bench) == [])
        #expect(try bench.order(.release).accepted)
        #expect(actions(&bench) == [.start])
    }

    @Test func aPauseOfADraftHoldsALaunchThatIsAddedLater() throws {
        var bench = try GuardBench(Self.rules)
        bench.answerPolls([1: 500], remaining: 2000)
        let reply = try bench.order(.pause)
        #expect(reply.message.contains("has no waiting launch; if the policy adds one, it is held"))
        try answerDraft(&bench)
        var restarted = bench
        try bench.reload(Self.launch)
        #expect(actions(&bench) == [])
        try restarted.restart(Self.launch)
        #expect(actions(&restarted) == [])
        try bench.reload(Self.rules)
        try bench.reload(launch("priority: 7"))
        #expect(actions(&bench) == [], "a launch that was dropped and added is held")
        #expect(try bench.order(.release).accepted)
        #expect(actions(&bench) == [.start])
    }

    @Test func aHoldIsRetainedIfTheLaunchIsDroppedAndAdded() throws {
        var bench = try GuardBench(Self.launch)
        #expect(try bench.order(.hold).accepted)
        try bench.reload(Self.rules)
        try bench.reload(Self.launch)
        #expect(actions(&bench) == [])
        try bench.reload(Self.rules)
        #expect(try bench.order(.release).accepted, "it also ends without a launch")
        try bench.reload(Self.launch)
        #expect(actions(&bench) == [.start])
    }

    @Test func aPauseBeforeTheFirstAnswerHoldsTheLaunch() throws {
        var bench = try GuardBench(Self.launch)
        #expect(try bench.order(.pause).message.contains("its launch is held"))
        try answerDraft(&bench)
        #expect(actions(&bench) == [])
    }

    @Test func aPauseOfACampaignThatSomeoneElsePausedHoldsItsLaunch() throws {
        var bench = try GuardBench(Self.launch)
        #expect(try bench.order(.pause).accepted)
        let pause = try #require(bench.sent().first)
        bench.answer(pause, .success(ActionAnswer(status: .paused, pausedAt: bench.now - .seconds(9000))))
        #expect(try bench.order(.pause).message.contains("its launch is held"))
        try answerDraft(&bench)
        #expect(actions(&bench) == [])
    }

    @Test func aPauseOfALostStartIsSentAtOnceAndHoldsTheLaunch() throws {
        var bench = try GuardBench(Self.launch)
        bench.answerPolls([1: 500], remaining: 2000)
        bench.answer(try #require(bench.sent().first), .failure(Fault(.unreachable, "timeout")))
        #expect(try bench.order(.pause).accepted)
        try answerDraft(&bench)
        #expect(actions(&bench) == [])
        bench.see(sent: 5, bounced: 0)
        #expect(bench.sent().map(\.action) == [.pause], "the lost start took effect late")
        let kinds = bench.reported()
        #expect(!kinds.contains(.launchUnapproved), "nobody else started it")
    }

    @Test func aReleaseEndsAPauseThatWaitsForALostStart() throws {
        var bench = try GuardBench(Self.launch)
        bench.answerPolls([1: 500], remaining: 2000)
        bench.answer(try #require(bench.sent().first), .failure(Fault(.unreachable, "timeout")))
        #expect(try bench.order(.pause).accepted)
        try answerDraft(&bench)
        #expect(try bench.order(.release).accepted)
        bench.see(sent: 5, bounced: 0)
        #expect(bench.sent() == [])
    }

    // MARK: While a start is stored

    /// A start that has been decided and is still being stored.
    private func storing(_ policy: String) throws -> (bench: GuardBench, start: Intent) {
        var bench = try GuardBench(policy)
        bench.isStoring = true
        bench.answerPolls([1: 500], remaining: 2000)
        let start = try #require(bench.sent().first)
        #expect(start.action == .start)
        return (bench, start)
    }

    @Test func aStartDoesNotLeaveAfterItExpired() throws {
        var (bench, start) = try storing(launch("expires: \(GuardBench.start(after: .seconds(30)))"))
        bench.wait(.seconds(30))
        #expect(bench.leave(start) == false)
        #expect(actions(&bench) == [])
        #expect(bench.reported().contains(.launchExpired))
    }

    @Test func aStartDoesNotBeginAfterItExpiredDuringItsEvaluation() throws {
        var bench = try GuardBench(launch("expires: \(GuardBench.start(after: .seconds(30)))"))
        _ = bench.polled()
        bench.seeDraft(enrolled: 500)
        bench.seePool(remaining: 2000)
        // The fresh stats arrive late.
        bench.wait(.seconds(30))
        bench.answerPolls([1: 500], remaining: 2000)
        #expect(actions(&bench) == [])
        #expect(bench.reported().contains(.launchExpired))
    }

    @Test func aLostStartIsNotSentAgainAfterItExpired() throws {
        var bench = try GuardBench(launch("expires: \(GuardBench.start(after: .seconds(600)))"))
        bench.answerPolls([1: 500], remaining: 2000)
        bench.answer(try #require(bench.sent().first), .failure(Fault(.unreachable, "timeout")))
        bench.wait(.seconds(600))
        #expect(actions(&bench) == [])
    }

    @Test func aStartDoesNotLeaveIfAReloadPutsItOffOrDropsIt() throws {
        for policy in [launch("not_before: \(GuardBench.start(after: .seconds(7200)))"), Self.rules] {
            var (bench, start) = try storing(Self.launch)
            try bench.reload(policy)
            #expect(bench.leave(start) == false)
            bench.isStoring = false
            bench.answerPolls([1: 500], remaining: 2000)
            #expect(actions(&bench, hours: 1) == [])
            #expect(bench.warden.campaigns[0].state == .draft)
            try bench.reload(Self.launch)
            #expect(actions(&bench) == [.start])
        }
    }

    @Test func aStartContinuesIfItsLaunchReturns() throws {
        var (bench, start) = try storing(Self.launch)
        try bench.reload(Self.rules)
        try bench.reload(Self.launch)
        bench.answerPolls([1: 500], remaining: 2000)
        #expect(bench.sent() == [], "its start is still being stored")
        #expect(bench.leave(start) == true)
        bench.confirmStart(start)
        #expect(bench.warden.launches.all[0].phase == .released)
    }

    @Test func aStartThatLeftIsSettledAfterItsLaunchWasDropped() throws {
        var bench = try GuardBench(Self.launch)
        bench.answerPolls([1: 500], remaining: 2000)
        let start = try #require(bench.sent().first)
        try bench.reload(Self.rules)
        bench.confirmStart(start)
        #expect(bench.warden.campaigns[0].state == .running)
        #expect(bench.reported().contains(.launchReleased))
    }

    @Test func aLaunchFurtherAheadComesDueWhileAStartIsStored() throws {
        func policy(_ more: String) -> String { "launches: [{campaign: camp_1}\(more)]\n" + Self.rules }
        var bench = try GuardBench(policy(""), campaigns: 2)
        bench.isStoring = true
        bench.answerPolls([1: 500, 2: 600], remaining: 1000)
        let start = try #require(bench.sent().first)
        try bench.reload(policy(", {campaign: camp_2, priority: 1}"), campaigns: 2)
        #expect(bench.leave(start) == false, "the pool has no room for both")
    }

    @Test func aHoldIsAcceptedUntilTheStartHasLeft() throws {
        var (bench, start) = try storing(Self.launch)
        var left = bench
        #expect(left.leave(start) == true)
        #expect(try left.order(.hold).message.contains("was already sent"))
        #expect(try bench.order(.hold, reason: "typo").accepted)
        #expect(bench.leave(start) == false)
        let kinds = bench.reported()
        #expect(!kinds.contains(.launchFailed), "the start did not fail")
        #expect(actions(&bench) == [])
        try bench.restart(Self.launch)
        #expect(actions(&bench) == [])
    }

    @Test func aPauseWithdrawsAStartThatHasNotLeft() throws {
        var (bench, start) = try storing(Self.launch)
        #expect(try bench.order(.pause).message.contains("is a draft that has never run"))
        #expect(bench.leave(start) == false)
        try answerDraft(&bench)
        #expect(actions(&bench) == [])
    }

    @Test func aPauseWithdrawsTheStartOfALaunchThatAReloadDropped() throws {
        var (bench, start) = try storing(Self.launch)
        try bench.reload(Self.rules)
        #expect(try bench.order(.pause).accepted)
        #expect(bench.leave(start) == false)
        try answerDraft(&bench)
        try bench.reload(Self.launch)
        #expect(actions(&bench) == [])
        bench.isStoring = false
        #expect(try bench.order(.release).accepted)
        #expect(actions(&bench) == [.start])
    }

    @Test func aPauseAfterTheStartLeftFollowsItsAnswer() throws {
        var (bench, start) = try storing(Self.launch)
        #expect(bench.leave(start) == true)
        #expect(try bench.order(.pause).message.contains("once the platform responds to the request in flight"))
        #expect(bench.sent() == [], "two requests at once could overtake each other")
        bench.confirmStart(start)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    // MARK: Resumes

    static let resume = """
        rules:
          - {name: bounces, when: bounceRate > 5% and resolved >= 50, then: pause, resume: {after: 1h}}
        """

    /// A resume that has been decided and is still being stored.
    private func storingResume() throws -> (bench: GuardBench, resume: Intent) {
        var bench = try GuardBench(Self.resume)
        bench.see(sent: 100, bounced: 10)
        bench.confirmPause(try #require(bench.sent().first))
        bench.isStoring = true
        bench.wait(.seconds(3600))
        bench.see(sent: 100, bounced: 10)
        let resume = try #require(bench.sent().first)
        #expect(resume.action == .resume)
        return (bench, resume)
    }

    @Test func aPauseWithdrawsAResumeThatHasNotLeft() throws {
        var (bench, resume) = try storingResume()
        #expect(try bench.order(.pause).message.contains("is not resumed"))
        #expect(bench.sent().map(\.action) == [.pause])
        #expect(bench.leave(resume) == false)
    }

    @Test func aResumeDoesNotLeaveIfNoRuleResumesOrItsStatsAreOld() throws {
        var (bench, resume) = try storingResume()
        var old = bench
        old.wait(.seconds(3600))
        #expect(old.leave(resume) == false)
        try bench.reload("rules: [{name: bounces, when: bounceRate > 5% and resolved >= 50, then: pause}]")
        #expect(bench.leave(resume) == false)
        bench.isStoring = false
        for _ in 0..<60 {
            bench.wait(.seconds(60))
            bench.see(sent: 100, bounced: 10)
        }
        #expect(bench.sent() == [])
    }

    @Test func aResumeThatWaitsIsCountedAndShownAsPaused() throws {
        var (bench, resume) = try storingResume()
        #expect(bench.warden.campaigns[0].state == .resuming && bench.warden.summary.contains("1 resuming"))
        bench.isStoring = false
        bench.answer(resume, .failure(Fault(.refused, "HTTP 409")))
        #expect(bench.warden.campaigns[0].state == .paused && bench.warden.summary.contains("1 paused"))
    }

    // MARK: Pauses of paused campaigns

    @Test func aPauseOfACampaignThatSomeoneRestartedIsSent() throws {
        var bench = try GuardBench(Self.resume)
        bench.see(sent: 100, bounced: 10)
        bench.confirmPause(try #require(bench.sent().first))
        bench.wait(.seconds(30))
        // Somebody restarted it on the platform, which the counters do not prove yet.
        #expect(try bench.order(.pause, reason: "stop").accepted)
        let pause = try #require(bench.sent().first)
        bench.confirmPause(pause)
        #expect(bench.events.last?.message.contains("paused camp_1: ordered by anna") == true)
        for _ in 0..<300 {
            bench.wait(.seconds(60))
            bench.see(sent: 120, bounced: 12)
        }
        #expect(bench.sent() == [], "no cooldown ends it")
    }

    @Test func ourOwnLateResumeIsPausedAgainAsOrdered() throws {
        var (bench, resume) = try storingResume()
        #expect(bench.leave(resume) == true)
        bench.isStoring = false
        bench.answer(resume, .failure(Fault(.unreachable, "timeout")))
        let pausedAt = bench.now - .seconds(3600)
        #expect(try bench.order(.pause).accepted)
        let pause = try #require(bench.sent().first)
        bench.answer(pause, .success(ActionAnswer(status: .paused, pausedAt: pausedAt)))
        var kinds = bench.reported()
        #expect(kinds.contains(.campaignAlreadyPaused))
        // The resume arrives after the pause.
        for minute in 1...30 {
            bench.wait(.seconds(60))
            bench.see(sent: 100 + minute * 20, bounced: 10)
        }
        #expect(bench.sent().contains { $0.action == .pause })
        kinds = bench.reported()
        #expect(!kinds.contains(.campaignOverride), "nobody else restarted it")
    }

    // MARK: Failed starts

    @Test func aFailedStartIsRetriedLessAndLessOftenAndReportedAtDoublingIntervals() throws {
        var bench = try GuardBench(Self.launch)
        var starts: [Instant] = []
        for _ in 0..<(6 * 60) {
            bench.answerPolls([1: 500], remaining: 2000)
            for intent in bench.sent() {
                starts.append(bench.now)
                bench.answer(intent, .success(ActionAnswer(status: .paused)))
            }
            bench.wait(.seconds(60))
        }
        #expect((20...40).contains(starts.count), "\(starts.count) in six hours")
        #expect(bench.reported().filter { $0 == .launchFailed }.count <= 7)
        let gaps = zip(starts, starts.dropFirst()).map { $1 - $0 }
        #expect(gaps.max() ?? .zero <= .seconds(960))
    }
}

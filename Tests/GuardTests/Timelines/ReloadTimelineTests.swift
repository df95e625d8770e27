import Guard
import Model
import Policy
import Reporting
import Testing

/// A reload drops launches and campaigns, and another one brings them back.
@Suite struct ReloadTimelineTests: ReloadBench {
    static let launch = "launches: [{campaign: camp_2}]\n" + rules

    private func launched() throws -> (GuardBench, Intent) {
        var bench = try GuardBench(Self.launch, campaigns: 2)
        bench.wait(.seconds(10))
        bench.answerPolls([2: 500], remaining: 600)
        let intent = try #require(bench.sent().first)
        _ = bench.reported()
        return (bench, intent)
    }

    /// The campaign runs and is paused at its next breach.
    private func isGuarded(_ bench: GuardBench) -> Bool {
        var bench = bench
        for count in 1...3 {
            bench.wait(Self.minute)
            bench.see(2, sent: 100 * count, bounced: 40 * count)
        }
        return bench.sent().map(\.action) == [.pause]
    }

    // MARK: Starts

    @Test func aStartWithoutItsLaunchIsConfirmed() throws {
        var (bench, intent) = try launched()
        try bench.reload(Self.rules, campaigns: 2)
        bench.confirmStart(intent)
        #expect(bench.reported() == [.launchReleased])
        #expect(phase(bench) == .running && isGuarded(bench))
        try bench.reload(Self.launch, campaigns: 2)
        bench.answerPolls([2: 500], remaining: 600)
        #expect(bench.sent() == [] && bench.reported() == [], "it was released")
    }

    @Test(arguments: [notSent, Fault(.refused, "HTTP 422"), Fault(.missing, "HTTP 404"), Fault(.throttled, "HTTP 429")])
    func aFailedStartWithoutItsLaunchLeavesADraft(_ fault: Fault) throws {
        var (bench, intent) = try launched()
        try bench.reload(Self.rules, campaigns: 2)
        #expect(!bench.warden.stillStands(intent, at: bench.now))
        bench.answer(intent, .failure(fault))
        let message = try #require(bench.events.first?.message)
        #expect(message.hasSuffix("it is not tried again, because the policy no longer names its launch"))
        #expect(bench.reported() == [.launchFailed] && phase(bench) == .draft)
        #expect(isGuarded(bench), "someone starts it")
        #expect(bench.sent() == [])
    }

    @Test func aPauseOrderedMeanwhileLeavesOnceTheStartIsSettled() throws {
        var (bench, intent) = try launched()
        try bench.reload(Self.rules, campaigns: 2)
        _ = try bench.order(.pause, 2)
        #expect(bench.sent() == [])
        bench.confirmStart(intent)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func aLostStartWithoutItsLaunchIsFoundInTheCounters() throws {
        var (bench, intent) = try launched()
        try bench.reload(Self.rules, campaigns: 2)
        bench.answer(intent, .failure(Self.lost))
        _ = bench.reported()
        bench.see(2, sent: 10, bounced: 0)
        #expect(bench.reported() == [.launchReleased] && phase(bench) == .running)
        #expect(isGuarded(bench))
    }

    @Test func aLostStartIsFoundAfterARestartWithoutItsLaunch() throws {
        var (bench, _) = try launched()
        try bench.restart(Self.rules, campaigns: 2)
        bench.see(2, sent: 10, bounced: 0)
        #expect(bench.reported().contains(.launchReleased) && phase(bench) == .running)
    }

    @Test func aLaunchThatReturnsKeepsItsStart() throws {
        for isAnsweredMeanwhile in [true, false] {
            var (bench, intent) = try launched()
            try bench.reload(Self.rules, campaigns: 1)
            if isAnsweredMeanwhile { bench.confirmStart(intent) }
            try bench.reload(Self.launch, campaigns: 2)
            if !isAnsweredMeanwhile {
                #expect(bench.warden.launches.all.map(\.phase) == [.starting])
                bench.confirmStart(intent)
            }
            #expect(bench.reported().filter { $0 == .launchReleased }.count == 1)
            #expect(bench.warden.launches.all.map(\.phase) == [.released] && phase(bench) == .running)
            bench.answerPolls([:], remaining: 600)
            #expect(bench.sent() == [] && isGuarded(bench))
        }
    }

    @Test func aLaunchThatReturnsIsStartedAgainIfItsStartWasNotSent() throws {
        var (bench, intent) = try launched()
        try bench.reload(Self.rules, campaigns: 1)
        bench.answer(intent, .failure(Self.notSent))
        try bench.reload(Self.launch, campaigns: 2)
        bench.wait(.seconds(600))
        bench.answerPolls([2: 500], remaining: 600)
        #expect(bench.sent().map(\.action) == [.start])
    }

    @Test func anEvaluationThatWasInterruptedBeginsAgain() throws {
        var bench = try GuardBench(Self.launch, campaigns: 2)
        bench.seePool(remaining: 600)
        bench.seeDraft(2, enrolled: 500)
        #expect(bench.warden.launches.all.map(\.state) == [.evaluating])
        try bench.reload(Self.rules, campaigns: 2)
        bench.answerPolls([2: 500], remaining: 600)
        try bench.reload(Self.launch, campaigns: 2)
        bench.answerPolls([2: 500], remaining: 600)
        #expect(bench.sent().map(\.action) == [.start])
    }

    // MARK: Holds

    @Test(arguments: ["launch", "campaign", "launch, restart", "campaign, restart"])
    func aPersonsHoldOutlastsTheAbsenceOfItsLaunch(_ absence: String) throws {
        var bench = try GuardBench(Self.launch, campaigns: 2)
        #expect(try bench.order(.hold, 2, reason: "typo").accepted)
        let campaigns = absence.hasPrefix("campaign") ? 1 : 2
        if absence.hasSuffix("restart") {
            try bench.restart(Self.rules, campaigns: campaigns)
        } else {
            try bench.reload(Self.rules, campaigns: campaigns)
        }
        try bench.reload(Self.launch, campaigns: 2)
        bench.answerPolls([2: 500], remaining: 600)
        bench.wait(.seconds(600))
        bench.answerPolls([2: 500], remaining: 600)
        #expect(bench.sent() == [] && bench.warden.launches.all.map(\.state) == [.held])
        #expect(try bench.order(.release, 2).accepted)
        bench.answerPolls([2: 500], remaining: 600)
        #expect(bench.sent().map(\.action) == [.start])
    }

    @Test func anEditedLaunchStaysHeldByItsPerson() throws {
        for isRestart in [true, false] {
            var bench = try GuardBench(Self.launch, campaigns: 2)
            _ = try bench.order(.hold, 2, reason: "typo")
            let since = bench.now
            let edited = Self.launch.replacing("camp_2}]", with: "camp_2, priority: 4}]")
            if isRestart {
                try bench.restart(edited, campaigns: 2)
            } else {
                try bench.reload(edited, campaigns: 2)
            }
            let launch = try #require(bench.warden.launches.all.first)
            #expect(launch.reasons == [.person("anna (uid 1000, pid 7)")] && launch.heldSince == since)
        }
    }

    // MARK: Pauses

    @Test func aPauseStaysOursWhileItsCampaignIsAway() throws {
        var (bench, intent) = try paused()
        bench.confirmPause(intent)
        try bench.reload(Self.rules, campaigns: 1)
        bench.wait(.seconds(1800))
        try bench.reload(Self.rules, campaigns: 2)
        bench.see(2, sent: 103, bounced: 10)
        #expect(bench.sent() == [], "it is paused already")
        bench.wait(.seconds(1860))
        bench.seePool(remaining: 1000)
        bench.see(2, sent: 103, bounced: 10)
        #expect(bench.sent().map(\.action) == [.resume])
    }

    @Test func aPauseThatArrivesWhileItsCampaignIsAwayIsReported() throws {
        var (bench, intent) = try paused()
        try bench.reload(Self.rules, campaigns: 1)
        bench.confirmPause(intent)
        #expect(bench.reported() == [.watchChanged, .ruleCleared, .campaignPaused])
        try bench.restart(Self.rules, campaigns: 2)
        bench.see(2, sent: 103, bounced: 10)
        #expect(bench.sent() == [])
        bench.wait(.seconds(3600))
        bench.seePool(remaining: 1000)
        bench.see(2, sent: 103, bounced: 10)
        #expect(bench.sent().map(\.action) == [.resume])
    }

    @Test func aFailedPauseIsSentAgainOnceItsCampaignReturns() throws {
        var (bench, intent) = try paused()
        let pausedAt = bench.now
        try bench.reload(Self.rules, campaigns: 1)
        bench.answer(intent, .failure(Self.lost))
        #expect(bench.events.last?.message.hasSuffix("giving up") == true)
        bench.wait(.seconds(1800))
        #expect(bench.sent() == [])
        try bench.reload(Self.rules, campaigns: 2)
        let again = try #require(bench.sent().first)
        #expect(again.action == .pause && again.decision.id == intent.decision.id)
        bench.answer(again, .success(ActionAnswer(status: .paused, pausedAt: pausedAt)))
        #expect(bench.reported().last == .campaignPaused)
    }
}

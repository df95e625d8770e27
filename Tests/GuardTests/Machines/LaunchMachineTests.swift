import Foundation
import Model
import Policy
import Testing

@testable import Guard

/// One launch, from waiting to closed.
@Suite struct LaunchMachineTests {
    static let campaign = CampaignID(unchecked: "camp_1")
    static let start = Instant(milliseconds: 1_796_000_000_000)
    static let staleAfter = Duration.seconds(300)

    private func at(_ seconds: Int) -> Instant { Self.start + .seconds(seconds) }

    private func launch(_ entry: LaunchEntry = LaunchEntry(campaign: campaign)) -> LaunchMachine {
        LaunchMachine(entry, position: 0)
    }

    private func order(force: Bool = false) -> Order { Order(.release, Self.campaign, isForced: force, by: "anna") }

    /// Holds the launch for these reasons; returns the reports.
    private func hold(_ launch: inout LaunchMachine, _ reasons: [HoldReason], at seconds: Int) -> [String] {
        launch.hold(LaunchHold(reasons), staleAfter: Self.staleAfter, at: at(seconds)).map { Transcript.word($0) }
    }

    // MARK: Phases

    /// Every phase, with its properties.
    @Test func everyPhaseIsReached() {
        var launch = launch()
        func expect(_ state: LaunchState, isOpen: Bool, isBusy: Bool, settled: (Bool, Bool)) {
            #expect(launch.state == state && launch.isOpen == isOpen && launch.isBusy == isBusy, "\(state)")
            #expect(launch.isSettled(mayRun: false) == settled.0 && launch.isSettled(mayRun: true) == settled.1)
        }
        expect(.waiting, isOpen: true, isBusy: false, settled: (false, false))
        _ = hold(&launch, [.noStats], at: 0)
        expect(.held, isOpen: true, isBusy: false, settled: (false, true))
        _ = hold(&launch, [.startFailed], at: 0)
        expect(.held, isOpen: true, isBusy: false, settled: (false, true))
        _ = hold(&launch, [.rule("fits"), .noStats], at: 0)
        expect(.held, isOpen: true, isBusy: false, settled: (true, true))
        #expect(launch.reasons == [.rule("fits"), .noStats] && launch.heldSince == at(0))
        launch.waitUntil(at(60))
        launch.beginEvaluation(at: at(1))
        expect(.evaluating, isOpen: true, isBusy: true, settled: (false, false))
        #expect(launch.retryAt == nil && launch.reasons == [])
        launch.stepBack()
        expect(.waiting, isOpen: true, isBusy: false, settled: (false, false))
        launch.beginEvaluation(at: at(2))
        launch.beginStart()
        expect(.starting, isOpen: true, isBusy: true, settled: (false, false))
        let isDue = launch.startFailed("HTTP 500", waitMin: .seconds(60), random: 1, at: at(0))
        #expect(isDue)
        #expect(launch.reasons == [.startFailed] && launch.retryAt == at(60))
        launch.beginStart()
        launch.release()
        expect(.released, isOpen: false, isBusy: false, settled: (true, true))
        #expect(!launch.wasDryRun)
        launch.close()
        expect(.closed, isOpen: false, isBusy: false, settled: (true, true))
        launch.release(isDryRun: true)
        #expect(launch.wasDryRun)
    }

    @Test func aRestartedLaunchKeepsOnlyTheRetryTimeAndTheHold() {
        var launch = launch()
        _ = hold(&launch, [.rule("fits")], at: 0)
        launch.waitUntil(at(60))
        launch.force(by: order(force: true), until: at(3600))
        launch.waitUntil(at(60))
        launch.hold(by: order())
        let again = launch.restarted(LaunchEntry(campaign: Self.campaign, priority: 3), position: 7, mayRun: false)
        #expect(again.reasons == [.person("anna")] && again.position == 7 && again.entry.priority == 3)
        #expect(again.retryAt == at(60) && again.heldBy?.by == "anna" && again.forcer(at: at(0)) == nil)
        let renamed = launch.renamed(LaunchEntry(campaign: Self.campaign, priority: 3))
        #expect(renamed.phase == launch.phase && renamed.entry.priority == 3 && renamed.position == 0)
    }

    // MARK: Reports

    @Test func aHoldIsReportedWhenItsKnownReasonsChange() {
        var launch = launch()
        #expect(hold(&launch, [.rule("a")], at: 0).count == 1)
        #expect(hold(&launch, [.rule("a")], at: 10).isEmpty, "the same")
        #expect(hold(&launch, [.rule("a"), .noStats], at: 20).isEmpty, "a gap in the data is no news yet")
        #expect(hold(&launch, [.rule("a"), .noStats], at: 319).isEmpty)
        #expect(hold(&launch, [.rule("a"), .noStats], at: 320).count == 1, "it has lasted for stale_after")
        #expect(hold(&launch, [.rule("a"), .noStats], at: 330).isEmpty)
        #expect(hold(&launch, [.rule("b"), .noStats], at: 340).count == 1, "another rule")
        #expect(hold(&launch, [.noStats], at: 350).count == 1, "the gap has lasted")
        #expect(hold(&launch, [.rule("a")], at: 360).count == 1)
        #expect(hold(&launch, [.noStats], at: 370).isEmpty, "the gap begins again")
        #expect(hold(&launch, [.noStats], at: 669).isEmpty)
        #expect(hold(&launch, [.noStats], at: 670).count == 1)
        launch.liftHold()
        #expect(hold(&launch, [.noStats], at: 671).count == 1, "after a person's hold it is reported again")
        #expect(launch.heldSince == at(0))
    }

    @Test func theEndOfAReportedGapIsReported() {
        var launch = launch()
        _ = hold(&launch, [.rule("a"), .noStats], at: 0)
        #expect(hold(&launch, [.rule("a")], at: 10).count == 1)
    }

    @Test func aLaunchThatCanNeverFitIsReportedOncePerSize() throws {
        let rule = "  - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}\n"
        let policy = try GuardBench.policy("rules:\n" + rule)
        let pool = SenderPool(id: PoolID(unchecked: "pool_a"), dailyCapacity: 500, remainingVolume: 500)
        var launch = launch()
        func words(_ enrolled: Int) -> [String] {
            var hold = LaunchHold([.rule("fits")], rule: policy.rules[0])
            hold.enrolled = enrolled
            hold.pool = PoolReading(pool: pool, reserved: 0, wallTime: at(0))
            return launch.hold(hold, staleAfter: Self.staleAfter, at: at(0)).map { Transcript.word($0) }
        }
        #expect(words(500).last == "held: [Guard.HoldReason.rule(\"fits\")]")
        #expect(words(501) == ["cannot fit 501 in 500"])
        #expect(words(501) == [])
        #expect(words(502) == ["cannot fit 502 in 500"])
    }

    @Test func anAlertingRuleReportsOnlyTransitions() throws {
        let rule = try GuardBench.policy("rules:\n  - {name: big, on: launch, when: totalEnrolled > 9, then: alert}\n")
            .rules[0]
        var launch = launch()
        let changes = [Truth.no, .yes, .yes, .unknown, .no, .no, .yes].map { launch.note($0, of: rule) }
        #expect(changes == [nil, .firing, nil, nil, .cleared, nil, .firing])
    }

    @Test func laterLaunchesWaitUntilTheDataIsStale() {
        var launch = launch()
        func settling(_ seconds: Int, mayRun: Bool = false, isLast: Bool = false) -> (isAwaited: Bool, skipped: Int?) {
            let result = launch.noteSettling(
                mayRun: mayRun, isLast: isLast, staleAfter: Self.staleAfter, at: at(seconds))
            return (result.isAwaited, result.skippedAfter.map { Int($0.seconds) })
        }
        #expect(settling(0) == (true, nil))
        #expect(settling(299) == (true, nil))
        #expect(settling(300, isLast: true) == (false, nil), "nobody waits for the last one")
        #expect(settling(310) == (false, 310))
        #expect(settling(320) == (false, nil), "it is reported once")
        _ = hold(&launch, [.rule("a")], at: 330)
        #expect(settling(340) == (false, nil) && launch.unsettledSince == nil)
        _ = hold(&launch, [.startFailed], at: 350)
        #expect(settling(350, mayRun: true) == (false, nil), "its volume stays reserved")
        #expect(settling(360) == (true, nil), "it begins again")
        #expect(settling(660) == (false, 300))
    }

    // MARK: Orders

    @Test func aForceExpiresAndAHoldEndsIt() {
        var launch = launch()
        launch.hold(by: order())
        launch.waitUntil(at(60))
        launch.force(by: order(force: true), until: at(3600))
        #expect(launch.heldBy == nil && launch.retryAt == nil)
        #expect(launch.forcer(at: at(3599)) != nil && launch.forcer(at: at(3600)) == nil)
        launch.hold(by: order())
        #expect(launch.forcer(at: at(0)) == nil && launch.heldBy != nil)
        launch.liftHold()
        #expect(launch.heldBy == nil && launch.phase == .waiting)
        launch.force(by: order(force: true), until: at(3600))
        launch.hold(by: order())
        #expect(launch.heldBy != nil && launch.forcer(at: at(0)) == nil)
    }

    // MARK: Order and time

    @Test func launchesAreOrderedByPriorityTimeAndPosition() {
        let entries = [
            LaunchEntry(campaign: Self.campaign, notBefore: at(5)), LaunchEntry(campaign: Self.campaign),
            LaunchEntry(campaign: Self.campaign, notBefore: at(9), priority: 2), LaunchEntry(campaign: Self.campaign),
        ]
        let launches = entries.enumerated().map { LaunchMachine($1, position: $0) }
        #expect(launches.sorted(by: LaunchMachine.goesFirst).map(\.position) == [2, 1, 3, 0])
    }

    @Test func theNextTimeIsTheEarliestInTheFuture() {
        var launch = launch(LaunchEntry(campaign: Self.campaign, notBefore: at(100), expires: at(900)))
        #expect(launch.nextTime(after: at(0), .zero) == at(100))
        #expect(launch.nextTime(after: at(0), .seconds(30)) == at(70), "the wall clock is ahead")
        #expect(launch.nextTime(after: at(100), .zero) == at(900))
        launch.waitUntil(at(400))
        #expect(launch.nextTime(after: at(100), .zero) == at(400))
        launch.force(by: order(), until: at(300))
        #expect(launch.nextTime(after: at(100), .zero) == at(300))
        #expect(launch.nextTime(after: at(900), .zero) == nil)
    }

    // MARK: Storage

    @Test func aRestartRestoresEachPhase() throws {
        let phases: [(make: (inout LaunchMachine) -> Void, phase: LaunchMachine.Phase, edited: LaunchMachine.Phase)] = [
            ({ _ in }, .waiting, .waiting), ({ $0.beginEvaluation(at: Self.start) }, .waiting, .waiting),
            ({ _ = $0.hold(LaunchHold([.paused]), staleAfter: .zero, at: Self.start) }, .held([.paused]), .waiting),
            ({ $0.beginStart() }, .held([.startFailed]), .waiting), ({ $0.release() }, .released, .released),
            ({ $0.close() }, .closed, .waiting),
        ]
        for (make, phase, edited) in phases {
            var before = launch()
            make(&before)
            let memory = try JSONDecoder().decode(LaunchMemory.self, from: JSONEncoder().encode(before.memory))
            var after = launch()
            after.takeUp(memory, mayRun: false, forceMax: .seconds(3600), at: at(1))
            #expect(after.phase == phase && after.heldSince == before.heldSince)
            var other = launch(LaunchEntry(campaign: Self.campaign, priority: 1))
            other.takeUp(memory, mayRun: false, forceMax: .seconds(3600), at: at(1))
            #expect(other.phase == edited, "a launch that was edited is another one")
            other.takeUp(memory, mayRun: true, forceMax: .seconds(3600), at: at(1))
            #expect(other.phase == phase, "what may have taken effect stays so")
        }
    }

    @Test func aRestartRestoresOrdersAndReports() {
        var before = launch()
        _ = hold(&before, [.rule("a")], at: 0)
        before.force(by: order(force: true), until: at(7200))
        var memory = before.memory
        memory.heldBy = order()
        var after = launch()
        after.takeUp(memory, mayRun: false, forceMax: .seconds(3600), at: at(0))
        #expect(hold(&after, [.rule("a")], at: 10) == [], "it was reported")
        #expect(after.heldBy?.by == "anna" && after.forcer(at: at(3599)) != nil && after.forcer(at: at(3600)) == nil)
        var edited = launch(LaunchEntry(campaign: Self.campaign, priority: 1))
        edited.takeUp(memory, mayRun: false, forceMax: .seconds(3600), at: at(0))
        #expect(edited.heldBy?.by == "anna" && edited.forcer(at: at(0)) == nil && edited.reasons == [.person("anna")])
    }
}

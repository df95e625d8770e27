import Model
import Policy
import Testing

@testable import Guard

/// The launches of a policy, in start order.
@Suite struct LaunchQueueTests {
    static let start = Instant(milliseconds: 1_796_000_000_000)
    static let first = CampaignID(unchecked: "camp_1")

    private func policy(_ priorities: [Int], times: [Int?] = []) throws -> CheckedPolicy {
        let launches = priorities.enumerated().map { index, priority in
            "  - {campaign: camp_\(index + 1), priority: \(priority)}\n"
        }
        return try GuardBench.policy("launches:\n" + launches.joined(), campaigns: 3)
    }

    private func adopt(
        _ policy: CheckedPolicy, _ queue: LaunchQueue, actsNow: Bool = false, wasStarted: Bool = false,
        mayRun: Bool = false
    ) -> LaunchQueue {
        LaunchQueue(policy, adopting: queue, actsNow: actsNow) { _ in
            LaunchQueue.StartHistory(wasStarted: wasStarted, mayRun: mayRun)
        }
    }

    @Test func openLaunchesAreInOrderAndOneIsBusy() throws {
        var queue = LaunchQueue(try policy([0, 5, 1]))
        #expect(queue.open == [1, 2, 0] && queue.hasOpen && queue.busy == nil)
        queue.update(2) { $0.beginEvaluation(at: Self.start) }
        #expect(queue.busy == 2)
        queue.update(0) { $0.waitUntil(Self.start) }
        #expect(queue.busy == 2, "another's change does not end it")
        queue.update(2) { $0.beginStart() }
        #expect(queue.busy == 2)
        queue.update(2) { $0.release() }
        #expect(
            queue.busy == nil && queue.open == [1, 0] && queue.openIndex(of: CampaignID(unchecked: "camp_3")) == nil)
        #expect(queue.index(of: CampaignID(unchecked: "camp_3")) == 2)
        queue.update(0) { $0.close() }
        queue.update(1) { $0.close() }
        #expect(!queue.hasOpen && queue.open == [])
        #expect(queue.nextDeadline(after: Self.start, .zero) == nil, "nothing waits")
    }

    @Test func openLaunchesAreEvaluatedAtLeastEveryTenSeconds() throws {
        var queue = LaunchQueue(try policy([0, 0, 0]))
        #expect(queue.nextDeadline(after: Self.start, .zero) == Self.start + .seconds(10))
        queue.update(1) { $0.waitUntil(Self.start + .seconds(4)) }
        #expect(queue.nextDeadline(after: Self.start, .zero) == Self.start + .seconds(4))
        #expect(queue.nextDeadline(after: Self.start + .seconds(4), .zero) == Self.start + .seconds(14))
    }

    // MARK: Reload

    @Test func anUnchangedLaunchContinuesAndAChangedOneRestarts() throws {
        var queue = LaunchQueue(try policy([0, 0, 0]))
        for index in 0..<2 {
            _ = queue.update(index) { $0.hold(LaunchHold([.noLeads]), staleAfter: .zero, at: Self.start) }
        }
        queue.update(2) { $0.beginEvaluation(at: Self.start) }
        let newer = adopt(try policy([0, 7, 9]), queue)
        #expect(newer[0].phase == .held([.noLeads]) && newer[1].phase == .waiting && newer[1].entry.priority == 7)
        #expect(newer[2].isBusy && newer[2].entry.priority == 9 && newer.busy == 2, "what is under way goes on")
        #expect(newer.open == [2, 1, 0])
    }

    @Test func aClosedLaunchRestartsUnlessItRan() throws {
        let policy = try policy([0])
        var queue = LaunchQueue(policy)
        queue.update(0) { $0.close() }
        #expect(adopt(policy, queue)[0].phase == .waiting)
        #expect(adopt(policy, queue, wasStarted: true)[0].phase == .closed)
        queue.update(0) { $0.release() }
        #expect(adopt(policy, queue)[0].phase == .released)
        #expect(adopt(try self.policy([4]), queue)[0].phase == .released, "a released launch stays so")
    }

    @Test func aDryRunIsEvaluatedAgainInEnforceMode() throws {
        let policy = try policy([0])
        var queue = LaunchQueue(policy)
        queue.update(0) { $0.release(isDryRun: true) }
        #expect(adopt(policy, queue)[0].phase == .released)
        #expect(adopt(policy, queue, actsNow: true)[0].phase == .waiting)
        #expect(queue.restartDryRuns() == [CampaignID(unchecked: "camp_1")])
        #expect(queue[0].phase == .waiting && queue.hasOpen && queue.restartDryRuns() == [])
    }

    @Test func removedLaunchesAreRetainedAndNewOnesWait() throws {
        var queue = LaunchQueue(try policy([0, 0]))
        queue.update(0) { $0.beginStart() }
        queue.update(1) { $0.beginEvaluation(at: Self.start) }
        var none = adopt(try GuardBench.policy("", campaigns: 3), queue)
        #expect(none.all.isEmpty && !none.hasOpen && none.busy == nil && none.open == [])
        #expect(none.index(of: Self.first) == nil && none.known(Self.first)?.phase == .starting)
        let back = adopt(try policy([0, 0, 0]), none)
        #expect(back.all.map(\.phase) == [.starting, .waiting, .waiting] && back.busy == 0)
        none.update(0) { _ = $0.startFailed("HTTP 500", waitMin: .zero, random: 0, at: Self.start) }
        #expect(none.busy == nil && !none.hasOpen && none.nextDeadline(after: Self.start, .zero) == nil)
        #expect(adopt(try policy([0]), none)[0].phase == .held([.startFailed]))
    }

    @Test func anEditRetainsAPersonsHoldAndAPossibleStart() throws {
        let order = Order(.hold, Self.first, by: "anna")
        var queue = LaunchQueue(try policy([0]))
        queue.update(0) {
            $0.hold(by: order)
            _ = $0.hold(LaunchHold([.person("anna")]), staleAfter: .zero, at: Self.start)
        }
        let edited = adopt(try policy([4]), queue)[0]
        #expect(edited.heldBy == order && edited.reasons == [.person("anna")] && edited.heldSince == Self.start)
        var restarted = LaunchQueue(try policy([4]))
        restarted.takeUp(queue.takeChanges(), forceMax: .zero, at: Self.start) { _ in false }
        #expect(restarted[0].memory == edited.memory)
        var failed = LaunchQueue(try policy([0]))
        failed.update(0) { _ = $0.startFailed("HTTP 500", waitMin: .zero, random: 0, at: Self.start) }
        #expect(adopt(try policy([4]), failed)[0].phase == .waiting)
        #expect(adopt(try policy([4]), failed, mayRun: true)[0].phase == .held([.startFailed]))
    }

    // MARK: Storage

    @Test func changesAreHandedOutAgainOnlyAfterAFailure() throws {
        var queue = LaunchQueue(try policy([0, 0]))
        queue.update(1) { $0.close() }
        #expect(queue.takeChanges().map(\.campaign.text) == ["camp_2"])
        #expect(queue.takeChanges().isEmpty)
        queue.update(1) { _ in }
        #expect(queue.takeChanges().isEmpty, "nothing changed")
    }

    @Test func storedLaunchesAreRestoredWithPossibleStarts() throws {
        var before = LaunchQueue(try policy([0, 0]))
        before.update(0) { $0.beginStart() }
        before.update(1) { $0.close() }
        let memories =
            before.takeChanges() + [
                LaunchMemory(
                    entry: LaunchEntry(campaign: CampaignID(unchecked: "gone")), phase: .closed, reportedRules: [])
            ]
        var after = LaunchQueue(try policy([3, 0]))
        after.takeUp(memories, forceMax: .seconds(3600), at: Self.start) { $0.text == "camp_1" }
        #expect(after[0].phase == .held([.startFailed]) && after[1].phase == .closed && after.open == [0])
    }
}

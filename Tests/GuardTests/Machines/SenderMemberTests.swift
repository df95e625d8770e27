import Foundation
import Model
import Policy
import Testing

@testable import Guard

/// What a pool's members show about other people and an earlier process, and which senders are restored.
@Suite struct SenderMemberTests {
    // MARK: Others

    @Test func aRestoredSenderIsReportedAfterTheGracePeriod() throws {
        for (policy, word) in [("", "put back, respected"), ("on_override: pause_again\n", "put back")] {
            var bench = try SenderBench("override_grace: 10m\n" + policy)
            bench.remove()
            bench.members.insert(1)
            bench.wait(600)
            #expect(bench.look() == [], "the list may be late")
            bench.wait(1)
            #expect(bench.look() == [word] && bench.machine.state.removed.isEmpty)
            #expect(bench.machine.excluded(at: bench.now).isEmpty == (word == "put back"))
        }
    }

    @Test func anotherPoolOfTheSameNameSettlesNothing() throws {
        var bench = try SenderBench()
        bench.remove()
        let change = bench.change(.remove, 2)
        _ = (bench.begin(change), bench.accept(change))
        bench.platform = PoolID(unchecked: "comms_senderpool_y")
        bench.members = [1]
        bench.wait(700)
        #expect(
            bench.look() == ["store outcome: unknown; the pool's name now means another pool", "failed for good"])
        #expect(bench.machine.state.removed.count == 1, "what was removed is of the other pool")
    }

    @Test func onlyAbsentSendersRemovedByUsAreRestored() throws {
        var bench = try SenderBench("rules:\n  - {name: low, on: pool, when: pool.senders < 4, then: alert}\n")
        let rule = bench.policy.rules[0]
        #expect(bench.machine.restorable(rule, bench.roster) == nil)
        bench.remove()
        #expect(bench.machine.restorable(rule, bench.roster)?.id == RosterBench.sender(1))
        bench.members.insert(1)
        #expect(bench.machine.restorable(rule, bench.roster) == nil, "it is there")
        bench.members.remove(1)
        bench.platform = PoolID(unchecked: "comms_senderpool_y")
        #expect(bench.machine.restorable(rule, bench.roster) == nil, "it is of another pool")
    }

    // MARK: Storage

    @Test func theMembersSettleAChangeUnderWay() throws {
        let steps: [(make: (inout SenderBench, SenderChange) -> Void, due: Int?, awaits: Bool)] = [
            ({ _, _ in }, nil, true), ({ _ = $0.accept($1, SenderBench.operation) }, 0, false),
            ({ _ = $0.accept($1) }, nil, true), ({ _ = $0.fail($1, Fault(.unreachable, "")) }, nil, true),
        ]
        for (index, step) in steps.enumerated() {
            var bench = try SenderBench()
            let change = bench.change(.remove)
            _ = bench.begin(change)
            step.make(&bench, change)
            let stored = try JSONDecoder().decode(
                SenderState.self, from: JSONEncoder().encode(bench.machine.state))
            bench.machine = SenderMachine()
            bench.wait(-10)
            bench.machine.takeUp(stored, at: bench.now)
            #expect(bench.machine.operationDue == step.due.map { bench.now + .seconds($0) }, "\(index)")
            #expect(bench.machine.awaitsMembers == step.awaits, "\(index)")
            bench.members.remove(1)
            #expect(bench.look().isEmpty == !step.awaits, "no time ahead is believed: \(index)")
        }
    }

    @Test func aDistantRetryIsClamped() throws {
        var (bench, state) = (try SenderBench(), SenderState())
        (state.retryAt, state.freshAfter) = (bench.now + .seconds(90000), bench.now + .seconds(90000))
        bench.machine.takeUp(state, at: bench.now)
        #expect(
            bench.machine.state.retryAt == bench.now + .seconds(21600) && bench.machine.state.freshAfter == bench.now)
    }
}

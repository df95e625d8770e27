import Model
import Policy
import Testing

@testable import Guard

/// Members are changed one at a time, each change is followed to its end, and only senders removed by us are restored.
@Suite struct SenderMachineTests {
    // MARK: Answers

    @Test func aRemovalIsConfirmedByTheMembers() throws {
        var bench = try SenderBench()
        #expect(bench.mayBegin())
        let change = bench.change(.remove)
        #expect(bench.begin(change) == ["store change", "remove comms_sender_1"] && !bench.mayBegin())
        #expect(
            bench.accept(bench.change(.remove, decision: 2)) == [] && !bench.machine.awaitsMembers, "another change")
        #expect(bench.accept(change) == [] && bench.machine.awaitsMembers)
        #expect(bench.accept(change, SenderBench.operation) == [] && bench.machine.operation == nil, "it is answered")
        bench.members.remove(1)
        #expect(bench.look(askedBefore: 1) == [], "an older list shows nothing")
        #expect(bench.look() == ["store outcome: done", "remove done"] && bench.mayBegin())
        #expect(bench.machine.state.removed.count == 1 && bench.machine.excluded(at: bench.now).count == 1)
        #expect(!bench.machine.mayBegin(requestedAt: bench.now - .seconds(1), at: bench.now), "an older list")
    }

    @Test func anUnconfirmedChangeFailsAfterAMinute() throws {
        var bench = try SenderBench()
        let change = bench.change(.remove)
        _ = (bench.begin(change), bench.accept(change))
        bench.wait(59)
        #expect(bench.look() == [])
        bench.wait(1)
        let words = bench.look()
        #expect(words.last == "failed, again in 60s" && words.first?.hasPrefix("store outcome: failed") == true)
        #expect(!bench.mayBegin())
        bench.wait(60)
        #expect(bench.mayBegin())
    }

    @Test func aFailureIsRetriedAtDoublingIntervals() throws {
        var bench = try SenderBench()
        var waits: [Double] = []
        for _ in 0..<12 {
            let change = bench.change(.remove)
            _ = (bench.begin(change), bench.fail(change, Fault(.throttled, "HTTP 429")))
            guard let retryAt = bench.machine.state.retryAt else { return #expect(Bool(false)) }
            waits.append((retryAt - bench.now).seconds)
            bench.now = retryAt
        }
        #expect(waits == [60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 21600, 21600, 21600])
        let change = bench.change(.remove)
        _ = bench.begin(change)
        #expect(
            bench.fail(change, Fault(.throttled, "", retryAfter: .seconds(86400))).last == "failed, again in 86400s")
        bench.now = bench.machine.state.retryAt ?? bench.now
        bench.remove()
        #expect(bench.machine.state.failures == 0 && bench.machine.state.retryAt == nil)
    }

    @Test func anUnrepeatableChangeIsNotRetried() throws {
        for (fault, word) in [
            (Fault(.refused, "", isRepeatable: false), "failed, again in 60s"),
            (Fault(.unreachable, "", isRepeatable: false), "failed, members decide, left alone"),
        ] {
            var bench = try SenderBench()
            let change = bench.change(.remove)
            _ = bench.begin(change)
            #expect(bench.fail(change, fault).last == word)
            #expect(bench.machine.excluded(at: bench.now + .seconds(86399)).count == 1)
            #expect(bench.machine.excluded(at: bench.now + .seconds(86400)).isEmpty)
        }
    }

    @Test func aMissingSenderWasNotRemovedByUs() throws {
        var bench = try SenderBench()
        let change = bench.change(.remove)
        _ = bench.begin(change)
        #expect(bench.fail(change, Fault(.missing, "HTTP 404")).last == "already removed: unknownThere")
        #expect(bench.machine.state.removed.isEmpty && bench.machine.state.attempt == nil)
        bench.remove()
        let restore = bench.change(.restore)
        _ = bench.begin(restore)
        #expect(bench.fail(restore, Fault(.missing, "HTTP 404")).last == "failed for good")
        #expect(bench.machine.state.removed.isEmpty, "it cannot be restored")
    }

    @Test(arguments: [(SenderChange.Action.remove, true), (.remove, false), (.restore, true), (.restore, false)])
    func theMembersShowTheOutcomeOfALostResponse(_ action: SenderChange.Action, _ isThere: Bool) throws {
        var bench = try SenderBench()
        if action == .restore { bench.remove() }
        let change = bench.change(action)
        _ = bench.begin(change)
        #expect(bench.fail(change, Fault(.unreachable, "timeout")) == ["failed, members decide"])
        if isThere { bench.members.insert(1) } else { bench.members.remove(1) }
        let isDone = isThere == (action == .restore)
        bench.wait(59)
        let words = bench.look()
        if isDone, action == .remove {
            #expect(words.last == "already removed: unconfirmed" && bench.machine.state.removed.isEmpty)
        } else if isDone {
            #expect(words == ["store outcome: done", "restore done"] && bench.machine.state.removed.isEmpty)
        } else {
            #expect(words == [] && bench.machine.awaitsMembers, "it may still take effect")
            bench.wait(1)
            #expect(bench.look() == ["store outcome: not done"] && !bench.mayBegin())
        }
    }

    // MARK: Operations

    @Test func anOperationIsPolledAtGrowingIntervals() throws {
        var bench = try SenderBench()
        #expect(bench.follow().polls == false && bench.machine.operationDue == nil)
        let change = bench.change(.remove)
        _ = (bench.begin(change), bench.accept(change, SenderBench.operation))
        #expect(bench.machine.operation == SenderBench.operation)
        for wait in [1, 2, 4, 8, 16, 30, 30] {
            #expect(bench.machine.operationDue == bench.now + .seconds(wait))
            #expect(bench.follow() == ([], false), "it is not due")
            bench.wait(wait)
            #expect(bench.follow() == ([], true))
        }
        bench.wait(3600)
        #expect(bench.follow() == (["slow for 3691s"], true) && bench.machine.operationDue == bench.now + .seconds(300))
        bench.wait(300)
        #expect(bench.follow(isBound: false) == ([], false), "its pool left the policy")
    }

    @Test func anOperationEndsAsReported() throws {
        let cases: [(status: PoolOperation.Status, failed: Int?, words: [String], awaits: Bool)] = [
            (.processing, nil, [], false), (.completed, nil, [], true),
            (.completed, 0, ["store outcome: done", "remove done"], false),
            (.completed, 1, ["failed, again in 60s"], true), (.canceled, nil, ["failed, again in 60s"], true),
        ]
        for step in cases {
            var bench = try SenderBench()
            let change = bench.change(.remove)
            _ = (bench.begin(change), bench.accept(change, SenderBench.operation))
            #expect(bench.observe(step.status, failed: step.failed, id: OperationID(unchecked: "other")) == [])
            #expect(bench.look() == [], "the operation decides")
            #expect(bench.observe(step.status, failed: step.failed) == step.words)
            #expect(bench.machine.awaitsMembers == step.awaits)
        }
        var bench = try SenderBench()
        bench.machine.operationIsUnknown(at: bench.now)
        #expect(bench.machine.state == SenderState())
        let change = bench.change(.remove)
        _ = (bench.begin(change), bench.accept(change, SenderBench.operation))
        bench.machine.operationIsUnknown(at: bench.now)
        #expect(bench.machine.awaitsMembers && bench.machine.operation == nil)
    }
}

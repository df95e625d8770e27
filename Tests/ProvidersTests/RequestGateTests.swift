import Model
import Providers
import TestSupport
import Testing

/// One budget for all requests; urgent requests go first.
@Suite struct RequestGateTests {
    /// Lets other tasks run until the condition holds.
    private func settle(_ time: ManualTime, until condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }

    @Test func requestsStayWithinTheBudget() async throws {
        let time = ManualTime()
        let gate = RequestGate(perSecond: 2, limits: .init(polls: 1000), time: time)
        let (admitted, count) = (Counter(), 200)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask {
                    guard (try? await gate.admit(.poll)) != nil else { return }
                    admitted.add()
                }
            }
            // A burst of ten seconds of the budget, without the reserve for actions.
            await settle(time) { time.sleeperCount + admitted.value == count }
            #expect(admitted.value == 15)
            for second in 1...60 {
                time.advance(by: .seconds(1))
                await settle(time) { time.sleeperCount + admitted.value == count }
                #expect(admitted.value <= 15 + 2 * second)
            }
            #expect(admitted.value >= 15 + 2 * 60 - 2)
            group.cancelAll()
        }
    }

    @Test func aPausePrecedesEveryPoll() async throws {
        let time = ManualTime()
        let gate = RequestGate(perSecond: 1, time: time)
        let polls = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    guard (try? await gate.admit(.poll)) != nil else { return }
                    polls.add()
                }
            }
            await settle(time) { time.sleeperCount + polls.value == 50 }
            let before = polls.value
            // It does not wait, although polls used up the budget.
            _ = try await gate.admit(.pause)
            #expect(polls.value == before)
            group.cancelAll()
        }
    }

    @Test func aClosedGateAdmitsOnlyPauses() async throws {
        let time = ManualTime()
        let gate = RequestGate(perSecond: 10, time: time)
        gate.close(for: .seconds(30))
        for priority in [RequestPriority.start, .poll] {
            let fault = await #expect(throws: Fault.self) { try await gate.admit(priority) }
            #expect(fault?.retryAfter == .seconds(30))
        }
        _ = try await gate.admit(.pause)
        time.advance(by: .seconds(30))
        _ = try await gate.admit(.poll)
    }

    @Test func closingTheGateEndsWaits() async throws {
        let time = ManualTime()
        let gate = RequestGate(perSecond: 0.01, time: time)
        for _ in 0..<2 { _ = try await gate.admit(.start) }
        try await withThrowingTaskGroup(of: Fault?.self) { group in
            group.addTask { await ClientBench.fault { () throws(Fault) in try await gate.admit(.poll) } }
            while time.sleeperCount == 0 { await Task.yield() }
            gate.close(for: .seconds(60))
            time.advance(by: .seconds(1))
            let fault = try await group.next() ?? nil
            #expect(fault?.kind == .throttled && fault?.retryAfter == .seconds(59))
        }
    }

    // MARK: Reloads

    @Test func aReloadKeepsRetryAfterAndSpentBudget() async throws {
        let time = ManualTime()
        let before = RequestGate(perSecond: 1, time: time)
        for _ in 0..<10 { _ = try await before.admit(.start) }
        before.close(for: .seconds(100))
        time.advance(by: .seconds(1))
        let after = before.continued(perSecond: 5, limits: .init())
        let fault = await #expect(throws: Fault.self) { try await after.admit(.poll) }
        #expect(fault?.retryAfter == .seconds(99))
        _ = try await after.admit(.pause)
    }

    @Test func waitersOfTheOldGateUseTheNewRate() async throws {
        let time = ManualTime()
        let before = RequestGate(perSecond: 0.01, time: time)
        for _ in 0..<2 { _ = try await before.admit(.start) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await before.admit(.start) }
            while time.sleeperCount == 0 { await Task.yield() }
            let after = before.continued(perSecond: 100, limits: .init())
            _ = try await after.admit(.pause)
            time.advance(by: .seconds(1))
            try await group.waitForAll()
        }
    }

    @Test func anUnusedGateChangesNothing() async throws {
        let time = ManualTime()
        let before = RequestGate(perSecond: 0.01, time: time)
        _ = before.continued(perSecond: 100, limits: .init())
        for _ in 0..<2 { _ = try await before.admit(.start) }
        time.advance(by: .seconds(50))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = try? await before.admit(.start) }
            while time.sleeperCount == 0 { await Task.yield() }
            group.cancelAll()
        }
        #expect(time.sleeperCount == 0)
    }

    @Test func anExcessiveRetryAfterIsLimited() async throws {
        let time = ManualTime()
        let gate = RequestGate(perSecond: 10, time: time)
        gate.close(for: .seconds(30 * 86400))
        let fault = await #expect(throws: Fault.self) { try await gate.admit(.poll) }
        #expect(fault?.retryAfter == RequestLanes.closedMax)
    }
}

import Model
import Providers
import TestSupport
import Testing

/// One budget for everything; what is grave goes first.
@Suite struct RequestGateTests {
    /// Lets everything that can run do so.
    private func settle(_ time: ManualTime, until condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }

    @Test func nomoreThanTheBudgetLeaves() async throws {
        let time = ManualTime()
        let gate = RequestGate(perSecond: 2, time: time)
        let (admitted, count) = (Counter(), 200)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<count {
                group.addTask {
                    guard (try? await gate.admit(.poll)) != nil else { return }
                    admitted.add()
                }
            }
            // A burst of ten seconds' worth, less what is kept for actions.
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

    @Test func aPauseGoesBeforeEveryPoll() async throws {
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
            // Without a moment's wait, on what polls leave.
            try await gate.admit(.pause)
            #expect(polls.value == before)
            group.cancelAll()
        }
    }

    @Test func aClosedGateLetsNothingOutAndSaysForHowLong() async throws {
        let time = ManualTime()
        let gate = RequestGate(perSecond: 10, time: time)
        await gate.close(for: .seconds(30))
        for priority in [RequestPriority.pause, .start, .poll] {
            let fault = await #expect(throws: Fault.self) { try await gate.admit(priority) }
            #expect(fault?.retryAfter == .seconds(30))
        }
        time.advance(by: .seconds(30))
        try await gate.admit(.pause)
    }

    @Test func aSillyRetryAfterDoesNotBlindForDays() async throws {
        let time = ManualTime()
        let gate = RequestGate(perSecond: 10, time: time)
        await gate.close(for: .seconds(30 * 86400))
        let fault = await #expect(throws: Fault.self) { try await gate.admit(.poll) }
        #expect(fault?.retryAfter == RequestGate.closedMax)
    }
}

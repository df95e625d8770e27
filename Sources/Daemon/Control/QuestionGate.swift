import Synchronization

/// Lets a few questions at a time reach the loop that owns the guard, so that an order waits behind no more than those.
final class QuestionGate: Sendable {
    /// Questions at a time; one takes the loop some milliseconds at most.
    static let atOnceMax = 4

    private struct State {
        var free = QuestionGate.atOnceMax
        /// As many as connections that are open, and those that were closed a moment ago.
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// Asks once it is this question's turn; nil where its answer is no longer wanted by then.
    func ask<Answer: Sendable>(
        isWanted: @Sendable () -> Bool, _ question: @Sendable () async -> Answer?
    ) async -> Answer? {
        await enter()
        defer { leave() }
        return isWanted() ? await question() : nil
    }

    private func enter() async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.free > 0 else {
                    state.waiting.append(continuation)
                    return false
                }
                state.free -= 1
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.waiting.isEmpty else {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.resume()
    }
}

import Synchronization

/// Limits how many questions wait for the loop at a time, so that an order waits behind only these.
final class QuestionGate: Sendable {
    /// The most questions at a time; each takes the loop a few milliseconds at most.
    static let atOnceMax = 4

    private struct State {
        var free: Int
        /// Bounded by the number of open and recently closed connections.
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    init(atOnceMax: Int = QuestionGate.atOnceMax) { state = Mutex(State(free: atOnceMax)) }

    /// Waits for this question's turn, then asks; nil if the answer is no longer wanted.
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

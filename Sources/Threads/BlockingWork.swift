import DequeModule
import Synchronization

/// Dedicated threads for blocking calls, such as files, databases and name services.
///
/// The cooperative pool has one thread per core, so a call that hangs there would stop unrelated tasks.
package final class BlockingWork: Sendable {
    /// The most urgent work runs first; work of the same urgency runs in order of arrival.
    package enum Urgency: Int, Sendable, CaseIterable {
        case urgent, ordinary
        /// Runs only if nothing else waits.
        case background
    }

    private let queue: WorkQueue
    private let threads: Int

    /// - Parameters:
    ///   - name: the threads' name, of at most 15 bytes.
    ///   - threads: the number of calls that run at a time.
    ///   - unfinishedMax: the most calls of each urgency that run or wait; further calls are refused.
    package init(_ name: String, threads: Int, unfinishedMax: Int) {
        self.threads = threads
        queue = WorkQueue(unfinishedMax: unfinishedMax)
        for _ in 0..<threads {
            let queue = queue
            WorkThread.start(name) { queue.run() }
        }
    }

    /// Accepted work is still done; a call that hangs blocks its thread until the process ends.
    deinit { queue.stop(threads: threads) }

    /// The number of calls that wait for a thread.
    package var waiting: Int { queue.waiting }

    /// Runs the work on one of the threads.
    ///
    /// Nil if too many calls wait, or if the task is cancelled; work that has begun is then finished, and its result is
    /// discarded.
    package func run<Value: Sendable>(
        _ urgency: Urgency = .ordinary, _ work: @escaping @Sendable () -> Value
    ) async -> Value? {
        let ticket = Ticket<Value>()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard ticket.begin(continuation) else { return }
                let isTaken = queue.add(urgency) {
                    if ticket.isAwaited { ticket.end(work()) }
                }
                if !isTaken { ticket.end(nil) }
            }
        } onCancel: {
            ticket.end(nil)
        }
    }
}

/// Resumes the caller once: with the result, or with nil if the call is refused or cancelled.
private final class Ticket<Value: Sendable>: Sendable {
    private enum State {
        case created
        case awaited(CheckedContinuation<Value?, Never>)
        case over
    }

    private let state = Mutex(State.created)

    /// False if the call was cancelled before; then the continuation has been resumed.
    func begin(_ continuation: CheckedContinuation<Value?, Never>) -> Bool {
        let isOver = state.withLock { state in
            if case .over = state { return true }
            state = .awaited(continuation)
            return false
        }
        if isOver { continuation.resume(returning: nil) }
        return !isOver
    }

    var isAwaited: Bool {
        state.withLock { if case .awaited = $0 { true } else { false } }
    }

    func end(_ value: Value?) {
        let continuation = state.withLock { state -> CheckedContinuation<Value?, Never>? in
            defer { state = .over }
            if case .awaited(let continuation) = state { return continuation }
            return nil
        }
        continuation?.resume(returning: value)
    }
}

/// The work that waits for a thread; the threads end once it is stopped and empty.
private final class WorkQueue: Sendable {
    private struct State {
        var waiting = [Deque<@Sendable () -> Void>](repeating: [], count: BlockingWork.Urgency.allCases.count)
        var unfinished = [Int](repeating: 0, count: BlockingWork.Urgency.allCases.count)
        var isStopped = false
    }

    private let unfinishedMax: Int
    private let state = Mutex(State())
    private let wake = Semaphore()

    init(unfinishedMax: Int) { self.unfinishedMax = unfinishedMax }

    func add(_ urgency: BlockingWork.Urgency, _ work: @escaping @Sendable () -> Void) -> Bool {
        let isTaken = state.withLock { state in
            guard state.unfinished[urgency.rawValue] < unfinishedMax else { return false }
            state.unfinished[urgency.rawValue] += 1
            state.waiting[urgency.rawValue].append(work)
            return true
        }
        if isTaken { wake.signal() }
        return isTaken
    }

    var waiting: Int { state.withLock { $0.waiting.reduce(0) { $0 + $1.count } } }

    func stop(threads: Int) {
        state.withLock { $0.isStopped = true }
        for _ in 0..<threads { wake.signal() }
    }

    func run() {
        while true {
            wake.wait()
            let next = state.withLock { state -> (urgency: Int, work: @Sendable () -> Void)? in
                for urgency in state.waiting.indices {
                    if let work = state.waiting[urgency].popFirst() { return (urgency, work) }
                }
                return nil
            }
            if let next {
                next.work()
                state.withLock { $0.unfinished[next.urgency] -= 1 }
            } else if state.withLock({ $0.isStopped }) {
                return
            }
        }
    }
}

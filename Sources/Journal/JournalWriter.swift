import CSystemd
import Glibc
import Model
import Synchronization
import Threads

/// Writes queued entries from its own thread, so that a reader that stops blocks only that thread.
///
/// The thread is never joined: if it is blocked in a write, it ends with the process.
final class JournalWriter: Sendable {
    private struct State: ~Copyable {
        var queue: JournalQueue
        /// The thread waits for ``wake``.
        var isWaiting = false
        /// The thread ends once the queue is empty.
        var isClosing = false
    }

    private let state: Mutex<State>
    private let time: any TimeSource
    private let wake = Semaphore()
    /// Ends once the last entry is written after ``close()``.
    let drained: AsyncStream<Never>
    private let end: AsyncStream<Never>.Continuation

    init(limits: JournalQueue.Limits, time: any TimeSource) {
        state = Mutex(State(queue: JournalQueue(limits: limits)))
        self.time = time
        (drained, end) = AsyncStream.makeStream(of: Never.self)
    }

    /// Starts the thread; once only.
    func start(_ format: Journal.Format, descriptor: Int32) {
        WorkThread.start("journal") { [self] in
            var lines = LineWriter(descriptor)
            run(EntrySink(format) { lines.write($0) })
        }
    }

    /// Queues or drops an event; never blocks.
    func offer(_ event: JournalEvent) {
        let isAsleep = state.withLock { state in
            state.queue.offer(event, at: time.now)
            defer { state.isWaiting = false }
            return state.isWaiting
        }
        if isAsleep { wake.signal() }
    }

    /// Lets the thread end once the queue is empty.
    func close() {
        let isAsleep = state.withLock { state in
            state.isClosing = true
            defer { state.isWaiting = false }
            return state.isWaiting
        }
        if isAsleep { wake.signal() }
    }

    var tally: Journal.Tally {
        state.withLock { Journal.Tally(dropped: $0.queue.dropped, summaries: $0.queue.summaries) }
    }

    private enum Turn {
        case write(JournalEntry)
        case wait
        case end
    }

    private func run(_ sink: EntrySink) {
        defer { end.finish() }
        while true {
            let turn = state.withLock { state -> Turn in
                if let entry = state.queue.next(at: time.now) { return .write(entry) }
                if state.isClosing { return .end }
                state.isWaiting = true
                return .wait
            }
            switch turn {
            case .write(let entry):
                guard !sink.write(entry) else { continue }
                state.withLock { $0.queue.lost(entry, at: time.now) }
            case .wait: wake.wait()
            case .end: return
            }
        }
    }
}

import NIOPosix
import Synchronization

/// Threads of their own for questions about the past: a long one delays neither orders nor the event loop.
package final class PastThreads: Sendable {
    /// A second, so that a short question does not wait behind one long one.
    package static let threads = 2
    /// Questions that are asked or wait, each with an answer of a few MiB; the next one is refused at once.
    package static let questionsMax = 8

    private let pool = NIOThreadPool(numberOfThreads: PastThreads.threads)
    private let questions = Mutex(0)

    package init() { pool.start() }

    // It ends by itself once its last question has: nobody waits for a long one.
    deinit { pool.shutdownGracefully { _ in } }

    /// True where a question would be taken on now.
    package var isFree: Bool { questions.withLock { $0 < PastThreads.questionsMax } }

    /// Does the work on one of the threads; nil where too many questions wait.
    package func ask<Answer: Sendable>(_ work: @escaping @Sendable () throws -> Answer) async throws -> Answer? {
        let isTaken = questions.withLock { questions in
            guard questions < PastThreads.questionsMax else { return false }
            questions += 1
            return true
        }
        guard isTaken else { return nil }
        // Counted until the work ends: an asker who gives up does not free the thread.
        return try await pool.runIfActive { [self] in
            defer { questions.withLock { $0 -= 1 } }
            return try work()
        }
    }
}

import Synchronization

/// Counts failures in a row over all requests of one client.
final class ConsecutiveFailures: Sendable {
    private let count = Mutex(0)

    /// Adds a failure; returns how many there are now.
    func add() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }

    func reset() {
        count.withLock { $0 = 0 }
    }
}

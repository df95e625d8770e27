import Synchronization

/// Counts failures in a row, over all requests of one client.
final class Trouble: Sendable {
    private let count = Mutex(0)

    /// One more failure; how many there are now.
    func add() -> Int {
        count.withLock {
            $0 += 1
            return $0
        }
    }

    func end() {
        count.withLock { $0 = 0 }
    }
}

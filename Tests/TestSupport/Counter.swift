import Synchronization

/// A counter that any task may increment.
package final class Counter: Sendable {
    private let count = Mutex(0)

    package init() {}

    package var value: Int { count.withLock { $0 } }
    package func add() { count.withLock { $0 += 1 } }
}

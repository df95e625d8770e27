package import Model
import Synchronization

/// Records when the request left that the first answer of a poll came from.
///
/// Bound to the task that polls, so that no platform has to pass it on: what an answer says is as old as its request, not
/// as the wait for budget and connection before it.
package final class Departure: Sendable {
    @TaskLocal package static var current: Departure?

    private let first = Mutex<Instant?>(nil)

    package init() {}

    /// When the first request left that was answered; nil where none was.
    package var instant: Instant? { first.withLock { $0 } }

    /// A request that left then was answered.
    package func note(_ leftAt: Instant) { first.withLock { if $0 == nil { $0 = leftAt } } }
}

package import Model
import Synchronization

/// Records when the first answered request of a poll was sent.
///
/// A response is as old as its request, without the wait for budget and connection before it. The value is bound to the
/// polling task, so that clients need not pass it on.
package final class Departure: Sendable {
    @TaskLocal package static var current: Departure?

    private let first = Mutex<Instant?>(nil)

    package init() {}

    /// When the first answered request was sent; nil if none was answered.
    package var instant: Instant? { first.withLock { $0 } }

    /// Records a request that was sent at that time and answered.
    package func note(_ sentAt: Instant) { first.withLock { if $0 == nil { $0 = sentAt } } }
}

/// Exponential backoff with jitter: the wait doubles with each failure, up to a maximum.
package struct Backoff: Sendable {
    /// The random part of a wait.
    package enum Jitter: Sendable {
        /// Between 0 and the whole wait.
        case full
        /// Between half the wait and the whole wait.
        case equal
    }

    package var first: Duration
    package var max: Duration
    package var jitter: Jitter

    package init(first: Duration, max: Duration, jitter: Jitter) {
        (self.first, self.max, self.jitter) = (first, max, jitter)
    }

    /// How long to wait before the next attempt.
    ///
    /// - Parameters:
    ///   - failures: failed attempts so far, from 1.
    ///   - random: a random number in 0…1.
    package func wait(after failures: Int, random: Double) -> Duration {
        let doublings = Swift.min(Swift.max(failures - 1, 0), 16)
        let bound = Swift.min(first * (1 << doublings), max)
        let random = Swift.min(Swift.max(random, 0), 1)
        let share =
            switch jitter {
            case .full: random
            case .equal: 0.5 + random / 2
            }
        return .milliseconds(Int64(Double(bound.milliseconds) * share))
    }
}

import Model

/// Full jitter: a random part of a bound that doubles with each failure.
struct Backoff {
    var first: Duration
    var longest: Duration
    /// A number within 0…1, new at each call.
    var random: @Sendable () -> Double

    /// How long to wait before the next attempt, after that many failures (from 1).
    func wait(after failures: Int) -> Duration {
        let bound = min(first * (1 << min(max(failures - 1, 0), 16)), longest)
        return .milliseconds(Int64(Double(bound.milliseconds) * min(max(random(), 0), 1)))
    }
}

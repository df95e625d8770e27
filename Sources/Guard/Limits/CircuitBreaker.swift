import Model
import Policy

/// Trips when so many campaigns breach at once that the platform or its data may be at fault.
struct CircuitBreaker: Codable, Hashable, Sendable {
    /// With fewer running campaigns, breaches of half of them say nothing about the platform.
    private static let runningMin = 6

    /// True from the report of a trip until the breaker closes.
    private var isReported = false

    /// The key names in stored ledgers.
    private enum CodingKeys: String, CodingKey { case isReported = "toldPauses" }

    /// The breaker's response to a pause that a rule demands.
    struct Verdict {
        var effects: [Effect]
        /// True if the policy stops further pauses.
        var stopsPauses: Bool
    }

    /// Trips if more than half of the running campaigns breach within the period.
    mutating func check(breaching: Int, running: Int, _ policy: CheckedPolicy) -> Verdict {
        guard running >= CircuitBreaker.runningMin, breaching * 2 > running else {
            isReported = false
            return Verdict(effects: [], stopsPauses: false)
        }
        let stops = policy.circuitBreaker.pauses == .stop
        if isReported { return Verdict(effects: [], stopsPauses: stops) }
        isReported = true
        let event = GuardEvent.circuitBreakerTripped(breaching: breaching, running: running, stopsPauses: stops)
        return Verdict(effects: [.report(event)], stopsPauses: stops)
    }
}

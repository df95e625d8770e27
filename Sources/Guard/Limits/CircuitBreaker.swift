import Model
import Policy

/// Notices when so many campaigns breach at once that the platform or its data may be at fault.
struct CircuitBreaker: Codable, Hashable, Sendable {
    /// So many campaigns must run before breaches of half of them say something about the platform.
    private static let runningMin = 6

    /// That it tripped was reported, and has not ceased since.
    private var isReported = false

    /// As ledgers store it.
    private enum CodingKeys: String, CodingKey { case isReported = "toldPauses" }

    /// What a pause that a rule demands meets.
    struct Verdict {
        var effects: [Effect]
        /// Nothing more is paused, as the policy says.
        var stopsPauses: Bool
    }

    /// Trips where more than half of the running campaigns breach within the period.
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

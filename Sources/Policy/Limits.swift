package import Model

/// How many campaigns may be started or resumed within a period.
package struct StartLimit: Hashable, Sendable {
    /// The share of all campaigns; at least one campaign may always start.
    package var share: Ratio
    package var per: Duration

    package init(share: Ratio, per: Duration) { (self.share, self.per) = (share, per) }

    static let standard = StartLimit(share: Ratio(0.2), per: .seconds(600))
}

/// What happens when more than half of the running campaigns breach at once: the platform or its data may be at fault.
package struct CircuitBreakerSettings: Hashable, Sendable {
    package enum Pauses: String, CaseIterable, Sendable {
        case `continue`, stop
    }

    package var pauses: Pauses
    /// Breaches that begin within this period count as simultaneous.
    package var per: Duration

    package init(pauses: Pauses, per: Duration) { (self.pauses, self.per) = (pauses, per) }

    static let standard = CircuitBreakerSettings(pauses: .continue, per: .seconds(600))
}

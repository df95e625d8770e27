package import Model

/// A formula in the few primitives that evaluators know; every call expands into one.
package indirect enum Term: Sendable {
    case constant(Double)
    case gauge(Gauge)
    /// How much a counter grew within the window.
    case increase(Counter, TimeWindow)
    /// The same per hour, over the part of the window that samples cover.
    case hourlyIncrease(Counter, TimeWindow)
    /// Seconds since the last good response.
    case age(Source)
    /// Seconds since the first good response about the campaign.
    case campaignAge
    /// A function of the wall-clock time.
    case wallClock(@Sendable (Instant) -> Double?)
    case negate(Term)
    case arithmetic(Arithmetic, Term, Term)
    /// A function of two numbers; nil if it has no value for them.
    case native(@Sendable (Double, Double) -> Double?, Term, Term)
}

extension Term {
    /// Calls `visit` with every primitive that reads data, from left to right.
    func visitLeaves(_ visit: (Term) -> Void) {
        switch self {
        case .constant, .gauge, .increase, .hourlyIncrease, .age, .campaignAge, .wallClock: visit(self)
        case .negate(let inner): inner.visitLeaves(visit)
        case .arithmetic(_, let left, let right), .native(_, let left, let right):
            left.visitLeaves(visit)
            right.visitLeaves(visit)
        }
    }
}

package import Model

/// What a request is for, the most urgent first.
package enum RequestPriority: Int, Comparable, Sendable, CaseIterable {
    case pause
    /// Starts, resumes and changes of members.
    case start
    case poll

    package static func < (left: RequestPriority, right: RequestPriority) -> Bool { left.rawValue < right.rawValue }
}

/// Decides when a request may leave: one token bucket for all, and `Retry-After` for all but pauses.
///
/// A pause leaves at once, whatever the others have earned. It takes its token all the same, so that the bucket may go
/// into debt, which polls and starts pay off. A value without clock or I/O; callers pass the time in.
package struct RequestLanes: Hashable, Sendable {
    package enum Admission: Hashable, Sendable {
        /// It leaves now; its token is taken.
        case go
        /// Ask again then, or later; nothing is taken.
        case wait(until: Instant)
        /// The platform asked to be left alone for so long.
        case refused(retryAfter: Duration)
    }

    /// How much of the budget may be spent at once, as time.
    package static let burst: Duration = .seconds(10)
    /// Tokens that polls leave for starts, where the bucket is large enough.
    package static let reserveMax = 5.0
    /// The longest that pauses can hold up polls, as time: what they take beyond it is never paid off, as a guard that
    /// does not poll sees nothing.
    package static let debtMax: Duration = .seconds(30)
    /// The debt that any budget allows, in requests, so that a tiny one still counts a few pauses.
    package static let debtMin = 5.0
    /// The longest `Retry-After` that is obeyed: a wrong header must not stop polls for days.
    package static let closedMax: Duration = .seconds(3600)

    /// Requests a second.
    private(set) package var perSecond: Double
    private var tokens: Double
    private var filledAt: Instant
    private var closedUntil: Instant?

    /// - Parameter perSecond: the budget; above 0.
    package init(perSecond: Double, at now: Instant) {
        self.perSecond = perSecond
        tokens = 0
        filledAt = now
        tokens = capacity
    }

    private var capacity: Double { max(2, perSecond * RequestLanes.burst.seconds) }
    private var reserve: Double { min(RequestLanes.reserveMax, (capacity / 4).rounded(.down)) }
    private var debtLimit: Double { max(RequestLanes.debtMin, perSecond * RequestLanes.debtMax.seconds) }

    /// Whether a request may leave now.
    ///
    /// - Parameter ahead: requests of the same or a more urgent lane that wait already and go first.
    package mutating func ask(_ lane: RequestPriority, ahead: Int = 0, at now: Instant) -> Admission {
        fill(now)
        let needed: Double
        switch lane {
        case .pause:
            tokens = max(tokens - 1, -debtLimit)
            return .go
        case .start: needed = Double(ahead + 1)
        case .poll: needed = Double(ahead + 1) + reserve
        }
        if let closedUntil, closedUntil > now { return .refused(retryAfter: closedUntil - now) }
        guard tokens < needed else {
            tokens -= 1
            return .go
        }
        return .wait(until: now + .seconds((needed - tokens) / perSecond) + .milliseconds(1))
    }

    /// The platform asked to be left alone for that long; at most ``closedMax`` is obeyed, and never less than before.
    package mutating func close(for wait: Duration, at now: Instant) {
        let until = now + min(max(wait, .zero), RequestLanes.closedMax)
        closedUntil = max(closedUntil ?? until, until)
    }

    /// Changes the rate, and nothing else: neither what was spent nor a `Retry-After` is forgotten.
    ///
    /// - Parameter perSecond: the budget; above 0.
    package mutating func adjust(perSecond: Double, at now: Instant) {
        fill(now)
        self.perSecond = perSecond
        tokens = min(capacity, max(tokens, -debtLimit))
    }

    private mutating func fill(_ now: Instant) {
        guard now > filledAt else { return }
        tokens = min(capacity, tokens + (now - filledAt).seconds * perSecond)
        filledAt = now
    }
}

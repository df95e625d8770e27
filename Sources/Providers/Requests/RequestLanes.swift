package import Model

/// The lane of a request, most urgent first.
package enum RequestPriority: Int, Comparable, Sendable, CaseIterable {
    case pause
    /// Starts, resumes and changes of a pool's members.
    case start
    case poll

    package static func < (left: RequestPriority, right: RequestPriority) -> Bool { left.rawValue < right.rawValue }
}

/// Decides when a request may be sent: one token bucket for all lanes, and `Retry-After` for all but pauses.
///
/// A pause is sent immediately. It still takes a token, so the bucket can go into debt, which delays polls and starts.
/// A value without clock or I/O; callers pass the time.
package struct RequestLanes: Hashable, Sendable {
    package enum Admission: Hashable, Sendable {
        /// Send it now; its token is taken.
        case go
        /// Ask again at that time or later; no token is taken.
        case wait(until: Instant)
        /// A `Retry-After` is in effect for this long.
        case refused(retryAfter: Duration)
    }

    /// The size of the bucket, as time at the budget's rate.
    package static let burst: Duration = .seconds(10)
    /// Tokens that polls leave for starts, if the bucket is large enough.
    package static let reserveMax = 5.0
    /// The largest debt, as time at the budget's rate.
    ///
    /// Pauses delay polls by at most this long, because a guard that does not poll detects nothing.
    package static let debtMax: Duration = .seconds(30)
    /// The smallest debt limit, in requests, so that a tiny budget still counts a few pauses.
    package static let debtMin = 5.0
    /// The longest `Retry-After` that is obeyed, so that a wrong header does not stop polls for days.
    package static let closedMax: Duration = .seconds(3600)

    /// Requests per second.
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

    /// Decides whether a request may be sent now.
    ///
    /// - Parameter ahead: the number of requests of the same or a more urgent lane that wait and go first.
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

    /// Puts a `Retry-After` into effect: at most ``closedMax``, and never shorter than the one in effect.
    package mutating func close(for wait: Duration, at now: Instant) {
        let until = now + min(max(wait, .zero), RequestLanes.closedMax)
        closedUntil = max(closedUntil ?? until, until)
    }

    /// Changes only the rate; spent tokens and a `Retry-After` stay in effect.
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

import Model

/// What the server's clock showed when a request left.
enum ServerTime {
    /// A `Date` header further from our clock is no clock's: a proxy without one, or a cached page.
    static let skewMax: Duration = .seconds(86400)

    /// The earliest that the server's clock can have shown when the first attempt left; nil where the answer has no `Date`
    /// header that can be believed.
    ///
    /// - Parameters:
    ///   - date: of the answer, rounded down to a whole second.
    ///   - now: when the answer was there, by the clock that also gave `firstSentAt`.
    static func atRequest(date: Instant?, firstSentAt: Instant, now: Instant) -> Instant? {
        guard let date, abs((date - now).milliseconds) <= skewMax.milliseconds else { return nil }
        return date - max(.zero, now - firstSentAt)
    }
}

import Model

/// Estimates the server's clock at the time a request was sent.
enum ServerTime {
    /// A `Date` header that differs more from the local clock is ignored: it comes from a proxy or a cache.
    static let skewMax: Duration = .seconds(86400)

    /// The earliest value of the server's clock when the first attempt was sent; nil if the response has no plausible
    /// `Date` header.
    ///
    /// - Parameters:
    ///   - date: the `Date` header, which servers round down to a whole second.
    ///   - now: when the response arrived, by the clock of `firstSentAt`.
    static func atRequest(date: Instant?, firstSentAt: Instant, now: Instant) -> Instant? {
        guard let date, abs((date - now).milliseconds) <= skewMax.milliseconds else { return nil }
        return date - max(.zero, now - firstSentAt)
    }
}

import Model

/// A time on the command line: `24h` for 24 hours ago, or `2026-12-01T09:00:00Z`.
enum MomentText {
    /// Nil if the text is neither a duration nor a time.
    static func instant(_ text: String, before now: Instant = Instant(milliseconds: 0)) -> Instant? {
        Duration(policyText: text).map { now - $0 } ?? Instant(rfc3339: text)
    }

    /// `2026-12-01T22:00+01:00`, with or without seconds; nil for any other text.
    static func time(_ text: String) -> Instant? {
        if let instant = Instant(rfc3339: text) { return instant }
        let minute = text.prefix("2026-12-01T22:00".count)
        return Instant(rfc3339: minute + ":00" + text.dropFirst(minute.count))
    }

    /// True if the first time is not before the second.
    static func isEmpty(from first: String, until last: String) -> Bool {
        let now = SteadyTime.fromWallClock().now
        guard let from = instant(first, before: now), let until = instant(last, before: now) else { return false }
        return from >= until
    }
}

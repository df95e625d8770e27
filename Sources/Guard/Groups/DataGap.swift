package import Model

/// The time in which a rule on a group has lacked data, because campaigns that may be sending lack theirs.
package struct DataGap: Hashable, Sendable, Codable {
    package var since: Instant
    /// True once it has been reported.
    package var isReported = false

    init(since: Instant) { self.since = since }

    /// The gap with no time after `now`, because the clock may have been set back.
    func clamped(to now: Instant) -> DataGap {
        var gap = self
        gap.since = min(since, now)
        return gap
    }
}

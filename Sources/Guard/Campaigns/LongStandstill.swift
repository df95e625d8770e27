import Model

/// Detects a running campaign that has emails and a pool to send from, but sends nothing for a day.
struct LongStandstill: Hashable, Sendable {
    /// The longest normal standstill; the sending hours of two days are no further apart.
    static let limit: Duration = .seconds(24 * 3600)

    /// Since when the campaign has sent nothing; nil if it sends or has nothing to send.
    private(set) var since: Instant?
    private(set) var isReported = false

    init(since: Instant? = nil, isReported: Bool = false) { (self.since, self.isReported) = (since, isReported) }

    /// Notes whether the newest sample shows a standstill; returns its start if it is to be reported.
    mutating func observe(isStanding: Bool, at now: Instant) -> Instant? {
        guard isStanding else {
            (since, isReported) = (nil, false)
            return nil
        }
        let start = since ?? now
        since = start
        guard now - start >= LongStandstill.limit, !isReported else { return nil }
        isReported = true
        return start
    }
}

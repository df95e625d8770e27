import Model

/// A running campaign that sends nothing for a day, although it has emails to send and a pool to send them from.
struct LongStandstill: Hashable, Sendable {
    /// For so long a running campaign may send nothing: no day's sending hours are further apart.
    private static let limit: Duration = .seconds(24 * 3600)

    /// Since when it has sent nothing; nil where it sends, or has nothing to send.
    private(set) var since: Instant?
    private(set) var isReported = false

    init(since: Instant? = nil, isReported: Bool = false) { (self.since, self.isReported) = (since, isReported) }

    /// Takes in whether the newest sample shows it; since when, where that is to be reported.
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

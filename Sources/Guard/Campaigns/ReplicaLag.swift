import Model

/// Decides whether a counter below its earlier value comes from a lagging replica or was corrected.
///
/// A lagging replica is evidence of neither sending nor a standstill. A value that stays lower for longer than ``max``
/// is a correction.
struct ReplicaLag: Hashable, Sendable, Codable {
    /// The longest time that a replica is assumed to lag.
    static let max: Duration = .seconds(86400)

    private var lowerSince: Instant?

    /// True if a lag explains the sample; `isLower` is whether its counter is below the highest value.
    mutating func explains(isLower: Bool, at now: Instant) -> Bool {
        guard isLower else {
            lowerSince = nil
            return false
        }
        let since = lowerSince ?? now
        lowerSince = since
        return now - since <= ReplicaLag.max
    }
}

/// The highest count of sent emails since the counters last restarted.
struct HighestSent: Sendable {
    private(set) var known: (sent: Int, at: Instant)?
    private var lag = ReplicaLag()

    mutating func note(_ sent: Int?, at now: Instant) {
        guard let sent else { return }
        let isLower = known.map { sent < $0.sent } ?? false
        if !lag.explains(isLower: isLower, at: now) { known = (sent, now) }
    }
}

import Model

/// Volume reserved for released launches and resumes but not yet sent, so that it is not used twice.
struct Reservations: Codable, Hashable, Sendable {
    private struct Reservation: Codable, Hashable, Sendable {
        var pool: PoolID
        var promised: Int
        /// Unsent emails at the pool's last poll; the pool's figures do not include newer sends yet.
        var outstanding: Int
        /// True for the rest of a resumed campaign; nil for a launch.
        var isOfResume: Bool?
    }

    private var reservations: [CampaignID: Reservation] = [:]

    var campaigns: [CampaignID] { reservations.keys.sorted() }

    /// - Parameter campaign: its own reservation does not count, because it may use it.
    func reserved(in pool: PoolID, except campaign: CampaignID? = nil) -> Int {
        reservations.reduce(0) { sum, reservation in
            let counts = reservation.value.pool == pool && reservation.key != campaign
            return sum + (counts ? reservation.value.outstanding : 0)
        }
    }

    /// The volume reserved for launches alone: a resume leaves that untouched, but not the rest of other resumes.
    func reservedForLaunches(in pool: PoolID, except campaign: CampaignID) -> Int {
        reservations.reduce(0) { sum, reservation in
            let counts =
                reservation.value.pool == pool && reservation.key != campaign && reservation.value.isOfResume != true
            return sum + (counts ? reservation.value.outstanding : 0)
        }
    }

    /// - Parameters:
    ///   - amount: all emails, as many as leads are enrolled.
    ///   - sent: the emails already sent.
    mutating func reserve(
        _ amount: Int, sent: Int = 0, in pool: PoolID, for campaign: CampaignID, isOfResume: Bool? = nil
    ) {
        let outstanding = max(0, amount - sent)
        reservations[campaign] = Reservation(
            pool: pool, promised: amount, outstanding: outstanding, isOfResume: isOfResume)
    }

    mutating func cancel(_ campaign: CampaignID) {
        reservations[campaign] = nil
    }

    /// Settles reservations after a poll of the pools: emails sent before it are in their figures.
    mutating func settle(in pools: Set<PoolID>, _ stats: (CampaignID) -> CampaignStats?) {
        for (campaign, reservation) in reservations where pools.contains(reservation.pool) {
            guard let stats = stats(campaign), let sent = stats.sent else { continue }
            let outstanding = max(0, reservation.promised - sent)
            let isThrough = outstanding == 0 || (sent > 0 && stats.queued == 0)
            reservations[campaign]?.outstanding = outstanding
            if isThrough { reservations[campaign] = nil }
        }
    }
}

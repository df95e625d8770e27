import Model

/// Volume that is reserved for released launches and resumes and is not sent yet, so that it is not used twice.
struct Reservations: Codable, Hashable, Sendable {
    private struct Reservation: Codable, Hashable, Sendable {
        var pool: PoolID
        var promised: Int
        /// What was still to come when the pool was last looked at: newer sends are not in the pool's number yet.
        var outstanding: Int
        /// What a resumed campaign has left; nil for a launch.
        var isOfResume: Bool?
    }

    private var reservations: [CampaignID: Reservation] = [:]

    var campaigns: [CampaignID] { reservations.keys.sorted() }

    /// - Parameter campaign: whose own reservation does not count, as it may use it.
    func reserved(in pool: PoolID, except campaign: CampaignID? = nil) -> Int {
        reservations.reduce(0) { sum, reservation in
            let counts = reservation.value.pool == pool && reservation.key != campaign
            return sum + (counts ? reservation.value.outstanding : 0)
        }
    }

    /// Reserved for launches alone: a resume keeps off that, but not off what another resume has left to send.
    func reservedForLaunches(in pool: PoolID, except campaign: CampaignID) -> Int {
        reservations.reduce(0) { sum, reservation in
            let counts =
                reservation.value.pool == pool && reservation.key != campaign && reservation.value.isOfResume != true
            return sum + (counts ? reservation.value.outstanding : 0)
        }
    }

    /// - Parameters:
    ///   - amount: emails in all, as many as are enrolled.
    ///   - sent: those that have been sent already.
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

    /// The pools were polled: what had been sent before is in their figures, and is no longer reserved.
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

import Model

/// A rule on the group of all campaigns, and their counters.
extension GuardBench {
    static func groupRule(_ more: String = "then: pause") -> String {
        "rules:\n  - {name: team, on: group, by: pool, when: bounceRate > 5% and resolved >= 100, \(more)}\n"
    }

    /// - Parameter bounced: nil if the response lacks it.
    mutating func seeGrouped(_ campaign: Int, sent: Int, bounced: Int?) {
        see(
            campaign,
            CampaignStats(
                totalEnrolled: 5000, sent: sent, delivered: bounced.map { sent - $0 }, bounced: bounced, replied: 0,
                queued: 5000 - sent))
    }
}

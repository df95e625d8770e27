package import Model

extension CampaignStats {
    /// Counters that have counted nothing yet.
    static let zeroCounters = CampaignStats(totalEnrolled: 0, sent: 0, delivered: 0, bounced: 0, replied: 0)

    /// What was counted since an earlier answer; what either does not say is unknown.
    ///
    /// Enrollment and queue stay as they are.
    package func counted(from before: CampaignStats) -> CampaignStats {
        func since(_ after: Int?, _ before: Int?) -> Int? {
            after.flatMap { after in before.map { max(0, after - $0) } }
        }
        var stats = self
        stats.sent = since(sent, before.sent)
        stats.delivered = since(delivered, before.delivered)
        stats.bounced = since(bounced, before.bounced)
        stats.replied = since(replied, before.replied)
        return stats
    }
}

/// One usable answer about a campaign's counters.
package struct StatsSample: Hashable, Sendable, Codable {
    package var stats: CampaignStats
    /// When it was taken in.
    package var at: Instant
    /// When it was requested: what happened after that may not be in it.
    package var requestedAt: Instant

    init(stats: CampaignStats, at: Instant, requestedAt: Instant) {
        (self.stats, self.at, self.requestedAt) = (stats, at, requestedAt)
    }
}

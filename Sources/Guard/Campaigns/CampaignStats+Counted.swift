package import Model

extension CampaignStats {
    /// Counters at zero.
    static let zeroCounters = CampaignStats(
        totalEnrolled: 0, sent: 0, delivered: 0, bounced: 0, replied: 0, hardBounced: 0, softBounced: 0, complained: 0,
        unsubscribed: 0, deferred: 0)

    /// The counts since an earlier response; unknown if either lacks the counter.
    ///
    /// Enrollment and queue stay absolute.
    package func counted(from before: CampaignStats) -> CampaignStats {
        func since(_ after: Int?, _ before: Int?) -> Int? {
            after.flatMap { after in before.map { max(0, after - $0) } }
        }
        var stats = self
        stats.sent = since(sent, before.sent)
        stats.delivered = since(delivered, before.delivered)
        stats.bounced = since(bounced, before.bounced)
        stats.replied = since(replied, before.replied)
        stats.hardBounced = since(hardBounced, before.hardBounced)
        stats.softBounced = since(softBounced, before.softBounced)
        stats.complained = since(complained, before.complained)
        stats.unsubscribed = since(unsubscribed, before.unsubscribed)
        stats.deferred = since(deferred, before.deferred)
        return stats
    }
}

/// A usable response with a campaign's counters.
package struct StatsSample: Hashable, Sendable, Codable {
    package var stats: CampaignStats
    /// When the response was handled.
    package var at: Instant
    /// When it was requested; the response may miss anything that happened later.
    package var requestedAt: Instant

    init(stats: CampaignStats, at: Instant, requestedAt: Instant) {
        (self.stats, self.at, self.requestedAt) = (stats, at, requestedAt)
    }
}

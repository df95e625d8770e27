/// One answer of `GET /v1/campaigns/:id/stats`.
///
/// Nil means that the answer did not say: unknown, never 0.
package struct CampaignStats: Hashable, Sendable, Codable {
    package var totalEnrolled: Int?
    package var sent: Int?
    package var delivered: Int?
    package var bounced: Int?
    package var replied: Int?
    package var queued: Int?
    /// Unique opens by delivered mails, 0…1.
    package var openRate: Double?
    /// Replied leads by delivered mails, 0…1.
    package var replyRate: Double?
    /// By how much `sent` was raised, because the counters of the answer were read a moment apart; nil where they agreed.
    package var adjustedBy: Int?

    package init(
        totalEnrolled: Int? = nil, sent: Int? = nil, delivered: Int? = nil, bounced: Int? = nil,
        replied: Int? = nil, queued: Int? = nil, openRate: Double? = nil, replyRate: Double? = nil
    ) {
        self.totalEnrolled = totalEnrolled
        self.sent = sent
        self.delivered = delivered
        self.bounced = bounced
        self.replied = replied
        self.queued = queued
        self.openRate = openRate
        self.replyRate = replyRate
    }

    /// Mails whose outcome is known: the honest denominator of a bounce rate, as `sent` includes the undecided.
    package var resolved: Int? {
        guard let delivered, let bounced else { return nil }
        return delivered + bounced
    }

    /// True where every counter but the enrollment is there and 0, as documented for a draft; a counter that is missing
    /// proves nothing.
    package var provesDraft: Bool {
        [sent, queued, delivered, bounced, replied].allSatisfy { $0 == 0 }
    }

    /// True where some counter shows that the campaign has been started at least once.
    package var showsSending: Bool {
        [sent, queued, delivered, bounced, replied].contains { ($0 ?? 0) > 0 }
    }
}

/// A campaign's counters from one response.
///
/// Nil means that the response lacks the field: unknown, never 0.
package struct CampaignStats: Hashable, Sendable, Codable {
    package var totalEnrolled: Int?
    package var sent: Int?
    package var delivered: Int?
    package var bounced: Int?
    package var replied: Int?
    package var queued: Int?
    /// Unique opens by delivered emails, 0…1.
    package var openRate: Double?
    /// Replied leads by delivered emails, 0…1.
    package var replyRate: Double?
    /// The amount added to `sent`, because the platform read the counters seconds apart; nil if they were consistent.
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

    /// Emails whose outcome is known: the denominator of the bounce rate, as `sent` includes emails in transit.
    package var resolved: Int? {
        guard let delivered, let bounced else { return nil }
        return delivered + bounced
    }

    /// True if every counter but the enrollment is present and 0, as documented for a draft; a missing counter proves
    /// nothing.
    package var provesDraft: Bool {
        [sent, queued, delivered, bounced, replied].allSatisfy { $0 == 0 }
    }

    /// True if a counter shows that the campaign was started at least once.
    package var showsSending: Bool {
        [sent, queued, delivered, bounced, replied].contains { ($0 ?? 0) > 0 }
    }
}

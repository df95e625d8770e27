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
    /// Permanent bounces, for platforms that tell them from others; included in `bounced`.
    package var hardBounced: Int?
    /// Temporary bounces, included in `bounced`.
    package var softBounced: Int?
    /// Emails that a recipient reported as spam.
    package var complained: Int?
    /// Leads that unsubscribed.
    package var unsubscribed: Int?
    /// Emails whose delivery was delayed at least once.
    package var deferred: Int?
    /// Unique opens by delivered emails, 0…1.
    package var openRate: Double?
    /// Replied leads by delivered emails, 0…1.
    package var replyRate: Double?
    /// The amount added to `sent`, because the platform read the counters seconds apart; nil if they were consistent.
    package var adjustedBy: Int?
    /// Why `unsubscribed` is unknown although it was asked for, in a few words; nil if it is known or was not.
    package var unsubscribedGap: String?

    package init(
        totalEnrolled: Int? = nil, sent: Int? = nil, delivered: Int? = nil, bounced: Int? = nil,
        replied: Int? = nil, queued: Int? = nil, openRate: Double? = nil, replyRate: Double? = nil,
        hardBounced: Int? = nil, softBounced: Int? = nil, complained: Int? = nil, unsubscribed: Int? = nil,
        deferred: Int? = nil
    ) {
        self.totalEnrolled = totalEnrolled
        self.sent = sent
        self.delivered = delivered
        self.bounced = bounced
        self.replied = replied
        self.queued = queued
        self.openRate = openRate
        self.replyRate = replyRate
        (self.hardBounced, self.softBounced, self.deferred) = (hardBounced, softBounced, deferred)
        (self.complained, self.unsubscribed) = (complained, unsubscribed)
    }

    /// Emails whose outcome is known: the denominator of the bounce rate, as `sent` includes emails in transit.
    package var resolved: Int? {
        guard let delivered, let bounced else { return nil }
        return delivered + bounced
    }

    /// True if a counter that only some platforms report is above 0; without an array, because every sample is asked.
    private var showsOptionalCounters: Bool {
        (hardBounced ?? 0) > 0 || (softBounced ?? 0) > 0 || (complained ?? 0) > 0 || (unsubscribed ?? 0) > 0
            || (deferred ?? 0) > 0
    }

    /// True if every counter but the enrollment is present and 0, as documented for a draft; a missing counter proves
    /// nothing, unless only some platforms report it.
    package var provesDraft: Bool {
        [sent, queued, delivered, bounced, replied].allSatisfy { $0 == 0 } && !showsOptionalCounters
    }

    /// True if a counter shows that the campaign was started at least once.
    package var showsSending: Bool {
        [sent, queued, delivered, bounced, replied].contains { ($0 ?? 0) > 0 } || showsOptionalCounters
    }
}

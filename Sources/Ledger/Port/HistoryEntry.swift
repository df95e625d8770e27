package import Model

/// Which events are asked for; nil is all.
package struct HistoryFilter: Codable, Hashable, Sendable {
    package var campaign: String?
    package var pool: String?
    package var rule: String?
    /// An event's name, or the beginning of several: `campaign.paused`, `campaign`.
    package var event: String?
    /// The minimum severity, as syslog numbers it: less is more severe.
    package var priority: Int?
    package var since: Instant?
    package var until: Instant?
    /// Newer than the event of this number.
    package var after: Int?
    /// The newest so many.
    package var limit: Int

    /// The most events that are read at once.
    package static let limitMax = 100_000

    package init(limit: Int) { self.limit = limit }
}

/// One event as it was reported.
package struct HistoryEntry: Codable, Hashable, Sendable {
    /// Counts up; what a reader has seen is below.
    package var number: Int
    package var at: Instant
    package var event: String
    package var priority: Int
    package var campaign: String?
    package var rule: String?
    package var message: String
    /// The journal's fields.
    package var fields: [String: String]
}

/// A decision with its evidence, and what was sent because of it.
package struct DecisionRecord: Codable, Sendable {
    package struct Action: Codable, Sendable {
        package var action: String
        package var attempt: Int
        package var sentAt: Instant
        package var settledAt: Instant?
        /// The platform's word, or why it failed; nil while the answer is awaited.
        package var outcome: String?
    }

    package var id: Int
    package var at: Instant
    /// The campaign that it is about; nil for one about a pool's members.
    package var campaign: CampaignID?
    /// The pool, and the sender, that it is about; nil for one about a campaign.
    package var pool: PoolID?
    package var sender: String?
    package var cause: String
    package var rule: String?
    package var condition: String?
    /// Each comparison with its numbers.
    package var evidence: [String]
    package var actions: [Action]
}

/// A pool's volume at one time.
package struct PoolVolumeSample: Hashable, Sendable {
    package var at: Instant
    package var capacity: Int?
    package var remaining: Int?
    package var reserved: Int
}

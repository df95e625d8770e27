package import Model

/// Selects events; a nil property matches everything.
package struct HistoryFilter: Codable, Hashable, Sendable {
    package var campaign: String?
    package var pool: String?
    package var rule: String?
    /// An event's name such as `campaign.paused`, or a group such as `campaign`.
    package var event: String?
    /// The minimum severity as a syslog number: lower is more severe.
    package var priority: Int?
    package var since: Instant?
    package var until: Instant?
    /// Only events after the one with this number.
    package var after: Int?
    /// The most events; older ones are omitted.
    package var limit: Int

    /// The largest limit.
    package static let limitMax = 100_000

    package init(limit: Int) { self.limit = limit }
}

/// One logged event.
package struct HistoryEntry: Codable, Hashable, Sendable {
    /// Increases with each event, so a reader can continue after the last one that it has seen; 0 until it is stored.
    package var number: Int
    package var at: Instant
    package var event: String
    package var priority: Int
    package var campaign: String?
    package var rule: String?
    package var message: String
    /// The journal's fields.
    package var fields: [String: String]

    /// False while the event exists only in the daemon's memory.
    package var isStored: Bool { number > 0 }
}

/// Selects decisions; a nil property matches everything.
package struct DecisionFilter: Hashable, Sendable {
    package var campaign: CampaignID?
    /// Only decisions before the one with this number.
    package var before: Int?
    /// The most decisions; older ones are omitted.
    package var limit: Int

    /// The largest limit.
    package static let limitMax = 1000

    package init(campaign: CampaignID? = nil, before: Int? = nil, limit: Int) {
        (self.campaign, self.before, self.limit) = (campaign, before, limit)
    }

    var boundedLimit: Int { min(max(1, limit), DecisionFilter.limitMax) }
}

/// A decision with its evidence and the requests that followed.
package struct DecisionRecord: Codable, Sendable {
    package struct Action: Codable, Sendable {
        package var action: String
        package var attempt: Int
        package var sentAt: Instant
        package var settledAt: Instant?
        /// The platform's response or the failure; nil while no response has arrived.
        package var outcome: String?
    }

    package var id: Int
    package var at: Instant
    /// The campaign; nil for a decision about a pool's members.
    package var campaign: CampaignID?
    /// The pool and the sender; nil for a decision about a campaign.
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

/// A number that expressions can read: the API's own fields, and values derived from them.
package enum Gauge: String, CaseIterable, Sendable, Codable {
    case totalEnrolled, sent, delivered, bounced, replied, queued, openRate, replyRate
    /// `delivered + bounced`: emails whose outcome is known.
    case resolved
    /// `bounced / resolved` over the campaign's lifetime.
    case bounceRate
    case poolDailyCapacity = "pool.dailyCapacity"
    case poolRemainingVolume = "pool.remainingVolume"
    /// Volume that is reserved for started launches and not yet sent.
    case poolReserved = "pool.reserved"
    /// `pool.remainingVolume - pool.reserved`.
    case poolAvailable = "pool.available"
    /// All members of the pool, regardless of channel and status.
    case poolSenders = "pool.senders"
    /// The members of the pool that can send.
    case poolActiveSenders = "pool.activeSenders"
    /// Since the pool was created.
    case poolAge = "pool.age"
    /// Since the pool was last changed.
    case poolUpdated = "pool.updated"
    case accountsActive = "accounts.active"
    case accountsPaused = "accounts.paused"
    case accountsWarming = "accounts.warming"

    var unit: Unit {
        switch self {
        case .openRate, .replyRate, .bounceRate: .ratio
        case .totalEnrolled, .sent, .delivered, .bounced, .replied, .queued, .resolved, .poolDailyCapacity,
            .poolRemainingVolume, .poolReserved, .poolAvailable, .poolSenders, .poolActiveSenders, .accountsActive,
            .accountsPaused, .accountsWarming:
            .count
        case .poolAge, .poolUpdated: .duration
        }
    }

    /// The API response that the number comes from.
    package var source: Source {
        switch self {
        case .totalEnrolled, .sent, .delivered, .bounced, .replied, .queued, .openRate, .replyRate, .resolved,
            .bounceRate:
            .stats
        case .poolDailyCapacity, .poolRemainingVolume, .poolReserved, .poolAvailable, .poolSenders, .poolActiveSenders,
            .poolAge, .poolUpdated:
            .pools
        case .accountsActive, .accountsPaused, .accountsWarming: .accounts
        }
    }
}

/// A counter that only grows, so that its increase over a window is meaningful.
package enum Counter: String, CaseIterable, Sendable, Codable {
    case totalEnrolled, sent, delivered, bounced, replied, resolved
}

/// The API responses that numbers come from, named as in `poll:`.
package enum Source: String, CaseIterable, Sendable, Codable {
    case stats, pools, accounts
}

/// The unit of a number; a policy that mixes units is refused.
package enum Unit: Hashable, Sendable, Codable {
    /// A plain number such as `50`, which takes the unit of the other side if it can be a value of that unit.
    case number
    case count
    case ratio
    /// In seconds.
    case duration
    /// Events per hour.
    case perHour

    /// With its article, for messages.
    var description: String {
        switch self {
        case .number: "a plain number"
        case .count: "a count"
        case .ratio: "a ratio"
        case .duration: "a duration"
        case .perHour: "a rate per hour"
        }
    }
}

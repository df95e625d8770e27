/// A number that expressions may read: the API's own names, and what is derived from them at once.
package enum Gauge: String, CaseIterable, Sendable, Codable {
    case totalEnrolled, sent, delivered, bounced, replied, queued, openRate, replyRate
    /// `delivered + bounced`: mails whose outcome is known.
    case resolved
    /// `bounced / resolved`, over the campaign's whole life.
    case bounceRate
    case poolDailyCapacity = "pool.dailyCapacity"
    case poolRemainingVolume = "pool.remainingVolume"
    /// What was promised to released launches and is not sent yet.
    case poolReserved = "pool.reserved"
    /// `pool.remainingVolume - pool.reserved`.
    case poolAvailable = "pool.available"
    /// The members of the pool, whatever their channel and state.
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

    /// Which answer of the API the number comes from.
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

/// A counter that only grows, so that its increase over a window has a meaning.
package enum Counter: String, CaseIterable, Sendable, Codable {
    case totalEnrolled, sent, delivered, bounced, replied, resolved
}

/// The three answers of the API that numbers come from, named as in `poll:`.
package enum Source: String, CaseIterable, Sendable, Codable {
    case stats, pools, accounts
}

/// What kind of number something is; a policy that mixes them up is refused.
package enum Unit: Hashable, Sendable, Codable {
    /// A bare number such as `50`: takes the unit of what it is compared with, where that makes sense.
    case number
    case count
    case ratio
    /// In seconds.
    case duration
    /// Events an hour.
    case perHour

    /// With its article, for sentences.
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

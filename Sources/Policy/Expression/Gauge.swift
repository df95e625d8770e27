/// A number that expressions read by its name; ``Registry`` describes each.
package enum Gauge: Hashable, Sendable, Codable {
    case counter(Counter)
    /// A ratio of two counters over the campaign's lifetime.
    case rate(Rate)
    case platform(PlatformGauge)
    case pool(PoolGauge)
    case accounts(AccountsGauge)

    /// The API response that the number comes from.
    package var source: Source {
        switch self {
        case .counter, .rate, .platform: .stats
        case .pool: .pools
        case .accounts: .accounts
        }
    }
}

extension Gauge: RawRepresentable {
    /// The gauge with this name; nil if there is none.
    package init?(rawValue: String) {
        guard let gauge = Registry.gauge(rawValue) else { return nil }
        self = gauge
    }

    /// The name as a policy writes it.
    package var rawValue: String {
        switch self {
        case .counter(let counter): counter.rawValue
        case .rate(let rate): rate.rawValue
        case .platform(let gauge): gauge.rawValue
        case .pool(let gauge): gauge.rawValue
        case .accounts(let gauge): gauge.rawValue
        }
    }
}

/// A counter that only grows, so that its increase over a window is meaningful.
package enum Counter: String, CaseIterable, Sendable, Codable {
    case totalEnrolled, sent, delivered, bounced, replied
    /// `delivered + bounced`: emails whose outcome is known.
    case resolved
    /// Included in `bounced`.
    case hardBounced, softBounced
    case complained, unsubscribed, deferred
}

/// A ratio of two counters, over the campaign's lifetime or within a window.
package enum Rate: String, CaseIterable, Sendable, Codable {
    case bounceRate, hardBounceRate, complaintRate, unsubscribeRate, deferralRate

    package var hits: Counter {
        switch self {
        case .bounceRate: .bounced
        case .hardBounceRate: .hardBounced
        case .complaintRate: .complained
        case .unsubscribeRate: .unsubscribed
        case .deferralRate: .deferred
        }
    }

    /// The denominator.
    package var trials: Counter {
        switch self {
        case .bounceRate, .hardBounceRate: .resolved
        // Only a delivered email can be complained about.
        case .complaintRate, .unsubscribeRate: .delivered
        case .deferralRate: .sent
        }
    }
}

extension Counter {
    /// The counters that can stand in for it on a platform that does not report it, the nearest first.
    var substitutes: [Counter] {
        switch self {
        case .hardBounced, .softBounced: [.bounced]
        case .complained: [.unsubscribed, .replied]
        case .unsubscribed: [.complained, .replied]
        case .deferred: [.bounced]
        case .totalEnrolled, .sent, .delivered, .bounced, .replied, .resolved: []
        }
    }
}

/// A number of a campaign that is not a counter: the platform computes it, or it can fall.
package enum PlatformGauge: String, CaseIterable, Sendable {
    case queued, openRate, replyRate
}

package enum PoolGauge: String, CaseIterable, Sendable {
    case dailyCapacity = "pool.dailyCapacity"
    case remainingVolume = "pool.remainingVolume"
    /// Volume that is reserved for started launches and not yet sent.
    case reserved = "pool.reserved"
    /// `pool.remainingVolume - pool.reserved`.
    case available = "pool.available"
    /// All members of the pool, regardless of channel and status.
    case senders = "pool.senders"
    /// The members of the pool that can send.
    case activeSenders = "pool.activeSenders"
    /// Since the pool was created.
    case age = "pool.age"
    /// Since the pool was last changed.
    case updated = "pool.updated"
}

package enum AccountsGauge: String, CaseIterable, Sendable {
    case active = "accounts.active"
    case paused = "accounts.paused"
    case warming = "accounts.warming"
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

    /// In the tables of the policy reference.
    var title: String {
        switch self {
        case .number: "number"
        case .count: "count"
        case .ratio: "ratio"
        case .duration: "duration"
        case .perHour: "per hour"
        }
    }
}

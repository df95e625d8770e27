import Model

/// How often the guard polls the platform, and how many requests it may send.
package struct PollSettings: Hashable, Sendable {
    /// As the policy asks for; ``statsInterval`` is what the budget allows.
    package var stats: PollInterval
    package var pools: PollInterval
    package var accounts: Duration
    package var budget: RequestBudget
    package var timeout: Duration
    /// The longest time between two polls of a campaign that the budget allows; at least `stats.max`.
    package var statsInterval: Duration
    /// Campaign polls per second that the budget allows, besides polls of pools and accounts and extra requests.
    package var statsPerSecond: Double
    /// The requests of their own that some counters cost.
    package var extraRequests = ExtraRequests(ofCampaigns: 0, campaigns: 0)

    /// The time between two polls of a campaign, within the budget.
    package var statsPace: PollInterval {
        stats.isFixed ? PollInterval(statsInterval) : PollInterval(min: stats.min, max: statsInterval)
    }
}

/// The time between two polls of the same target: fixed, or a range in which a target closer to a pause is polled
/// more often.
package struct PollInterval: Hashable, Sendable {
    package var min: Duration
    package var max: Duration

    package init(min: Duration, max: Duration) { (self.min, self.max) = (min, max) }

    package init(_ interval: Duration) { self.init(min: interval, max: interval) }

    package var isFixed: Bool { min == max }

    /// For messages: `1m`, or `10s to 90s`.
    package var text: String { isFixed ? max.policyText : "\(min.policyText) to \(max.policyText)" }
}

/// An upper bound on requests of every kind.
package struct RequestBudget: Hashable, Sendable {
    package var requests: Int
    package var per: Duration

    package init(requests: Int, per: Duration) {
        self.requests = requests
        self.per = per
    }

    package var perSecond: Double { Double(requests) / per.seconds }
}

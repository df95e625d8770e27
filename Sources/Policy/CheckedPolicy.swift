package import Model

/// A policy that has been read and found sound.
package struct CheckedPolicy: Hashable, Sendable {
    /// In the order of the file; at least one.
    package var workspaces: [Workspace]
    package var mode: Mode
    package var poll: PollSettings
    /// Past this age, numbers are too old to judge by.
    package var staleAfter: Duration
    /// The furthest two good samples may lie apart for the time between them to count towards a rule's `for`.
    package var maxGap: Duration
    package var onOverride: OnOverride
    package var overrideFor: Duration
    /// How long after a pause mail in transit may still be counted as sent.
    package var overrideGrace: Duration
    package var onUnapproved: OnUnapproved
    package var belt: Belt
    /// In the order of the file.
    package var campaigns: [CampaignEntry]
    /// In the order of the file.
    package var launches: [LaunchEntry]
    /// In the order of the file.
    package var rules: [Rule]
    /// Pools that the policy gives a name; in the order of the file.
    package var pools: [PoolBinding]

    /// The first workspace, under whose name the ledger stores what is about none in particular.
    package var workspace: Workspace { workspaces[0] }

    /// The workspace of that name; nil where the policy has none.
    package func workspace(_ name: WorkspaceName) -> Workspace? { workspaces.first { $0.name == name } }

    /// The pool that the policy gives that name; nil where a pool's own id is meant.
    package func binding(_ id: PoolID) -> PoolBinding? { pools.first { $0.name == id } }

    /// How far back the guard looks at what was counted.
    package var memoryWindow: Duration {
        // What was sent today counts against pools that report no volumes.
        let day: Duration = pools.isEmpty ? .zero : .seconds(86400) + poll.statsInterval * 3
        return max(rules.windowedCounters.keys.max() ?? .zero, staleAfter * 2, day)
    }

    /// The campaign's entry; nil where the policy does not name it.
    package func campaign(_ id: CampaignID) -> CampaignEntry? {
        campaigns.first { $0.id == id }
    }

    /// The bounce rate that people look at for a campaign: the one that its first pausing rule compares with a limit.
    ///
    /// Its window is nil where the rule counts the campaign's whole life.
    package func watchedRate(of campaign: CampaignEntry) -> WatchedRate? {
        for rule in rules
        where rule.action == .pause && rule.trigger == .running && rule.mode != .off && rule.applies(to: campaign) {
            for part in rule.condition.conjuncts {
                guard case .compare(let comparison) = part, case .constant(let limit) = comparison.right else {
                    continue
                }
                switch comparison.left {
                case .bounceRate(let window): return WatchedRate(rule: rule.name, window: window, limit: limit)
                case .gauge(.bounceRate): return WatchedRate(rule: rule.name, window: nil, limit: limit)
                default: continue
                }
            }
        }
        return nil
    }

    /// The rule of that name; nil where the policy has none.
    package func rule(_ name: String) -> Rule? {
        rules.first { $0.name == name }
    }
}

/// A bounce rate with the limit that a rule sets it.
package struct WatchedRate: Hashable, Sendable {
    package var rule: String
    package var window: Duration?
    package var limit: Double
}

/// Whether decisions are acted on, or only told.
package enum Mode: String, CaseIterable, Sendable {
    case observe, enforce
}

/// One API key on one provider.
package struct Workspace: Hashable, Sendable {
    /// Where the key is read from; the key itself never stands in a policy.
    package enum Credential: Hashable, Sendable {
        /// A file's name in `$CREDENTIALS_DIRECTORY`.
        case systemd(String)
        /// A file that only its owner may read.
        case file(String)
    }

    package var name: WorkspaceName
    package var provider: Provider
    /// Scheme, host and port, without a slash at the end.
    package var url: String
    package var credential: Credential
}

/// How often the platform is asked, and how much of it is allowed in all.
package struct PollSettings: Hashable, Sendable {
    /// As the policy asks; how far the budget goes, ``statsInterval`` tells.
    package var stats: PollInterval
    package var pools: PollInterval
    package var accounts: Duration
    package var budget: RequestBudget
    package var timeout: Duration
    /// The longest time between two looks at a campaign that the budget allows; `stats.max` or longer.
    package var statsInterval: Duration
    /// Looks at campaigns a second that the budget leaves room for, beside those at pools and accounts.
    package var statsPerSecond: Double

    /// The time between two looks at a campaign, as far as the budget goes.
    package var statsPace: PollInterval {
        stats.isFixed ? PollInterval(statsInterval) : PollInterval(min: stats.min, max: statsInterval)
    }
}

/// The time between two looks at the same thing: always the same, or as short as danger asks for within a range.
package struct PollInterval: Hashable, Sendable {
    package var min: Duration
    package var max: Duration

    package init(min: Duration, max: Duration) { (self.min, self.max) = (min, max) }

    package init(_ interval: Duration) { self.init(min: interval, max: interval) }

    package var isFixed: Bool { min == max }

    /// As a policy, or a person, would say it.
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

/// What to do when a person restarts a campaign that we paused.
package enum OnOverride: String, CaseIterable, Sendable {
    case respect
    case pauseAgain = "pause_again"
}

/// What to do when a campaign starts sending while its launch was held.
package enum OnUnapproved: String, CaseIterable, Sendable {
    case alert, pause
}

/// A bound on how much may be started, or found faulty, at once.
package struct Belt: Hashable, Sendable {
    package enum Pauses: String, CaseIterable, Sendable {
        case go, stop
    }

    /// The share of the campaigns that may be started within ``per``; never under one campaign.
    package var starts: Ratio
    package var per: Duration
    package var pauses: Pauses
}

/// A campaign that the guard watches.
package struct CampaignEntry: Hashable, Sendable {
    package var id: CampaignID
    package var workspace: WorkspaceName
    package var name: String?
    /// A pool's id, or the name of one of the policy's pools; nil where the workspace's single pool is meant.
    package var pool: PoolID?
    package var labels: [String: String]

    package init(
        id: CampaignID, workspace: WorkspaceName, name: String? = nil, pool: PoolID? = nil,
        labels: [String: String] = [:]
    ) {
        (self.id, self.workspace, self.name, self.pool, self.labels) = (id, workspace, name, pool, labels)
    }
}

/// A pool of a platform that reports no volumes, under a name of the policy's own.
package struct PoolBinding: Hashable, Sendable {
    /// What campaigns, rules and events call it.
    package var name: PoolID
    package var workspace: WorkspaceName
    package var target: PoolWhere
    /// The channel whose senders count as able to send.
    package var channel: PoolSender.Channel
    /// Mails that one activated sender may send a day, UTC.
    package var perSenderDaily: Int
}

/// Which of a platform's pools is meant: the one that all of this is true of.
package struct PoolWhere: Hashable, Sendable {
    package var id: PoolID?
    package var name: String?
    package var tags: [String: String]

    package init(id: PoolID? = nil, name: String? = nil, tags: [String: String] = [:]) {
        (self.id, self.name, self.tags) = (id, name, tags)
    }

    package func matches(_ pool: SenderPool) -> Bool {
        id.map { $0 == pool.id } ?? true && name.map { $0 == pool.name } ?? true
            && tags.allSatisfy { pool.tags?[$0.key] == $0.value }
    }

    /// As a policy would say it.
    package var text: String {
        let parts = [
            id.map { "id: \($0)" }, name.map { "name: \($0)" },
            tags.isEmpty
                ? nil
                : "tags: {" + tags.sorted { $0.key < $1.key }.map { "\($0): \($1)" }.joined(separator: ", ") + "}",
        ]
        return "{" + parts.compactMap { $0 }.joined(separator: ", ") + "}"
    }
}

/// Which members of a pool are meant: those that all of this is true of.
package struct SenderWhere: Hashable, Sendable {
    package var id: SenderID?
    package var address: String?
    package var channel: PoolSender.Channel?
    package var status: PoolSender.Status?
    package var tags: [String: String]

    package init(
        id: SenderID? = nil, address: String? = nil, channel: PoolSender.Channel? = nil,
        status: PoolSender.Status? = nil, tags: [String: String] = [:]
    ) {
        (self.id, self.address, self.channel, self.status, self.tags) = (id, address, channel, status, tags)
    }

    package func matches(_ sender: PoolSender) -> Bool {
        id.map { $0 == sender.id } ?? true && address.map { $0 == sender.address } ?? true
            && channel.map { $0 == sender.channel } ?? true && status.map { $0 == sender.status } ?? true
            && tags.allSatisfy { sender.tags[$0.key] == $0.value }
    }
}

/// A draft that the guard is to start once its launch rules allow it.
package struct LaunchEntry: Hashable, Sendable, Codable {
    package var campaign: CampaignID
    package var notBefore: Instant?
    package var expires: Instant?
    /// Higher goes first.
    package var priority: Int

    package init(campaign: CampaignID, notBefore: Instant? = nil, expires: Instant? = nil, priority: Int = 0) {
        (self.campaign, self.notBefore, self.expires, self.priority) = (campaign, notBefore, expires, priority)
    }
}

/// One rule of the policy.
package struct Rule: Hashable, Sendable {
    /// What a rule is judged on.
    package enum Trigger: String, CaseIterable, Sendable {
        case running, launch, pool
    }

    package enum Action: String, CaseIterable, Sendable {
        case pause, hold, alert
        case removeSender = "remove_sender"
        case restoreSender = "restore_sender"

        /// True where it changes a pool's members.
        package var changesSenders: Bool { self == .removeSender || self == .restoreSender }
    }

    package enum Mode: String, CaseIterable, Sendable {
        case enforce, observe, off
    }

    package enum Severity: String, CaseIterable, Sendable {
        case info, warning, critical
    }

    /// Which campaigns a rule applies to.
    package enum Selector: Hashable, Sendable {
        case all
        case ids(Set<CampaignID>)
        /// Campaigns that carry every one of these labels.
        case labels([String: String])
    }

    /// How long a condition must hold before the rule fires.
    package enum For: Hashable, Sendable {
        /// Evidence time; see the guard's rule states.
        case duration(Duration)
        /// At least `breaches` of the last `samples` good samples.
        case count(breaches: Int, samples: Int)
    }

    package var name: String
    package var trigger: Trigger
    package var selector: Selector
    package var condition: Condition
    /// The condition as it was written.
    package var conditionText: String
    /// The rule's `for:`.
    package var forClause: For
    package var mode: Mode
    package var action: Action
    package var severity: Severity
    /// The chance of ever being wrong that the author accepts, as confidence: 0.95.
    package var confidence: Double?
    package var resume: Resume?
    package var onOverride: OnOverride?
    /// The pools that a rule on pools applies to; nil is all.
    package var pools: Set<PoolID>?
    /// Which senders a rule that changes a pool's members may take.
    package var sender: SenderWhere?
    /// A rule that removes senders leaves so many that can send.
    package var keepAtLeast: Int?

    /// Every window that the rule asks for, on probation too, with the counters whose growth it asks for.
    package var windowedCounters: [Duration: Set<Counter>] {
        let own = condition.windowedCounters
        return own.merging(resume?.probation?.condition.windowedCounters ?? [:]) { $0.union($1) }
    }

    /// The answers of the API that the rule reads, on probation too.
    package var sources: Set<Source> {
        condition.sources.union(resume?.probation?.condition.sources ?? [])
    }

    package func applies(to campaign: CampaignEntry) -> Bool {
        switch selector {
        case .all: true
        case .ids(let ids): ids.contains(campaign.id)
        case .labels(let labels): labels.allSatisfy { campaign.labels[$0.key] == $0.value }
        }
    }
}

extension Rule {
    package func applies(to pool: PoolID) -> Bool { pools?.contains(pool) ?? true }
}

extension [Rule] {
    /// Every window that any of the rules asks for, with the counters whose growth is asked for.
    package var windowedCounters: [Duration: Set<Counter>] {
        reduce(into: [:]) { $0.merge($1.windowedCounters) { $0.union($1) } }
    }
}

/// How a campaign that a rule paused gets going again.
package struct Resume: Hashable, Sendable {
    package struct Probation: Hashable, Sendable {
        /// Mails to be resolved before the campaign is treated as any other.
        package var sends: Int
        package var condition: Condition
        package var conditionText: String
    }

    package var after: Duration
    package var probation: Probation?
    /// At most `times` resumes within `per`; after that a person must release the campaign.
    package var atMost: Limit?

    package struct Limit: Hashable, Sendable {
        package var times: Int
        package var per: Duration
    }
}

package import Guard
package import Model

/// A snapshot of the guard's state, for people and for metrics.
package struct GuardStatus: Sendable, Hashable, Codable {
    package struct RuleStatus: Sendable, Hashable, Codable {
        package enum State: String, CaseIterable, Sendable, Codable {
            case inactive, pending, firing
        }

        package var name: String
        package var state: State
        /// When it became pending or firing.
        package var since: Instant?
        /// Until when the rule is muted, which may have passed; nil if it was never muted.
        package var mutedUntil: Instant?
        /// Since when it has no data and cannot act, once that has been reported; nil otherwise.
        package var noDataSince: Instant?
        /// What it lacks, in a few words.
        package var noData: String?
        /// The finding of a pending or firing rule with a confidence; nil for any other rule.
        package var evidence: String?
    }

    package struct CampaignStatus: Sendable, Hashable, Codable {
        package var id: CampaignID
        package var name: String?
        package var pool: PoolID?
        /// What lists the campaign: `policy`, the path of a file, or `order`.
        package var listedBy: String?
        package var state: CampaignState
        package var isStale: Bool
        package var isMissing: Bool
        /// The share of its latest responses that were unusable, 0…1; nil unless it is degraded.
        package var unusableShare: Double?
        package var stats: CampaignStats?
        /// The age of its stats in seconds; nil before the first.
        package var statsAge: Double?
        package var rules: [RuleStatus]
        /// The bounce rate that its first pausing rule reads; nil without such a rule, or if nothing was resolved.
        package var rate: Double?
        /// The rate's window in the policy's notation; nil for the campaign's lifetime.
        package var rateWindow: String?
        package var rateLimit: Double?
        /// The rate within each eighth of the window, oldest first.
        package var trend: [Double?]
        /// The earliest automatic resume.
        package var resumesAt: Instant?
        /// True if the platform confirmed several pauses, but it is still sending.
        package var isPauseIneffective: Bool?
        /// The decision behind its current or pending pause.
        package var decision: Int?
        /// The rule that paused it; nil if it is not paused, or no rule did.
        package var pauseRule: String?
    }

    package struct LaunchStatus: Sendable, Hashable, Codable {
        package var campaign: CampaignID
        package var state: LaunchState
        package var heldSince: Instant?
        /// Why it is held, one clause each.
        package var reasons: [String]
        package var notBefore: Instant?
        package var expires: Instant?
        /// By how many emails its pool is short.
        package var missing: Int?
        /// The earliest time at which it can fit.
        package var earliest: Instant?
    }

    package struct PoolStatus: Sendable, Hashable, Codable {
        package var id: PoolID
        package var workspace: WorkspaceName
        package var name: String?
        /// The platform's id, if the policy gives the pool another name.
        package var platformID: PoolID?
        /// True if no pool of the platform matches, or several do.
        package var isMissing: Bool
        /// All members, and those that can send; nil if the platform does not report them.
        package var senders: Int?
        package var activeSenders: Int?
        package var tags: [String: String]
        /// Members that rules removed and that have not been restored.
        package var removedSenders: [SenderID]
        /// The change of members in progress, in a few words.
        package var change: String?
        package var dailyCapacity: Int?
        package var remainingVolume: Int?
        /// Reserved and not sent yet.
        package var reserved: Int
        package var renewsAt: Instant?
        package var rules: [RuleStatus]
    }

    /// The campaigns that share a label or a pool, with the rules on them.
    package struct GroupStatus: Sendable, Hashable, Codable {
        /// The label's name, or `pool`.
        package var by: String
        package var value: String
        package var campaigns: Int
        /// The campaigns with complete data, over which the rules sum.
        package var counted: Int
        package var rules: [RuleStatus]

        /// `team=sales`.
        package var text: String { "\(by)=\(value)" }

        /// As the label of a campaign.
        package var labels: [String: String] { [by: value] }
    }

    package var at: Instant
    package struct WorkspaceStatus: Sendable, Hashable, Codable {
        package var name: WorkspaceName
        package var provider: String
        /// The failure of its API, in a few words; nil while it is healthy.
        package var apiTrouble: String?
        /// The kind of that failure.
        package var apiTroubleKind: APIFailure.Kind?
        /// True if its quiet hours start and resume nothing at present.
        package var isQuiet: Bool?
        /// When the present quiet hours end; nil if they never do, or if there are none.
        package var quietUntil: Instant?
    }

    /// A maintenance window that is planned or in force.
    package struct MuteStatus: Sendable, Hashable, Codable {
        package var number: Int
        /// All of these labels must match; every campaign if there are none.
        package var labels: [String: String]
        /// Nil for every rule that pauses.
        package var rule: String?
        package var startsAt: Instant
        package var endsAt: Instant
        package var isInForce: Bool
        package var by: String
        package var reason: String?
        /// The number of campaigns that it covers at present.
        package var campaigns: Int
        /// What it does, in a few words.
        package var text: String
    }

    /// The first workspace; ``workspaces`` lists all.
    package var workspace: String
    package var provider: String
    package var workspaces: [WorkspaceStatus]
    package var mode: String
    /// The service's status line.
    package var summary: String
    /// The first failure of an API, in a few words; nil while all are healthy.
    package var apiTrouble: String?
    /// Requests per minute: those that polling needs, and the policy's budget.
    package var polledPerMinute: Double
    package var budgetPerMinute: Double
    /// True if decisions cannot be stored at present.
    package var isLedgerFailing: Bool
    /// In the policy's order.
    package var campaigns: [CampaignStatus]
    package var launches: [LaunchStatus]
    package var pools: [PoolStatus]
    /// One for each rule and group.
    package var groups: [GroupStatus]
    /// Maintenance windows, by their beginning; nil if there are none.
    package var mutes: [MuteStatus]?
}

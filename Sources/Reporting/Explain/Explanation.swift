package import Guard
package import Model
package import Policy

/// The state of a campaign, its reasons, and what would change it.
package struct Explanation: Codable, Sendable {
    /// One rule on the campaign.
    package struct RulePart: Codable, Sendable {
        package var name: String
        package var on: String
        /// The group that it is evaluated on, with the number of its campaigns; nil unless the rule is on groups.
        package var group: String?
        package var then: String
        package var mode: String
        package var condition: String
        /// ` for 2m`, ` in 3 of 5 polls`, or empty.
        package var lasting: String
        /// True if an override makes the rule what it is on this campaign; nil otherwise.
        package var isOverridden: Bool?
        package var tree: EvaluationNode
        /// `inactive`, `pending` or `firing`; for a launch rule `allows`, `holds` or `unknown`.
        package var state: String
        package var since: Instant?
        package var mutedUntil: Instant?
        package var mutedBy: String?
        /// The resume from which its counters are counted.
        package var countsSince: Instant?
        /// Why it cannot act, once missing data has been reported; nil otherwise.
        package var noData: String?
        /// What would change its state, and the earliest time.
        package var change: String?
    }

    package struct PausePart: Codable, Sendable {
        package var decision: Int?
        package var at: Instant
        /// Who or what paused it, and why.
        package var why: String
        /// The deciding condition, as written in the policy.
        package var condition: String?
        /// Each comparison with its numbers at the time of the decision; the sums over the group if one decided.
        package var evidence: [String]
        /// The group whose rule paused it, such as `team=sales`; nil for any other pause.
        package var group: String?
        /// Each comparison with the campaign's own numbers, if a group decided.
        package var own: [String]?
        package var resumesAt: Instant?
    }

    package struct LaunchPart: Codable, Sendable {
        package var state: String
        package var reasons: [String]
        package var heldSince: Instant?
        package var notBefore: Instant?
        package var expires: Instant?
        /// By how many emails the pool is short; nil if the launch fits, or if this is unknown.
        package var missing: Int?
        /// The earliest time at which it can fit.
        package var earliest: Instant?
    }

    package var at: Instant
    package var workspace: String
    package var mode: String
    package var id: CampaignID
    package var name: String?
    package var pool: PoolID?
    package var labels: [String: String]
    package var state: CampaignState
    package var stats: CampaignStats?
    /// The age of its stats in seconds.
    package var statsAge: Double?
    package var isStale: Bool
    package var isMissing: Bool
    package var pause: PausePart?
    /// Why a resume would be refused now, one clause each; empty if nothing blocks it, nil if it is not paused.
    package var resumeObstacles: [String]?
    /// Warnings that do not block a resume.
    package var resumeWarnings: [String]?
    package var launch: LaunchPart?
    package var rules: [RulePart]
    /// What happens next, one clause each.
    package var next: [String]
}

/// The state of a pool, and changes to its members.
package struct PoolExplanation: Codable, Sendable {
    package var at: Instant
    package var status: GuardStatus.PoolStatus
    /// What the policy binds the name to; nil if the name is the platform's id.
    package var binding: String?
    /// The campaigns that use the pool.
    package var campaigns: [CampaignID]
    package var rules: [Explanation.RulePart]
    /// What happens next, one clause each.
    package var next: [String]
}

/// The state of one rule on each campaign or pool that it applies to.
package struct RuleExplanation: Codable, Sendable {
    package struct Place: Codable, Sendable {
        /// The id of the campaign or pool.
        package var id: String
        package var name: String?
        package var state: String
        package var since: Instant?
        /// The deciding comparison with its numbers.
        package var evidence: String?
    }

    /// What the rule is on some campaigns.
    package struct OverridePart: Codable, Sendable {
        package var campaigns: [CampaignID]
        package var then: String
        package var mode: String
        package var severity: String
        package var condition: String
        package var lasting: String
        package var resume: String?
    }

    package var at: Instant
    package var name: String
    package var on: String
    package var then: String
    package var mode: String
    package var severity: String
    package var condition: String
    package var lasting: String
    package var resume: String?
    /// What the rule is on some campaigns instead; nil if the policy overrides it nowhere.
    package var overrides: [OverridePart]?
    /// Sorted by urgency: firing rules first.
    package var places: [Place]
}

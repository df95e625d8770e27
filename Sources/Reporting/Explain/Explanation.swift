package import Guard
package import Model
package import Policy

/// Why a campaign is as it is, and what would change that.
package struct Explanation: Codable, Sendable {
    /// One rule on the campaign.
    package struct RulePart: Codable, Sendable {
        package var name: String
        package var on: String
        package var then: String
        package var mode: String
        package var condition: String
        /// ` for 2m`, ` in 3 of 5 polls`, or nothing.
        package var lasting: String
        package var tree: EvaluationNode
        /// `inactive`, `pending`, `firing`; for a launch rule `allows`, `holds`, `unknown`.
        package var state: String
        package var since: Instant?
        package var mutedUntil: Instant?
        package var mutedBy: String?
        /// Its counters count from this resume on.
        package var countsSince: Instant?
        /// What would have to happen for it to change, and when that could be at the earliest.
        package var change: String?
    }

    package struct PausePart: Codable, Sendable {
        package var decision: Int?
        package var at: Instant
        /// Who or what paused it, and on which evidence.
        package var why: String
        /// The condition that decided, as it was written.
        package var condition: String?
        /// Each comparison with the numbers it was decided on.
        package var evidence: [String]
        package var resumesAt: Instant?
    }

    package struct LaunchPart: Codable, Sendable {
        package var state: String
        package var reasons: [String]
        package var heldSince: Instant?
        package var notBefore: Instant?
        package var expires: Instant?
        /// By how many emails the pool is short; nil where it has room, or that is unknown.
        package var missing: Int?
        /// When it could fit at the earliest.
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
    /// How old its stats are, in seconds.
    package var statsAge: Double?
    package var isStale: Bool
    package var isMissing: Bool
    package var pause: PausePart?
    /// Why a resume would be refused now, one clause each; empty where nothing is against it, or it is not paused.
    package var resumeObstacles: [String]?
    /// What would not keep it from being resumed, but is worth knowing first.
    package var resumeWarnings: [String]?
    package var launch: LaunchPart?
    package var rules: [RulePart]
    /// What follows, a sentence each.
    package var next: [String]
}

/// The state of a pool, and what was done to its members.
package struct PoolExplanation: Codable, Sendable {
    package var at: Instant
    package var status: GuardStatus.PoolStatus
    /// What the policy binds the name to; nil where it is the pool's own id.
    package var binding: String?
    /// The campaigns that draw on it.
    package var campaigns: [CampaignID]
    package var rules: [Explanation.RulePart]
    /// What follows, a sentence each.
    package var next: [String]
}

/// The state of one rule on everything that it applies to.
package struct RuleExplanation: Codable, Sendable {
    package struct Place: Codable, Sendable {
        /// The campaign or the pool.
        package var id: String
        package var name: String?
        package var state: String
        package var since: Instant?
        /// The comparison that decides, with its numbers.
        package var evidence: String?
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
    /// What is firing first.
    package var places: [Place]
}

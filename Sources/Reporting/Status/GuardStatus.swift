package import Guard
package import Model

/// A snapshot of everything the guard knows, for people and for metrics.
package struct GuardStatus: Sendable, Codable {
    package struct RuleStatus: Sendable, Codable {
        package enum State: String, CaseIterable, Sendable, Codable {
            case inactive, pending, firing
        }

        package var name: String
        package var state: State
        /// Since when it has been pending or firing.
        package var since: Instant?
        /// It does not act until then, as a person overruled it.
        package var mutedUntil: Instant?
    }

    package struct CampaignStatus: Sendable, Codable {
        package var id: CampaignID
        package var name: String?
        package var pool: PoolID?
        package var state: CampaignState
        package var isStale: Bool
        package var isMissing: Bool
        /// The share of its latest answers that could not be used, 0…1; nil where it is too small to matter.
        package var unusableShare: Double?
        package var stats: CampaignStats?
        /// How old its stats are, in seconds; nil before the first.
        package var statsAge: Double?
        package var rules: [RuleStatus]
        /// The bounce rate that its first pausing rule reads; nil where no rule does, or nothing was resolved.
        package var rate: Double?
        /// That rate's window, as a policy writes it; nil for the campaign's whole life.
        package var rateWindow: String?
        package var rateLimit: Double?
        /// The rate within each eighth of the window, oldest first.
        package var trend: [Double?]
        /// When a pause of ours ends by itself at the earliest.
        package var resumesAt: Instant?
        /// The platform confirmed its pause more than once, and it is still sending.
        package var isPauseIneffective: Bool?
        /// The decision behind a pause that is on its way or stands.
        package var decision: Int?
    }

    package struct LaunchStatus: Sendable, Codable {
        package var campaign: CampaignID
        package var state: LaunchState
        package var heldSince: Instant?
        /// Why it is held, a clause each.
        package var reasons: [String]
        package var notBefore: Instant?
        package var expires: Instant?
        /// By how many emails its pool is short.
        package var missing: Int?
        /// When it could fit at the earliest.
        package var earliest: Instant?
    }

    package struct PoolStatus: Sendable, Codable {
        package var id: PoolID
        package var workspace: WorkspaceName
        package var name: String?
        /// The platform's own id, where the policy gives the pool another name.
        package var platformID: PoolID?
        /// True where the platform has no such pool, or several match.
        package var isMissing: Bool
        /// Members in all, and those that can send; nil where the platform does not say.
        package var senders: Int?
        package var activeSenders: Int?
        package var tags: [String: String]
        /// Members that we removed and have not restored.
        package var removedSenders: [SenderID]
        /// A change of the members that is under way, in a few words.
        package var change: String?
        package var dailyCapacity: Int?
        package var remainingVolume: Int?
        /// Reserved and not sent yet.
        package var reserved: Int
        package var renewsAt: Instant?
        package var rules: [RuleStatus]
    }

    package var at: Instant
    package struct WorkspaceStatus: Sendable, Codable {
        package var name: WorkspaceName
        package var provider: String
        /// What is wrong with its API, in a few words; nil while it is healthy.
        package var apiTrouble: String?
    }

    /// The first workspace; ``workspaces`` has all.
    package var workspace: String
    package var provider: String
    package var workspaces: [WorkspaceStatus]
    package var mode: String
    /// The service's status line.
    package var summary: String
    /// What is wrong with the API, in a few words; nil while it is healthy.
    package var apiTrouble: String?
    /// Requests a minute that polling takes, and that the policy allows in all.
    package var polledPerMinute: Double
    package var budgetPerMinute: Double
    /// Decisions cannot be stored at present.
    package var isLedgerFailing: Bool
    /// In the policy's order.
    package var campaigns: [CampaignStatus]
    package var launches: [LaunchStatus]
    package var pools: [PoolStatus]
}

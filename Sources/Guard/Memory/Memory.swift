package import Model
import Policy

/// What must outlive the process, of one campaign.
package struct CampaignMemory: Codable, Hashable, Sendable {
    package var id: CampaignID
    var phase: CampaignPhase
    var latest: StatsSample?
    var rules: [RuleMemory]
    var isMissing: Bool
    var isStale: Bool
    var freshAfter: Instant
    var recovery: Recovery
    var stillSince: Instant?
    var toldStill: Bool
    /// Absent, as what follows, from what older versions kept.
    var mutes: [String: Mute]?
    var orderedPause: Decision?

    /// The phase in a word, for those who read the ledger.
    package var phaseName: String { phase.word(isOnProbation: recovery.isOnProbation).rawValue }
}

/// Where a rule stood, and which rule it was: another condition under the same name is another rule.
struct RuleMemory: Codable, Hashable, Sendable {
    var name: String
    var fingerprint: String
    var state: RuleState
    /// What had been counted when it was armed; absent from what older versions kept.
    var armed: CampaignStats?
}

/// What must outlive the process, of one launch.
package struct LaunchMemory: Codable, Hashable, Sendable {
    var entry: LaunchEntry
    var phase: LaunchState.Phase
    var heldSince: Instant?
    var lostStart: Intent?
    var toldReasons: [Hold.Reason]?
    var toldCannotFit: Int?
    var toldRules: Set<String>
    /// Absent, as what follows, from what older versions kept.
    var wasOnlyTold: Bool?
    var heldBy: Order?
    var forcedBy: Order?
    var forcedUntil: Instant?

    package var campaign: CampaignID { entry.campaign }

    /// The phase in a word, for those who read the ledger.
    package var phaseName: String { phase.word.rawValue }
}

/// What must outlive the process, of one pool: where its rules stand, and what was done to its members.
package struct PoolMemory: Codable, Hashable, Sendable {
    package var id: PoolID
    var rules: [RuleMemory]
    var senders: SenderState
}

/// What must outlive the process, of the workspace as a whole.
package struct WorkspaceMemory: Codable, Hashable, Sendable {
    var reservations = Reservations()
    var lastDecision = 0
    var belt = BeltState()
    /// Absent from what older versions stored.
    var skew: [WorkspaceName: StampSkew]?

    package init() {}
}

/// All that a guard takes up again after a restart.
package struct Memory: Sendable {
    package var campaigns: [CampaignMemory]
    package var launches: [LaunchMemory]
    package var pools: [PoolMemory]
    package var workspace: WorkspaceMemory
    /// The samples of each campaign, oldest first.
    package var samples: [CampaignID: [(at: Instant, stats: CampaignStats)]]

    package init(
        campaigns: [CampaignMemory] = [], launches: [LaunchMemory] = [], pools: [PoolMemory] = [],
        workspace: WorkspaceMemory = WorkspaceMemory(),
        samples: [CampaignID: [(at: Instant, stats: CampaignStats)]] = [:]
    ) {
        self.campaigns = campaigns
        self.launches = launches
        self.pools = pools
        self.workspace = workspace
        self.samples = samples
    }
}

extension Memory {
    /// Takes in what is to be kept, where it is part of what a guard takes up again.
    package mutating func keep(_ record: LedgerRecord) {
        switch record {
        case .sample(let id, let stats, let at): samples[id, default: []].append((at, stats))
        case .campaign(let campaign):
            campaigns.removeAll { $0.id == campaign.id }
            campaigns.append(campaign)
        case .launch(let launch):
            launches.removeAll { $0.campaign == launch.campaign }
            launches.append(launch)
        case .poolState(let pool):
            pools.removeAll { $0.id == pool.id }
            pools.append(pool)
        case .workspace(let newer): workspace = newer
        case .decision, .intent, .senderChange, .pool, .event: break
        }
    }
}

/// Something to be kept; see ``Effect/record(_:)``.
package enum LedgerRecord: Sendable {
    /// A good answer.
    case sample(CampaignID, CampaignStats, at: Instant)
    indirect case campaign(CampaignMemory)
    indirect case launch(LaunchMemory)
    indirect case poolState(PoolMemory)
    case workspace(WorkspaceMemory)
    /// A pool as it was reported, and how much of its volume was promised then.
    case pool(SenderPool, reserved: Int, at: Instant)
    /// What the journal was told.
    case event(JournalEvent, at: Instant)
    /// A decision, with its evidence.
    indirect case decision(Decision)
    /// An action is about to be sent, or its answer is in: `outcome` is nil until then.
    indirect case intent(Intent, outcome: String?)
    /// A change of a pool's members is about to be sent, or has come to its end: `outcome` is nil until then.
    indirect case senderChange(SenderChange, outcome: String?)

    /// True where it must be on disk before a request leaves.
    package var isUrgent: Bool {
        switch self {
        // An action that is about to be sent; its answer is kept like any other news.
        case .intent(_, let outcome), .senderChange(_, let outcome): outcome == nil
        case .decision: true
        // A person who was told yes relies on it.
        case .event(let event, _): event.kind == .orderAccepted
        case .sample, .pool, .campaign, .launch, .poolState, .workspace: false
        }
    }

    /// True where nothing is lost by its being kept a second later.
    package var canWait: Bool {
        switch self {
        case .sample, .pool: true
        case .campaign, .launch, .poolState, .workspace, .decision, .intent, .senderChange, .event: false
        }
    }

    /// True where it is part of the story, which is told in full once it can be written again.
    package var isStory: Bool {
        switch self {
        case .intent, .senderChange, .decision, .event: true
        case .sample, .pool, .campaign, .launch, .poolState, .workspace: false
        }
    }
}

extension Rule {
    /// Tells whether a rule is the one that it was.
    var fingerprint: String {
        "\(trigger.rawValue) \(action.rawValue) \(mode.rawValue) \(forClause) \(conditionText)"
            + (confidence.map { " \($0)" } ?? "")
    }
}

package import Model
package import Policy

/// A campaign's state that outlives the process.
package struct CampaignMemory: Codable, Hashable, Sendable {
    package var id: CampaignID
    var phase: CampaignPhase
    var latest: StatsSample?
    var rules: [RuleMemory]
    var isMissing: Bool
    var isStale: Bool
    var freshAfter: Instant
    var resumes: ResumePolicy
    var standingSince: Instant?
    var isStandstillReported: Bool
    /// Like the properties below, absent from records of older versions.
    var mutes: [String: Mute]?
    var orderedPause: Decision?
    var launchHold: Order?
    package var watch: Watch?
    /// When the first usable sample ever was taken; nil before it.
    package var firstAt: Instant?
    var beforeRestart: BeforeRestart?
    /// Nil unless a file lists the campaign.
    var listing: CampaignListing?
    /// True if the policy did not name the campaign; nil if it did, and in records of older versions.
    var isAway: Bool?

    /// The key names in stored ledgers.
    private enum CodingKeys: String, CodingKey {
        case id, phase, latest, rules, isMissing, isStale, freshAfter
        case resumes = "recovery"
        case standingSince = "stillSince"
        case isStandstillReported = "toldStill"
        case mutes, orderedPause, launchHold, watch, beforeRestart, listing, isAway
        case firstAt = "firstSeen"
    }

    /// The phase in one word, for people who read the ledger.
    package var phaseName: String { phase.state(isOnProbation: resumes.isOnProbation).rawValue }
}

extension CampaignMemory {
    private enum LegacyPhase: CodingKey {
        /// A start that was under way or whose response was lost; the launch stored the intent.
        case releasing
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        id = try container.decode(CampaignID.self, forKey: .id)
        let isLegacy = try container.nestedContainer(keyedBy: LegacyPhase.self, forKey: .phase).contains(.releasing)
        phase = isLegacy ? .draft : try container.decode(CampaignPhase.self, forKey: .phase)
        latest = try container.decodeIfPresent(StatsSample.self, forKey: .latest)
        rules = try container.decode([RuleMemory].self, forKey: .rules)
        isMissing = try container.decode(Bool.self, forKey: .isMissing)
        isStale = try container.decode(Bool.self, forKey: .isStale)
        freshAfter = try container.decode(Instant.self, forKey: .freshAfter)
        resumes = try container.decode(ResumePolicy.self, forKey: .resumes)
        standingSince = try container.decodeIfPresent(Instant.self, forKey: .standingSince)
        isStandstillReported = try container.decode(Bool.self, forKey: .isStandstillReported)
        mutes = try container.decodeIfPresent([String: Mute].self, forKey: .mutes)
        orderedPause = try container.decodeIfPresent(Decision.self, forKey: .orderedPause)
        launchHold = try container.decodeIfPresent(Order.self, forKey: .launchHold)
        watch = try container.decodeIfPresent(Watch.self, forKey: .watch)
        firstAt = try container.decodeIfPresent(Instant.self, forKey: .firstAt)
        beforeRestart = try container.decodeIfPresent(BeforeRestart.self, forKey: .beforeRestart)
        listing = try container.decodeIfPresent(CampaignListing.self, forKey: .listing)
        isAway = try container.decodeIfPresent(Bool.self, forKey: .isAway)
    }
}

/// A rule's stored state and identity; another condition under the same name is another rule.
struct RuleMemory: Codable, Hashable, Sendable {
    var name: String
    var fingerprint: String
    var state: RuleState
    /// The counters at which the rule was armed; absent from records of older versions.
    var armed: CampaignStats?
    /// The evidence of a rule with `within`; nil for other rules, and in records of older versions.
    var change: ChangeState?
    /// Absent while the rule has its data, and from records of older versions; so is that of its probation.
    var data: RuleData?
    var probationData: RuleData?

    init(
        _ identity: RuleIdentity, _ state: RuleState, armed: CampaignStats?, change: ChangeState? = nil,
        data: RuleData = .complete, probationData: RuleData = .complete
    ) {
        (name, fingerprint) = (identity.name, identity.fingerprint)
        (self.state, self.armed, self.change) = (state, armed, change)
        self.data = data == .complete ? nil : data
        self.probationData = probationData == .complete ? nil : probationData
    }

    var identity: RuleIdentity { RuleIdentity(name: name, fingerprint: fingerprint) }
}

/// A launch's state that outlives the process.
package struct LaunchMemory: Codable, Hashable, Sendable {
    /// A launch's stored phase.
    enum Phase: Codable, Hashable, Sendable {
        case waiting
        case held([HoldReason])
        case judging(since: Instant)
        case starting
        /// A start under way, as older versions stored it.
        indirect case releasing(Intent)
        case released
        case closed
    }

    var entry: LaunchEntry
    var phase: Phase
    var heldSince: Instant?
    /// A start whose response was lost, as older versions stored it; the campaign stores it today.
    var lostStart: Intent?
    var reportedReasons: [HoldReason]?
    var reportedCannotFit: Int?
    var reportedRules: Set<String>
    /// Like the properties below, absent from records of older versions.
    var wasDryRun: Bool?
    var heldBy: Order?
    var forcedBy: Order?
    var forcedUntil: Instant?
    var failures: StartFailures?

    /// The key names in stored ledgers.
    private enum CodingKeys: String, CodingKey {
        case entry, phase, heldSince, lostStart
        case reportedReasons = "toldReasons"
        case reportedCannotFit = "toldCannotFit"
        case reportedRules = "toldRules"
        case wasDryRun = "wasOnlyTold"
        case heldBy, forcedBy, forcedUntil, failures
    }

    package var campaign: CampaignID { entry.campaign }

    /// The start that older versions stored here and that may have taken effect; nil if there is none.
    var legacyStart: Intent? {
        switch phase {
        case .releasing(let intent): intent
        case .waiting, .held, .judging, .starting, .released, .closed: lostStart
        }
    }

    /// The phase in one word, for people who read the ledger.
    package var phaseName: String {
        switch phase {
        case .waiting: LaunchState.waiting.rawValue
        case .held: LaunchState.held.rawValue
        case .judging: LaunchState.evaluating.rawValue
        case .starting, .releasing: LaunchState.starting.rawValue
        case .released: LaunchState.released.rawValue
        case .closed: LaunchState.closed.rawValue
        }
    }
}

/// A pool's state that outlives the process: its rules and the changes of its members.
package struct PoolMemory: Codable, Hashable, Sendable {
    package var id: PoolID
    var rules: [RuleMemory]
    var senders: SenderState
}

/// The state of the whole workspace that outlives the process.
package struct WorkspaceMemory: Codable, Hashable, Sendable {
    var reservations = Reservations()
    var lastDecision = 0
    var startLimit = StartLimiter()
    var circuitBreaker = CircuitBreaker()
    var skew: [WorkspaceName: StampSkew]?
    /// The states of rules on groups; nil if there are none, and in records of older versions.
    var groups: [GroupMemory]?
    /// Maintenance windows; nil if there are none, and in records of older versions.
    var windows: [MuteWindow]?

    package init() {}

    private enum CodingKeys: String, CodingKey {
        case reservations, lastDecision, startLimit, circuitBreaker, skew, groups, windows
        /// The key of both limits in records of older versions.
        case belt
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let legacy = container.contains(.belt)
        reservations = try container.decode(Reservations.self, forKey: .reservations)
        lastDecision = try container.decode(Int.self, forKey: .lastDecision)
        startLimit = try container.decode(StartLimiter.self, forKey: legacy ? .belt : .startLimit)
        circuitBreaker = try container.decode(CircuitBreaker.self, forKey: legacy ? .belt : .circuitBreaker)
        skew = try container.decodeIfPresent([WorkspaceName: StampSkew].self, forKey: .skew)
        groups = try container.decodeIfPresent([GroupMemory].self, forKey: .groups)
        windows = try container.decodeIfPresent([MuteWindow].self, forKey: .windows)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(reservations, forKey: .reservations)
        try container.encode(lastDecision, forKey: .lastDecision)
        try container.encode(startLimit, forKey: .startLimit)
        try container.encode(circuitBreaker, forKey: .circuitBreaker)
        try container.encodeIfPresent(skew, forKey: .skew)
        try container.encodeIfPresent(groups, forKey: .groups)
        try container.encodeIfPresent(windows, forKey: .windows)
    }
}

/// Everything that a guard restores after a restart.
package struct Memory: Sendable {
    package var campaigns: [CampaignMemory]
    package var launches: [LaunchMemory]
    package var pools: [PoolMemory]
    package var workspace: WorkspaceMemory
    /// Each campaign's samples, oldest first.
    package var samples: [CampaignID: [(at: Instant, stats: CampaignStats)]]
    /// When each campaign's oldest stored sample was taken, which may be long before those in ``samples``; only for
    /// campaigns whose record does not say when the first was.
    package var firstSamples: [CampaignID: Instant] = [:]

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
    /// The campaigns whose record says when their first sample was taken.
    package var campaignsOfKnownAge: Set<CampaignID> { Set(campaigns.filter { $0.firstAt != nil }.map(\.id)) }

    /// Applies a record if a guard restores it after a restart.
    package mutating func store(_ record: LedgerRecord) {
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
        case .decision, .intent, .senderChange, .pool, .event, .outbox: break
        }
    }
}

extension Memory {
    /// Actions whose responses the earlier process did not receive.
    var unfinished: [Intent] {
        let ofCampaigns = campaigns.compactMap { memory -> Intent? in
            switch memory.phase {
            case .starting(let attempt): attempt.isUnderWay ? attempt.intent : nil
            case .resuming(let attempt): if case .sent(let intent) = attempt.step { intent } else { nil }
            // A pause is sent again and gets its own outcome.
            case .unknown, .draft, .running, .pausing, .paused, .pausedByAnother: nil
            }
        }
        let ofLaunches = launches.compactMap { memory -> Intent? in
            if case .releasing(let intent) = memory.phase { intent } else { nil }
        }
        return ofCampaigns + ofLaunches
    }
}

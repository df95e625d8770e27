package import Model
package import Policy

/// The guard: told what happened and when, it answers what to do.
///
/// A pure value. It has no clock, no network, no disk and no randomness; the same events at the same times give
/// the same effects. Whoever drives it carries every effect out, in order, and reports back.
package struct Guard: Sendable {
    package internal(set) var policy: CheckedPolicy
    /// In the policy's order.
    var campaigns: [CampaignState]
    var places: [CampaignID: Int]
    var launches: [LaunchState] { didSet { haveLaunchesMoved = true } }
    var launchPlaces: [CampaignID: Int]
    /// The launches' places in the order in which they may start.
    var launchOrder: [Int]
    /// Launches may have changed since they were last kept.
    var haveLaunchesMoved = true
    /// Whether one was judged or started at the end of the last event.
    var wasLaunchBusy = false
    var platform: PlatformState
    /// The states of rules on pools, by pool and the rule's place in the policy.
    var poolRules: [PoolID: [Int: RuleState]] = [:]
    var missingPools: Set<PoolID> = []
    /// Pools that the policy names and the last look, as the first one, did not find.
    var doubtfulPools: Set<PoolID> = []
    /// The pools that the policy names, in campaigns or by binding.
    var namedPools: [PoolID]
    /// The workspaces in which a campaign draws on the only pool there is.
    var poollessWorkspaces: [WorkspaceName]
    /// What was done to the members of pools.
    var senders: [PoolID: SenderState] = [:]
    var health: [WorkspaceName: APIHealth]
    var plan: PollPlan
    /// Campaigns with a pause on its way.
    var pausing: Set<CampaignID> = []
    /// What has not been answered once since the start.
    var unanswered: Set<Target>
    /// What waits for time to pass, and until when.
    var due = DueTimes()
    var isReady = false
    var lastDecision = 0
    /// Campaigns that a person wants paused once what is under way is answered.
    var orderedPauses: Set<CampaignID> = []
    /// Campaigns that rest after a pause of ours and are to be resumed.
    var resting: Set<CampaignID> = []
    var belt = BeltState()
    /// How far each workspace's platform stamps its actions off the clock of its answers.
    var skew: [WorkspaceName: StampSkew] = [:]
    /// Why nothing can be kept, and when that is told again; nil while all is well.
    var ledgerTrouble: LedgerTrouble?
    /// Decisions and actions since the last event, to be kept.
    var news: [LedgerRecord] = []
    /// How far the wall clock is ahead of the time that events come with; launches go by the wall clock.
    var clockAhead: Duration = .zero { didSet { platform.clockAhead = clockAhead } }
    var saved = SavedMemory()
    /// When all that was due was last looked at; what was due by then waits for news, not for time.
    var workedAt: Instant
    private let begunAt: Instant
    /// By then the service is up, however long the first round of a large workspace takes.
    private static let readyMax: Duration = .seconds(30)

    /// A guard that has seen nothing yet; the first event is ``Event/started``.
    package init(policy: CheckedPolicy, at now: Instant) {
        self.policy = policy
        campaigns = policy.campaigns.map { CampaignState(entry: $0, policy: policy, at: now) }
        places = Guard.places(policy)
        launches = policy.launches.enumerated().map { LaunchState(entry: $1, position: $0) }
        launchPlaces = Guard.launchPlaces(policy)
        launchOrder = Guard.launchOrder(launches)
        namedPools = Guard.namedPools(policy)
        poollessWorkspaces = Guard.poollessWorkspaces(policy)
        health = Guard.health(policy)
        platform = PlatformState(policy: policy, at: now)
        plan = PollPlan(policy: policy, at: now)
        unanswered = Guard.targets(policy)
        workedAt = now
        begunAt = now
    }

    /// Takes one event in; what is to be done, in order.
    package mutating func handle(_ event: Event, at now: Instant) -> [Effect] {
        var effects: [Effect]
        let restedUntil = restsUntil(event)
        switch event {
        case .started: effects = queueLaunches(at: now) + dueWork(everything: true, at: now)
        case .tick: effects = dueWork(at: now)
        case .observed(let observation): effects = observe(observation, at: now)
        case .answered(let intent, let result, let jitter):
            switch intent.action {
            case .pause: effects = pauseAnswered(intent, result, jitter: jitter, at: now)
            case .start: effects = startAnswered(intent, result, at: now)
            case .resume: effects = resumeAnswered(intent, result, at: now)
            }
            noteOutcome(intent, result)
        case .clockSet(let ahead):
            clockAhead = ahead
            effects = dueWork(everything: true, at: now)
        case .changed(let change, let result): effects = senderChanged(change, result, at: now)
        case .recorded(let failure): effects = noteRecording(failure, at: now)
        case .ordered(let order): effects = obey(order, at: now)
        case .reloaded(let policy): effects = reload(policy, at: now)
        }
        effects += pauseAsOrdered(at: now)
        replan(after: event, at: now)
        if !isReady, unanswered.isEmpty || hasClearlyFailed || now - begunAt >= Guard.readyMax {
            isReady = true
            effects.append(.ready)
        }
        refreshDue(after: event, restedUntil: restedUntil)
        return changes(after: event, effects) + effects
    }

    /// Plans the next looks at what the event was about.
    private mutating func replan(after event: Event, at now: Instant) {
        switch event {
        case .observed(let observation):
            switch observation.target {
            case .stats(let id): if let place = places[id] { replan(place, at: now) }
            case .pools, .pool: replanPools(observation.target, at: now)
            case .operation(let pool): replanPools(.pool(pool), at: now)
            case .accounts: break
            }
        case .answered(let intent, _, _):
            if let place = places[intent.campaign] {
                // How fast it sends from now on is not known by how it stood still.
                if intent.action != .pause { campaigns[place].pace = SendingPace() }
                replan(place, at: now)
                let entry = campaigns[place].entry
                if intent.action != .pause {
                    replanPools(platform.target(of: entry.pool, in: entry.workspace), isUsed: true, at: now)
                }
            }
        case .changed(let change, _): replanPools(.pool(change.pool), at: now)
        case .started, .tick, .recorded, .clockSet, .ordered, .reloaded: break
        }
    }

    /// When ``Event/tick`` is due at the latest; nil where nothing waits for time to pass.
    package var nextDeadline: Instant? {
        [plan.next, due.earliest].compactMap { $0 }.min()
    }

    /// A time of the wall clock as the time that events come with.
    func evenTime(_ wallTime: Instant) -> Instant { wallTime - clockAhead }

    // MARK: Finding things

    static func places(_ policy: CheckedPolicy) -> [CampaignID: Int] {
        Dictionary(uniqueKeysWithValues: policy.campaigns.enumerated().map { ($1.id, $0) })
    }

    static func targets(_ policy: CheckedPolicy) -> Set<Target> {
        Set(policy.campaigns.map { Target.stats($0.id) } + PollPlan.shared(policy))
    }

    func campaign(_ id: CampaignID) -> CampaignState? {
        places[id].map { campaigns[$0] }
    }

    /// The rule that decided, by its place in the policy; nil where none did, or the policy has it no more.
    func ruleIndex(of decision: Decision) -> Int? {
        decision.cause.rule.flatMap { name in policy.rules.firstIndex { $0.name == name } }
    }

    func rule(of decision: Decision) -> Rule? {
        ruleIndex(of: decision).map { policy.rules[$0] }
    }

    mutating func nextDecisionID() -> Int {
        lastDecision += 1
        return lastDecision
    }

    /// Nothing more can be expected of the first round: the key is refused, or the platform is not there.
    private var hasClearlyFailed: Bool {
        apiTrouble != nil && unanswered.count < plan.targetCount
            && unanswered.allSatisfy { health[workspace(of: $0)]?.summary != nil }
    }

    // MARK: Time

    /// Everything that is due by now: polls, pauses to be tried again, launches whose time has come.
    ///
    /// - Parameter everything: whatever waits is looked at, also where its time has not come.
    mutating func dueWork(everything: Bool = false, at now: Instant) -> [Effect] {
        let due = due
        func isDue(_ time: Instant?) -> Bool { everything || time.map { $0 <= now } ?? false }
        workedAt = max(workedAt, now)
        var effects: [Effect] = []
        if isDue(due.pauses) { effects += retryPauses(at: now) }
        for target in plan.due(at: now) {
            if case .stats(let id) = target { effects += checkStale(id, at: now) }
            effects.append(.poll(target))
        }
        if isDue(due.resumes) { effects += advanceResumes(at: now) }
        if isDue(due.launches) { effects += advanceLaunches(at: now) }
        if isDue(due.operations) { effects += followOperations(at: now) }
        return effects
    }

    // MARK: Observations

    private mutating func observe(_ observation: Observation, at now: Instant) -> [Effect] {
        let target = observation.target
        plan.noteAnswer(target)
        guard isKnown(target) else { return [] }
        unanswered.remove(target)
        var effects: [Effect]
        switch observation.result {
        case .failure(let fault):
            effects = noteHealth(target) { $0.noteFault(fault, target, at: now) }
            effects += observeFault(fault, target, at: now)
        case .success(let reading):
            effects = noteHealth(target) { $0.noteSuccess(target, at: now) }
            switch (target, reading) {
            case (.stats(let id), .stats(let stats)):
                effects += observe(stats, of: id, requestedAt: observation.requestedAt, at: now)
            case (.pools(let workspace), .pools(let pools)):
                effects += observe(pools, of: workspace, requestedAt: observation.requestedAt, at: now)
            case (.accounts(let workspace), .accounts(let accounts)):
                platform.observe(
                    accounts: accounts, of: workspace, requestedAt: observation.requestedAt, at: now)
            case (.pool(let name), .pool(let finding)):
                effects += observe(finding, of: name, requestedAt: observation.requestedAt, at: now)
            case (.operation(let name), .operation(let operation)):
                effects += operationObserved(operation, name, at: now)
            case (.stats, _), (.pools, _), (.accounts, _), (.pool, _), (.operation, _):
                preconditionFailure("an observation's reading is not of its target")
            }
        }
        effects += settleResumes(observation, at: now)
        effects += settleJudging(observation, at: now)
        return effects + advanceLaunches(touchedBy: target, at: now)
    }

    /// True where the policy still asks for it.
    func isKnown(_ target: Target) -> Bool {
        switch target {
        case .stats(let id): places[id] != nil
        case .pools(let workspace), .accounts(let workspace): health[workspace] != nil
        case .pool(let name), .operation(let name): platform.binding(name) != nil
        }
    }

    private mutating func observeFault(_ fault: Fault, _ target: Target, at now: Instant) -> [Effect] {
        if case .operation(let name) = target { return operationUnknown(fault, name, at: now) }
        guard case .stats(let id) = target, let place = places[id] else { return [] }
        campaigns[place].lastFault = fault.summary
        var effects = checkStale(id, at: now)
        // What is throttled is waited for, and says nothing of this campaign's answers.
        switch fault.kind {
        case .missing, .throttled: break
        case .unreachable, .unauthorized, .refused, .unexpected: effects += noteAnswer(place, isUsable: false)
        }
        if fault.kind == .missing, !campaigns[place].isMissing {
            campaigns[place].isMissing = true
            effects.append(.report(Wording.missing(campaigns[place].entry, fault)))
        }
        effects += judgeAgeRules(place, at: now)
        return effects
    }

    /// Launches may have become possible by news of that target.
    private mutating func advanceLaunches(touchedBy target: Target, at now: Instant) -> [Effect] {
        switch target {
        case .pools, .accounts, .pool: return advanceLaunches(at: now)
        case .operation: return []
        case .stats(let id):
            return openLaunchPlace(id) == nil ? [] : advanceLaunches(at: now)
        }
    }
}

package import Model
package import Policy

/// Decides what to do about each event at the time it is given.
///
/// A pure value without a clock, network, disk or randomness: the same events at the same times give the same effects.
/// Its driver carries out every effect in order and passes the results back. The decisions are made by state machines;
/// the guard routes events to them and collects their effects and the records to store.
package struct Guard: Sendable {
    /// The service counts as ready after this long, even if the first round of a large workspace takes longer.
    private static let readyMax: Duration = .seconds(30)

    private(set) var book: RuleBook
    package internal(set) var campaigns: CampaignTable
    package internal(set) var launches: LaunchQueue
    package internal(set) var pools: PoolDirectory
    package internal(set) var senders = SenderTable()
    var groups: GroupTable
    var windows = MuteWindows()
    var planner: PollPlanner
    var health: APIHealthTable
    var ledger = LedgerHealth()
    var startLimit = StartLimiter()
    var breaker = CircuitBreaker()
    var skews = StampSkews()
    private var quietClock = QuietClock()
    private var lastDecision = 0
    private var storage = StorageMarks()
    private(set) var wallClockOffset: Duration = .zero
    /// When due work was last done; whatever was due by then waits for responses, not for time.
    private var workedAt: Instant
    /// When ``Event/tick`` is due at the latest; nil if nothing waits for time to pass.
    package private(set) var nextDeadline: Instant?
    private var readiness = Readiness.pending

    private enum Readiness: Sendable {
        case pending, ready
    }

    private let startedAt: Instant
    /// The policy with the campaigns that its files listed before the process started; nil if they list some now.
    package private(set) var recalledList: CheckedPolicy?
    /// Watches that the policy could not take up when the process started.
    private var refusedWatches: [(Watch, WatchObstacle)] = []
    /// Rules of an earlier process that the policy no longer has, and those of campaigns that returned.
    private var endedRules: [Effect] = []

    /// Creates a guard without history; its first event is ``Event/started``.
    package init(policy: CheckedPolicy, at now: Instant) {
        book = RuleBook(policy)
        campaigns = CampaignTable(book, at: now)
        launches = LaunchQueue(policy)
        pools = PoolDirectory(policy, at: now)
        groups = GroupTable(policy)
        planner = PollPlanner(book, at: now)
        health = APIHealthTable(policy)
        (workedAt, startedAt) = (now, now)
        sumGroups(at: now)
    }

    /// Creates a guard that continues from another guard's memory.
    ///
    /// Actions under way may not have happened: pauses are sent again, and starts and resumes are evaluated again on
    /// fresh stats. Stored times after `now` are clamped, because the clock may have been set back.
    package init(policy: CheckedPolicy, memory: Memory, at now: Instant) {
        let watches = memory.campaigns.compactMap(\.watch)
        let recalled = policy.recalled(from: memory)
        var listed = policy
        listed.campaigns += recalled
        let (policy, refused) = listed.watching(watches)
        self.init(policy: policy, at: now)
        if !recalled.isEmpty { recalledList = listed }
        refusedWatches = refused
        lastDecision = memory.workspace.lastDecision
        startLimit = memory.workspace.startLimit
        startLimit.clamp(to: now)
        breaker = memory.workspace.circuitBreaker
        skews = StampSkews(memory.workspace.skew ?? [:])
        pools.takeUp(memory.workspace.reservations)
        takeUp(memory, at: now)
        endedRules = ruleEnds(in: memory) + returns(in: memory, at: now)
    }

    package var policy: CheckedPolicy { book.policy }

    // MARK: Events

    /// Handles one event and returns the effects in order.
    package mutating func handle(_ event: Event, at now: Instant) -> [Effect] {
        var effects: [Effect]
        quietClock.advance(to: now + wallClockOffset, policy)
        let opening = advanceWindows(at: now)
        switch event {
        case .started:
            effects =
                reportRecalled() + reportRefused(refusedWatches) + endedRules + reportQueued(launches.all)
                + holdAsOrdered(at: now)
                + workOff(everything: true, at: now)
            (refusedWatches, endedRules) = ([], [])
        case .tick: effects = workOff(at: now)
        case .polled(let outcome): effects = take(outcome, at: now)
        case .sampled(let sample): effects = take(sample, at: now)
        case .hinted(let target): effects = knows(target) ? planner.hint(target, at: now) : []
        case .answered(let intent, let result, let jitter): effects = take(intent, result, jitter: jitter, at: now)
        case .clockSet(let offset):
            wallClockOffset = offset
            pools.setClock(ahead: offset)
            launches.forgetDeadlines()
            quietClock.advance(to: now + offset, policy)
            _ = muteCampaigns()
            effects = advanceWindows(at: now) + workOff(everything: true, at: now)
        case .changed(let change, let result): effects = take(change, result, at: now)
        case .recorded(let failure): effects = take(recording: failure, at: now)
        case .ordered(let order): effects = obey(order, at: now)
        case .orderedTogether(let orders): effects = obey(orders, at: now)
        case .muteOrdered(let order): effects = obey(order, at: now)
        case .joined(let memory):
            join(memory, at: now)
            effects = []
        case .reloaded(let policy): effects = adopt(policy, at: now)
        case .recalled(let samples):
            recall(samples, at: now)
            effects = []
        }
        effects += pauseAsOrdered(at: now)
        if readiness == .pending, isFirstRoundOver(at: now) {
            readiness = .ready
            effects.append(.ready)
        }
        noteDeadline()
        return changes(at: now) + opening + effects
    }

    private mutating func noteDeadline() {
        let resume = policy.mode == .enforce ? campaigns.earliestResume() : nil
        nextDeadline = [
            planner.next, campaigns.earliestPause(), resume, launches.nextDeadline(after: workedAt, wallClockOffset),
            senders.operationsDue, windows.deadline(wallClockOffset),
        ].compactMap { $0 }.min()
    }

    private mutating func take(
        _ intent: Intent, _ result: Result<ActionAnswer, Fault>, jitter: Double, at now: Instant
    ) -> [Effect] {
        let outcome: ActionOutcome
        switch result {
        case .success(let answer): outcome = .answered(answer.status)
        case .failure(let fault): outcome = .failed(fault.summary)
        }
        var effects: [Effect] = [.record(.intent(intent, outcome: outcome))]
        switch intent.action {
        case .pause: effects += pauseAnswered(intent, result, jitter: jitter, at: now)
        case .start: effects += startAnswered(intent, result, jitter: jitter, at: now)
        case .resume: effects += resumeAnswered(intent, result, at: now)
        }
        planPolls(after: intent, at: now)
        return effects
    }

    private mutating func take(recording failure: String?, at now: Instant) -> [Effect] {
        if failure == nil, ledger.isFailing {
            // Anything handed out meanwhile may be lost, so all of it is handed out again.
            campaigns.storeAll()
            launches.storeAll()
            pools.storeAll()
            senders.storeAll()
            storage.forget()
        }
        return ledger.note(failure: failure, at: now)
    }

    private func isFirstRoundOver(at now: Instant) -> Bool {
        planner.unanswered.isEmpty || now - startedAt >= Guard.readyMax || hasClearlyFailed
    }

    /// True if nothing more can be expected of the first round: the key is refused or the platform is unreachable.
    private var hasClearlyFailed: Bool {
        planner.unanswered.count < planner.targetCount
            && planner.unanswered.allSatisfy { health.failure(of: workspace(of: $0)) != nil }
    }

    // MARK: Time

    /// Does everything that is due: polls, pauses to send again, launches and resumes.
    ///
    /// - Parameter everything: evaluates whatever waits, due or not.
    private mutating func workOff(everything: Bool = false, at now: Instant) -> [Effect] {
        func isDue(_ time: Instant?) -> Bool { everything || time.map { $0 <= now } ?? false }
        let resume = policy.mode == .enforce ? campaigns.earliestResume() : nil
        let launch = launches.nextDeadline(after: workedAt, wallClockOffset)
        workedAt = max(workedAt, now)
        var effects = isDue(campaigns.earliestPause()) ? retryPauses(at: now) : []
        for target in planner.takeDue(at: now) {
            if case .stats(let id) = target, let index = campaigns.index(of: id) {
                effects += checkStale(index, at: now) + checkGroups(of: index, at: now)
            }
            effects.append(.poll(target))
        }
        if everything, policy.mode == .enforce { stopWaitingForQuietHours(at: now) }
        if isDue(resume) { effects += advanceResumes(at: now) }
        if isDue(launch) { effects += advanceLaunches(at: now) }
        if isDue(senders.operationsDue) { effects += followOperations(at: now) }
        return effects
    }

    // MARK: Shared

    /// The context that a campaign is evaluated in.
    func context(of entry: CampaignEntry, at now: Instant) -> CampaignContext {
        var context = CampaignContext(
            book: book, pools: pools, skew: skews[entry.workspace], isLedgerFailing: ledger.isFailing,
            wallClockOffset: wallClockOffset, now: now)
        context.quiet = quietSpell(of: entry.workspace, at: now)
        if !groups.isEmpty, let index = campaigns.index(of: entry.id) { context.groups = groups.sums(of: index) }
        return context
    }

    /// The quiet time of a workspace; nil if it may start and resume campaigns.
    package func quietSpell(of workspace: WorkspaceName, at now: Instant) -> QuietSpell? {
        quietClock.spell(of: workspace, at: now + wallClockOffset, policy)
    }

    mutating func nextDecisionID() -> Int {
        lastDecision += 1
        return lastDecision
    }

    /// Converts a wall-clock time to monotonic time.
    func monotonic(_ wallTime: Instant) -> Instant { wallTime - wallClockOffset }

    /// True if the policy still polls the target.
    func knows(_ target: Target) -> Bool {
        switch target {
        case .stats(let id): campaigns.index(of: id) != nil
        case .pools(let workspace), .accounts(let workspace): health.knows(workspace)
        case .pool(let name), .operation(let name): pools.binding(name) != nil
        }
    }

    /// The workspace whose platform serves the target.
    package func workspace(of target: Target) -> WorkspaceName {
        switch target {
        case .stats(let id):
            campaigns.knownIndex(of: id).map { campaigns[$0].entry.workspace } ?? policy.workspace.name
        case .pools(let workspace), .accounts(let workspace): workspace
        case .pool(let name), .operation(let name): pools.home(of: name)
        }
    }

    /// The workspace that an event concerns; the first one if it concerns none or all.
    package func workspace(of event: GuardEvent) -> Workspace {
        let name: WorkspaceName? =
            switch event.subject {
            case .campaign(let id): workspace(of: .stats(id))
            case .pool(let id): pools.home(of: id)
            case .workspace(let name): name
            case .none: nil
            }
        return name.flatMap { policy.workspace($0) } ?? policy.workspace
    }

    // MARK: Reload

    /// Replaces the policy and keeps everything that it does not change, as a restart with the new policy would.
    mutating func reload(_ newer: CheckedPolicy, at now: Instant) -> [Effect] {
        let (before, previous) = (book, launches)
        let rulesBefore = RulesBefore(campaigns: campaigns, groups: groups, pools: pools)
        if Set(newer.workspaces.map(\.name)) != Set(policy.workspaces.map(\.name)) { storage.forgetWorkspace() }
        book = RuleBook(newer)
        quietClock.forget()
        quietClock.advance(to: now + wallClockOffset, newer)
        campaigns = CampaignTable(book, adopting: campaigns, at: now)
        let actsNow = newer.mode == .enforce
        launches = LaunchQueue(newer, adopting: previous, actsNow: actsNow) { id in
            let campaign = campaigns[id]
            return LaunchQueue.StartHistory(
                wasStarted: campaign?.samples.latest?.stats.showsSending == true, mayRun: campaign?.lostStart != nil)
        }
        if actsNow {
            for launch in launches.all where previous.known(launch.entry.campaign)?.wasDryRun == true {
                pools.cancelReservation(of: launch.entry.campaign)
            }
        }
        _ = muteCampaigns()
        pools.adopt(newer)
        groups = GroupTable(newer, adopting: groups)
        sumGroups(at: now)
        health = APIHealthTable(book, adopting: health, at: now)
        planner = PollPlanner(book, adopting: planner, before, at: now)
        for index in campaigns.indices where campaigns[index].samples.latest != nil {
            planPoll(index, at: now)
        }
        let begun = launches.all.filter { launch in
            guard let old = previous[launch.entry.campaign] else { return true }
            return old.phase == .closed || (old.wasDryRun && actsNow)
        }
        return ruleEnds(since: rulesBefore, at: now) + reportQueued(begun) + holdAsOrdered(at: now)
            + workOff(everything: true, at: now)
    }

    // MARK: Storage

    private mutating func takeUp(_ memory: Memory, at now: Instant) {
        campaigns.takeUp(memory, policy, at: now)
        for launch in memory.launches {
            guard let intent = launch.legacyStart, let index = campaigns.index(of: launch.campaign) else { continue }
            campaigns.update(index) { $0.takeUp(lostStart: intent) }
        }
        let campaigns = campaigns
        launches.takeUp(memory.launches, forceMax: CampaignMachine.orderMax, at: now) { id in
            campaigns[id]?.lostStart != nil
        }
        for pool in memory.pools { takeUp(pool, at: now) }
        recallSends(memory.samples)
        if policy.mode == .enforce {
            for campaign in launches.restartDryRuns() { pools.cancelReservation(of: campaign) }
        }
        windows = MuteWindows(memory.workspace.windows ?? [], at: now)
        _ = muteCampaigns()
        groups.takeUp(memory.workspace.groups ?? [], at: now)
        sumGroups(at: now)
        storage.takeUp(memory)
    }

    /// Retains the state of workspaces that the policy does not name yet, as if a reload had removed them before.
    private mutating func join(_ memory: Memory, at now: Instant) {
        // Numbers of decisions are unique in each workspace.
        lastDecision = max(lastDecision, memory.workspace.lastDecision)
        campaigns.retain(memory, policy, at: now)
        launches.retain(memory.launches, forceMax: CampaignMachine.orderMax, at: now)
        for pool in memory.pools where pools.machine(pool.id) == nil { takeUp(pool, at: now) }
        storage.join(memory)
    }

    private mutating func takeUp(_ pool: PoolMemory, at now: Instant) {
        senders.update(pool.id) { $0.takeUp(pool.senders, at: now) }
        let policy = policy
        pools.update(pool.id) { $0.takeUp(pool.rules, policy, at: now) }
    }

    /// The records of everything changed since the last call.
    private mutating func changes(at now: Instant) -> [Effect] {
        noteChangesForGroups(at: now)
        var records = campaigns.takeChanges().map { LedgerRecord.campaign($0) }
        records += launches.takeChanges().map { .launch($0) }
        for id in pools.takeChanged().union(senders.takeChanged()).sorted() {
            records += storage.take(
                PoolMemory(id: id, rules: pools.machine(id)?.ruleMemories ?? [], senders: senders[id].state))
        }
        var workspace = WorkspaceMemory()
        workspace.reservations = pools.storedReservations
        workspace.lastDecision = lastDecision
        (workspace.startLimit, workspace.circuitBreaker) = (startLimit, breaker)
        let groups = groups.memories
        workspace.groups = groups.isEmpty ? nil : groups
        workspace.windows = windows.isEmpty ? nil : windows.all
        workspace.skew = skews.byWorkspace.isEmpty ? nil : skews.byWorkspace
        records += storage.take(workspace) + storage.takeUnfinished()
        return records.map { .record($0) }
    }
}

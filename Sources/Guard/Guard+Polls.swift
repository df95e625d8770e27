package import Model
import Policy

/// Handles poll outcomes and plans the next polls.
extension Guard {
    /// Handles the outcome of one of our own polls.
    mutating func take(_ outcome: PollOutcome, at now: Instant) -> [Effect] {
        let target = outcome.target
        planner.noteAnswer(target)
        guard knows(target) else { return [] }
        planner.noteFirstAnswer(target)
        var effects = health.note(outcome, in: workspace(of: target), at: now)
        switch outcome.result {
        case .failure(let fault): effects += take(fault, target, at: now)
        case .success(let reading): effects += take(reading, of: target, requestedAt: outcome.requestedAt, at: now)
        }
        effects += settle(outcome, at: now)
        planPolls(after: target, at: now)
        return effects
    }

    /// Handles counters that did not come from one of our polls.
    mutating func take(_ sample: CampaignSample, at now: Instant) -> [Effect] {
        guard let index = campaigns.index(of: sample.campaign) else { return [] }
        // A time in the future would make every poll until then look older.
        var sample = sample
        sample.measuredAt = min(sample.measuredAt, now)
        var effects = take(sample, index, at: now)
        let target = Target.stats(sample.campaign)
        effects += settle(
            PollOutcome(target: target, requestedAt: sample.measuredAt, result: .success(.stats(sample.stats))), at: now
        )
        planPoll(index, at: now)
        return effects
    }

    private mutating func take(
        _ reading: PollOutcome.Reading, of target: Target, requestedAt: Instant, at now: Instant
    ) -> [Effect] {
        switch (target, reading) {
        case (.stats(let id), .stats(let stats)):
            let sample = CampaignSample(campaign: id, stats: stats, measuredAt: requestedAt, source: .poll)
            return campaigns.index(of: id).map { take(sample, $0, at: now) } ?? []
        case (.pools(let workspace), .pools(let pools)):
            return take(pools, of: workspace, requestedAt: requestedAt, at: now)
        case (.accounts(let workspace), .accounts(let accounts)):
            pools.observe(accounts: accounts, of: workspace, requestedAt: requestedAt, at: now)
            return []
        case (.pool(let name), .pool(let finding)): return take(finding, of: name, requestedAt: requestedAt, at: now)
        case (.operation(let name), .operation(let operation)):
            let policy = policy
            return senders.update(name) { $0.observe(operation, policy, at: now) }
        case (.stats, _), (.pools, _), (.accounts, _), (.pool, _), (.operation, _):
            preconditionFailure("a poll's reading is not of its target")
        }
    }

    private mutating func take(_ fault: Fault, _ target: Target, at now: Instant) -> [Effect] {
        switch target {
        case .stats(let id):
            guard let index = campaigns.index(of: id) else { return [] }
            let context = context(of: campaigns[index].entry, at: now)
            return campaigns.update(index) { $0.note(fault, in: context) } + checkGroups(of: index, at: now)
        case .operation(let name):
            if fault.kind == .missing { senders.update(name) { $0.operationIsUnknown(at: now) } }
            return []
        case .pools, .accounts, .pool: return []
        }
    }

    /// Settles resumes first, then launches, that wait for this response.
    private mutating func settle(_ outcome: PollOutcome, at now: Instant) -> [Effect] {
        let effects = settleResumes(outcome, at: now) + settleLaunch(outcome, at: now)
        switch outcome.target {
        case .pools, .accounts, .pool: return effects + advanceLaunches(at: now)
        case .operation: return effects
        case .stats(let id): return launches.openIndex(of: id) == nil ? effects : effects + advanceLaunches(at: now)
        }
    }

    // MARK: Plans

    /// Plans a campaign's next poll from its current state.
    mutating func planPoll(_ index: Int, at now: Instant) {
        guard !policy.poll.stats.isFixed else { return }
        let context = context(of: campaigns[index].entry, at: now)
        planner.want(campaigns.update(index) { $0.planPoll(in: context) }, index)
    }

    private mutating func planPolls(after target: Target, at now: Instant) {
        switch target {
        case .stats(let id): if let index = campaigns.index(of: id) { planPoll(index, at: now) }
        case .pools, .pool: planPoolPolls(target, at: now)
        case .operation(let pool): planPoolPolls(.pool(pool), at: now)
        case .accounts: break
        }
    }

    /// Plans the next polls after the response to an action.
    mutating func planPolls(after intent: Intent, at now: Instant) {
        guard let index = campaigns.index(of: intent.campaign) else { return }
        switch intent.action {
        case .pause: planPoll(index, at: now)
        case .start, .resume:
            campaigns.update(index) { $0.samples.forgetPace() }
            planPoll(index, at: now)
            let entry = campaigns[index].entry
            planPoolPolls(pools.target(of: entry.pool, in: entry.workspace), isUsed: true, at: now)
        }
    }

    /// Hastens a pool's poll when its volume renews, soon after it was used, and while a rule on it waits.
    ///
    /// - Parameters:
    ///   - target: the target that was just polled or is in use.
    ///   - isUsed: true if a start or a resume that draws on the pool was just answered.
    mutating func planPoolPolls(_ target: Target, isUsed: Bool = false, at now: Instant) {
        guard !policy.poll.pools.isFixed else { return }
        let reported = pools.used(reportedBy: target)
        let machines = reported.compactMap { pools.machine($0) }
        let renewal = machines.compactMap { $0.renewsAt(at: now) }.min()
        if let renewal { planner.hasten(target, to: renewal + .seconds(1)) }
        let isAwaited = renewal == nil && launches.open.contains { launches[$0].heldSince != nil }
        let isChanging =
            machines.contains { $0.isDoubtful || $0.hasPendingRule } || reported.contains { senders[$0].awaitsMembers }
        if isUsed || isAwaited || isChanging { planner.hasten(target, to: now) }
    }

    // MARK: Questions

    /// The requests per minute that polling takes at present.
    package var polledPerMinute: Double { planner.perMinute }

    /// The present interval between two polls of the campaign at that index.
    package func pollInterval(_ index: Int) -> Duration { planner.interval(index) }

    /// The most severe failure of the workspace's API; nil while the API is healthy.
    package func apiFailure(of workspace: WorkspaceName) -> APIFailure.Kind? { health.failure(of: workspace) }

    package var isLedgerFailing: Bool { ledger.isFailing }
}

package import Model
package import Policy

/// Handles pool volumes and members, the rules on them, and the changes that they demand.
extension Guard {
    mutating func take(
        _ answer: [SenderPool], of workspace: WorkspaceName, requestedAt: Instant, at now: Instant
    ) -> [Effect] {
        let target = Target.pools(workspace)
        if pools.isOutdated(target, requestedAt: requestedAt) { return [] }
        let events = pools.observe(pools: answer, of: workspace, requestedAt: requestedAt, at: now)
        settleReservations(in: Set(answer.map(\.id)), requestedAt: requestedAt)
        var effects: [Effect] = events.map { .report(.pool($0)) }
        for id in pools.used(reportedBy: target) {
            effects += recordSample(of: id, at: now)
            effects += evaluatePoolRules(id, requestedAt: requestedAt, at: now)
        }
        return effects
    }

    /// Handles a response about a pool named in the policy.
    mutating func take(
        _ finding: PoolFinding, of name: PoolID, requestedAt: Instant, at now: Instant
    ) -> [Effect] {
        guard let binding = pools.binding(name), !pools.isOutdated(.pool(name), requestedAt: requestedAt) else {
            return []
        }
        let missing: PoolEvent
        switch finding {
        case .missing: missing = .unbound(binding)
        case .ambiguous(let count): missing = .ambiguous(binding, count: count)
        case .found(let roster):
            let events = pools.observe(roster, of: binding, requestedAt: requestedAt, at: now)
            settleReservations(in: [name], requestedAt: requestedAt)
            let policy = policy
            let settled = senders.update(name) {
                $0.settle(name, roster, policy, requestedAt: requestedAt, at: now)
            }
            return recordSample(of: name, at: now) + events.map { .report(.pool($0)) } + settled
                + evaluatePoolRules(name, requestedAt: requestedAt, at: now)
        }
        guard case .missing(let isNew) = pools.lose(name, requestedAt: requestedAt, at: now) else { return [] }
        return (isNew ? [.report(.pool(missing))] : [])
            + evaluatePoolRules(name, requestedAt: requestedAt, at: now)
    }

    private mutating func settleReservations(in ids: Set<PoolID>, requestedAt: Instant) {
        let campaigns = campaigns
        pools.settleReservations(in: ids) { id in
            // Stats requested after the pool may count emails that the pool does not count yet.
            guard let latest = campaigns[id]?.samples.latest, latest.requestedAt <= requestedAt else { return nil }
            return latest.stats
        }
    }

    private func recordSample(of id: PoolID, at now: Instant) -> [Effect] {
        guard let pool = pools.machine(id)?.pool else { return [] }
        return [.record(.pool(pool, reserved: pools.reserved(in: id), at: now))]
    }

    // MARK: Rules

    private mutating func evaluatePoolRules(_ id: PoolID, requestedAt: Instant, at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        let maxGap = policy.poll.pools.max * 3
        let readings = poolReadings(id, at: now)
        for (index, rule) in policy.rules.enumerated() where appliesToPool(rule, id) {
            let evaluation = rule.condition.evaluate(readings)
            let change = pools.update(id) { $0.observe(evaluation.truth, of: rule, index, at: now, maxGap: maxGap) }
            if let change { effects.append(.report(.rule(RuleTransition(change, rule, evaluation, on: .pool(id))))) }
            effects += noteData(of: rule, index, evaluation, readings, id, at: now)
            if evaluation.truth == .yes, rule.action.changesSenders,
                pools.machine(id)?.state(ofRule: index).isFiring == true
            {
                effects += changeSenders(rule, index, id, evaluation, requestedAt: requestedAt, at: now)
            }
        }
        return effects
    }

    /// Notes whether a rule on the pool has its data; reports once it has had none for `stale_after`, and the end.
    private mutating func noteData(
        of rule: Rule, _ index: Int, _ evaluation: Evaluation, _ readings: PoolReadings, _ id: PoolID, at now: Instant
    ) -> [Effect] {
        let missing = evaluation.truth == .unknown ? rule.condition.missing(in: readings) : MissingNames()
        let limit = policy.staleAfter
        switch pools.update(id, { $0.observe(missing, ofRule: index, reportAfter: limit, at: now) }) {
        case .lost(let data):
            return [.report(.pool(.ruleLacksData(id, RuleDataReport(rule, data), lasting: now - data.since)))]
        case .restored(let data):
            return [.report(.pool(.ruleHasData(id, RuleDataReport(rule, data), after: now - data.since)))]
        case nil: return []
        }
    }

    /// True if the rule is evaluated on the pool.
    package func appliesToPool(_ rule: Rule, _ id: PoolID) -> Bool {
        guard rule.trigger == .pool, rule.mode != .off, rule.applies(to: id) else { return false }
        return !rule.action.changesSenders || pools.binding(id) != nil
    }

    /// The readings for rules on the pool.
    package func poolReadings(_ id: PoolID, at now: Instant) -> PoolReadings {
        PoolReadings(surroundings: pools.surroundings(of: id, at: now), wallTime: now + wallClockOffset)
    }

    // MARK: Senders

    /// Changes a pool's members for a firing rule, one at a time; each change is decided on fresh members.
    private mutating func changeSenders(
        _ rule: Rule, _ index: Int, _ name: PoolID, _ evaluation: Evaluation, requestedAt: Instant, at now: Instant
    ) -> [Effect] {
        guard let binding = pools.binding(name), let roster = pools.machine(name)?.roster,
            pools.requestedAt(.pool(name)) == requestedAt,
            senders[name].mayBegin(requestedAt: requestedAt, at: now)
        else { return [] }
        let sender: PoolSender
        let action: SenderChange.Action
        switch rule.action {
        case .removeSender:
            guard let candidate = roster.candidates[rule.name] else { return [] }
            let keeps = rule.keepAtLeast ?? 1
            let canSend = candidate.status == .activated && candidate.channel == binding.channel
            guard roster.senders > keeps, !canSend || roster.activeSenders > keeps else {
                return reportOnce(index, name, .retained(candidate, binding, roster, rule))
            }
            (sender, action) = (candidate, .remove)
        case .restoreSender:
            guard let candidate = senders[name].restorable(rule, roster) else { return [] }
            (sender, action) = (candidate, .restore)
        case .pause, .hold, .alert: return []
        }
        let isEnforced = policy.enforces(rule)
        // Nothing is changed while the change cannot be stored.
        if isEnforced, ledger.isFailing { return [] }
        let change = SenderChange(
            action: action, pool: name, platformPool: roster.pool.id, sender: sender, rule: rule.name,
            decision: isEnforced ? nextDecisionID() : 0, conditionText: rule.conditionText, evidence: evaluation,
            sentAt: now)
        guard isEnforced else { return reportOnce(index, name, .changed(change, rule, .observe)) }
        return senders.update(name) { $0.begin(change) }
    }

    private mutating func reportOnce(_ index: Int, _ name: PoolID, _ event: SenderEvent) -> [Effect] {
        pools.update(name) { $0.noteReported(ofRule: index) } ? [.report(.sender(event))] : []
    }

    /// Handles the response to a change of members.
    mutating func take(
        _ change: SenderChange, _ result: Result<ChangeReceipt, Fault>, at now: Instant
    ) -> [Effect] {
        let policy = policy
        let effects = senders.update(change.pool) { $0.answered(change, result, policy, at: now) }
        planPoolPolls(.pool(change.pool), at: now)
        return effects
    }

    /// Polls every operation that is due.
    mutating func followOperations(at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        for name in senders.withDueOperation(at: now) {
            let isBound = pools.binding(name) != nil
            let (more, polls) = senders.update(name) { $0.followOperation(isBound: isBound, at: now) }
            effects += more
            if polls { effects.append(planner.pollNow(.operation(name), at: now)) }
        }
        return effects
    }

    // MARK: Questions of the platform's clients

    /// The query for a pool named in the policy; nil if the policy does not name it.
    package func rosterQuery(of name: PoolID, at now: Instant) -> RosterQuery? {
        guard let binding = pools.binding(name) else { return nil }
        var selectors: [String: SenderSelector] = [:]
        for rule in policy.rules where rule.action == .removeSender && rule.mode != .off && rule.applies(to: name) {
            selectors[rule.name] = rule.sender
        }
        return RosterQuery(
            binding: binding, knownID: pools.machine(name)?.roster?.pool.id, selectors: selectors,
            excluded: senders[name].excluded(at: now), watched: senders[name].watched)
    }

    /// The operation that the change of the pool's members waits for; nil if there is none.
    package func operation(of pool: PoolID) -> OperationID? { senders[pool].operation }
}

/// The readings of rules on pools.
package struct PoolReadings: Readings {
    let surroundings: Surroundings
    package let wallTime: Instant?

    package func value(of gauge: Gauge) -> Double? {
        let value = surroundings.value(of: gauge)
        return value.isNaN ? nil : value
    }

    package func increase(of counter: Counter, over window: TimeWindow) -> Increase? { nil }

    package func age(of source: Source) -> Duration? {
        switch source {
        case .stats: nil
        case .pools: surroundings.poolsAge
        case .accounts: surroundings.accountsAge
        }
    }

    package func label(_ name: String) -> String { "" }

    package func poolTag(_ name: String) -> String? { surroundings.poolTag(name) }
}

import Model
import Policy

/// Pools: exhausted and renewed, missing, and the rules on them.
extension Guard {
    mutating func observe(
        _ pools: [SenderPool], of workspace: WorkspaceName, requestedAt: Instant, at now: Instant
    ) -> [Effect] {
        if let latest = platform.requestedAt(.pools(workspace)), requestedAt < latest { return [] }
        let changes = platform.observe(pools: pools, of: workspace, requestedAt: requestedAt, at: now)
        let used = usedPools().filter { platform.target(of: $0, in: home(of: $0)) == .pools(workspace) }
        settleReservations(in: Set(pools.map(\.id)), requestedAt: requestedAt)
        var effects: [Effect] = changes.filter { used.contains($0.pool.id) }.map { .report(Wording.pool($0)) }
        effects += checkMissingPools(used)
        for id in used {
            keepSample(of: id, at: now)
            effects += judgePoolRules(id, requestedAt: requestedAt, at: now)
        }
        return effects
    }

    /// A look for a pool that the policy gives a name.
    mutating func observe(
        _ finding: PoolFinding, of name: PoolID, requestedAt: Instant, at now: Instant
    ) -> [Effect] {
        guard let binding = policy.binding(name) else { return [] }
        if let latest = platform.requestedAt(.pool(name)), requestedAt < latest { return [] }
        switch finding {
        case .missing, .ambiguous:
            // A list that shifts while it is read may hide a pool, or show it twice, once.
            guard doubtfulPools.remove(name) != nil || missingPools.contains(name) else {
                doubtfulPools.insert(name)
                return []
            }
            platform.lose(name, requestedAt: requestedAt, at: now)
            let isNews = missingPools.insert(name).inserted
            let told: [Effect] = isNews ? [.report(Wording.unbound(binding, finding))] : []
            return told + judgePoolRules(name, requestedAt: requestedAt, at: now)
        case .found(let roster):
            doubtfulPools.remove(name)
            missingPools.remove(name)
            let changes = platform.observe(roster, of: binding, requestedAt: requestedAt, at: now)
            settleReservations(in: [name], requestedAt: requestedAt)
            keepSample(of: name, at: now)
            return changes.map { .report(Wording.pool($0)) }
                + settleSenders(name, roster, requestedAt: requestedAt, at: now)
                + judgePoolRules(name, requestedAt: requestedAt, at: now)
        }
    }

    private mutating func settleReservations(in pools: Set<PoolID>, requestedAt: Instant) {
        let (campaigns, places) = (self.campaigns, self.places)
        platform.reservations.settle(in: pools) { id in
            // Numbers asked for after the pool's may count mails that the pool does not count yet.
            guard let latest = places[id].flatMap({ campaigns[$0].latest }), latest.requestedAt <= requestedAt else {
                return nil
            }
            return latest.stats
        }
    }

    private mutating func keepSample(of id: PoolID, at now: Instant) {
        guard let pool = platform.pools[id]?.pool else { return }
        news.append(.pool(pool, reserved: platform.reservations.reserved(in: id), at: now))
    }

    /// Mails that a campaign was seen to send count against a pool that has no volumes of its own.
    mutating func noteSends(
        _ entry: CampaignEntry, _ stats: CampaignStats, since before: CampaignStats, _ then: Instant, at now: Instant
    ) {
        guard entry.pool.map({ platform.binding($0) != nil }) ?? false else { return }
        let base = Counters(stats).restarted(since: Counters(before)) ? Counters.zero : Counters(before)
        guard let sent = Counters(stats).growth(of: .sent, since: base) else { return }
        platform.noteSends(sent, from: entry.pool, since: then, at: now)
    }

    /// The pools that campaigns draw on and that the policy gives names.
    func usedPools() -> [PoolID] {
        var pools = Set(namedPools)
        for workspace in poollessWorkspaces { if let single = platform.single(workspace) { pools.insert(single.id) } }
        return pools.sorted()
    }

    /// The workspace that a pool is in, as far as the policy tells.
    func home(of pool: PoolID) -> WorkspaceName {
        platform.binding(pool)?.workspace ?? platform.pools[pool]?.workspace
            ?? policy.campaigns.first { $0.pool == pool }?.workspace ?? policy.workspace.name
    }

    private mutating func checkMissingPools(_ used: [PoolID]) -> [Effect] {
        var effects: [Effect] = []
        for id in used {
            let isMissing = platform.pools[id] == nil
            if isMissing, missingPools.insert(id).inserted {
                effects.append(.report(Wording.missing(id, known: platform.pools.keys.sorted())))
            }
            if !isMissing { missingPools.remove(id) }
        }
        return effects
    }

    private mutating func judgePoolRules(_ id: PoolID, requestedAt: Instant, at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        for (index, rule) in policy.rules.enumerated()
        where rule.trigger == .pool && rule.mode != .off && rule.applies(to: id) {
            if rule.action.changesSenders, platform.binding(id) == nil { continue }
            let evaluation = rule.condition.evaluate(poolReadings(id, at: now))
            let change = poolRules[id, default: [:]][index, default: RuleState()].observe(
                RuleState.Outcome(evaluation.truth), at: now, for: rule.forClause, maxGap: policy.poll.pools.max * 3)
            if let change { effects.append(.report(Wording.change(change, rule, evaluation, .pool(id)))) }
            if evaluation.truth == .yes, poolRules[id]?[index]?.isFiring == true {
                effects += actOnSenders(rule, index, id, evaluation, requestedAt: requestedAt, at: now)
            }
        }
        return effects
    }

    func poolReadings(_ id: PoolID, at now: Instant) -> PoolReadings {
        PoolReadings(
            id: id, workspace: home(of: id), pool: platform.reading(id, at: now), platform: platform, now: now)
    }
}

extension PoolChange {
    var pool: SenderPool {
        switch self {
        case .exhausted(let pool), .renewed(let pool), .inconsistent(let pool), .consistent(let pool): pool
        }
    }
}

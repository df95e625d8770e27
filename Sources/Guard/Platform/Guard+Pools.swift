import Model
import Policy

/// Pools: exhausted and renewed, missing, and the rules on them.
extension Guard {
    mutating func observe(_ pools: [SenderPool], requestedAt: Instant, at now: Instant) -> [Effect] {
        if let latest = platform.poolsRequestedAt, requestedAt < latest { return [] }
        let changes = platform.observe(pools: pools, requestedAt: requestedAt, at: now)
        let (campaigns, places) = (self.campaigns, self.places)
        platform.reservations.settle { id in
            // Numbers asked for after the pool's may count mails that the pool does not count yet.
            guard let latest = places[id].flatMap({ campaigns[$0].latest }), latest.requestedAt <= requestedAt else {
                return nil
            }
            return latest.stats
        }
        var effects: [Effect] = changes.filter { isUsed($0.pool.id) }.map { .report(Wording.pool($0)) }
        effects += checkMissingPools()
        for id in usedPools() {
            if let pool = platform.pools[id]?.pool {
                news.append(.pool(pool, reserved: platform.reservations.reserved(in: id), at: now))
            }
            effects += judgePoolRules(id, at: now)
        }
        return effects
    }

    /// The pools that campaigns name, or the workspace's only one where none does.
    func usedPools() -> [PoolID] {
        namedPools.isEmpty ? [platform.single?.id].compactMap { $0 } : namedPools
    }

    private func isUsed(_ id: PoolID) -> Bool { usedPools().contains(id) }

    private mutating func checkMissingPools() -> [Effect] {
        var effects: [Effect] = []
        for id in namedPools {
            let isMissing = platform.pools[id] == nil
            if isMissing, missingPools.insert(id).inserted {
                effects.append(.report(Wording.missing(id, known: platform.pools.keys.sorted())))
            }
            if !isMissing { missingPools.remove(id) }
        }
        return effects
    }

    private mutating func judgePoolRules(_ id: PoolID, at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        let reading = platform.reading(id, at: now)
        for (index, rule) in policy.rules.enumerated() where rule.trigger == .pool && rule.mode != .off {
            let evaluation = rule.condition.evaluate(PoolReadings(pool: reading, platform: platform, now: now))
            let change = poolRules[id, default: [:]][index, default: RuleState()].observe(
                RuleState.Outcome(evaluation.truth), at: now, for: rule.forClause, maxGap: policy.poll.pools.max * 3)
            if let change { effects.append(.report(Wording.change(change, rule, evaluation, .pool(id)))) }
        }
        return effects
    }
}

extension PoolChange {
    var pool: SenderPool {
        switch self {
        case .exhausted(let pool), .renewed(let pool): pool
        }
    }
}

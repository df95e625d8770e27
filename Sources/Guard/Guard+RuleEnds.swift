import Model
import Policy

/// Reports pending and firing rules that end because the policy changed, so that nothing outside waits for their end.
extension Guard {
    /// What the rules were evaluated on before a reload.
    struct RulesBefore {
        var campaigns: CampaignTable
        var groups: GroupTable
        var pools: PoolDirectory
    }

    /// The rules that a reload ended, and those of campaigns that returned.
    func ruleEnds(since before: RulesBefore, at now: Instant) -> [Effect] {
        endsOnCampaigns(before.campaigns) + endsOnGroups(before.groups) + endsOnPools(before.pools)
            + returns(before.campaigns, at: now)
    }

    private func endsOnCampaigns(_ before: CampaignTable) -> [Effect] {
        before.indices.flatMap { index -> [Effect] in
            let campaign = before[index]
            let present = campaigns[campaign.entry.id]
            return campaign.rules.standing.filter { !$0.rule.isOnGroup }.compactMap { rule, state in
                let end: RuleEnd
                if let present {
                    guard !present.rules.set.running.contains(where: { $0.identity == rule.identity }) else {
                        return nil
                    }
                    end = present.rules.index(of: rule.rule.name) == nil ? .removed : .changed
                } else {
                    end = .unwatched
                }
                return .report(
                    .ruleEnded(rule.rule.name, .campaign(present?.entry ?? campaign.entry), end, state.isFiring))
            }
        }
    }

    private func endsOnGroups(_ before: GroupTable) -> [Effect] {
        before.all.filter { $0.state.phase != .inactive }.compactMap { group in
            let present = groups.all.filter { $0.value == group.value && $0.rule.name == group.rule.name }
            if present.contains(where: { $0.rule.identity == group.rule.identity }) { return nil }
            let end: RuleEnd =
                if present.isEmpty { policy.rule(group.rule.name) == nil ? .removed : .unwatched } else { .changed }
            return .report(.ruleEnded(group.rule.name, .group(group.label), end, group.state.isFiring))
        }
    }

    private func endsOnPools(_ before: PoolDirectory) -> [Effect] {
        before.known.flatMap { pool -> [Effect] in
            let present = Set(pools.machine(pool.id)?.ruleMemories.map(\.identity) ?? [])
            return pool.ruleMemories.filter { $0.state.phase != .inactive && !present.contains($0.identity) }.map {
                .report(.ruleEnded($0.name, .pool(pool.id), end(of: $0.name), $0.state.isFiring))
            }
        }
    }

    private func end(of rule: String) -> RuleEnd { policy.rule(rule) == nil ? .removed : .changed }

    /// The rules of campaigns that the policy names again and that continue where they were.
    private func returns(_ before: CampaignTable, at now: Instant) -> [Effect] {
        campaigns.indices.filter { before.index(of: campaigns[$0].entry.id) == nil }.flatMap { standing($0, at: now) }
    }

    /// The same at a restart; their end was reported when they left.
    func returns(in memory: Memory, at now: Instant) -> [Effect] {
        memory.campaigns.filter { $0.isAway == true }.compactMap { campaigns.index(of: $0.id) }.flatMap {
            standing($0, at: now)
        }
    }

    private func standing(_ index: Int, at now: Instant) -> [Effect] {
        campaigns[index].rules.standing.filter { !$0.rule.isOnGroup }.compactMap { rule, state in
            guard let readings = readings(index, of: rule.rule.name, at: now) else { return nil }
            return .report(
                .rule(
                    RuleTransition(
                        state.isFiring ? .firing : .pending, rule.rule, rule.rule.condition.evaluate(readings),
                        on: .campaign(campaigns[index].entry))))
        }
    }

    /// The rules that were pending or firing in an earlier process and that the policy no longer has.
    func ruleEnds(in memory: Memory) -> [Effect] {
        let ofGroups = Set((memory.workspace.groups ?? []).map(\.rule.name))
        let onCampaigns = memory.campaigns.flatMap { stored -> [Effect] in
            guard stored.isAway != true, let campaign = campaigns[stored.id] else { return [] }
            let present = Set(campaign.rules.set.running.map(\.identity))
            return stored.rules.filter {
                $0.state.phase != .inactive && !present.contains($0.identity) && !ofGroups.contains($0.name)
            }.map { rule in
                let end: RuleEnd = campaign.rules.index(of: rule.name) == nil ? .removed : .changed
                return .report(.ruleEnded(rule.name, .campaign(campaign.entry), end, rule.state.isFiring))
            }
        }
        let onPools = memory.pools.flatMap { stored -> [Effect] in
            let present = Set(policy.rules.filter { $0.trigger == .pool }.map(\.identity))
            return stored.rules.filter { $0.state.phase != .inactive && !present.contains($0.identity) }.map {
                .report(.ruleEnded($0.name, .pool(stored.id), end(of: $0.name), $0.state.isFiring))
            }
        }
        return onCampaigns + onPools
    }
}

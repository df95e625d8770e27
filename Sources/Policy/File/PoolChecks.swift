import Model
import Yams

/// Checks pools across the policy: whether each can do what campaigns and rules require of it.
struct PoolChecks {
    let reader: FieldReader

    init(_ reader: FieldReader) {
        self.reader = reader
    }

    func check(
        workspaces: [Located<Workspace>], pools: [Located<PoolBinding>], campaigns: [Located<CampaignEntry>],
        rules: [LocatedRule]
    ) {
        let bound = Set(pools.map(\.entry.name))
        unused(pools, campaigns, rules)
        unreported(workspaces, bound, campaigns)
        let used = bound.union(campaigns.compactMap(\.entry.pool))
        for rule in rules {
            rosterNames(rule, bound)
            reach(rule, bound, used)
        }
        restores(rules)
    }

    private func unused(
        _ pools: [Located<PoolBinding>], _ campaigns: [Located<CampaignEntry>], _ rules: [LocatedRule]
    ) {
        let used = Set(campaigns.compactMap(\.entry.pool))
        let isRuled = rules.contains { $0.rule.trigger == .pool && $0.rule.mode != .off }
        for pool in pools where !used.contains(pool.entry.name) && !isRuled && !reader.hasErrors {
            reader.warning(
                "no campaign and no rule uses pool '\(pool.entry.name)'",
                help: "refer to it with pool: in a campaign", at: pool.node)
        }
    }

    /// A pool whose remaining volume no platform reports.
    private func unreported(
        _ workspaces: [Located<Workspace>], _ bound: Set<PoolID>, _ campaigns: [Located<CampaignEntry>]
    ) {
        let withoutVolumes = Set(workspaces.filter { !$0.entry.provider.can(.volumes) }.map(\.entry.name))
        for campaign in campaigns where withoutVolumes.contains(campaign.entry.workspace) {
            guard let pool = campaign.entry.pool, !bound.contains(pool) else { continue }
            reader.error(
                "campaign '\(campaign.entry.id)' uses pool '\(pool)', whose platform reports no volumes",
                help: "define the pool under 'pools:', or remove 'pool'", at: campaign.node)
        }
    }

    /// A name that is known only for named pools, in a policy without any.
    private func rosterNames(_ rule: LocatedRule, _ bound: Set<PoolID>) {
        guard bound.isEmpty, let name = rule.rule.condition.names(needing: .rosters).first, !reader.hasErrors else {
            return
        }
        reader.error(
            "'\(name)' is known only for pools under 'pools:', and the policy has none",
            help: "define a pool of a \(Provider.names(.rosters)) workspace under 'pools:'", at: rule.fields.key("when")
        )
    }

    private func reach(_ rule: LocatedRule, _ bound: Set<PoolID>, _ used: Set<PoolID>) {
        guard let named = rule.rule.pools, !reader.hasErrors else {
            if rule.rule.action.changesSenders, bound.isEmpty, !reader.hasErrors {
                reader.error(
                    "the rule changes senders, but the policy has no pool whose senders can be changed",
                    help: "define a pool of a \(Provider.names(.rosters)) workspace under 'pools:'",
                    at: rule.fields.key("then"))
            }
            return
        }
        let known = rule.rule.action.changesSenders ? bound : used
        for pool in named.sorted() where !known.contains(pool) && !known.isEmpty {
            let nearest = NearestName.of(pool.text, in: known.map(\.text).sorted())
            reader.error(
                rule.rule.action.changesSenders && used.contains(pool)
                    ? "the senders of pool '\(pool)' cannot be changed: its platform does not support it"
                    : "pool '\(pool)' is not used in the policy",
                help: nearest.map { "did you mean '\($0)'?" }, at: rule.fields.key("pools"))
        }
    }

    /// A rule can restore only what a rule removed.
    private func restores(_ rules: [LocatedRule]) {
        guard !rules.contains(where: { $0.rule.action == .removeSender }), !reader.hasErrors else { return }
        for rule in rules where rule.rule.action == .restoreSender {
            reader.warning(
                "rule '\(rule.rule.name)' never restores a sender: no rule removes any",
                help: "only senders that a rule removed are restored; add a rule with then: remove_sender",
                at: rule.fields.key("then"))
        }
    }
}

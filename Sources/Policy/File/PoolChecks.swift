import Model
import Yams

/// Looks at pools across the policy: whether each is one that can do what is asked of it.
struct PoolChecks {
    let reader: FieldReader

    init(_ reader: FieldReader) {
        self.reader = reader
    }

    func check(
        workspaces: [Placed<Workspace>], pools: [Placed<PoolBinding>], campaigns: [Placed<CampaignEntry>],
        rules: [PlacedRule]
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
        _ pools: [Placed<PoolBinding>], _ campaigns: [Placed<CampaignEntry>], _ rules: [PlacedRule]
    ) {
        let drawnOn = Set(campaigns.compactMap(\.entry.pool))
        let isRuled = rules.contains { $0.rule.trigger == .pool && $0.rule.mode != .off }
        for pool in pools where !drawnOn.contains(pool.entry.name) && !isRuled && !reader.hasErrors {
            reader.warning(
                "no campaign draws on pool '\(pool.entry.name)', and no rule is on it",
                help: "name it with pool: in a campaign", at: pool.node)
        }
    }

    /// A pool of which nobody ever says how much it may still send.
    private func unreported(
        _ workspaces: [Placed<Workspace>], _ bound: Set<PoolID>, _ campaigns: [Placed<CampaignEntry>]
    ) {
        let silent = Set(workspaces.filter { !$0.entry.provider.can(.volumes) }.map(\.entry.name))
        for campaign in campaigns where silent.contains(campaign.entry.workspace) {
            guard let pool = campaign.entry.pool, !bound.contains(pool) else { continue }
            reader.error(
                "campaign '\(campaign.entry.id)' draws on pool '\(pool)', of which its platform tells nothing",
                help: "bind a pool under 'pools:', or leave 'pool' out", at: campaign.node)
        }
    }

    /// A name that only some pools have, where the policy has none of those.
    private func rosterNames(_ rule: PlacedRule, _ bound: Set<PoolID>) {
        guard bound.isEmpty, let name = rule.rule.condition.rosterNames.first, !reader.hasErrors else { return }
        reader.error(
            "'\(name)' is known of pools under 'pools:' alone, and the policy has none",
            help: "bind a pool of a \(Provider.names(.rosters)) workspace under 'pools:'", at: rule.fields.key("when"))
    }

    private func reach(_ rule: PlacedRule, _ bound: Set<PoolID>, _ used: Set<PoolID>) {
        guard let named = rule.rule.pools, !reader.hasErrors else {
            if rule.rule.action.changesSenders, bound.isEmpty, !reader.hasErrors {
                reader.error(
                    "the rule changes the senders of pools, and the policy binds no pool whose senders can be changed",
                    help: "bind a pool of a \(Provider.names(.rosters)) workspace under 'pools:'",
                    at: rule.fields.key("then"))
            }
            return
        }
        let known = rule.rule.action.changesSenders ? bound : used
        for pool in named.sorted() where !known.contains(pool) && !known.isEmpty {
            let nearest = NearestName.of(pool.text, in: known.map(\.text).sorted())
            reader.error(
                rule.rule.action.changesSenders && used.contains(pool)
                    ? "the senders of pool '\(pool)' cannot be changed: its platform has no call for that"
                    : "the rule is on pool '\(pool)', which nothing in the policy names",
                help: nearest.map { "did you mean '\($0)'?" }, at: rule.fields.key("pools"))
        }
    }

    /// What no rule removes, no rule can restore.
    private func restores(_ rules: [PlacedRule]) {
        guard !rules.contains(where: { $0.rule.action == .removeSender }), !reader.hasErrors else { return }
        for rule in rules where rule.rule.action == .restoreSender {
            reader.warning(
                "rule '\(rule.rule.name)' restores senders that a rule removed, and no rule removes any",
                help: "senders that other programs removed stay removed", at: rule.fields.key("then"))
        }
    }
}

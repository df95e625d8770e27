import Model
import Yams

/// Checks the policy as a whole: contradictions, what can never work, and likely mistakes.
struct PolicyChecks {
    let reader: FieldReader

    init(_ reader: FieldReader) {
        self.reader = reader
    }

    func check(
        _ fields: Fields, workspaces: [Located<Workspace>], campaigns: [Located<CampaignEntry>],
        launches: [Located<LaunchEntry>], rules: [LocatedRule], bound: Set<PoolID>
    ) {
        // Rules on named pools work without any campaign.
        if bound.isEmpty, fields["campaigns_file"] == nil, campaigns.isEmpty, !reader.hasErrors {
            reader.warning(
                "the policy lists no campaigns, so it guards only those that 'sendwarden watch' adds",
                help: "add campaigns under 'campaigns:', or name a file of ids with 'campaigns_file:'",
                at: fields.key("campaigns"))
        }
        let isMisspelled = !fields.misspelled.isDisjoint(with: ["rules", "include"])
        if fields["rules"] == nil && !isMisspelled || (rules.isEmpty && !reader.hasErrors) {
            reader.warning("the policy has no rules, so it guards nothing", at: fields.key("rules"))
        }
        pools(campaigns, bound)
        for rule in rules {
            reach(rule, campaigns, launches)
            labels(rule, campaigns)
            groups(rule, campaigns)
            launchRule(rule)
            windows(rule, fields)
            CounterChecks(reader).check(rule, campaigns, workspaces)
        }
        launchesWithoutRules(launches, rules)
    }

    /// A campaign without `pool` uses the workspace's only pool; with several, it must name one.
    private func pools(_ campaigns: [Located<CampaignEntry>], _ bound: Set<PoolID>) {
        for campaigns in Dictionary(grouping: campaigns, by: \.entry.workspace).values {
            let named = campaigns.map(\.entry).platformPools(besides: bound)
            guard named.count > 1 else { continue }
            for campaign in campaigns where campaign.entry.pool == nil {
                reader.error(
                    "campaign '\(campaign.entry.id)' has no 'pool', and its workspace has several pools",
                    help: "add pool: with one of \(named.map(\.text).sorted().prefix(5).joined(separator: ", "))",
                    at: campaign.node)
            }
        }
    }

    private func reach(_ rule: LocatedRule, _ campaigns: [Located<CampaignEntry>], _ launches: [Located<LaunchEntry>]) {
        guard rule.rule.selector != .all, rule.override == nil, !campaigns.isEmpty, !reader.hasErrors else { return }
        let matched = campaigns.filter { rule.rule.applies(to: $0.entry) }
        if matched.isEmpty {
            reader.warning(
                "rule '\(rule.rule.name)' applies to no campaign",
                help: "add these labels to a campaign, or correct them here",
                at: rule.fields.key("campaigns"))
        }
    }

    private func labels(_ rule: LocatedRule, _ campaigns: [Located<CampaignEntry>]) {
        let known = Set(campaigns.flatMap { $0.entry.labels.keys })
        for label in rule.rule.condition.labels.sorted() where !known.contains(label) && !campaigns.isEmpty {
            let nearest = NearestName.of(label, in: known.sorted()).map { "did you mean \"\($0)\"?" }
            reader.warning(
                "no campaign has the label '\(label)', so it is always empty", help: nearest,
                at: rule.fields.key("when"))
        }
    }

    private func groups(_ rule: LocatedRule, _ campaigns: [Located<CampaignEntry>]) {
        guard case .label(let label)? = rule.rule.grouping, !campaigns.isEmpty, let node = rule.fields["by"] else {
            return
        }
        let known = Set(campaigns.flatMap { $0.entry.labels.keys })
        if known.contains(label) { return }
        let nearest = NearestName.of(label, in: known.sorted()).map { "did you mean '\($0)'?" }
        reader.error("no campaign has the label '\(label)', so the rule has no groups", help: nearest, at: node)
    }

    private func launchRule(_ rule: LocatedRule) {
        guard rule.rule.trigger == .launch else { return }
        let condition = rule.rule.condition
        let unknowns = Set(
            condition.gauges.filter(\.entry.isUnknownForDraft).map(\.rawValue) + condition.rates.map(\.rawValue))
        if condition.gauges.contains(.pool(.remainingVolume)) {
            reader.warning(
                "pool.remainingVolume includes volume that is reserved for other launches: two launches that each "
                    + "fit alone could both start",
                help: "did you mean pool.available?", at: rule.fields.key("when"))
        }
        if !unknowns.isEmpty {
            reader.warning(
                "\(unknowns.sorted().joined(separator: ", ")) is unknown for a draft, so the launch is always held",
                help: "a launch rule is evaluated before the first email is sent", at: rule.fields.key("when"))
        }
    }

    private func windows(_ rule: LocatedRule, _ fields: Fields) {
        let poll = fields["poll"]?.mapping?["stats"]?.scalar.flatMap { Duration(policyText: $0.string) } ?? .seconds(60)
        for window in Set(rule.rule.condition.windows.map(\.length)).sorted() where window < poll {
            reader.warning(
                "the window of \(window.policyText) is shorter than the poll interval of \(poll.policyText)",
                help: "a window needs at least two polls to contain data", at: rule.fields.key("when"))
        }
    }

    private func launchesWithoutRules(_ launches: [Located<LaunchEntry>], _ rules: [LocatedRule]) {
        let guarded = rules.contains { $0.rule.trigger == .launch && $0.rule.action == .hold && $0.rule.mode != .off }
        guard let first = launches.first, !guarded else { return }
        reader.warning(
            "no rule can hold launches, so they start as soon as they are due",
            help: "add a rule with on: launch, when: totalEnrolled > pool.available, then: hold", at: first.node)
    }
}

import Model
import Yams

/// Looks at the policy as a whole: what contradicts, what can never work, and what is likely a slip.
struct PolicyChecks {
    let reader: FieldReader

    init(_ reader: FieldReader) {
        self.reader = reader
    }

    func check(
        _ fields: Fields, campaigns: [Placed<CampaignEntry>], launches: [Placed<LaunchEntry>], rules: [PlacedRule],
        bound: Set<PoolID>
    ) {
        // Rules on named pools guard something without any campaign.
        if bound.isEmpty, fields["campaigns"] == nil || (campaigns.isEmpty && !reader.hasErrors) {
            reader.warning(
                "the policy lists no campaigns, so nothing is guarded", help: "add them under 'campaigns:'",
                at: fields.key("campaigns"))
        }
        if fields["rules"] == nil || (rules.isEmpty && !reader.hasErrors) {
            reader.warning("the policy has no rules, so nothing is guarded", at: fields.key("rules"))
        }
        pools(campaigns, bound)
        for rule in rules {
            reach(rule, campaigns, launches)
            labels(rule, campaigns)
            launchRule(rule)
            windows(rule, fields)
        }
        launchesWithoutRules(launches, rules)
    }

    /// A campaign without a pool draws on the workspace's single pool; several pools leave open which.
    private func pools(_ campaigns: [Placed<CampaignEntry>], _ bound: Set<PoolID>) {
        for campaigns in Dictionary(grouping: campaigns, by: \.entry.workspace).values {
            let named = Set(campaigns.compactMap(\.entry.pool)).subtracting(bound)
            guard named.count > 1 else { continue }
            for campaign in campaigns where campaign.entry.pool == nil {
                reader.error(
                    "campaign '\(campaign.entry.id)' names no pool, and the workspace has several",
                    help: "add pool: with one of \(named.map(\.text).sorted().prefix(5).joined(separator: ", "))",
                    at: campaign.node)
            }
        }
    }

    private func reach(_ rule: PlacedRule, _ campaigns: [Placed<CampaignEntry>], _ launches: [Placed<LaunchEntry>]) {
        guard rule.rule.selector != .all, !campaigns.isEmpty, !reader.hasErrors else { return }
        let matched = campaigns.filter { rule.rule.applies(to: $0.entry) }
        if matched.isEmpty {
            reader.warning(
                "rule '\(rule.rule.name)' applies to no campaign",
                help: "give a campaign these labels, or correct them here",
                at: rule.fields.key("campaigns"))
        }
    }

    private func labels(_ rule: PlacedRule, _ campaigns: [Placed<CampaignEntry>]) {
        let known = Set(campaigns.flatMap { $0.entry.labels.keys })
        for label in rule.rule.condition.labels.sorted() where !known.contains(label) && !campaigns.isEmpty {
            let nearest = NearestName.of(label, in: known.sorted()).map { "did you mean \"\($0)\"?" }
            reader.warning(
                "no campaign has a label '\(label)', so it is the empty text everywhere", help: nearest,
                at: rule.fields.key("when"))
        }
    }

    private func launchRule(_ rule: PlacedRule) {
        guard rule.rule.trigger == .launch else { return }
        var (readsRemaining, unknowns) = (false, Set<String>())
        rule.rule.condition.visitFormulas { formula in
            switch formula {
            case .gauge(.poolRemainingVolume): readsRemaining = true
            case .gauge(.bounceRate), .bounceRate: unknowns.insert("bounceRate")
            case .gauge(.openRate): unknowns.insert("openRate")
            case .gauge(.replyRate): unknowns.insert("replyRate")
            case .constant, .gauge, .increase, .rate, .age, .negate, .add, .subtract, .multiply, .divide, .wilson: break
            }
        }
        if readsRemaining {
            reader.warning(
                "pool.remainingVolume counts volume that was promised to other launches: two launches that fit "
                    + "one by one could both be started",
                help: "did you mean pool.available?", at: rule.fields.key("when"))
        }
        if !unknowns.isEmpty {
            reader.warning(
                "\(unknowns.sorted().joined(separator: ", ")) of a draft is unknown, and a launch whose rule is unknown is held",
                help: "a launch rule is judged before the first mail is sent", at: rule.fields.key("when"))
        }
    }

    private func windows(_ rule: PlacedRule, _ fields: Fields) {
        let poll = fields["poll"]?.mapping?["stats"]?.scalar.flatMap { Duration(policyText: $0.string) } ?? .seconds(60)
        for window in rule.rule.condition.windows.sorted() where window < poll {
            reader.warning(
                "the window of \(window.policyText) is shorter than the poll interval of \(poll.policyText)",
                help: "a window holds something only if polls fall into it", at: rule.fields.key("when"))
        }
    }

    private func launchesWithoutRules(_ launches: [Placed<LaunchEntry>], _ rules: [PlacedRule]) {
        let guarded = rules.contains { $0.rule.trigger == .launch && $0.rule.action == .hold && $0.rule.mode != .off }
        guard let first = launches.first, !guarded else { return }
        reader.warning(
            "no rule holds launches, so they start as soon as their time comes",
            help: "add a rule with on: launch, when: totalEnrolled > pool.available, then: hold", at: first.node)
    }
}

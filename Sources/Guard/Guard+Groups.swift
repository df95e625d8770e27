package import Model
package import Policy

/// Evaluates the rules on groups of campaigns.
extension Guard {
    /// Adds a campaign's newest sample to its groups, and reports transitions of their rules.
    mutating func observeGroups(_ index: Int, at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        for group in groups.groups(of: index) {
            note(index, group, at: now)
            groups[group].sum(staleAfter: policy.staleAfter, at: now)
            let evaluation = groups[group].evaluate(groups[group].sums, wallTime: now + wallClockOffset)
            let rule = groups[group].rule
            let change = groups[group].state.observe(
                RuleState.Outcome(evaluation.truth), at: now, for: rule.forClause, maxGap: policy.maxGap)
            guard let change else { continue }
            effects.append(.report(.rule(RuleTransition(change, rule, evaluation, on: .group(groups[group].label)))))
        }
        return effects
    }

    private mutating func note(_ index: Int, _ group: Int, at now: Instant) {
        guard let sample = campaigns[index].samples.latest else { return }
        groups[group].note(index, figures(index, at: now), sampledAt: sample.at)
    }

    private func figures(_ index: Int, at now: Instant) -> CampaignFigures {
        campaigns[index].figures(in: context(of: campaigns[index].entry, at: now), withSurroundings: false)
    }

    /// Sums every group from the known samples, for example after a start or a reload.
    mutating func sumGroups(at now: Instant) {
        for group in groups.indices {
            for index in groups[group].campaigns { note(index, group, at: now) }
            groups[group].sum(staleAfter: policy.staleAfter, at: now)
        }
    }

    /// The firing rules on groups, by their index in the policy, that pause the campaign now.
    func groupRulesPausing(_ index: Int, at now: Instant) -> Set<Int> {
        var rules: Set<Int> = []
        for group in groups.groups(of: index) where groups[group].rule.action == .pause && groups[group].state.isFiring
        {
            let rule = groups[group].rule.name
            var running: [(campaign: Int, share: GroupShare)] = []
            for member in groups[group].campaigns
            where campaigns[member].acceptsPause && campaigns[member].rules.mute(of: rule, at: now) == nil {
                // A campaign that the rule paused earlier counts from its resume.
                let figures = figures(member, at: now).counting(from: campaigns[member].baseline(of: rule))
                if let share = groups[group].share(figures) { running.append((member, share)) }
            }
            // A campaign that a person resumed is paused again only if the group breaches, counting it from its resume.
            let pausesAll = groups[group].rule.offenders == .all && campaigns[index].baseline(of: rule) == nil
            if pausesAll || groups[group].offenders(running, wallTime: now + wallClockOffset).contains(index) {
                rules.insert(groups[group].ruleIndex)
            }
        }
        return rules
    }

    /// The campaign's group of the rule; nil if it has none.
    func groupLabel(of campaign: CampaignID, _ rule: Rule) -> GroupLabel? {
        campaigns.index(of: campaign).flatMap { index in
            groups.groups(of: index).first { groups[$0].rule.name == rule.name }.map { groups[$0].label }
        }
    }

    /// The groups that the rule is evaluated on, with their state and the evaluation of their sums.
    package func groups(ofRule name: String, at now: Instant) -> [(GroupLabel, RuleState, Evaluation)] {
        groups.groups(ofRule: name).map { group in
            (group.label, group.state, group.evaluate(group.sums, wallTime: now + wallClockOffset))
        }
    }
}

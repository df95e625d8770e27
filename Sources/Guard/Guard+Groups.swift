package import Model
package import Policy

/// Evaluates the rules on groups of campaigns.
extension Guard {
    /// Adds a campaign's newest sample to its groups; reports transitions of their rules, and demands their pauses.
    mutating func observeGroups(_ index: Int, at now: Instant) -> (effects: [Effect], demands: [GroupDemand]) {
        var effects: [Effect] = []
        var demands: [GroupDemand] = []
        for group in groups.groups(of: index) {
            note(index, group, at: now)
            sum(group, at: now)
            let evaluation = groups[group].evaluate(groups[group].sums, wallTime: now + wallClockOffset)
            let rule = groups[group].rule
            if let change = groups[group].observe(evaluation.truth, maxGap: policy.maxGap, at: now) {
                effects.append(
                    .report(.rule(RuleTransition(change, rule, evaluation, on: .group(groups[group].label)))))
            }
            if rule.action == .pause, evaluation.truth == .yes, groups[group].state.isFiring {
                demands += self.demands(group, evaluation, at: now)
            }
        }
        return (effects, demands)
    }

    /// A pause that a rule on a group demands of one of its campaigns.
    struct GroupDemand {
        var campaign: Int
        var demand: PauseDemand
    }

    /// The pauses that the firing rule demands; all at once, because samples of different ages rank differently.
    private mutating func demands(_ group: Int, _ evaluation: Evaluation, at now: Instant) -> [GroupDemand] {
        let rule = groups[group].rule
        var running: [(campaign: Int, share: GroupShare)] = []
        for member in groups[group].campaigns where mayPause(member, rule, at: now) {
            // A campaign that the rule paused earlier counts from its resume.
            let figures = figures(member, at: now).counting(from: campaigns[member].baseline(of: rule.name))
            if let share = groups[group].share(figures) { running.append((member, share)) }
        }
        var offenders = Set(groups[group].offenders(running, wallTime: now + wallClockOffset))
        if rule.offenders == .all {
            // A campaign that a person resumed is paused again only if the running ones breach from there.
            offenders.formUnion(running.map(\.campaign).filter { campaigns[$0].baseline(of: rule.name) == nil })
        }
        let isEnforced = policy.enforces(rule)
        return offenders.sorted().compactMap { member in
            guard let slot = campaigns[member].rules.index(of: rule.name),
                isEnforced || groups[group].reportsDryRun(of: member)
            else { return nil }
            let own = CampaignReadings(figures(member, at: now), labels: campaigns[member].entry.labels)
            return GroupDemand(
                campaign: member,
                demand: PauseDemand(
                    rule: rule, slot: slot, cause: .rule(rule.name), conditionText: rule.conditionText,
                    evaluation: evaluation,
                    group: GroupEvidence(label: groups[group].label, own: rule.condition.evaluate(own))))
        }
    }

    private func mayPause(_ index: Int, _ rule: Rule, at now: Instant) -> Bool {
        guard let latest = campaigns[index].samples.latest, latest.requestedAt >= campaigns[index].freshAfter else {
            return false
        }
        return campaigns[index].acceptsPause && campaigns[index].rules.mute(of: rule.name, at: now) == nil
    }

    /// Sums the group; unknown while a campaign that may be sending lacks data.
    private mutating func sum(_ group: Int, at now: Instant) {
        let awaited = groups[group].campaigns.filter {
            campaigns[$0].mayBeSending && !campaigns[$0].samples.isMissing
        }
        groups[group].sum(awaiting: Set(awaited), staleAfter: policy.staleAfter, at: now)
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
            sum(group, at: now)
        }
    }

    /// The groups that the rule is evaluated on, with their state and the evaluation of their sums.
    package func groups(ofRule name: String, at now: Instant) -> [(GroupLabel, RuleState, Evaluation)] {
        groups.groups(ofRule: name).map { group in
            (group.label, group.state, group.evaluate(group.sums, wallTime: now + wallClockOffset))
        }
    }
}

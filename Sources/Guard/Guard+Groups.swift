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
            let evaluation = groups[group].evaluate(wallTime: now + wallClockOffset)
            if let change = groups[group].observe(evaluation.truth, maxGap: policy.maxGap, at: now) {
                effects.append(
                    .report(
                        .rule(
                            RuleTransition(
                                change, groups[group].rule, evaluation, on: .group(groups[group].label)))))
            }
            effects += noteGap(group, at: now)
            if groups[group].pauses, evaluation.truth == .yes, groups[group].state.isFiring {
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
        let wallTime = now + wallClockOffset
        var offenders = Set(groups[group].offenders(wallTime: wallTime))
        if rule.offenders == .all {
            // A campaign that a person resumed is paused again only if the running ones breach from there.
            offenders.formUnion(
                groups[group].runningCampaigns.filter { campaigns[$0].baseline(of: rule.name) == nil })
        }
        let isEnforced = policy.enforces(rule)
        return offenders.sorted().compactMap { member in
            guard let slot = campaigns[member].rules.index(of: rule.name) else { return nil }
            if !isEnforced { groups[group].noteDryRun(of: member) }
            return GroupDemand(
                campaign: member,
                demand: PauseDemand(
                    rule: rule, slot: slot, cause: .rule(rule.name), conditionText: rule.conditionText,
                    evaluation: evaluation,
                    group: GroupEvidence(
                        label: groups[group].label, own: groups[group].evaluate(member, wallTime: wallTime))))
        }
    }

    // MARK: Missing data

    /// Notes time that passed without a sample of the campaign; reports rules on its groups that lack data for long.
    mutating func checkGroups(of index: Int, at now: Instant) -> [Effect] {
        groups.groups(of: index).flatMap { group in
            note(index, group, at: now)
            sum(group, at: now)
            return noteGap(group, at: now)
        }
    }

    private mutating func noteGap(_ group: Int, at now: Instant) -> [Effect] {
        let lacking = groups[group].lackingCampaigns
        let reason = groups[group].readsExtras ? lacking.compactMap { gap(ofCampaign: $0) }.first : nil
        let change = groups[group].observeGap(reportAfter: policy.staleAfter, at: now)
        let event: GroupEvent
        switch change {
        case .lost(let gap):
            event = .ruleLacksData(
                gap, lacking: lacking.map { campaigns[$0].entry.id }, reason: reason, lasting: now - gap.since)
        case .restored(let gap): event = .ruleHasData(gap, after: now - gap.since)
        case nil: return []
        }
        return [.report(.group(groups[group].label, groups[group].rule, event))]
    }

    private func gap(ofCampaign index: Int) -> String? { campaigns[index].samples.latest?.stats.unsubscribedGap }

    // MARK: Sums

    /// Notes the present state of campaigns that an event changed, for the groups that they belong to.
    mutating func noteChangesForGroups(at now: Instant) {
        if groups.isEmpty { return }
        for index in campaigns.changedIndices where campaigns.isNamed(index) {
            for group in groups.groups(of: index) { note(index, group, at: now) }
        }
    }

    private mutating func sum(_ group: Int, at now: Instant) {
        for index in groups[group].unmuted(at: now) { note(index, group, at: now) }
        groups[group].sum(staleAfter: policy.staleAfter, at: now)
    }

    private mutating func note(_ index: Int, _ group: Int, at now: Instant) {
        let name = groups[group].rule.name
        let columns = groups[group].columns
        var member = CampaignGroup.Member(
            sampledAt: now, isAwaited: campaigns[index].mayBeSending && !campaigns[index].samples.isMissing)
        if let latest = campaigns[index].samples.latest {
            // A campaign that the rule paused earlier counts from its resume.
            let figures = figures(index, at: now).counting(from: campaigns[index].baseline(of: name))
            (member.share, member.sampledAt) = (columns.share(figures), latest.at)
            if latest.requestedAt >= campaigns[index].freshAfter, campaigns[index].acceptsPause {
                member.mayPauseFrom = campaigns[index].rules.mute(of: name, at: now)?.until ?? now
            }
        }
        groups[group].note(index, member, at: now)
    }

    private func figures(_ index: Int, at now: Instant) -> CampaignFigures {
        let context = CampaignContext(
            book: book, pools: pools, wallClockOffset: wallClockOffset, now: now)
        return campaigns[index].figures(in: context, withSurroundings: false)
    }

    /// Sums every group from the known samples, for example after a start or a reload.
    mutating func sumGroups(at now: Instant) {
        for group in groups.indices {
            for index in groups[group].campaigns { note(index, group, at: now) }
            sum(group, at: now)
        }
    }

    // MARK: Questions

    /// A rule on one group, as status reports and explanations show it.
    package struct GroupStanding: Sendable {
        package var rule: Rule
        package var label: GroupLabel
        package var state: RuleState
        package var evaluation: Evaluation
        /// Nil while the rule has its data.
        package var gap: DataGap?
        /// The campaigns that may be sending and lack data, in policy order.
        package var lacking: [CampaignID]
        package var readings: any Readings & Sendable
    }

    /// Every rule on every group, in policy order.
    package func groupStandings(at now: Instant) -> [GroupStanding] {
        groups.all.map { standing($0, at: now) }
    }

    /// The rules on the groups of one campaign, by its index in the policy.
    package func groupStandings(ofCampaign index: Int, at now: Instant) -> [GroupStanding] {
        groups.groups(of: index).map { standing(groups[$0], at: now) }
    }

    private func standing(_ group: CampaignGroup, at now: Instant) -> GroupStanding {
        let wallTime = now + wallClockOffset
        return GroupStanding(
            rule: group.rule, label: group.label, state: group.state, evaluation: group.evaluate(wallTime: wallTime),
            gap: group.gap, lacking: group.lackingCampaigns.map { campaigns[$0].entry.id },
            readings: GroupReadings(sums: group.sums, wallTime: wallTime))
    }
}

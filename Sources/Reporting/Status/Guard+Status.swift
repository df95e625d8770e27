package import Guard
package import Model
import Policy

extension Guard {
    /// A snapshot of the guard's state.
    package func status(at now: Instant) -> GuardStatus {
        let ids = Set(pools.known.filter { $0.pool != nil }.map(\.id)).union(policy.pools.map(\.name)).sorted()
        return GuardStatus(
            at: now, workspace: policy.workspace.name.text, provider: policy.workspace.provider.rawValue,
            workspaces: policy.workspaces.map { workspace in
                let quiet = quietSpell(of: workspace.name, at: now)
                return GuardStatus.WorkspaceStatus(
                    name: workspace.name, provider: workspace.provider.rawValue,
                    apiTrouble: apiFailure(of: workspace.name).map(Phrase.status),
                    apiTroubleKind: apiFailure(of: workspace.name), isQuiet: quiet.map { _ in true },
                    quietUntil: quiet?.until)
            }, mode: policy.mode.rawValue, summary: summary, apiTrouble: apiFailure,
            polledPerMinute: polledPerMinute, budgetPerMinute: policy.poll.budget.perSecond * 60,
            isLedgerFailing: isLedgerFailing, campaigns: campaigns.indices.map { status(of: campaigns[$0], at: now) },
            launches: launches.all.map { status(of: $0, at: now) }, pools: ids.map { status(of: $0, at: now) },
            groups: groupStandings(at: now).map { status(of: $0) },
            mutes: muteWindows.isEmpty ? nil : muteWindows.map(status))
    }

    private func status(of window: MuteWindow) -> GuardStatus.MuteStatus {
        GuardStatus.MuteStatus(
            number: window.id, labels: window.labels, rule: window.rule, startsAt: window.startsAt,
            endsAt: window.endsAt, isInForce: window.hasBegun, by: window.by, reason: window.reason,
            campaigns: covers(window).count, text: Phrase.mutes(window))
    }

    private func status(of group: GroupStanding) -> GuardStatus.GroupStatus {
        var rule = self.rule(group.rule, group.state)
        if rule.state != .inactive { rule.evidence = group.evaluation.decisive.map { Phrase.text($0) } }
        if let gap = group.gap, gap.isReported {
            (rule.noDataSince, rule.noData) = (gap.since, Phrase.lackData(group.lacking))
        }
        let label = group.label
        return GuardStatus.GroupStatus(
            by: label.by, value: label.value, campaigns: label.campaigns, counted: label.counted, rules: [rule])
    }

    private func status(of launch: LaunchMachine, at now: Instant) -> GuardStatus.LaunchStatus {
        let fit = fit(of: launch, at: now)
        return GuardStatus.LaunchStatus(
            campaign: launch.entry.campaign, state: launch.state, heldSince: launch.heldSince,
            reasons: launch.reasons.map { Phrase.text($0) }, notBefore: launch.entry.notBefore,
            expires: launch.entry.expires, missing: fit?.shortfall, earliest: fit?.earliest)
    }

    private func status(of campaign: CampaignMachine, at now: Instant) -> GuardStatus.CampaignStatus {
        let samples = campaign.samples
        var status = GuardStatus.CampaignStatus(
            id: campaign.entry.id, name: campaign.entry.name, pool: campaign.entry.pool,
            listedBy: GuardStatus.listing(campaign.entry.origin), state: campaign.state,
            isStale: samples.isStale, isMissing: samples.isMissing, stats: samples.latest?.stats,
            statsAge: samples.latest.map { (now - $0.at).seconds }, rules: rules(campaign, at: now), trend: [])
        if samples.answers.isDegraded {
            status.unusableShare = Double(samples.answers.unusableCount) / Double(samples.answers.count)
        }
        addRate(to: &status, campaign)
        switch campaign.phase {
        case .unknown, .draft, .starting, .running, .pausedByAnother: break
        case .pausing(let attempt):
            status.decision = attempt.intent.decision.id
            status.isPauseIneffective = attempt.repeats?.ineffective != nil
        case .paused(let pause):
            (status.resumesAt, status.decision) = (pause.resumeAt, pause.decision.id)
            status.isPauseIneffective = pause.ineffective != nil
            status.pauseRule = pause.decision.cause.rule
        case .resuming(let attempt):
            status.decision = attempt.pause.decision.id
            status.pauseRule = attempt.pause.decision.cause.rule
            if case .waiting(let until) = attempt.step, case .quietHours = attempt.reported { status.resumesAt = until }
        }
        return status
    }

    private func addRate(to status: inout GuardStatus.CampaignStatus, _ campaign: CampaignMachine) {
        guard let watched = policy.watchedRate(of: campaign.entry) else { return }
        (status.rateWindow, status.rateLimit) = (watched.window?.policyText, watched.limit)
        if let window = watched.window {
            let bounced = campaign.samples.increase(of: .bounced, over: window)?.amount
            let resolved = campaign.samples.increase(of: .resolved, over: window)?.amount
            status.rate = bounced.flatMap { bounced in resolved.flatMap { $0 > 0 ? bounced / $0 : nil } }
            status.trend = campaign.samples.trend(window, 8)
        } else if let stats = campaign.samples.latest?.stats, let bounced = stats.bounced, let resolved = stats.resolved
        {
            status.rate = Ratio(bounced, of: resolved)?.value
        }
    }

    func status(of id: PoolID, at now: Instant) -> GuardStatus.PoolStatus {
        let machine = pools.machine(id)
        let pool = machine?.pool
        let members = senders.state(of: id)
        return GuardStatus.PoolStatus(
            id: id, workspace: pools.home(of: id), name: pool?.name, platformID: machine?.roster?.pool.id,
            isMissing: machine?.isMissing ?? false, senders: pool?.senderCount,
            activeSenders: pools.reading(id, at: now)?.activeSenders, tags: pool?.tags ?? [:],
            removedSenders: members?.removed.map(\.sender.id) ?? [], change: members?.attempt.map(Phrase.text),
            dailyCapacity: pool?.dailyCapacity, remainingVolume: pool?.remainingVolume,
            reserved: pools.reserved(in: id), renewsAt: machine?.renewsAt(at: now),
            rules: zip(machine?.states ?? [], machine?.reportedMissing ?? []).map { standing, missing in
                var status = rule(policy.rules[standing.index], standing.state)
                (status.noDataSince, status.noData) = (missing?.since, missing.map(Phrase.text))
                return status
            })
    }

    private func rules(_ campaign: CampaignMachine, at now: Instant) -> [GuardStatus.RuleStatus] {
        zip(campaign.rules.states, campaign.rules.reportedMissing).map { standing, missing in
            let (rule, state) = standing
            var status = self.rule(rule, state)
            if rule.confidence != nil, status.state != .inactive { status.evidence = evidence(rule, campaign, at: now) }
            (status.noDataSince, status.noData) = (missing?.since, missing.map(Phrase.text))
            if let mute = campaign.rules.mute(of: rule.name, at: now) {
                status.mutedUntil = max(mute.until, status.mutedUntil ?? mute.until)
            }
            return status
        }
    }

    private func evidence(_ rule: Rule, _ campaign: CampaignMachine, at now: Instant) -> String? {
        guard let index = campaigns.index(of: campaign.entry.id),
            let readings = readings(index, of: rule.name, at: now)
        else { return nil }
        return rule.condition.evaluate(readings).decisive.map { Phrase.text($0) }
    }

    private func rule(_ rule: Rule, _ state: RuleState) -> GuardStatus.RuleStatus {
        var status = GuardStatus.RuleStatus(name: rule.name, state: .inactive, mutedUntil: state.mutedUntil)
        (status.state, status.since) = state.standing
        return status
    }

    /// By how many emails the pool is short for a waiting launch, and when it can fit; nil if it fits, or if this is
    /// unknown.
    func fit(of launch: LaunchMachine, at now: Instant) -> (shortfall: Int, earliest: Instant?)? {
        guard launch.isOpen, let campaign = campaigns[launch.entry.campaign],
            let enrolled = campaign.samples.latest?.stats.totalEnrolled,
            campaign.rules.launchRules.contains(where: { $0.condition.sources.contains(.pools) }),
            let pool = pools.reading(for: campaign.entry, at: now), let shortfall = pool.shortfall(for: enrolled)
        else { return nil }
        return (shortfall, pool.neverTakes(enrolled) ? nil : pool.renewsAt)
    }
}

extension RuleState {
    /// The state, and since when the rule has been in it.
    var standing: (state: GuardStatus.RuleStatus.State, since: Instant?) {
        switch phase {
        case .inactive: (.inactive, nil)
        case .pending(let since, _, _): (.pending, since)
        case .firing(let since): (.firing, since)
        }
    }
}

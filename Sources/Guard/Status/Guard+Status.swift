package import Model
import Policy

extension Guard {
    /// How everything stands.
    package func status(at now: Instant) -> GuardStatus {
        GuardStatus(
            at: now, workspace: policy.workspace.name.text, provider: policy.workspace.provider.rawValue,
            workspaces: policy.workspaces.map {
                GuardStatus.WorkspaceStatus(
                    name: $0.name, provider: $0.provider.rawValue, apiTrouble: health[$0.name]?.summary)
            }, mode: policy.mode.rawValue, summary: summary, apiTrouble: apiTrouble,
            polledPerMinute: plan.perMinute, budgetPerMinute: policy.poll.budget.perSecond * 60,
            isLedgerFailing: ledgerTrouble != nil, campaigns: campaigns.map { status(of: $0, at: now) },
            launches: launches.map { launch in
                let fit = fit(launch, at: now)
                return GuardStatus.LaunchStatus(
                    campaign: launch.entry.campaign, state: launch.word, heldSince: launch.heldSince,
                    reasons: launch.reasons.map(\.text), notBefore: launch.entry.notBefore,
                    expires: launch.entry.expires, missing: fit.missing, earliest: fit.earliest)
            },
            pools: Set(Array(platform.pools.keys) + policy.pools.map(\.name)).sorted().map { status(of: $0, at: now) })
    }

    private func status(of campaign: CampaignState, at now: Instant) -> GuardStatus.CampaignStatus {
        var status = GuardStatus.CampaignStatus(
            id: campaign.entry.id, name: campaign.entry.name, pool: campaign.entry.pool, state: campaign.word,
            isStale: campaign.isStale, isMissing: campaign.isMissing, stats: campaign.latest?.stats,
            statsAge: campaign.latest.map { (now - $0.at).seconds }, rules: rules(campaign), trend: [])
        if campaign.answers.isDegraded {
            status.unusableShare = Double(campaign.answers.unusableCount) / Double(campaign.answers.count)
        }
        if let watched = policy.watchedRate(of: campaign.entry) {
            (status.rateWindow, status.rateLimit) = (watched.window?.policyText, watched.limit)
            if let window = watched.window {
                let bounced = campaign.history.increase(of: .bounced, over: window)?.amount
                let resolved = campaign.history.increase(of: .resolved, over: window)?.amount
                status.rate = bounced.flatMap { bounced in resolved.flatMap { $0 > 0 ? bounced / $0 : nil } }
                status.trend = campaign.history.trend(window, 8)
            } else if let stats = campaign.latest?.stats, let bounced = stats.bounced, let resolved = stats.resolved {
                status.rate = Ratio(bounced, of: resolved)?.value
            }
        }
        switch campaign.phase {
        case .unknown, .draft, .releasing, .running, .pausedByAnother: break
        case .pausing(let attempt):
            status.decision = attempt.intent.decision.id
            status.isPauseIneffective = attempt.repeats?.ineffective != nil
        case .paused(let pause):
            (status.resumesAt, status.decision) = (pause.resumeAt, pause.decision.id)
            status.isPauseIneffective = pause.ineffective != nil
        case .resuming(let attempt): status.decision = attempt.pause.decision.id
        }
        return status
    }

    func status(of id: PoolID, at now: Instant) -> GuardStatus.PoolStatus {
        let state = platform.pools[id]
        let reading = platform.reading(id, at: now)
        return GuardStatus.PoolStatus(
            id: id, workspace: home(of: id), name: state?.pool.name, platformID: platform.rosters[id]?.pool.id,
            isMissing: missingPools.contains(id), senders: state?.pool.senderCount,
            activeSenders: reading?.activeSenders, tags: state?.pool.tags ?? [:],
            removedSenders: senders[id]?.removed.map(\.sender.id) ?? [], change: senders[id]?.attempt?.text,
            dailyCapacity: state?.pool.dailyCapacity,
            remainingVolume: state?.pool.remainingVolume, reserved: platform.reservations.reserved(in: id),
            renewsAt: state?.renewsAt(at: now), rules: rules(poolRules[id] ?? [:]))
    }

    private func rules(_ campaign: CampaignState) -> [GuardStatus.RuleStatus] {
        rules(campaign.rules).map { rule in
            var rule = rule
            if let mute = campaign.mutes[rule.name] { rule.mutedUntil = max(mute.until, rule.mutedUntil ?? mute.until) }
            return rule
        }
    }

    private func rules(_ states: [Int: RuleState]) -> [GuardStatus.RuleStatus] {
        states.sorted { $0.key < $1.key }.map { index, state in
            var status = GuardStatus.RuleStatus(
                name: policy.rules[index].name, state: .inactive, mutedUntil: state.mutedUntil)
            (status.state, status.since) = state.standing
            return status
        }
    }
}

extension CampaignPhase {
    /// The phase in a word, for people, metrics and those who read the ledger.
    package enum Word: String, CaseIterable, Sendable, Codable {
        case unknown, draft, releasing, running, probation, pausing, paused, resuming
        case pausedByAnother = "paused by another"
    }

    func word(isOnProbation: Bool) -> Word {
        switch self {
        case .unknown: .unknown
        case .draft: .draft
        case .releasing: .releasing
        case .running: isOnProbation ? .probation : .running
        case .pausing: .pausing
        case .paused: .paused
        case .pausedByAnother: .pausedByAnother
        case .resuming: .resuming
        }
    }
}

extension RuleState {
    /// The phase in a word, and since when it lasts.
    var standing: (state: GuardStatus.RuleStatus.State, since: Instant?) {
        switch phase {
        case .inactive: (.inactive, nil)
        case .pending(let since, _, _): (.pending, since)
        case .firing(let since): (.firing, since)
        }
    }
}

extension CampaignState {
    var word: CampaignPhase.Word { phase.word(isOnProbation: recovery.isOnProbation) }
}

extension LaunchState {
    /// The phase in a word, for people, metrics and those who read the ledger.
    package enum Word: String, CaseIterable, Sendable, Codable {
        case waiting, held, judging, releasing, released, closed
    }

    var word: Word { phase.word }

    /// Why it is held; empty where it is not.
    var reasons: [Hold.Reason] {
        if case .held(let reasons) = phase { return reasons }
        return []
    }
}

extension LaunchState.Phase {
    var word: LaunchState.Word {
        switch self {
        case .waiting: .waiting
        case .held: .held
        case .judging: .judging
        case .releasing: .releasing
        case .released: .released
        case .closed: .closed
        }
    }
}

extension Hold.Reason {
    /// The reason in a clause.
    var text: String {
        switch self {
        case .rule(let name): "rule \(name) says so"
        case .unknownRule(let name): "rule \(name) cannot be judged for want of data"
        case .noNumbers: "its numbers are missing, incomplete or too old"
        case .noLeads: "nobody is enrolled yet"
        case .noFreshLook: "the fresh numbers that a start needs could not be had"
        case .startFailed: "its start failed"
        case .belt: "enough was started for now, belt"
        case .ledger: "the ledger cannot be written"
        case .paused: "it is paused, and only a resume ends that"
        case .person(let name): "\(name) wants it to wait"
        }
    }
}

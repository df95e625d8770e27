import Model
import Policy

/// Campaigns: what their numbers say, and which rules that makes pending, firing or clear.
extension Guard {
    mutating func observe(
        _ stats: CampaignStats, of id: CampaignID, requestedAt: Instant, at now: Instant
    ) -> [Effect] {
        guard let place = places[id] else { return [] }
        // Two polls may overtake each other: the older answer tells nothing new.
        if let latest = campaigns[place].latest, requestedAt < latest.requestedAt { return [] }
        let finding = noteFall(place, StatsSample(stats: stats, at: now, requestedAt: requestedAt))
        if finding == .doubtful {
            _ = noteAnswer(place, isUsable: false)
            return []
        }
        var effects = noteAnswer(place, isUsable: true)
        if campaigns[place].isStale || campaigns[place].isMissing {
            effects.append(.report(Wording.fresh(campaigns[place], at: now)))
            (campaigns[place].isStale, campaigns[place].isMissing) = (false, false)
        }
        var before = campaigns[place].latest
        if case .restarted(let restart) = finding, let previous = before?.stats {
            // What was first seen of the restart is the base.
            effects.append(.report(Wording.reset(campaigns[place].entry, from: previous, to: restart.stats)))
            _ = campaigns[place].history.append(restart.stats, at: restart.at)
            campaigns[place].countFromZero(since: restart)
            before = StatsSample(
                stats: CampaignStats.zeroCounters, at: before?.at ?? restart.at, requestedAt: restart.requestedAt)
        }
        let previous = before?.stats
        _ = campaigns[place].history.append(stats, at: now)
        if let before { noteSends(campaigns[place].entry, stats, since: before.stats, before.at, at: now) }
        campaigns[place].pace.observe(stats, at: now)
        news.append(.sample(id, stats, at: now))
        campaigns[place].latest = StatsSample(stats: stats, at: now, requestedAt: requestedAt)
        effects += infer(place, from: stats, previous: previous, requestedAt: requestedAt, at: now)
        effects += noteStandstill(place, previous: previous, at: now)
        effects += judgeRules(place, requestedAt: requestedAt, at: now)
        effects += judgeProbation(place, requestedAt: requestedAt, at: now)
        return effects
    }

    /// What the numbers tell of the campaign's doings.
    private mutating func infer(
        _ place: Int, from stats: CampaignStats, previous: CampaignStats?, requestedAt: Instant, at now: Instant
    ) -> [Effect] {
        let id = campaigns[place].entry.id
        switch campaigns[place].phase {
        case .unknown:
            campaigns[place].phase.learn(from: stats, previous: previous)
            return stats.showsSending ? foundStarted(id, isFirstLook: true, at: now) : []
        case .draft:
            campaigns[place].phase.learn(from: stats, previous: previous)
            return stats.showsSending ? foundStarted(id, isFirstLook: false, at: now) : []
        case .releasing:
            return stats.showsSending ? foundStarted(id, isFirstLook: false, at: now) : []
        case .running, .pausing: return []
        case .paused(var pause):
            let finding = pause.standstill.observe(
                sent: stats.sent, requestedAt: requestedAt, couldSendUntil: couldSendUntil(place, stats, at: now),
                at: now)
            campaigns[place].phase = .paused(pause)
            switch finding {
            case .still: return noteStandingStill(place, pause, at: now)
            case .goesOn: return repeatPause(place, pause, at: now)
            case .restarted:
                campaigns[place].phase = .running
                return overridden(place, pause, at: now)
            }
        case .resuming(var attempt):
            let finding = attempt.pause.standstill.observe(
                sent: stats.sent, requestedAt: requestedAt, couldSendUntil: couldSendUntil(place, stats, at: now),
                at: now)
            campaigns[place].phase = .resuming(attempt)
            if finding == .still { return [] }
            // Our own start, whose answer was lost, or someone else's.
            if attempt.mayHaveTakenEffect { return resumed(place, attempt, at: now) }
            if case .sent = attempt.step { return [] }
            // A person wants it to run: whether it does already makes no difference.
            if finding == .goesOn, attempt.order != nil { return [] }
            if finding == .goesOn { return repeatPause(place, attempt.pause, at: now) }
            campaigns[place].phase = .running
            return overridden(place, attempt.pause, at: now)
        case .pausedByAnother(var standstill):
            let finding = standstill.observe(
                sent: stats.sent, requestedAt: requestedAt, couldSendUntil: couldSendUntil(place, stats, at: now),
                at: now)
            campaigns[place].phase = finding == .still ? .pausedByAnother(standstill) : .running
            if standstill.stoodStill || finding == .restarted { campaigns[place].outlasted = nil }
            return finding == .goesOn ? noteOutlasted(place, at: now) : []
        }
    }

    /// Until when the campaign is known to have had emails to send and volume to send them with; nil where it is not.
    private func couldSendUntil(_ place: Int, _ stats: CampaignStats, at now: Instant) -> Instant? {
        guard stats.queued != 0 else { return nil }
        let entry = campaigns[place].entry
        let target = platform.target(of: entry.pool, in: entry.workspace)
        guard plan.asks(for: target) else { return now }
        guard let askedAt = platform.requestedAt(target) else { return nil }
        // A pool that the platform does not report does not explain a standstill.
        let isKnown = entry.pool.map { platform.pools[$0] != nil } ?? (platform.single(entry.workspace) != nil)
        guard isKnown else { return min(askedAt, now) }
        guard let pool = platform.reading(of: entry, at: now)?.pool, pool.remainingVolume.map({ $0 > 0 }) ?? false
        else {
            return nil
        }
        return min(askedAt, now)
    }

    /// Whether the answer shows counters that fell.
    private mutating func noteFall(_ place: Int, _ sample: StatsSample) -> CounterFalls.Finding {
        guard let latest = campaigns[place].latest else { return .usable }
        return campaigns[place].falls.note(sample, since: campaigns[place].history.last ?? Counters(latest.stats))
    }

    /// Keeps count of how many answers about a campaign can be used.
    mutating func noteAnswer(_ place: Int, isUsable: Bool) -> [Effect] {
        switch campaigns[place].answers.note(isUsable: isUsable) {
        case .degraded: [.report(Wording.degraded(campaigns[place]))]
        case .steady: [.report(Wording.steady(campaigns[place]))]
        case nil: []
        }
    }

    /// So long a running campaign may send nothing: no day's sending hours are further apart.
    private static let standstillMax: Duration = .seconds(24 * 3600)

    /// A campaign that is held as running, has mail to send and a pool to send from, and sends nothing.
    private mutating func noteStandstill(_ place: Int, previous: CampaignStats?, at now: Instant) -> [Effect] {
        guard let stats = campaigns[place].latest?.stats, let sent = stats.sent, let queued = stats.queued else {
            return []
        }
        let pool = platform.reading(of: campaigns[place].entry, at: now)
        let mayWait = pool?.pool.remainingVolume == 0
        guard case .running = campaigns[place].phase, queued > 0, sent == previous?.sent, !mayWait else {
            (campaigns[place].stillSince, campaigns[place].toldStill) = (nil, false)
            return []
        }
        let since = campaigns[place].stillSince ?? now
        campaigns[place].stillSince = since
        guard now - since >= Guard.standstillMax, !campaigns[place].toldStill else { return [] }
        campaigns[place].toldStill = true
        return [.report(Wording.standstill(campaigns[place], since: since, at: now))]
    }

    /// What we had paused was restarted, and not by us: reported, and respected as the policy says.
    mutating func overridden(_ place: Int, _ pause: Pause, at now: Instant) -> [Effect] {
        resting.remove(campaigns[place].entry.id)
        var follows = Wording.AfterRestart.guardedAsBefore
        if let index = ruleIndex(of: pause.decision) {
            let isRespected = (policy.rules[index].onOverride ?? policy.onOverride) == .respect
            follows = isRespected ? .muted : .pausedAgain
            if isRespected, pause.standstill.countersRestarted == true, let stats = campaigns[place].latest?.stats {
                // What was counted before does not count against it, and what is counted from now on is new evidence.
                follows = .countedFromHere
                campaigns[place].recovery.count(from: stats, policy.rules[index], at: now)
                campaigns[place].rules[index] = RuleState()
                if campaigns[place].armed[index] != nil { campaigns[place].armed[index] = stats }
            } else if isRespected {
                campaigns[place].rules[index]?.mutedUntil = now + policy.overrideFor
            }
        }
        return [.report(Wording.override(campaigns[place], pause, follows, at: now))]
    }

    // MARK: Rules

    private mutating func judgeRules(_ place: Int, requestedAt: Instant, at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        armRules(place)
        for index in campaigns[place].rules.keys.sorted() {
            let rule = policy.rules[index]
            let evaluation = rule.condition.evaluate(readings(place, of: index, at: now))
            effects += apply(evaluation, of: index, to: place, at: now)
            effects += act(on: rule, index, place, evaluation, requestedAt: requestedAt, at: now)
        }
        return effects
    }

    /// Rules that look at an age change with time alone, so a failed poll tells them something too.
    mutating func judgeAgeRules(_ place: Int, at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        for index in campaigns[place].rules.keys.sorted() where policy.rules[index].condition.readsAge {
            let rule = policy.rules[index]
            let evaluation = rule.condition.evaluate(readings(place, of: index, at: now))
            effects += apply(evaluation, of: index, to: place, at: now)
        }
        return effects
    }

    private mutating func apply(
        _ evaluation: Evaluation, of index: Int, to place: Int, at now: Instant
    ) -> [Effect] {
        let rule = policy.rules[index]
        let change = campaigns[place].rules[index]?.observe(
            RuleState.Outcome(evaluation.truth), at: now, for: rule.forClause, maxGap: policy.maxGap)
        guard let change else { return [] }
        let subject = Wording.Subject.campaign(campaigns[place].entry)
        return [.report(Wording.change(change, rule, evaluation, subject))]
    }

    /// A firing rule that pauses does so as long as the campaign runs and nobody overruled it.
    private mutating func act(
        on rule: Rule, _ index: Int, _ place: Int, _ evaluation: Evaluation, requestedAt: Instant, at now: Instant
    ) -> [Effect] {
        guard rule.action == .pause, let state = campaigns[place].rules[index], state.isFiring,
            evaluation.truth == .yes, requestedAt >= campaigns[place].freshAfter
        else { return [] }
        if mute(of: index, place, at: now) != nil { return [] }
        switch campaigns[place].phase {
        case .unknown, .running: break
        case .draft, .releasing, .pausing, .paused, .pausedByAnother, .resuming: return []
        }
        let isEnforced = policy.mode == .enforce && rule.mode == .enforce
        if !isEnforced, state.wasTold { return [] }
        let decision = Decision(
            id: nextDecisionID(), at: now, campaign: campaigns[place].entry.id, cause: .rule(rule.name),
            conditionText: rule.conditionText, evidence: evaluation)
        guard isEnforced else {
            campaigns[place].rules[index]?.wasTold = true
            news.append(.decision(decision))
            return [.report(Wording.paused(campaigns[place], rule, decision, mode: .observe))]
        }
        let (effects, stops) = pauseBelt(at: now)
        return stops ? effects : effects + beginPause(place, decision, at: now)
    }

    /// Rules with a confidence count from the first complete numbers that they see.
    private mutating func armRules(_ place: Int) {
        guard let stats = campaigns[place].latest?.stats else { return }
        for index in campaigns[place].rules.keys where campaigns[place].armed[index] == nil {
            // Most rules have none, which is cheap to see.
            guard policy.rules[index].confidence != nil, let test = policy.rules[index].condition.test else { continue }
            if test.canCount(from: Counters(stats)) { campaigns[place].armed[index] = stats }
        }
    }

    /// What one of the campaign's rules reads: from its resume on, and from when it was armed.
    func readings(_ place: Int, of index: Int, at now: Instant) -> CampaignReadings {
        readings(place, at: now).counting(from: baseline(of: policy.rules[index], place))
            .armed(from: campaigns[place].armed[index])
    }

    /// What had been counted when the rule was armed anew, at the resume from its own pause.
    func baseline(of rule: Rule, _ place: Int) -> Recovery.Baseline? {
        campaigns[place].recovery.baseline.flatMap { $0.rule == rule.name ? $0 : nil }
    }

    func readings(_ place: Int, at now: Instant) -> CampaignReadings {
        let campaign = campaigns[place]
        return CampaignReadings(
            campaign: campaign, pool: platform.reading(for: campaign.entry, at: now),
            platform: platform, now: now, staleAfter: policy.staleAfter)
    }

    // MARK: Staleness

    mutating func checkStale(_ id: CampaignID, at now: Instant) -> [Effect] {
        // Of a campaign that the platform does not know, that was told.
        guard let place = places[id], !campaigns[place].isStale, !campaigns[place].isMissing,
            campaigns[place].age(at: now) > policy.staleAfter
        else { return [] }
        campaigns[place].isStale = true
        return [.report(Wording.stale(campaigns[place], at: now))]
    }
}

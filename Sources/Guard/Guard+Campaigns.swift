import Model
import Policy

/// Routes samples, pauses and resumes to the campaign that they concern.
extension Guard {
    mutating func take(_ sample: CampaignSample, _ index: Int, at now: Instant) -> [Effect] {
        let context = context(of: campaigns[index].entry, at: now)
        // Counters that did not come from a poll may have been measured long ago.
        let takenAt = sample.source == .poll ? now : sample.measuredAt
        let taken = StatsSample(stats: sample.stats, at: takenAt, requestedAt: sample.measuredAt)
        let result = campaigns.update(index) { $0.take(taken, in: context) }
        guard result.isUsable else { return result.effects }
        var effects = result.effects + [.record(.sample(sample.campaign, sample.stats, at: takenAt))]
        if let (count, since) = result.sends {
            pools.noteSends(count, from: campaigns[index].entry.pool, since: since, at: now)
        }
        if case .started(let isFirstPoll) = result.sign {
            effects += foundStarted(index, isFirstPoll: isFirstPoll, at: now)
        } else if campaigns[index].awaitsLostStart {
            effects += giveUpLostStart(index, at: now)
        }
        var rulesContext = context
        var groupDemands: [GroupDemand] = []
        if !groups.isEmpty {
            let found = observeGroups(index, at: now)
            effects += found.effects
            groupDemands = found.demands
            rulesContext.groups = groups.sums(of: index)
        }
        let (transitions, demands) = campaigns.update(index) { $0.evaluateRules(in: rulesContext) }
        effects += transitions
        for demand in demands { effects += meet(demand, index, at: now) }
        for group in groupDemands { effects += meet(group.demand, group.campaign, at: now) }
        let (proof, relapse) = campaigns.update(index) { $0.evaluateProbation(in: context) }
        effects += proof
        if let relapse { effects += pause(index, relapse, at: now) }
        return effects
    }

    /// Pauses for a firing rule if the campaign runs and nobody has overruled the rule.
    private mutating func meet(_ demand: PauseDemand, _ index: Int, at now: Instant) -> [Effect] {
        guard campaigns[index].acceptsPause else { return [] }
        guard policy.enforces(demand.rule) else {
            let decision = decision(demand, campaigns[index].entry.id, at: now)
            return campaigns.update(index) { $0.reportDryRun(demand, decision) }
        }
        let (breaching, running) = campaigns.breaches(since: now - policy.circuitBreaker.per)
        let verdict = breaker.check(breaching: breaching, running: running, policy)
        return verdict.stopsPauses ? verdict.effects : verdict.effects + pause(index, demand, at: now)
    }

    private mutating func pause(_ index: Int, _ demand: PauseDemand, at now: Instant) -> [Effect] {
        let decision = decision(demand, campaigns[index].entry.id, at: now)
        return campaigns.update(index) { $0.beginPause(decision, at: now) }
    }

    private mutating func decision(_ demand: PauseDemand, _ campaign: CampaignID, at now: Instant) -> Decision {
        Decision(
            id: nextDecisionID(), at: now, campaign: campaign, cause: demand.cause, conditionText: demand.conditionText,
            evidence: demand.evaluation, group: demand.group)
    }

    /// Adds stored samples; the rules that read them are evaluated at the next sample.
    mutating func recall(_ samples: [CampaignID: [(at: Instant, stats: CampaignStats)]], at now: Instant) {
        for (id, stored) in samples {
            guard let index = campaigns.index(of: id) else { continue }
            campaigns.update(index) { $0.samples.fill(from: stored.filter { $0.at <= now }) }
        }
        sumGroups(at: now)
    }

    mutating func checkStale(_ index: Int, at now: Instant) -> [Effect] {
        // Checked at every poll, and usually false.
        guard campaigns[index].samples.age(at: now) > policy.staleAfter else { return [] }
        let context = context(of: campaigns[index].entry, at: now)
        return campaigns.update(index) { $0.checkStale(in: context) }
    }

    /// Counts the emails that campaigns sent today against pools without volumes of their own.
    mutating func recallSends(_ samples: [CampaignID: [(at: Instant, stats: CampaignStats)]]) {
        for index in campaigns.indices {
            let entry = campaigns[index].entry
            guard let pool = entry.pool, pools.binding(pool) != nil else { continue }
            let known = samples[entry.id] ?? []
            for (before, after) in zip(known, known.dropFirst()) {
                guard let sent = Counters(after.stats).sends(since: Counters(before.stats)) else { continue }
                pools.noteSends(sent, from: pool, since: before.at, at: after.at)
            }
        }
    }

    // MARK: Pauses

    mutating func retryPauses(at now: Instant) -> [Effect] {
        campaigns.withPause.flatMap { index in
            let context = context(of: campaigns[index].entry, at: now)
            return campaigns.update(index) { $0.retryPause(in: context) }
        }
    }

    mutating func pauseAnswered(
        _ intent: Intent, _ result: Result<ActionAnswer, Fault>, jitter: Double, at now: Instant
    ) -> [Effect] {
        guard let index = campaigns.knownIndex(of: intent.campaign) else { return [] }
        let context = context(of: campaigns[index].entry, at: now)
        let answer = campaigns.update(index) { $0.pauseAnswered(intent, result, jitter: jitter, in: context) }
        learnSkew(answer.stamp, intent, result)
        if answer.releasesVolume { pools.cancelReservation(of: intent.campaign) }
        return answer.effects
    }

    /// Sends the pauses that people ordered while another request was under way, once it has been answered.
    mutating func pauseAsOrdered(at now: Instant) -> [Effect] {
        let mode = policy.mode
        return campaigns.withOrderedPause.flatMap { index in
            campaigns.update(index) { $0.pauseAsOrdered(mode, at: now) }
        }
    }

    /// Learns the platform's clock skew from the timestamp in the response to one of our actions.
    mutating func learnSkew(_ stamp: Instant?, _ intent: Intent, _ result: Result<ActionAnswer, Fault>) {
        guard let stamp, case .success(let answer) = result else { return }
        skews.note(intent.offset(of: stamp, answer), in: workspace(of: .stats(intent.campaign)))
    }

    // MARK: Resumes

    /// Requests fresh stats for campaigns whose cooldown is over.
    mutating func advanceResumes(at now: Instant) -> [Effect] {
        guard policy.mode == .enforce else { return [] }
        var effects: [Effect] = []
        for index in campaigns.awaitingResume {
            guard let due = campaigns[index].resumeAt, due <= now else { continue }
            let context = context(of: campaigns[index].entry, at: now)
            let (more, needsStats) = campaigns.update(index) { $0.advanceResume(in: context) }
            effects += more
            if needsStats { effects += requestResumeStats(index, at: now) }
        }
        return effects
    }

    /// Evaluates all resumes again that wait for quiet hours.
    mutating func stopWaitingForQuietHours(at now: Instant) {
        for index in campaigns.awaitingResume { campaigns.update(index) { $0.stopWaitingForQuietHours(at: now) } }
    }

    /// Requests the fresh stats that a resume is evaluated on, starting with the campaign's own.
    mutating func requestResumeStats(_ index: Int, at now: Instant) -> [Effect] {
        resumeTargets(index).map { planner.pollNow($0, at: now) }
    }

    private func resumeTargets(_ index: Int) -> [Target] {
        targets(of: campaigns[index].entry, campaigns[index].rules.set.resumeSources)
    }

    /// The targets that supply a campaign's figures, in polling order.
    ///
    /// Stats are polled first: emails sent between two responses are then reserved twice rather than not at all.
    func targets(of entry: CampaignEntry, _ sources: Set<Source>) -> [Target] {
        let all: [(Source, Target)] = [
            (.stats, .stats(entry.id)), (.accounts, .accounts(entry.workspace)),
            (.pools, pools.target(of: entry.pool, in: entry.workspace)),
        ]
        return all.filter { sources.contains($0.0) }.map(\.1).filter { book.polls($0) }
    }

    func isFresh(_ target: Target, since: Instant) -> Bool {
        let requestedAt: Instant? =
            switch target {
            case .stats(let id): campaigns[id]?.samples.latest?.requestedAt
            case .pools, .accounts, .pool, .operation: pools.requestedAt(target)
            }
        return requestedAt.map { $0 >= since } ?? false
    }

    /// Handles a fresh response or its failure; once all are in, each campaign is resumed or stays paused.
    mutating func settleResumes(_ outcome: PollOutcome, at now: Instant) -> [Effect] {
        let candidates: [Int]
        switch outcome.target {
        case .stats(let id): candidates = campaigns.index(of: id).map { campaigns.awaitsResume($0) ? [$0] : [] } ?? []
        case .pools, .accounts, .pool: candidates = campaigns.awaitingResume
        case .operation: candidates = []
        }
        var effects: [Effect] = []
        for index in candidates {
            let context = context(of: campaigns[index].entry, at: now)
            guard let since = campaigns[index].awaitsResumeStats(in: context), outcome.requestedAt >= since else {
                continue
            }
            let targets = resumeTargets(index)
            guard targets.contains(outcome.target) else { continue }
            if case .failure(let fault) = outcome.result, case .stats = outcome.target {
                effects += campaigns.update(index) { $0.resumeLacksStats(fault, in: context) }
            } else if isFresh(.stats(campaigns[index].entry.id), since: since),
                // The other targets only add warnings: if they fail, the campaign's own stats decide.
                outcome.isFailure || targets.allSatisfy({ isFresh($0, since: since) })
            {
                effects += evaluateResume(index, at: now)
            }
        }
        return effects
    }

    private mutating func evaluateResume(_ index: Int, at now: Instant) -> [Effect] {
        let entry = campaigns[index].entry
        let context = context(of: entry, at: now)
        switch campaigns.update(index, { $0.evaluateResume(in: context) }) {
        case .waits(let effects): return effects
        case .passes(let attempt, let rule):
            if attempt.order == nil, let until = startLimit.earliestStart(of: entry.id, policy, at: now) {
                return startLimit.report(policy)
                    + campaigns.update(index) { $0.waitForStartLimit(attempt, until: until, in: context) }
            }
            startLimit.note(entry.id, at: now)
            pools.reserveRest(campaigns[index].samples.latest?.stats, of: entry)
            let id = nextDecisionID()
            return campaigns.update(index) { $0.sendResume(attempt, rule, decision: id, in: context) }
        }
    }

    mutating func resumeAnswered(
        _ intent: Intent, _ result: Result<ActionAnswer, Fault>, at now: Instant
    ) -> [Effect] {
        guard let index = campaigns.knownIndex(of: intent.campaign) else { return [] }
        let context = context(of: campaigns[index].entry, at: now)
        let answer = campaigns.update(index) { $0.resumeAnswered(intent, result, in: context) }
        learnSkew(answer.stamp, intent, result)
        if answer.releasesVolume { pools.cancelReservation(of: intent.campaign) }
        return answer.effects
    }
}

import Model
import Policy

/// Infers a campaign's state from its counters.
extension CampaignMachine {
    /// The consequences of a sample.
    struct SampleResult {
        var effects: [Effect] = []
        /// False if the sample shows nothing to evaluate.
        var isUsable = false
        var sign = StartSign.none
        /// The emails seen to be sent since a time, from a pool without volumes of its own; nil for other pools.
        var sends: (count: Double, since: Instant)?
    }

    /// What the counters show about a start.
    enum StartSign {
        case none
        /// The campaign ran before it was first polled, or began to run since.
        case started(isFirstPoll: Bool)
    }

    /// Updates the campaign's state with a sample, before any rule is evaluated.
    mutating func take(_ sample: StatsSample, in context: CampaignContext) -> SampleResult {
        let taken: CampaignSamples.Taken
        let isFresh = context.now - sample.at <= context.policy.staleAfter
        switch samples.take(sample, isFresh: isFresh) {
        case .outdated: return SampleResult()
        case .doubtful(let change): return SampleResult(effects: report(change))
        case .taken(let result): taken = result
        }
        var result = SampleResult(effects: report(taken.answers), isUsable: true)
        if let duration = taken.freshAfter {
            let before = CampaignSnapshot(entry: entry, stats: taken.restart?.before ?? taken.previous?.stats)
            result.effects.append(.report(.campaign(before, .fresh(after: duration))))
        }
        if let restart = taken.restart {
            let before = CampaignSnapshot(entry: entry, stats: restart.before)
            let event = CampaignEvent.countersRestarted(from: restart.before, to: restart.sample.stats)
            result.effects.append(.report(.campaign(before, event)))
            countFromZero(since: restart.sample)
        }
        if taken.isReturn {
            result.effects.append(report(.countersReturned))
            undoRestart()
        }
        if !samples.isRestartOpen { beforeRestart = nil }
        if taken.isStep { rules.skip(to: samples.counters, at: sample.at) }
        // A step shows no email that was sent since the last sample.
        let previous = taken.isStep ? sample : taken.previous
        result.sends = previous.flatMap { sends(sample, since: $0, in: context) }
        let (effects, sign) = infer(
            from: sample, previous: previous?.stats, isStep: taken.isStep, in: context)
        result.effects += effects
        result.effects += noteStandstill(previous: previous?.stats, in: context)
        result.sign = sign
        return result
    }

    private func report(_ change: AnswerShare.Change?) -> [Effect] {
        switch change {
        case .degraded: [report(.degraded(unusable: samples.answers.unusableCount, of: samples.answers.count))]
        case .steady: [report(.steady)]
        case nil: []
        }
    }

    /// Emails seen to be sent count against a pool without volumes of its own.
    private func sends(
        _ sample: StatsSample, since previous: StatsSample, in context: CampaignContext
    ) -> (count: Double, since: Instant)? {
        guard let pool = entry.pool, context.pools.binding(pool) != nil else { return nil }
        return Counters(sample.stats).sends(since: Counters(previous.stats)).map { ($0, previous.at) }
    }

    /// Handles restarted counters: baselines become zero, and standstills are watched from the first restarted sample.
    private mutating func countFromZero(since restart: StatsSample) {
        if samples.restartedAt == restart.at { beforeRestart = BeforeRestart(self) }
        resumes.countFromZero()
        rules.countFromZero(since: restart.at)
        switch phase {
        case .paused(var pause):
            if pause.lostResume?.countedBefore != nil { pause.lostResume?.countedBefore = CampaignStats.zeroCounters }
            pause.standstill.restartCounters(sent: restart.stats.sent, at: restart.at)
            phase = .paused(pause)
        case .pausedByAnother(var standstill):
            standstill.restartCounters(sent: restart.stats.sent, at: restart.at)
            phase = .pausedByAnother(standstill)
        case .resuming(var attempt):
            if attempt.countedBefore != nil { attempt.countedBefore = CampaignStats.zeroCounters }
            attempt.pause.standstill.restartCounters(sent: restart.stats.sent, at: restart.at)
            phase = .resuming(attempt)
        case .unknown, .draft, .starting, .running, .pausing: break
        }
    }

    /// Undoes ``countFromZero(since:)``: the counters are back at their old values, so they never restarted.
    private mutating func undoRestart() {
        guard let before = beforeRestart else { return }
        resumes.undoRestart(to: before.baseline)
        rules.undoRestart(to: before.armed)
        switch (phase, before.phase) {
        case (.paused(var pause), .paused(let earlier)) where pause.decision.id == earlier.decision.id:
            pause.standstill = earlier.standstill
            phase = .paused(pause)
        case (.pausedByAnother, .pausedByAnother(let standstill)): phase = .pausedByAnother(standstill)
        case (.resuming(var attempt), .resuming(let earlier))
        where attempt.pause.decision.id == earlier.pause.decision.id:
            attempt.countedBefore = earlier.countedBefore
            attempt.pause.standstill = earlier.pause.standstill
            phase = .resuming(attempt)
        case (.resuming(var attempt), .paused(let earlier)) where attempt.pause.decision.id == earlier.decision.id:
            attempt.pause.standstill = earlier.standstill
            phase = .resuming(attempt)
        case (.unknown, _), (.draft, _), (.starting, _), (.running, _), (.pausing, _), (.paused, _),
            (.pausedByAnother, _), (.resuming, _):
            break
        }
    }

    // MARK: Inference

    private mutating func infer(
        from sample: StatsSample, previous: CampaignStats?, isStep: Bool, in context: CampaignContext
    ) -> (effects: [Effect], sign: StartSign) {
        let stats = sample.stats
        let wasDraft: Bool
        switch phase {
        case .unknown: wasDraft = false
        case .draft, .starting: wasDraft = true
        case .running, .pausing: return ([], .none)
        case .paused(let pause): return (infer(pause, sample, isStep: isStep, in: context), .none)
        case .resuming(let attempt): return (infer(attempt, sample, isStep: isStep, in: context), .none)
        case .pausedByAnother(let standstill): return (infer(standstill, sample, isStep: isStep, in: context), .none)
        }
        phase.learn(from: stats, previous: previous)
        return ([], stats.showsSending ? .started(isFirstPoll: !wasDraft) : .none)
    }

    private mutating func infer(
        _ pause: Pause, _ sample: StatsSample, isStep: Bool, in context: CampaignContext
    ) -> [Effect] {
        var pause = pause
        let finding = observe(&pause.standstill, sample, isStep: isStep, in: context)
        phase = .paused(pause)
        if finding != .still, pause.lostResume != nil, pause.keptBy != nil {
            // Our own resume took effect after a person had ordered the pause.
            pause.lostResume = nil
            return repeatPause(pause, in: context)
        }
        if finding != .still, let lost = pause.lostResume {
            var attempt = ResumeAttempt(pause: pause, step: .waiting(until: context.now))
            attempt.order = lost.order
            return resumed(attempt, in: context)
        }
        switch finding {
        case .still: return noteStandingStill(pause)
        case .goesOn: return repeatPause(pause, in: context)
        case .restarted:
            phase = .running
            return overridden(pause, in: context)
        }
    }

    private mutating func infer(
        _ attempt: ResumeAttempt, _ sample: StatsSample, isStep: Bool, in context: CampaignContext
    ) -> [Effect] {
        var attempt = attempt
        let finding = observe(&attempt.pause.standstill, sample, isStep: isStep, in: context)
        phase = .resuming(attempt)
        if finding == .still { return [] }
        // Either our own resume, whose response was lost, or someone else's.
        if attempt.mayHaveTakenEffect { return resumed(attempt, in: context) }
        if attempt.isSent { return [] }
        // A person wants the campaign to run, so it does not matter whether it already does.
        if finding == .goesOn, attempt.order != nil { return [] }
        if finding == .goesOn { return repeatPause(attempt.pause, in: context) }
        phase = .running
        return overridden(attempt.pause, in: context)
    }

    private mutating func infer(
        _ earlier: Standstill, _ sample: StatsSample, isStep: Bool, in context: CampaignContext
    ) -> [Effect] {
        var standstill = earlier
        let finding = observe(&standstill, sample, isStep: isStep, in: context)
        phase = finding == .still ? .pausedByAnother(standstill) : .running
        if standstill.stoodStill || finding == .restarted { outlasted = nil }
        return finding == .goesOn ? noteOutlasted(in: context) : []
    }

    private func observe(
        _ standstill: inout Standstill, _ sample: StatsSample, isStep: Bool, in context: CampaignContext
    ) -> Standstill.Finding {
        standstill.observe(
            sent: sample.stats.sent, requestedAt: sample.requestedAt, isStep: isStep,
            couldSendUntil: couldSendUntil(sample.stats, in: context), at: sample.at)
    }

    /// The latest time at which the campaign is known to have had emails and volume to send; nil if unknown.
    private func couldSendUntil(_ stats: CampaignStats, in context: CampaignContext) -> Instant? {
        guard stats.queued != 0 else { return nil }
        let target = context.pools.target(of: entry.pool, in: entry.workspace)
        guard context.book.polls(target) else { return context.now }
        guard let requestedAt = context.pools.requestedAt(target) else { return nil }
        let until = min(requestedAt, context.now)
        // A pool that the platform does not report does not explain a standstill.
        guard context.pools.knowsPool(of: entry) else { return until }
        let remaining = context.pools.reading(of: entry, at: context.now)?.pool.remainingVolume
        return remaining.map { $0 > 0 } ?? false ? until : nil
    }

    /// Reports a running campaign that has emails and a pool to send from, but sends nothing.
    private mutating func noteStandstill(previous: CampaignStats?, in context: CampaignContext) -> [Effect] {
        guard let stats = samples.latest?.stats, let sent = stats.sent, let queued = stats.queued else { return [] }
        var isStanding = queued > 0 && sent == previous?.sent
        if isStanding {
            switch phase {
            case .running: isStanding = context.pools.reading(of: entry, at: context.now)?.pool.remainingVolume != 0
            case .unknown, .draft, .starting, .pausing, .paused, .resuming, .pausedByAnother: isStanding = false
            }
        }
        guard let since = standstill.observe(isStanding: isStanding, at: context.now) else { return [] }
        return [report(.standstill(since: since, lasting: context.now - since))]
    }

    // MARK: Missing answers

    /// Handles a failed poll of the campaign's stats.
    mutating func note(_ fault: Fault, in context: CampaignContext) -> [Effect] {
        // A throttled poll is only delayed and says nothing about this campaign's responses.
        let isUnusable: Bool
        switch fault.kind {
        case .missing, .throttled: isUnusable = false
        case .unreachable, .unauthorized, .refused, .unexpected: isUnusable = true
        }
        let change = samples.note(fault, isUnusable: isUnusable)
        var effects = checkStale(in: context)
        effects += report(change)
        if fault.kind == .missing, samples.noteMissing() { effects.append(report(.missing(fault))) }
        return effects + evaluateAgeRules(in: context)
    }

    mutating func checkStale(in context: CampaignContext) -> [Effect] {
        guard samples.becomesStale(after: context.policy.staleAfter, at: context.now) else { return [] }
        return [report(.stale(age: samples.age(at: context.now), lastFault: samples.lastFault))]
    }
}

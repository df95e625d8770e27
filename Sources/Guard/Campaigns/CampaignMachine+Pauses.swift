import Model
import Policy

/// Sends pauses until they are answered, and counts a pause as ours only if the response proves it.
extension CampaignMachine {
    /// The backoff between attempts of a failed pause, whatever rate limit applies to polls: a refusal may let a bad
    /// list send for another minute at most.
    private static let backoff = Backoff(first: .seconds(1), max: .seconds(60), jitter: .equal)
    /// A pause without effect is repeated this many times before that is reported.
    private static let repetitionsMin = 2

    /// When the next attempt of a pause is due; nil if none is planned.
    var pauseRetryAt: Instant? {
        switch phase {
        case .pausing(let attempt): attempt.retryAt
        case .unknown, .draft, .starting, .running, .paused, .pausedByAnother, .resuming: nil
        }
    }

    /// - Parameters:
    ///   - repeats: the confirmed pause of a campaign that was last known to be paused.
    ///   - lostStart: a start whose response was lost before.
    mutating func beginPause(
        _ decision: Decision, repeats: Pause? = nil, lostStart: Intent? = nil, at now: Instant
    ) -> [Effect] {
        let intent = Intent(action: .pause, campaign: entry.id, decision: decision, firstSentAt: now, attempt: 1)
        phase = .pausing(PauseAttempt(intent: intent, repeats: repeats, lostStart: lostStart))
        return [.record(.decision(decision)), .record(.intent(intent, outcome: nil)), .send(intent)]
    }

    /// Sends a failed pause again if it is due and still justified.
    mutating func retryPause(in context: CampaignContext) -> [Effect] {
        guard case .pausing(var attempt) = phase, let retryAt = attempt.retryAt, retryAt <= context.now else {
            return []
        }
        switch review(attempt.intent.decision, keptBy: attempt.repeats?.keptBy, in: context) {
        case .isVoid(let objection): return abandonPause(attempt, objection, in: context)
        case .stands(let evidence): attempt.intent.decision.evidence = evidence ?? attempt.intent.decision.evidence
        }
        attempt.retryAt = nil
        attempt.intent.attempt += 1
        attempt.intent.sentAt = context.now
        // No earlier attempt can have paused the campaign, so an older pause is not ours.
        if attempt.lostAttempts.isEmpty { attempt.intent.firstSentAt = context.now }
        phase = .pausing(attempt)
        return [.record(.intent(attempt.intent, outcome: nil)), .send(attempt.intent)]
    }

    // MARK: Answers

    /// The consequences of a response to a pause.
    struct PauseAnswer {
        var effects: [Effect] = []
        /// The platform's timestamp of our own action, from which its skew is learned.
        var stamp: Instant?
        /// True if the volume reserved for the campaign is free again.
        var releasesVolume = false
    }

    mutating func pauseAnswered(
        _ intent: Intent, _ result: Result<ActionAnswer, Fault>, jitter: Double, in context: CampaignContext
    ) -> PauseAnswer {
        guard case .pausing(let attempt) = phase, attempt.intent == intent else { return PauseAnswer() }
        let fault: Fault
        switch result {
        case .failure(let failure): fault = failure
        case .success(let answer):
            switch answer.status {
            case .paused: return pauseConfirmed(attempt, answer, in: context)
            case .draft where samples.latest?.stats.showsSending == true:
                fault = Fault(.unexpected, "the response reports a draft, but the campaign has sent emails")
            case .draft:
                foundDraft(attempt, at: context.now)
                return PauseAnswer(effects: [reportAlreadyPaused(intent.decision, answer)])
            case .running, .other:
                fault = Fault(.unexpected, "the response to a pause reports that the campaign is not paused")
            }
        }
        return PauseAnswer(effects: pauseFailed(attempt, fault, jitter: jitter, in: context))
    }

    private mutating func pauseConfirmed(
        _ attempt: PauseAttempt, _ answer: ActionAnswer, in context: CampaignContext
    ) -> PauseAnswer {
        let intent = attempt.intent
        let standstill = newStandstill(attempt, in: context)
        var result = PauseAnswer()
        var isOurs = answer.pausedAt != nil
        if let pausedAt = answer.pausedAt, attempt.repeats?.pausedAt.flooredToSecond != pausedAt.flooredToSecond {
            result.stamp = pausedAt
            var skew = context.skew
            skew.note(intent.offset(of: pausedAt, answer))
            switch attempt.origin(of: pausedAt, answer, skew) {
            case .ours: break
            case .unknown: isOurs = false
            case .anothers:
                settlePause(.pausedByAnother(standstill), at: context.now)
                if outlasted == nil { result.effects = [reportAlreadyPaused(intent.decision, answer)] }
                return result
            }
        }
        let pausedAt = answer.pausedAt ?? context.now
        if var pause = attempt.orderedAgain {
            if result.stamp == nil {
                // Without evidence of a restart, what was learned since the earlier pause remains valid.
                let isSame = answer.pausedAt != nil && pause.repetitions == nil
                if !isSame { pause.standstill = standstill }
                settlePause(.paused(pause), at: context.now)
                result.effects = [report(.stillPaused(intent.decision, pausedAt: answer.pausedAt))]
                return result
            }
        } else if var pause = attempt.repeats {
            // The planned resume stays as it was.
            (pause.standstill, pause.pausedAt) = (standstill, pausedAt)
            if result.stamp != nil, !isOurs { (pause.isOurs, pause.resumeAt) = (false, nil) }
            settlePause(.paused(pause), at: context.now)
            return result
        }
        let rule = context.book.rule(intent.decision.cause.rule, on: entry)
        var pause = Pause(
            decision: intent.decision, pausedAt: pausedAt, isOurs: isOurs, standstill: standstill)
        if pause.isOurs, let rule { pause.resumeAt = resumes.paused(by: rule, at: context.now) }
        let isExhausted = pause.isOurs && pause.resumeAt == nil && rule?.resume != nil
        pause.keep(for: orderedPause?.order)
        settlePause(.paused(pause), at: context.now)
        result.effects = [
            reportPause(
                intent.decision, rule, mode: .enforce, resumesAt: pause.resumeAt, resumesExhausted: isExhausted)
        ]
        result.releasesVolume = true
        return result
    }

    private func newStandstill(_ attempt: PauseAttempt, in context: CampaignContext) -> Standstill {
        // The grace period runs by our clock, because the server's may be off.
        let grace = context.policy.overrideGrace
        if let earlier = attempt.repeats { return earlier.standstill.again(at: context.now, grace: grace) }
        return Standstill(
            since: context.now, grace: grace, pace: samples.pace.range,
            known: samples.highestSent.known, beforeFall: samples.sentBeforeRestart,
            earlierFlat: samples.pace.longestFlat, gapMax: context.policy.maxGap)
    }

    private mutating func settlePause(_ newer: CampaignPhase, at now: Instant) {
        phase = newer
        freshAfter = now
        // The response also answers a pause that was ordered meanwhile.
        switch newer {
        case .paused(var pause):
            guard let orderedPause else { return }
            pause.keep(for: orderedPause.order)
            (phase, self.orderedPause) = (.paused(pause), nil)
        case .draft, .pausedByAnother: orderedPause = nil
        case .unknown, .starting, .running, .pausing, .resuming: break
        }
    }

    /// Handles a pause that found a draft; a lost start may still take effect and is then paused as ordered.
    private mutating func foundDraft(_ attempt: PauseAttempt, at now: Instant) {
        guard let lost = attempt.lostStart else { return settlePause(.draft, at: now) }
        settlePause(
            .starting(StartAttempt(intent: lost, isUnderWay: false, lost: lost, pauseFoundDraft: true)), at: now)
        // A person who released the launch meanwhile wants it to start.
        orderedPause = launchHold == nil ? nil : attempt.intent.decision
    }

    private mutating func pauseFailed(
        _ attempt: PauseAttempt, _ fault: Fault, jitter: Double, in context: CampaignContext
    ) -> [Effect] {
        var attempt = attempt
        attempt.failures += 1
        if fault.mayHaveTakenEffect { attempt.noteLost() }
        let decision = attempt.intent.decision
        if context.policy.mode == .observe {
            settlePause(attempt.repeats.map { .paused($0) } ?? .unknown, at: context.now)
            return [report(.pauseFailed(decision, fault, attempts: attempt.failures, retryIn: nil))]
        }
        let isDue = Reminder.isDue(&attempt.reminder, at: context.now)
        switch fault.kind {
        case .missing:
            settlePause(.unknown, at: context.now)
            return [report(.pauseFailed(decision, fault, attempts: attempt.failures, retryIn: nil))]
        case .refused, .throttled, .unreachable, .unauthorized, .unexpected: break
        }
        let wait = CampaignMachine.backoff.wait(after: attempt.failures, random: jitter)
        attempt.retryAt = context.now + wait
        phase = .pausing(attempt)
        // Nothing is retried for a campaign that left the policy.
        let retryIn = context.book.names(entry.id) ? wait : nil
        return isDue ? [report(.pauseFailed(decision, fault, attempts: attempt.failures, retryIn: retryIn))] : []
    }

    // MARK: Without effect

    /// Repeats a confirmed pause of a campaign that still sends and was not seen to stand still.
    ///
    /// Either the pause had no effect or somebody restarted the campaign at once. Nothing is concluded, and the pause
    /// is sent again, because pausing a paused campaign does nothing.
    mutating func repeatPause(_ earlier: Pause, in context: CampaignContext) -> [Effect] {
        var pause = earlier
        switch review(pause.decision, keptBy: pause.keptBy, in: context) {
        case .isVoid(let objection):
            phase = .running
            return [report(.pauseNotRepeated(pause, objection))]
        case .stands(let evidence): pause.decision.evidence = evidence ?? pause.decision.evidence
        }
        let repetitions = pause.repetitions ?? 0
        var effects: [Effect] = []
        if repetitions >= CampaignMachine.repetitionsMin {
            if Reminder.isDue(&pause.ineffective, at: context.now) { effects.append(report(.pauseIneffective(pause))) }
        } else if repetitions == 0 {
            effects.append(report(.pauseUncertain(pause)))
        }
        pause.repetitions = repetitions + 1
        let intent = Intent(
            action: .pause, campaign: entry.id, decision: pause.decision, firstSentAt: context.now,
            attempt: repetitions + 2)
        phase = .pausing(PauseAttempt(intent: intent, repeats: pause))
        return effects + [.record(.intent(intent, outcome: nil)), .send(intent)]
    }

    /// Handles a campaign that still sends although the platform reports an earlier pause by someone else: that pause
    /// has no effect, so the campaign counts as running.
    mutating func noteOutlasted(in context: CampaignContext) -> [Effect] {
        phase = .running
        var outlasted = outlasted ?? Outlasted()
        outlasted.pauses += 1
        let isDue =
            outlasted.pauses > CampaignMachine.repetitionsMin && Reminder.isDue(&outlasted.reminder, at: context.now)
        self.outlasted = outlasted
        return isDue ? [report(.pauseOutlasted(pauses: outlasted.pauses))] : []
    }

    /// Handles a standstill: a pause that seemed to have no effect has taken effect.
    mutating func noteStandingStill(_ pause: Pause) -> [Effect] {
        guard pause.standstill.stoodStill, pause.repetitions != nil else { return [] }
        var settled = pause
        (settled.repetitions, settled.ineffective) = (nil, nil)
        phase = .paused(settled)
        return pause.ineffective == nil ? [] : [report(.pauseEffective(pause))]
    }

    // MARK: Review

    /// The result of reviewing a decision to pause.
    private enum Review {
        /// Nothing contradicts the decision; carries its current evidence, if known.
        case stands(Evaluation?)
        case isVoid(PauseObjection)
    }

    /// - Parameter order: the order to stay paused, which outranks the rule that decided; nil if there is none.
    private func review(_ decision: Decision, keptBy order: Order?, in context: CampaignContext) -> Review {
        if context.policy.mode == .observe { return .isVoid(.observeMode) }
        if order != nil { return .stands(nil) }
        switch decision.cause {
        case .order, .launchRulesPass, .cooldownOver: return .stands(nil)
        case .unapprovedLaunch:
            guard context.policy.onUnapproved == .pause else { return .isVoid(.unapprovedAllowed) }
            let readings = readings(in: context)
            let isHeld = rules.set.holding.contains { $0.condition.evaluate(readings).truth != .no }
            return isHeld ? .stands(nil) : .isVoid(.launchAllowed)
        case .rule(let name), .relapse(let name):
            guard let index = rules.index(of: name) else { return .isVoid(.ruleRemoved(name)) }
            let running = rules.set.running[index]
            guard running.pauses, running.rule.mode == .enforce else { return .isVoid(.ruleRemoved(name)) }
            if let mute = rules.mute(ofSlot: index, at: context.now) { return .isVoid(.ruleMuted(name, by: mute.by)) }
            var evaluation = running.rule.condition.evaluate(readings(ofSlot: index, in: context))
            if case .relapse = decision.cause, evaluation.truth != .yes, let base = probationBaseline,
                let probation = running.rule.resume?.probation
            {
                evaluation = probation.condition.evaluate(
                    CampaignReadings(figures(in: context).counting(from: base), labels: entry.labels))
            }
            switch evaluation.truth {
            case .yes: return .stands(evaluation)
            case .unknown: return .stands(nil)
            case .no: return .isVoid(.conditionCleared(running.rule.conditionText))
            }
        }
    }

    private mutating func abandonPause(
        _ attempt: PauseAttempt, _ objection: PauseObjection, in context: CampaignContext
    ) -> [Effect] {
        settlePause(attempt.repeats.map { .paused($0) } ?? .unknown, at: context.now)
        return [
            .record(.intent(attempt.intent, outcome: .abandoned(objection))),
            report(
                .pauseAbandoned(
                    attempt.intent.decision, objection, mayHaveTakenEffect: !attempt.lostAttempts.isEmpty)),
        ]
    }

    // MARK: Reports

    private func reportAlreadyPaused(_ decision: Decision, _ answer: ActionAnswer) -> Effect {
        report(.alreadyPaused(decision, status: answer.status, pausedAt: answer.pausedAt))
    }

    func reportPause(
        _ decision: Decision, _ rule: Rule?, mode: Mode, resumesAt: Instant? = nil, resumesExhausted: Bool = false
    ) -> Effect {
        var pause = PauseReport(
            decision, rule: rule, mode: mode, resumesAt: resumesAt, counts: counts(behind: decision))
        pause.resumesExhausted = resumesExhausted
        return report(.paused(pause))
    }

    /// The counts behind a deciding bounce rate; nil for other conditions, for groups, and if the finding already
    /// shows them.
    private func counts(behind decision: Decision) -> BounceCounts? {
        guard decision.group == nil, let finding = decision.evidence?.decisive, finding.evidence == nil else {
            return nil
        }
        let baseline = decision.cause.rule.flatMap { resumes.baseline(of: $0) }
        let stats = samples.latest.map { latest in baseline.map { latest.stats.counted(from: $0.stats) } ?? latest.stats
        }
        let counted = stats.flatMap { stats in
            stats.bounced.flatMap { bounced in stats.resolved.map { BounceCounts(bounced: bounced, resolved: $0) } }
        }
        guard let rate = finding.comparison.left.rate, rate.rate == .bounceRate else { return nil }
        guard let window = rate.window else { return counted }
        guard let bounced = samples.increase(of: .bounced, over: window)?.amount,
            let resolved = samples.increase(of: .resolved, over: window)?.amount
        else { return nil }
        let inWindow = BounceCounts(bounced: Int(bounced.rounded()), resolved: Int(resolved.rounded()))
        // Since the later of the window's start and the resume, so the lesser count applies.
        guard baseline != nil, let counted else { return inWindow }
        return BounceCounts(
            bounced: min(inWindow.bounced, counted.bounced), resolved: min(inWindow.resolved, counted.resolved))
    }
}

/// Consecutive pauses confirmed with a timestamp before our request that did not stop the sending.
struct Outlasted: Hashable, Sendable {
    var pauses = 0
    /// When the failure is next reported; nil before it is known.
    var reminder: Reminder?
}

import Model
import Policy

/// Carries out people's orders: they outrank the rules, and only a person resumes what a person stopped.
extension CampaignMachine {
    /// Carries out an order to pause the campaign.
    mutating func orderPause(_ decision: Decision, at now: Instant) -> (OrderAcceptance, [Effect]) {
        switch phase {
        case .draft: return (.pausingDraft, beginPause(decision, at: now))
        case .unknown, .running, .pausedByAnother: return (.pausing, beginPause(decision, at: now))
        case .paused(let pause):
            return (.staysPaused(isStillSending: pause.repetitions != nil), pauseAgain(pause, decision, at: now))
        case .starting(let attempt):
            if attempt.isUnderWay {
                orderedPause = decision
                return (.pausingOnceAnswered, [])
            }
            return (.pausing, beginPause(decision, lostStart: attempt.lost, at: now))
        case .pausing(let attempt):
            if attempt.retryAt != nil { return (.pausing, takeOver(attempt, decision, at: now)) }
            orderedPause = decision
            return (.pausingOnceAnswered, [])
        case .resuming(let attempt):
            if attempt.isSent {
                orderedPause = decision
                return (.pausingOnceResumeAnswered, [])
            }
            return (.resumeCancelled, pauseInsteadOfResume(attempt, decision, at: now))
        }
    }

    /// Sends the pause again to a campaign that was last known to be paused, because someone may have restarted it.
    private mutating func pauseAgain(_ earlier: Pause, _ decision: Decision, at now: Instant) -> [Effect] {
        var pause = earlier
        pause.keep(for: decision.order)
        return beginPause(decision, repeats: pause, at: now)
    }

    /// Sends a failed pause again immediately, now on behalf of the person who ordered it.
    private mutating func takeOver(_ earlier: PauseAttempt, _ decision: Decision, at now: Instant) -> [Effect] {
        let effects = beginPause(decision, repeats: earlier.repeats, lostStart: earlier.lostStart, at: now)
        guard case .pausing(var attempt) = phase else { return effects }
        attempt.repeats?.keep(for: decision.order)
        (attempt.lostAttempts, attempt.failures, attempt.reminder) =
            (earlier.lostAttempts, earlier.failures, earlier.reminder)
        phase = .pausing(attempt)
        return effects
    }

    private mutating func pauseInsteadOfResume(
        _ attempt: ResumeAttempt, _ decision: Decision, at now: Instant
    ) -> [Effect] {
        switch attempt.withoutResume {
        case .paused(let pause): pauseAgain(pause, decision, at: now)
        case .unknown, .draft, .starting, .running, .pausing, .resuming, .pausedByAnother:
            beginPause(decision, at: now)
        }
    }

    /// Withdraws a start that was decided but not sent; false if there is none.
    mutating func withdrawStart() -> Bool {
        guard case .starting(var attempt) = phase, attempt.isUnderWay, departed != attempt.intent else { return false }
        attempt.isUnderWay = false
        phase = attempt.lost == nil ? .draft : .starting(attempt)
        return true
    }

    /// Withdraws a resume that was decided but not sent; false if there is none.
    mutating func withdrawResume(at now: Instant) -> Bool {
        guard case .resuming(var attempt) = phase, case .sent(let intent) = attempt.step, departed != intent else {
            return false
        }
        attempt.step = .waiting(until: now)
        phase = .resuming(attempt)
        return true
    }

    /// Carries out a pause ordered while a request was under way, once the response is in.
    ///
    /// - Parameter mode: a policy loaded meanwhile may only observe.
    mutating func pauseAsOrdered(_ mode: Mode = .enforce, at now: Instant) -> [Effect] {
        guard let decision = orderedPause else { return [] }
        if mode == .observe { return abandonOrderedPause(decision) }
        let effects: [Effect]
        switch phase {
        case .pausing: return []
        case .starting(let attempt):
            // After a pause that found a draft, the counters show whether there is anything to pause.
            if attempt.isUnderWay || attempt.pauseFoundDraft == true { return [] }
            effects = beginPause(decision, lostStart: attempt.lost, at: now)
        case .resuming(let attempt):
            if attempt.isSent { return [] }
            effects = pauseInsteadOfResume(attempt, decision, at: now)
        case .paused(let pause): effects = pauseAgain(pause, decision, at: now)
        case .running, .unknown, .draft, .pausedByAnother: effects = beginPause(decision, at: now)
        }
        orderedPause = nil
        return effects
    }

    /// Observe mode sends nothing, but a paused campaign stays paused as ordered.
    private mutating func abandonOrderedPause(_ decision: Decision) -> [Effect] {
        var isReported = false
        switch phase {
        case .pausing, .starting: return []
        case .resuming(let attempt):
            if attempt.isSent { return [] }
            isReported = attempt.mayHaveTakenEffect
            phase = attempt.withoutResume
        case .paused(let pause): isReported = pause.lostResume != nil
        case .running, .unknown: isReported = true
        case .draft, .pausedByAnother: break
        }
        if case .paused(var pause) = phase {
            pause.keep(for: decision.order)
            phase = .paused(pause)
        }
        orderedPause = nil
        return isReported ? [report(.pauseAbandoned(decision, .observeMode, mayHaveTakenEffect: false))] : []
    }

    /// The result of an ordered resume.
    enum OrderedResume {
        case refused(OrderRefusal)
        case begins(warnings: [LaunchWarning])
    }

    mutating func orderResume(_ order: Order, in context: CampaignContext) -> OrderedResume {
        var attempt: ResumeAttempt
        let step = ResumeAttempt.Step.evaluating(since: context.now)
        switch phase {
        case .draft: return .refused(.neverRan)
        case .pausing: return .refused(.pauseUnderWay)
        case .starting: return .refused(.startUnderWay)
        // A campaign that may be running stays guarded; a resume under way would suspend that.
        case .running, .unknown: return .refused(.notPaused)
        case .pausedByAnother(let standstill):
            attempt = ResumeAttempt(pause: anothersPause(order, standstill, at: context.now), step: step)
            attempt.wasAnothers = true
        case .paused(let pause): attempt = ResumeAttempt(pause: pause, step: step)
        case .resuming(let current):
            if current.isSent { return .refused(.resumeUnderWay) }
            attempt = current
            attempt.step = step
        }
        let owner = context.book.rule(attempt.pause.decision.cause.rule, on: entry)
        let obstacles = order.isForced ? [] : obstacles(to: owner, in: context)
        if !obstacles.isEmpty { return .refused(.obstacles(obstacles)) }
        (attempt.order, attempt.orderedAt, attempt.reported) = (order, context.now, nil)
        launchHold = nil
        phase = .resuming(attempt)
        return .begins(warnings: launchWarnings(in: context))
    }

    /// A stand-in for someone else's pause, with what a resume needs.
    private func anothersPause(_ order: Order, _ standstill: Standstill, at now: Instant) -> Pause {
        Pause(
            decision: Decision(
                id: 0, at: now, campaign: order.campaign, cause: .order(order), conditionText: nil, evidence: nil),
            pausedAt: now, isOurs: false, standstill: standstill)
    }
}

extension Pause {
    /// Keeps the campaign paused until a person resumes it; does nothing without an order.
    mutating func keep(for order: Order?) {
        if let order { (keptBy, resumeAt) = (order, nil) }
    }
}

extension Decision {
    /// The order behind the decision; nil if there is none.
    var order: Order? {
        switch cause {
        case .order(let order): order
        case .rule, .relapse, .cooldownOver, .launchRulesPass, .unapprovedLaunch: nil
        }
    }
}

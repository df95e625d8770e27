import Model
import Policy

/// What people order: they outrank the rules, and what they stopped only they start.
extension CampaignMachine {
    /// A person wants it paused.
    mutating func orderPause(_ decision: Decision, _ order: Order, at now: Instant) -> (OrderAcceptance, [Effect]) {
        switch phase {
        case .unknown, .draft, .running, .pausedByAnother: return (.pausing, beginPause(decision, at: now))
        case .paused(let pause):
            stayPaused(pause, order)
            return (.staysPaused(isStillSending: pause.repetitions != nil), [])
        case .pausing, .starting:
            orderedPause = decision
            return (.pausingOnceAnswered, [])
        case .resuming(let attempt):
            orderedPause = decision
            return (attempt.isSent ? .pausingOnceResumeAnswered : .resumeCancelled, [])
        }
    }

    /// It is paused, and from now on by a person's order.
    private mutating func stayPaused(_ earlier: Pause, _ order: Order?) {
        var pause = earlier
        (pause.keptBy, pause.resumeAt) = (order, nil)
        phase = .paused(pause)
    }

    /// What a person ordered while a request was under way is done once that has been answered.
    mutating func pauseAsOrdered(at now: Instant) -> [Effect] {
        guard let decision = orderedPause else { return [] }
        var effects: [Effect] = []
        switch phase {
        // Where a start's answer was lost, counters show whether there is anything to pause.
        case .pausing, .starting: return []
        case .resuming(let attempt):
            if attempt.isSent { return [] }
            if attempt.mayHaveTakenEffect {
                effects = beginPause(decision, at: now)
            } else if attempt.wasAnothers == true {
                phase = .pausedByAnother(attempt.pause.standstill)
            } else {
                stayPaused(attempt.pause, decision.order)
            }
        case .paused(let pause): stayPaused(pause, decision.order)
        case .running, .unknown: effects = beginPause(decision, at: now)
        // It did not start, or someone else had paused it: there is nothing to do.
        case .draft, .pausedByAnother: break
        }
        orderedPause = nil
        return effects
    }

    /// Why an ordered resume is refused, or the attempt that it begins.
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
        // While it may be running it is guarded, which a resume that is under way would suspend.
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
        let owner = context.book.rule(attempt.pause.decision.cause.rule)
        let obstacles = order.isForced ? [] : obstacles(to: owner, in: context)
        if !obstacles.isEmpty { return .refused(.obstacles(obstacles)) }
        (attempt.order, attempt.orderedAt, attempt.reported) = (order, context.now, nil)
        phase = .resuming(attempt)
        return .begins(warnings: launchWarnings(in: context))
    }

    /// The pause of someone else, as far as a resume has to know it.
    private func anothersPause(_ order: Order, _ standstill: Standstill, at now: Instant) -> Pause {
        Pause(
            decision: Decision(
                id: 0, at: now, campaign: order.campaign, cause: .order(order), conditionText: nil, evidence: nil),
            pausedAt: now, isOurs: false, standstill: standstill)
    }
}

extension Decision {
    /// The order behind it, if one is.
    var order: Order? {
        switch cause {
        case .order(let order): order
        case .rule, .relapse, .cooldownOver, .launchRulesPass, .unapprovedLaunch: nil
        }
    }
}

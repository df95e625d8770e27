import Model
import Policy

/// Carries out people's orders: they outrank the rules, and only a person resumes what a person stopped.
extension CampaignMachine {
    /// Carries out an order to pause the campaign.
    mutating func orderPause(_ decision: Decision, _ order: Order, at now: Instant) -> (OrderAcceptance, [Effect]) {
        switch phase {
        case .unknown, .draft, .running, .pausedByAnother: return (.pausing, beginPause(decision, at: now))
        // A lost resume may have taken effect, so the pause is sent.
        case .paused(let pause) where pause.lostResume != nil: return (.pausing, beginPause(decision, at: now))
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

    /// Keeps a paused campaign paused by a person's order.
    private mutating func stayPaused(_ earlier: Pause, _ order: Order?) {
        var pause = earlier
        (pause.keptBy, pause.resumeAt) = (order, nil)
        phase = .paused(pause)
    }

    /// Carries out a pause ordered while a request was under way, once the response is in.
    ///
    /// - Parameter mode: a policy loaded meanwhile may only observe.
    mutating func pauseAsOrdered(_ mode: Mode = .enforce, at now: Instant) -> [Effect] {
        func begin(_ decision: Decision) -> [Effect] {
            switch mode {
            case .enforce: beginPause(decision, at: now)
            case .observe: [report(.pauseAbandoned(decision, .observeMode, mayHaveTakenEffect: false))]
            }
        }
        guard let decision = orderedPause else { return [] }
        var effects: [Effect] = []
        switch phase {
        // While the response to a start is missing, the counters show whether there is anything to pause.
        case .pausing, .starting: return []
        case .resuming(let attempt):
            if attempt.isSent { return [] }
            if attempt.mayHaveTakenEffect {
                effects = begin(decision)
            } else if attempt.wasAnothers == true {
                phase = .pausedByAnother(attempt.pause.standstill)
            } else {
                stayPaused(attempt.pause, decision.order)
            }
        case .paused(let pause) where pause.lostResume == nil: stayPaused(pause, decision.order)
        case .running, .unknown, .paused: effects = begin(decision)
        // The campaign did not start, or someone else had paused it: there is nothing to do.
        case .draft, .pausedByAnother: break
        }
        orderedPause = nil
        return effects
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
        let owner = context.book.rule(attempt.pause.decision.cause.rule)
        let obstacles = order.isForced ? [] : obstacles(to: owner, in: context)
        if !obstacles.isEmpty { return .refused(.obstacles(obstacles)) }
        (attempt.order, attempt.orderedAt, attempt.reported) = (order, context.now, nil)
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

extension Decision {
    /// The order behind the decision; nil if there is none.
    var order: Order? {
        switch cause {
        case .order(let order): order
        case .rule, .relapse, .cooldownOver, .launchRulesPass, .unapprovedLaunch: nil
        }
    }
}

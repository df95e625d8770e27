import Model
import Policy

/// Pauses: sent until they are answered, and owned only where the answer shows that they were ours.
extension Guard {
    /// The wait before a failed pause is sent again doubles between these bounds, whatever the platform asks of polls: a
    /// minute more of a bad list is the most that a refusal may cost.
    private static let retryFirst: Duration = .seconds(1)
    private static let retryLongest: Duration = .seconds(60)
    /// After a plain refusal of a resume there is little hope; it is still tried again.
    static let retryRefused: Duration = .seconds(300)
    /// A pause that emails outlast is sent so many times more before it is said to have no effect.
    private static let repetitionsMin = 2

    mutating func beginPause(_ place: Int, _ decision: Decision, at now: Instant) -> [Effect] {
        let id = campaigns[place].entry.id
        let intent = Intent(action: .pause, campaign: id, decision: decision, firstSentAt: now, attempt: 1)
        campaigns[place].phase = .pausing(PauseAttempt(intent: intent))
        pausing.insert(id)
        news += [.decision(decision), .intent(intent, outcome: nil)]
        return [.send(intent)]
    }

    mutating func retryPauses(at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        for id in pausing.sorted() {
            guard let place = places[id], case .pausing(var attempt) = campaigns[place].phase,
                let retryAt = attempt.retryAt, retryAt <= now
            else { continue }
            switch judgeAgain(attempt.intent.decision, place, at: now) {
            case .isVoid(let reason):
                effects += abandonPause(place, attempt, reason, at: now)
                continue
            case .stands(let evidence): attempt.intent.decision.evidence = evidence ?? attempt.intent.decision.evidence
            }
            attempt.retryAt = nil
            attempt.intent.attempt += 1
            attempt.intent.sentAt = now
            // No earlier attempt can have paused it: an older pause is not ours.
            if attempt.lostAttempts.isEmpty { attempt.intent.firstSentAt = now }
            campaigns[place].phase = .pausing(attempt)
            news.append(.intent(attempt.intent, outcome: nil))
            effects.append(.send(attempt.intent))
        }
        return effects
    }

    mutating func pauseAnswered(
        _ intent: Intent, _ result: Result<ActionAnswer, Fault>, jitter: Double, at now: Instant
    ) -> [Effect] {
        guard let place = places[intent.campaign], case .pausing(let attempt) = campaigns[place].phase,
            attempt.intent == intent
        else { return [] }
        switch result {
        case .failure(let fault): return pauseFailed(place, attempt, fault, jitter: jitter, at: now)
        case .success(let answer):
            switch answer.status {
            case .paused: return pauseHolds(place, attempt, answer, at: now)
            case .draft where campaigns[place].latest?.stats.showsSending == true:
                let fault = Fault(.unexpected, "the answer says that the campaign is a draft, but it has sent emails")
                return pauseFailed(place, attempt, fault, jitter: jitter, at: now)
            case .draft:
                settlePause(place, .draft, at: now)
                return [.report(Wording.alreadyPaused(campaigns[place], intent, answer))]
            case .running, .other:
                let fault = Fault(.unexpected, "the answer to a pause says that the campaign is not paused")
                return pauseFailed(place, attempt, fault, jitter: jitter, at: now)
            }
        }
    }

    private mutating func pauseHolds(
        _ place: Int, _ attempt: PauseAttempt, _ answer: ActionAnswer, at now: Instant
    ) -> [Effect] {
        let intent = attempt.intent
        // Grace runs by our clock: the server's may be off.
        let standstill =
            attempt.repeats?.standstill.again(at: now, grace: policy.overrideGrace)
            ?? Standstill(
                since: now, grace: policy.overrideGrace, pace: campaigns[place].pace.range,
                known: campaigns[place].latest.flatMap { latest in latest.stats.sent.map { ($0, latest.at) } },
                earlierFlat: campaigns[place].pace.longestFlat, gapMax: policy.maxGap)
        let workspace = campaigns[place].entry.workspace
        if let pausedAt = answer.pausedAt, attempt.repeats?.pausedAt.flooredToSecond != pausedAt.flooredToSecond {
            noteSkew(of: pausedAt, intent, answer)
            guard attempt.explains(pausedAt, answer, skew[workspace] ?? StampSkew()) else {
                settlePause(place, .pausedByAnother(standstill), at: now)
                resting.remove(intent.campaign)
                if campaigns[place].outlasted != nil { return [] }
                return [.report(Wording.alreadyPaused(campaigns[place], intent, answer))]
            }
        }
        let since = answer.pausedAt ?? now
        if let earlier = attempt.repeats { return pauseRepeated(place, earlier, standstill, since, at: now) }
        let rule = rule(of: intent.decision)
        var pause = Pause(
            decision: intent.decision, pausedAt: since, isOurs: answer.pausedAt != nil, standstill: standstill)
        pause.resumeAt = pause.isOurs ? plannedResume(place, rule, at: now) : nil
        settlePause(place, .paused(pause), at: now)
        // What it does not send now is not promised any more; a resume promises it anew.
        platform.reservations.cancel(intent.campaign)
        if pause.resumeAt != nil { resting.insert(intent.campaign) }
        return [
            .report(
                Wording.paused(
                    campaigns[place], rule, intent.decision, mode: .enforce, resumeAt: pause.resumeAt))
        ]
    }

    private mutating func settlePause(_ place: Int, _ phase: CampaignPhase, at now: Instant) {
        campaigns[place].phase = phase
        campaigns[place].freshAfter = now
        pausing.remove(campaigns[place].entry.id)
    }

    private mutating func pauseFailed(
        _ place: Int, _ attempt: PauseAttempt, _ fault: Fault, jitter: Double, at now: Instant
    ) -> [Effect] {
        var attempt = attempt
        attempt.failures += 1
        if fault.mayHaveTakenEffect { attempt.noteLost() }
        if policy.mode == .observe {
            settlePause(place, attempt.repeats.map { .paused($0) } ?? .unknown, at: now)
            return [.report(Wording.pauseFailed(campaigns[place], attempt, fault, retryIn: nil))]
        }
        let isDue = Reminder.isDue(&attempt.reminder, at: now)
        switch fault.kind {
        case .missing:
            settlePause(place, .unknown, at: now)
            return [.report(Wording.pauseFailed(campaigns[place], attempt, fault, retryIn: nil))]
        case .refused, .throttled, .unreachable, .unauthorized, .unexpected: break
        }
        let wait = Guard.backoff(attempt.failures, jitter)
        attempt.retryAt = now + wait
        campaigns[place].phase = .pausing(attempt)
        guard isDue else { return [] }
        return [.report(Wording.pauseFailed(campaigns[place], attempt, fault, retryIn: wait))]
    }

    /// A bound that doubles with each failure, and a random part of its upper half.
    private static func backoff(_ failures: Int, _ jitter: Double) -> Duration {
        let bound = min(retryFirst * (1 << min(failures - 1, 10)), retryLongest)
        return .milliseconds(Int64(Double(bound.milliseconds) * (0.5 + min(max(jitter, 0), 1) / 2)))
    }

    // MARK: Without effect

    /// Emails go on leaving after a pause that the platform confirmed, and no standstill was seen in between.
    ///
    /// Whether the pause had no effect or somebody restarted it at once is not known, so nothing is concluded and the pause
    /// is sent again: to what is paused, that does nothing.
    mutating func repeatPause(_ place: Int, _ pause: Pause, at now: Instant) -> [Effect] {
        var pause = pause
        switch judgeAgain(pause.decision, place, at: now) {
        case .isVoid(let reason):
            campaigns[place].phase = .running
            resting.remove(campaigns[place].entry.id)
            return [.report(Wording.pauseNotRepeated(campaigns[place], pause, reason))]
        case .stands(let evidence): pause.decision.evidence = evidence ?? pause.decision.evidence
        }
        let repetitions = pause.repetitions ?? 0
        var effects: [Effect] = []
        if repetitions >= Guard.repetitionsMin {
            let isDue = Reminder.isDue(&pause.ineffective, at: now)
            if isDue { effects.append(.report(Wording.pauseIneffective(campaigns[place], pause))) }
        } else if repetitions == 0 {
            effects.append(.report(Wording.pauseUncertain(campaigns[place], pause)))
        }
        pause.repetitions = repetitions + 1
        let id = campaigns[place].entry.id
        let intent = Intent(
            action: .pause, campaign: id, decision: pause.decision, firstSentAt: now, attempt: repetitions + 2)
        campaigns[place].phase = .pausing(PauseAttempt(intent: intent, repeats: pause))
        pausing.insert(id)
        news.append(.intent(intent, outcome: nil))
        return effects + [.send(intent)]
    }

    /// Emails go on leaving although the platform says that someone else had paused the campaign: whoever it was, that
    /// pause has no effect, and it is guarded as one that runs.
    mutating func noteOutlasted(_ place: Int, at now: Instant) -> [Effect] {
        campaigns[place].phase = .running
        var outlasted = campaigns[place].outlasted ?? Outlasted()
        outlasted.pauses += 1
        let isDue = outlasted.pauses > Guard.repetitionsMin && Reminder.isDue(&outlasted.reminder, at: now)
        campaigns[place].outlasted = outlasted
        return isDue ? [.report(Wording.pauseOutlasted(campaigns[place], outlasted.pauses))] : []
    }

    /// A pause that was sent again was confirmed again; what it was planned for stays as it was.
    private mutating func pauseRepeated(
        _ place: Int, _ earlier: Pause, _ standstill: Standstill, _ since: Instant, at now: Instant
    ) -> [Effect] {
        var pause = earlier
        (pause.standstill, pause.pausedAt) = (standstill, since)
        settlePause(place, .paused(pause), at: now)
        if pause.resumeAt != nil { resting.insert(campaigns[place].entry.id) }
        return []
    }

    /// It stands still: a pause that had seemed to have no effect has one.
    mutating func noteStandingStill(_ place: Int, _ pause: Pause, at now: Instant) -> [Effect] {
        guard pause.standstill.stoodStill, pause.repetitions != nil else { return [] }
        var settled = pause
        (settled.repetitions, settled.ineffective) = (nil, nil)
        campaigns[place].phase = .paused(settled)
        return pause.ineffective == nil ? [] : [.report(Wording.pauseEffective(campaigns[place], pause))]
    }

    // MARK: Judged again

    private enum Judgement {
        /// What is known does not contradict it; with what it rests on now, where that is known.
        case stands(Evaluation?)
        /// There is no reason for it any more.
        case isVoid(String)
    }

    /// Whether a pause is still to be sent: by the policy of now, and on what is known now.
    ///
    /// Missing data contradict nothing: the rule has fired on good samples.
    private func judgeAgain(_ decision: Decision, _ place: Int, at now: Instant) -> Judgement {
        if policy.mode == .observe { return .isVoid("observe mode sends nothing") }
        switch decision.cause {
        case .order, .launchRulesPass, .coolDownOver: return .stands(nil)
        case .unapprovedLaunch:
            guard policy.onUnapproved == .pause else { return .isVoid("on_unapproved is no longer pause") }
            let readings = readings(place, at: now)
            let rules = holdingRules(campaigns[place].entry.id).map { $0.condition.evaluate(readings) }
            return rules.contains { $0.truth != .no } ? .stands(nil) : .isVoid("no launch rule holds it any more")
        case .rule(let name), .relapse(let name):
            guard let index = policy.rules.firstIndex(where: { $0.name == name }),
                policy.rules[index].action == .pause, policy.rules[index].mode == .enforce,
                campaigns[place].rules[index] != nil
            else { return .isVoid("the policy no longer pauses it by rule \(name)") }
            if let mute = mute(of: index, place, at: now) { return .isVoid("rule \(name) is muted by \(mute.by)") }
            let rule = policy.rules[index]
            var evaluation = rule.condition.evaluate(readings(place, of: index, at: now))
            if case .relapse = decision.cause, evaluation.truth != .yes,
                let base = campaigns[place].recovery.baseline, let probation = rule.resume?.probation
            {
                evaluation = probation.condition.evaluate(readings(place, at: now).counting(from: base))
            }
            switch evaluation.truth {
            case .yes: return .stands(evaluation)
            case .unknown: return .stands(nil)
            case .no: return .isVoid("\(rule.conditionText) no longer holds")
            }
        }
    }

    private mutating func abandonPause(
        _ place: Int, _ attempt: PauseAttempt, _ reason: String, at now: Instant
    ) -> [Effect] {
        settlePause(place, attempt.repeats.map { .paused($0) } ?? .unknown, at: now)
        news.append(.intent(attempt.intent, outcome: "abandoned: \(reason)"))
        return [.report(Wording.pauseAbandoned(campaigns[place], attempt, reason))]
    }
}

extension PauseAttempt {
    /// The longest time after which a request whose answer was lost can still have taken effect.
    private static let effectMax: Duration = .seconds(60)
    /// Lost attempts kept: half an hour's at the longest wait between two.
    private static let lostMax = 60

    /// Whether the campaign's pause at that time can be the doing of one of our attempts.
    ///
    /// Answers give whole seconds, so our own pause may look up to one second older than its request.
    ///
    /// - Parameter skew: how far the platform's stamps are known to be off.
    func explains(_ pausedAt: Instant, _ answer: ActionAnswer, _ skew: StampSkew) -> Bool {
        // By our clock, as the server's may be off.
        let ours = intent.firstSentAt.flooredToSecond + intent.offset(of: pausedAt, answer)
        if ours >= intent.sentAt.flooredToSecond + skew.earliest { return true }
        return lostAttempts.contains {
            ours >= $0.flooredToSecond + skew.earliest && ours <= $0 + PauseAttempt.effectMax
        }
    }

    /// The attempt under way brings no answer any more, and may have taken effect.
    mutating func noteLost() {
        lostAttempts.append(intent.sentAt)
        if lostAttempts.count > PauseAttempt.lostMax { lostAttempts.removeFirst() }
    }
}

extension Intent {
    /// How much later than the first attempt the platform stamped its effect, by the clock of its answers where they show
    /// one; below zero where the stamp is older.
    func offset(of stamp: Instant, _ answer: ActionAnswer) -> Duration {
        stamp - (answer.serverTimeAtRequest ?? firstSentAt).flooredToSecond
    }
}

extension Instant {
    var flooredToSecond: Instant {
        Instant(milliseconds: milliseconds - ((milliseconds % 1000) + 1000) % 1000)
    }
}

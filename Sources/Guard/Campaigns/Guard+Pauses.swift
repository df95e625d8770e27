import Model
import Policy

/// Pauses: sent until they are answered, and owned only where the answer shows that they were ours.
extension Guard {
    /// The bounds of the wait before a failed pause is tried again; it doubles, and a random part of it is waited.
    private static let retryFirst: Duration = .seconds(1)
    private static let retryLongest: Duration = .seconds(30)
    /// After a plain refusal there is little hope; it is still tried again.
    static let retryRefused: Duration = .seconds(300)

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
        let since = answer.pausedAt ?? now
        // Grace runs by our clock: the server's may be off.
        let standstill = Standstill(since: now, grace: policy.overrideGrace)
        if let pausedAt = answer.pausedAt, !attempt.explains(pausedAt, answer) {
            settlePause(place, .pausedByAnother(standstill), at: now)
            return [.report(Wording.alreadyPaused(campaigns[place], intent, answer))]
        }
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
            settlePause(place, .unknown, at: now)
            return [.report(Wording.pauseFailed(campaigns[place], attempt, fault, retryIn: nil))]
        }
        let isFirst = attempt.reminder == nil
        let isDue = attempt.reminder?.isDue(at: now) ?? true
        if isFirst { attempt.reminder = Reminder(at: now) }
        let wait: Duration
        switch fault.kind {
        case .missing:
            settlePause(place, .unknown, at: now)
            return [.report(Wording.pauseFailed(campaigns[place], attempt, fault, retryIn: nil))]
        case .refused: wait = Guard.retryRefused
        case .throttled: wait = fault.retryAfter ?? Guard.backoff(attempt.failures, jitter)
        case .unreachable, .unauthorized, .unexpected:
            wait = max(fault.retryAfter ?? .zero, Guard.backoff(attempt.failures, jitter))
        }
        attempt.retryAt = now + wait
        campaigns[place].phase = .pausing(attempt)
        guard isDue else { return [] }
        return [.report(Wording.pauseFailed(campaigns[place], attempt, fault, retryIn: wait))]
    }

    /// Full jitter: a random part of a bound that doubles with each failure.
    private static func backoff(_ failures: Int, _ jitter: Double) -> Duration {
        let bound = min(retryFirst * (1 << min(failures - 1, 10)), retryLongest)
        return .milliseconds(Int64(Double(bound.milliseconds) * min(max(jitter, 0), 1)))
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
    func explains(_ pausedAt: Instant, _ answer: ActionAnswer) -> Bool {
        // By our clock, as the server's may be off.
        let there = (answer.serverTimeAtRequest ?? intent.firstSentAt).flooredToSecond
        let ours = intent.firstSentAt.flooredToSecond + (pausedAt - there)
        if ours >= intent.sentAt.flooredToSecond { return true }
        return lostAttempts.contains { ours >= $0.flooredToSecond && ours <= $0 + PauseAttempt.effectMax }
    }

    /// The attempt under way brings no answer any more, and may have taken effect.
    mutating func noteLost() {
        lostAttempts.append(intent.sentAt)
        if lostAttempts.count > PauseAttempt.lostMax { lostAttempts.removeFirst() }
    }
}

extension Instant {
    var flooredToSecond: Instant {
        Instant(milliseconds: milliseconds - ((milliseconds % 1000) + 1000) % 1000)
    }
}

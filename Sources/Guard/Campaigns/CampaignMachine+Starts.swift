import Model
import Policy

/// The first start of a draft, as its launch decides.
extension CampaignMachine {
    /// The start that may have taken effect, while its answer is lost; nil where there is none.
    var lostStart: Intent? {
        switch phase {
        case .starting(let attempt): attempt.isUnderWay ? nil : attempt.lost
        case .unknown, .draft, .running, .pausing, .paused, .resuming, .pausedByAnother: nil
        }
    }

    /// The start whose answer is awaited; nil where there is none.
    var startUnderWay: Intent? {
        switch phase {
        case .starting(let attempt): attempt.isUnderWay ? attempt.intent : nil
        case .unknown, .draft, .running, .pausing, .paused, .resuming, .pausedByAnother: nil
        }
    }

    mutating func beginStart(_ decision: Decision, at now: Instant) -> [Effect] {
        let intent = Intent(action: .start, campaign: entry.id, decision: decision, firstSentAt: now, attempt: 1)
        phase = .starting(StartAttempt(intent: intent, isUnderWay: true, lost: lostStart))
        return [.record(.decision(decision)), .record(.intent(intent, outcome: nil)), .send(intent)]
    }

    /// It runs: the platform said so, or its counters show it.
    mutating func confirmStart(at now: Instant) {
        (phase, freshAfter) = (.running, now)
    }

    /// Its start failed: what may have taken effect only counters can tell.
    ///
    /// - Parameter isFinal: it is not tried again, and had no effect.
    mutating func startFailed(_ fault: Fault, isFinal: Bool, at now: Instant) {
        guard case .starting(var attempt) = phase else { return }
        freshAfter = now
        attempt.isUnderWay = false
        switch fault.kind {
        case .unreachable, .unexpected: if fault.mayHaveTakenEffect { attempt.lost = attempt.intent }
        case .missing, .refused, .unauthorized, .throttled: break
        }
        phase = attempt.lost != nil && !isFinal ? .starting(attempt) : .draft
    }
}

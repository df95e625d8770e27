import Model
import Policy

/// The first start of a draft, as decided by its launch.
extension CampaignMachine {
    /// The start whose response was lost and that may have taken effect; nil if there is none.
    var lostStart: Intent? {
        switch phase {
        case .starting(let attempt): attempt.isUnderWay ? nil : attempt.lost
        case .unknown, .draft, .running, .pausing, .paused, .resuming, .pausedByAnother: nil
        }
    }

    /// True if an earlier start may have taken effect, also while another one is under way.
    var hasLostStart: Bool {
        switch phase {
        case .starting(let attempt): attempt.lost != nil
        case .unknown, .draft, .running, .pausing, .paused, .resuming, .pausedByAnother: false
        }
    }

    /// The start whose response is pending; nil if there is none.
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

    /// Marks the campaign as running, because the platform or its counters confirmed the start.
    mutating func confirmStart(at now: Instant) {
        (phase, freshAfter) = (.running, now)
    }

    /// Handles a failed start; only counters can tell whether a lost one took effect.
    ///
    /// - Parameter isFinal: the start had no effect and is not tried again.
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

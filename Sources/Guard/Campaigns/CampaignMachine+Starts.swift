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

    /// True if a lost start may still take effect, so that its volume stays reserved.
    var awaitsLostStart: Bool {
        switch phase {
        case .starting(let attempt): !attempt.isUnderWay && attempt.lost != nil && attempt.isGivenUp != true
        case .unknown, .draft, .running, .pausing, .paused, .resuming, .pausedByAnother: false
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

    /// Gives up a lost start after a day in which the campaign stayed a draft; returns the start the first time.
    ///
    /// The sending hours of two days are no further apart, and a platform queues the emails of a campaign that runs.
    mutating func giveUpLostStart(at now: Instant) -> Intent? {
        guard case .starting(var attempt) = phase, awaitsLostStart, attempt.pauseFoundDraft != true,
            let lost = attempt.lost, now - lost.sentAt >= LongStandstill.limit,
            let latest = samples.latest, latest.requestedAt >= lost.sentAt, latest.stats.provesDraft
        else { return nil }
        attempt.isGivenUp = true
        phase = .starting(attempt)
        return lost
    }

    mutating func beginStart(_ decision: Decision, at now: Instant) -> [Effect] {
        let intent = Intent(action: .start, campaign: entry.id, decision: decision, firstSentAt: now, attempt: 1)
        let isGivenUp = lostStart != nil && !awaitsLostStart
        phase = .starting(
            StartAttempt(intent: intent, isUnderWay: true, lost: lostStart, isGivenUp: isGivenUp ? true : nil))
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
        case .unreachable, .unexpected:
            if fault.mayHaveTakenEffect { (attempt.lost, attempt.isGivenUp) = (attempt.intent, nil) }
        case .missing, .refused, .unauthorized, .throttled: break
        }
        phase = attempt.lost != nil && !isFinal ? .starting(attempt) : .draft
    }
}

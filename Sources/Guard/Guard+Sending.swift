package import Model
import Policy

/// What was decided is judged again when it is about to be sent: it may have waited for the ledger.
extension Guard {
    /// Whether an action still stands on what is known by now; a pause always does.
    package func stillStands(_ intent: Intent, at now: Instant) -> Bool {
        switch intent.action {
        case .pause: true
        case .start: startStands(intent, at: now)
        case .resume: resumeStands(intent, at: now)
        }
    }

    private func startStands(_ intent: Intent, at now: Instant) -> Bool {
        guard policy.mode == .enforce,
            let index = launches.firstIndex(where: { $0.phase == .releasing(intent) })
        else { return false }
        switch verdict(index, at: now) {
        case .pass: return true
        case .alreadyStarted: return false
        case .hold(let reasons, _, _, _):
            // A person's word overrules rules, also beyond the time in which it was to be taken up, but nothing else.
            guard case .order(let order) = intent.decision.cause, order.isForced else { return false }
            return reasons.allSatisfy(\.isOfRules)
        }
    }

    private func resumeStands(_ intent: Intent, at now: Instant) -> Bool {
        guard policy.mode == .enforce, let place = places[intent.campaign],
            case .resuming(let attempt) = campaigns[place].phase, attempt.step == .sent(intent)
        else { return false }
        if attempt.order?.isForced == true { return ledgerTrouble == nil && !campaigns[place].isMissing }
        return obstacles(place, rule(of: attempt.pause.decision), at: now).isEmpty
    }

    /// Whether a change of a pool's members is still the one under way.
    package func stillStands(_ change: SenderChange) -> Bool {
        policy.mode == .enforce && senders[change.pool]?.attempt == SenderState.Attempt(change: change, step: .sent)
    }
}

extension Hold.Reason {
    /// True where rules, or the want of data to judge them, hold it.
    fileprivate var isOfRules: Bool {
        switch self {
        case .rule, .unknownRule: true
        case .noNumbers, .noLeads, .noFreshLook, .startFailed, .belt, .ledger, .paused, .person: false
        }
    }
}

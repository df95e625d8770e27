package import Model
import Policy

/// Evaluates decisions again when they are sent, because they may have waited for the ledger.
extension Guard {
    /// True if current data still supports the action; always true for a pause.
    package func stillStands(_ intent: Intent, at now: Instant) -> Bool {
        guard let index = campaigns.index(of: intent.campaign) else { return false }
        switch intent.action {
        case .pause: return true
        case .start: return policy.mode == .enforce && startStands(intent, index, at: now)
        case .resume: return policy.mode == .enforce && resumeStands(intent, index, at: now)
        }
    }

    private func startStands(_ intent: Intent, _ index: Int, at now: Instant) -> Bool {
        guard campaigns[index].startUnderWay == intent, let launch = launches.openIndex(of: intent.campaign),
            launches[launch].heldBy == nil
        else { return false }
        switch verdict(launch, at: now) {
        case .pass: return true
        case .alreadyStarted: return false
        case .hold(let hold):
            // A forced order overrules the rules even after its time to begin is over, but nothing else.
            return intent.decision.order?.isForced == true && hold.reasons.allSatisfy(\.isOfRules)
        }
    }

    private func resumeStands(_ intent: Intent, _ index: Int, at now: Instant) -> Bool {
        guard case .resuming(let attempt) = campaigns[index].phase, attempt.step == .sent(intent) else { return false }
        let context = context(of: campaigns[index].entry, at: now)
        guard campaigns[index].isResumeWanted(attempt, in: context) else { return false }
        if attempt.order?.isForced == true { return campaigns[index].basicObstacles(in: context).isEmpty }
        let owner = book.rule(attempt.pause.decision.cause.rule)
        return campaigns[index].obstacles(to: owner, in: context).isEmpty
    }

    /// True if the change of a pool's members is still the one under way.
    package func stillStands(_ change: SenderChange) -> Bool {
        policy.mode == .enforce
            && senders.state(of: change.pool)?.attempt == SenderState.Attempt(change: change, step: .sent)
    }
}

extension HoldReason {
    /// True if a rule, or missing data for it, holds the launch.
    fileprivate var isOfRules: Bool {
        switch self {
        case .rule, .unknownRule: true
        case .noStats, .noLeads, .noFreshStats, .startFailed, .startLimit, .ledger, .paused, .person: false
        }
    }
}

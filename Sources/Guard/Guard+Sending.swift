package import Model
import Policy

/// Evaluates decisions again when they are sent, because they may have waited for the ledger.
extension Guard {
    /// True if the action may be sent now; from then on, no order withdraws it.
    package mutating func mayLeave(_ intent: Intent, at now: Instant) -> Bool {
        guard stillStands(intent, at: now) else { return false }
        if let index = campaigns.index(of: intent.campaign) { campaigns.update(index) { $0.leave(intent) } }
        return true
    }

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
            launches[launch].phase == .starting
        else { return false }
        // A forced order overrules the rules even after the time limit for its start has passed.
        return obstacle(launch, isForced: intent.decision.order?.isForced == true, at: now) == nil
    }

    private func resumeStands(_ intent: Intent, _ index: Int, at now: Instant) -> Bool {
        guard case .resuming(let attempt) = campaigns[index].phase, attempt.step == .sent(intent) else { return false }
        if attempt.order == nil {
            var limit = startLimit
            if limit.earliestStart(of: intent.campaign, policy, at: now) != nil { return false }
        }
        return campaigns[index].resumeBlock(attempt, in: context(of: campaigns[index].entry, at: now)) == nil
    }

    /// True if the change of a pool's members is still the one under way.
    package func stillStands(_ change: SenderChange) -> Bool {
        policy.mode == .enforce
            && senders.state(of: change.pool)?.attempt == SenderState.Attempt(change: change, step: .sent)
    }
}

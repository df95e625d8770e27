import Model
import Policy

/// The belt: how much may be started at once, and how many breaches at once are still believed.
extension Guard {
    /// So many campaigns must run before breaches of half of them say something about the platform.
    private static let runningMin = 6

    /// When the campaign may be started; nil where it may be now.
    mutating func startBelt(_ campaign: CampaignID, at now: Instant) -> Instant? {
        belt.forget(before: now - policy.startLimit.per)
        let allowed = max(1, Int(Double(campaigns.count) * policy.startLimit.share.value))
        guard belt.starts.count >= allowed, belt.starts[campaign] == nil, let oldest = belt.starts.values.min() else {
            belt.toldStarts = false
            return nil
        }
        return oldest + policy.startLimit.per + .milliseconds(1)
    }

    /// Tells once that starts wait.
    mutating func tellBelt(at now: Instant) -> [Effect] {
        guard !belt.toldStarts else { return [] }
        belt.toldStarts = true
        return [.report(Wording.tooManyStarts(belt.starts.count, policy.startLimit, of: campaigns.count))]
    }

    /// Warns once where more than half of the running campaigns breach within the period; whether pauses stop then.
    mutating func pauseBelt(at now: Instant) -> (effects: [Effect], stops: Bool) {
        let start = now - policy.circuitBreaker.per
        var (running, breaching) = (0, 0)
        // By their places, as a copy of each would cost more than all the rest.
        for place in campaigns.indices {
            switch campaigns[place].phase {
            case .running, .pausing: running += 1
            case .unknown: if campaigns[place].latest?.stats.showsSending == true { running += 1 }
            case .paused(let pause): if pause.decision.at > start { running += 1 }
            case .draft, .releasing, .pausedByAnother, .resuming: continue
            }
            let isBreaching = campaigns[place].rules.contains { index, state in
                policy.rules[index].action == .pause && state.firingSince.map { $0 > start } ?? false
            }
            if isBreaching { breaching += 1 }
        }
        guard running >= Guard.runningMin, breaching * 2 > running else {
            belt.toldPauses = false
            return ([], false)
        }
        let stops = policy.circuitBreaker.pauses == .stop
        if belt.toldPauses { return ([], stops) }
        belt.toldPauses = true
        return ([.report(Wording.tooManyBreaches(breaching, of: running, stops: stops))], stops)
    }
}

/// Nothing can be kept at the moment.
struct LedgerTrouble: Hashable, Sendable {
    var since: Instant
    var reminder: Reminder
}

extension Guard {
    /// Told whether what was to be kept was kept.
    mutating func noteRecording(_ failure: String?, at now: Instant) -> [Effect] {
        guard let failure else {
            guard let trouble = ledgerTrouble else { return [] }
            ledgerTrouble = nil
            return [.report(Wording.ledgerRecovered(after: now - trouble.since))]
        }
        // What was handed out is not kept: all of it is handed out again once that succeeds.
        saved = SavedMemory()
        haveLaunchesMoved = true
        guard var trouble = ledgerTrouble else {
            ledgerTrouble = LedgerTrouble(since: now, reminder: Reminder(at: now))
            return [.report(Wording.ledgerFailed(failure, since: nil))]
        }
        guard trouble.reminder.isDue(at: now) else { return [] }
        ledgerTrouble = trouble
        return [.report(Wording.ledgerFailed(failure, since: trouble.since))]
    }

    /// The end of an action, for the ledger.
    mutating func noteOutcome(_ intent: Intent, _ result: Result<ActionAnswer, Fault>) {
        switch result {
        case .success(let answer): news.append(.intent(intent, outcome: answer.status.text))
        case .failure(let fault): news.append(.intent(intent, outcome: "failed: \(fault.summary)"))
        }
    }
}

import Model
import Policy

/// How soon a campaign may breach a rule at worst, and so when it is polled again.
package struct Outlook: Hashable, Sendable {
    /// The rule that may be breached first.
    package var rule: String
    /// After so many emails more.
    package var emails: Double
    /// Where this share of them bounced.
    package var bounceRate: Double
    /// How long those emails take at the pace that it sends at.
    package var time: Duration
}

/// When a campaign wants to be polled again.
enum PollWish: Hashable, Sendable {
    case after(Duration)
    /// Before long: nothing is known of its pace.
    case even
}

/// Polls go where danger is.
extension CampaignMachine {
    /// A list that turns bad is taken to bounce so much, or more where its latest emails are consistent with more.
    private static let badRate = 0.25
    /// A campaign is polled again after this part of the time that a breach is away.
    private static let pollsPerBreach = 3.0
    /// The number of emails until a breach is found to within so many halvings of its logarithm.
    private static let halvings = 6

    /// A rule that might be breached before long.
    private struct Candidate {
        var rule: String
        var condition: CompiledCondition
        var figures: CampaignFigures
    }

    /// When to poll next by what is known of it now.
    mutating func planPoll(in context: CampaignContext) -> PollWish {
        let poll = context.policy.poll
        outlook = nil
        // Whether its counters restarted, the next answer shows.
        if samples.isFallOpen { return .after(poll.stats.min) }
        switch phase {
        case .unknown, .running: break
        // What does not send is in no danger; what a person starts is seen in time.
        case .draft, .starting, .pausing, .paused, .resuming, .pausedByAnother: return .after(poll.stats.max)
        }
        guard samples.latest != nil, let perSecond = samples.pace.perSecond else { return .even }
        var (wanted, candidates) = candidates(in: context)
        // Beyond this no breach makes a difference.
        var horizon = perSecond * wanted.seconds * CampaignMachine.pollsPerBreach
        let rate = max(CampaignMachine.badRate, samples.pace.highestRate)
        let windows = rules.set.windows.map(\.length)
        for candidate in candidates {
            guard let emails = emailsUntil(candidate, windows, rate, perSecond, horizon) else { continue }
            horizon = emails
            let time = Duration.seconds(emails / perSecond)
            outlook = Outlook(rule: candidate.rule, emails: emails, bounceRate: rate, time: time)
            wanted = min(wanted, time / CampaignMachine.pollsPerBreach)
        }
        return .after(wanted)
    }

    private func candidates(in context: CampaignContext) -> (wanted: Duration, [Candidate]) {
        let poll = context.policy.poll
        var wanted = poll.stats.max
        var candidates: [Candidate] = []
        let set = rules.set
        let plain = figures(in: context, withSurroundings: set.readsSurroundings)
        for (index, running) in set.running.enumerated() where running.pauses {
            guard rules.mute(ofSlot: index, at: context.now) == nil else { continue }
            let state = rules.slot(index).state
            switch state.phase {
            // Either it was reported and only watches, or the next usable answer decides.
            case .firing: if !state.wasReported { wanted = poll.stats.min }
            case .pending(_, let accrued, _):
                switch running.forClause {
                case .duration(let needed): wanted = min(wanted, needed - accrued)
                case .count: wanted = poll.stats.min
                }
            case .inactive:
                candidates.append(
                    Candidate(
                        rule: running.rule.name, condition: running.condition, figures: figures(plain, ofSlot: index)))
            }
        }
        if resumes.isOnProbation, let base = resumes.baseline, let slot = rules.index(of: base.rule),
            let probation = set.running[slot].probation
        {
            candidates.append(
                Candidate(rule: base.rule, condition: probation, figures: plain.counting(from: probationBaseline)))
        }
        return (wanted, candidates)
    }

    /// After how many emails the condition would hold if that share bounced; nil where that is beyond the horizon.
    private func emailsUntil(
        _ candidate: Candidate, _ windows: [Duration], _ rate: Double, _ perSecond: Double, _ horizon: Double
    ) -> Double? {
        func holds(after emails: Double) -> Bool {
            let forecast = Forecast(
                now: candidate.figures, windows: windows, emails: emails, bounceRate: rate,
                elapsed: .seconds(emails / perSecond))
            return candidate.condition.truth(forecast) == .yes
        }
        guard horizon >= 1, holds(after: horizon) else { return nil }
        var (low, high) = (1.0, horizon)
        if holds(after: low) { return low }
        for _ in 0..<CampaignMachine.halvings where high - low > 1 {
            let middle = (low * high).squareRoot()
            if holds(after: middle) { high = middle } else { low = middle }
        }
        return high
    }
}

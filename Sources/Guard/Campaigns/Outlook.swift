import Model
import Policy

/// The worst-case forecast of a campaign's next breach, which plans its next poll.
package struct Outlook: Hashable, Sendable {
    /// The rule that may be breached first.
    package var rule: String
    /// The number of further emails until the breach.
    package var emails: Double
    /// What is assumed of them, as far as the rule counts it.
    package var assumed: [Assumption]
    /// How long those emails take at the campaign's pace.
    package var time: Duration

    /// The share of the emails that meet a fate.
    package struct Assumption: Hashable, Sendable {
        package var fate: EmailFate
        package var share: Double
    }
}

/// When a campaign needs its next poll.
enum PollWish: Hashable, Sendable {
    case after(Duration)
    /// At an even interval, because its pace is unknown.
    case even
}

/// Spends polls on campaigns that are close to a breach.
extension CampaignMachine {
    /// The number of polls within the time to the earliest breach.
    private static let pollsPerBreach = 3.0
    /// The number of bisection steps, on a logarithmic scale, that find the emails until a breach.
    private static let halvings = 6

    /// A rule that may be breached soon.
    private struct Candidate {
        var rule: String
        var condition: CompiledCondition
        /// What the rule counts of the next emails.
        var fates: [EmailFate]
        var figures: CampaignFigures
    }

    /// Plans the next poll from the campaign's current state.
    mutating func planPoll(in context: CampaignContext) -> PollWish {
        let poll = context.policy.poll
        outlook = nil
        // The next response shows whether the counters restarted.
        if samples.isFallOpen { return .after(poll.stats.min) }
        switch phase {
        case .unknown, .running: break
        // A campaign that does not send is in no danger, and a restart by a person is noticed in time.
        case .draft, .starting, .pausing, .paused, .resuming, .pausedByAnother: return .after(poll.stats.max)
        }
        guard samples.latest != nil, let perSecond = samples.pace.perSecond else { return .even }
        var (wanted, candidates) = candidates(in: context)
        // The horizon beyond which a breach does not change the plan.
        var horizon = perSecond * wanted.seconds * CampaignMachine.pollsPerBreach
        let fates = ExpectedFates(samples.pace)
        let windows = rules.set.windows.map(\.window)
        for candidate in candidates {
            guard let emails = emailsUntil(candidate, windows, fates, perSecond, horizon) else { continue }
            horizon = emails
            let time = Duration.seconds(emails / perSecond)
            outlook = Outlook(
                rule: candidate.rule, emails: emails,
                assumed: candidate.fates.map { Outlook.Assumption(fate: $0, share: fates[$0]) }, time: time)
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
        for (index, running) in set.running.enumerated() where running.pauses && !running.isOnGroup {
            guard rules.mute(ofSlot: index, at: context.now) == nil else { continue }
            let state = rules.slot(index).state
            switch state.phase {
            // The firing is already reported and only watched, or the next usable response decides.
            case .firing: if !state.wasReported { wanted = poll.stats.min }
            case .pending(_, let accrued, _):
                switch running.forClause {
                case .duration(let needed): wanted = min(wanted, needed - accrued)
                case .count: wanted = poll.stats.min
                }
            case .inactive:
                candidates.append(
                    Candidate(
                        rule: running.rule.name, condition: running.condition, fates: running.fates,
                        figures: figures(plain, ofSlot: index)))
            }
        }
        if resumes.isOnProbation, let base = resumes.baseline, let slot = rules.index(of: base.rule),
            let probation = set.running[slot].probation
        {
            candidates.append(
                Candidate(
                    rule: base.rule, condition: probation, fates: set.running[slot].probationFates,
                    figures: plain.counting(from: probationBaseline)))
        }
        return (wanted, candidates)
    }

    /// The further emails with these fates after which the condition would hold; nil if beyond the horizon.
    private func emailsUntil(
        _ candidate: Candidate, _ windows: [TimeWindow], _ fates: ExpectedFates, _ perSecond: Double,
        _ horizon: Double
    ) -> Double? {
        func holds(after emails: Double) -> Bool {
            let forecast = Forecast(
                now: candidate.figures, windows: windows, emails: emails, fates: fates,
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

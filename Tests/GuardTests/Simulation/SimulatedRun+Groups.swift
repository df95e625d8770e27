import Model
import Policy

@testable import Guard

/// Checks the pauses of the rule on groups against sums made without the guard's code.
extension SimulatedRun {
    /// What a campaign adds to its group.
    private struct Share {
        var campaign: CampaignID
        var bounced: Int
        var resolved: Int
        var isRunning: Bool
    }

    /// Checks the pauses that one sample made the rule demand.
    mutating func checkGroupPauses(_ effects: [Effect]) {
        let pauses = effects.compactMap { effect -> Intent? in
            guard case .send(let intent) = effect, intent.action == .pause, intent.attempt == 1 else { return nil }
            return intent
        }
        let paused = pauses.filter { $0.decision.cause == .rule("team") }
        guard let first = paused.first, let group = rules?.group, let team = team(of: first.campaign) else { return }
        let ids = Set(paused.map(\.campaign))
        func report(_ text: String) { groupViolations.append("\(ids.sorted()) of team \(team), \(text), at \(now)") }
        guard ids.allSatisfy({ self.team(of: $0) == team }) else { return report("pauses outside the team") }
        let allPaused = Set(pauses.map(\.campaign))
        guard let all = shares(of: team, allPaused, counted: false) else { return report("sums of incomplete data") }
        // The rule counts what it paused earlier from the resume. That alone can breach: earlier counts of one campaign
        // do not count, and those of another are gone since its counters restarted.
        let sinceResumes = shares(of: team, allPaused, counted: true) ?? []
        guard isBreach(all, group) || isBreach(sinceResumes, group) else { return report("paused without a breach") }
        // Another rule may pause one of them on the same sample.
        guard allPaused == ids, let counted = shares(of: team, ids, counted: true) else { return }
        let running = counted.filter(\.isRunning)
        guard isBreach(running, group) || group.pausesAll else { return report("the running ones do not breach") }
        if group.pausesAll { return }
        let rest = running.filter { !ids.contains($0.campaign) }
        if isBreach(rest, group) { report("the others still breach") }
        // Each paused campaign leaves the others better than each that goes on.
        let remainders = running.map { share in
            (share.campaign, rate(running.filter { $0.campaign != share.campaign }))
        }
        let worst = remainders.filter { ids.contains($0.0) }.map(\.1)
        let others = remainders.filter { !ids.contains($0.0) }.map(\.1)
        if let last = worst.max(), let next = others.min(), last > next { report("paused before a worse one") }
        let allButLast = zip(remainders, running).filter { remainder, _ in ids.contains(remainder.0) }
            .sorted { $0.0.1 < $1.0.1 }.dropLast().map(\.1.campaign)
        if !allButLast.isEmpty, !isBreach(running.filter { !allButLast.contains($0.campaign) }, group) {
            report("paused more than needed")
        }
    }

    private func team(of id: CampaignID) -> String? { warden.campaigns[id]?.entry.labels["team"] }

    private func rate(_ shares: [Share]) -> Double {
        let resolved = shares.reduce(0) { $0 + $1.resolved }
        return resolved == 0 ? 0 : Double(shares.reduce(0) { $0 + $1.bounced }) / Double(resolved)
    }

    private func isBreach(_ shares: [Share], _ group: RandomRules.Group) -> Bool {
        shares.reduce(0) { $0 + $1.resolved } >= group.resolvedMin && rate(shares) > group.limit
    }

    /// What each campaign of the team adds; nil while one that may be sending lacks data.
    ///
    /// - Parameters:
    ///   - paused: the campaigns whose pause is being sent.
    ///   - counted: count each campaign from the resume that ended the rule's own pause.
    private func shares(of team: String, _ paused: Set<CampaignID>, counted: Bool) -> [Share]? {
        var shares: [Share] = []
        for index in warden.campaigns.indices where warden.campaigns[index].entry.labels["team"] == team {
            let campaign = warden.campaigns[index]
            let id = campaign.entry.id
            let mayBeSending =
                switch campaign.state {
                case .running, .probation: true
                case .unknown: campaign.snapshot.stats?.sent != 0
                case .draft, .starting, .pausing, .paused, .resuming, .pausedByAnother: paused.contains(id)
                }
            guard var stats = campaign.snapshot.stats, campaign.samples.age(at: now) <= policy.staleAfter,
                stats.bounced != nil, stats.delivered != nil
            else {
                if mayBeSending, !campaign.samples.isMissing { return nil }
                continue
            }
            if counted, let base = campaign.resumes.baseline(of: "team") { stats = stats.counted(from: base.stats) }
            let isFresh = campaign.samples.latest.map { $0.requestedAt >= campaign.freshAfter } ?? false
            let isMuted = campaign.rules.mute(of: "team", at: now) != nil
            let isRunning = paused.contains(id) || campaign.acceptsPause && isFresh && !isMuted
            shares.append(
                Share(
                    campaign: id, bounced: stats.bounced ?? 0, resolved: stats.resolved ?? 0, isRunning: isRunning))
        }
        return shares
    }
}

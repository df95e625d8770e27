package import Guard
package import Model
import Policy

extension Guard {
    /// The state of the campaign and its reasons; nil if the policy does not name it.
    package func explanation(of id: CampaignID, at now: Instant) -> Explanation? {
        guard let index = campaigns.index(of: id) else { return nil }
        let campaign = campaigns[index]
        let launch = launches[id]
        var explanation = Explanation(
            at: now, workspace: campaign.entry.workspace.text, mode: policy.mode.rawValue, id: id,
            name: campaign.entry.name, pool: campaign.entry.pool, labels: campaign.entry.labels, state: campaign.state,
            stats: campaign.samples.latest?.stats, statsAge: campaign.samples.latest.map { (now - $0.at).seconds },
            isStale: campaign.samples.isStale, isMissing: campaign.samples.isMissing, pause: pausePart(campaign),
            launch: launch.map { launchPart($0, at: now) }, rules: ruleParts(index, launch, at: now), next: [])
        if let (obstacles, warnings) = resumeOutlook(index, at: now) {
            explanation.resumeObstacles = obstacles.map { Phrase.text($0) }
            explanation.resumeWarnings = warnings.map { Phrase.text($0) }
        }
        explanation.next = next(index, launch, at: now)
        return explanation
    }

    /// The known id or name that is closest to `name`.
    package func nearest(to name: String) -> String? {
        NearestName.of(
            name, in: policy.campaigns.map(\.id.text) + policy.rules.map(\.name) + pools.named.map(\.text))
    }

    // MARK: Pauses

    private func pausePart(_ campaign: CampaignMachine) -> Explanation.PausePart? {
        switch campaign.phase {
        case .unknown, .draft, .starting, .running: nil
        case .pausing(let attempt):
            part(attempt.intent.decision, at: attempt.intent.firstSentAt, suffix: ", no response yet")
        case .paused(let pause): part(pause)
        case .resuming(let attempt): part(attempt.pause)
        case .pausedByAnother(let standstill): anothers(standstill)
        }
    }

    private func part(_ pause: Pause) -> Explanation.PausePart {
        // Decision 0 marks a pause that Sendwarden did not decide.
        if pause.decision.id == 0 { return anothers(pause.standstill) }
        let keeper = pause.keptBy.map { "; \($0.giver) ordered it to stay paused" } ?? ""
        var part = part(pause.decision, at: pause.pausedAt, suffix: keeper)
        part.resumesAt = pause.resumeAt
        return part
    }

    private func anothers(_ standstill: Standstill) -> Explanation.PausePart {
        Explanation.PausePart(
            decision: nil, at: standstill.settlesAt - policy.overrideGrace,
            why: "someone else paused it, at this time or earlier", condition: nil, evidence: [])
    }

    private func part(_ decision: Decision, at time: Instant, suffix: String) -> Explanation.PausePart {
        Explanation.PausePart(
            decision: decision.id, at: time, why: Phrase.text(decision) + suffix,
            condition: decision.conditionText, evidence: decision.evidence?.sentences ?? [],
            group: decision.group?.label.text, own: decision.group?.own.sentences)
    }

    // MARK: Launches

    private func launchPart(_ launch: LaunchMachine, at now: Instant) -> Explanation.LaunchPart {
        let fit = fit(of: launch, at: now)
        return Explanation.LaunchPart(
            state: launch.state.rawValue, reasons: launch.reasons.map { Phrase.text($0) }, heldSince: launch.heldSince,
            notBefore: launch.entry.notBefore, expires: launch.entry.expires, missing: fit?.shortfall,
            earliest: fit?.earliest)
    }
}

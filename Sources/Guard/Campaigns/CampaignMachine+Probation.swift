import Model
import Policy

/// Evaluates the probation of a resumed campaign.
extension CampaignMachine {
    /// Evaluates the probation of a resumed campaign on the counts since its resume.
    mutating func evaluateProbation(in context: CampaignContext) -> (effects: [Effect], demand: PauseDemand?) {
        guard resumes.isOnProbation, let baseline = resumes.baseline, let latest = samples.latest,
            latest.requestedAt >= freshAfter, case .running = phase, let slot = rules.index(of: baseline.rule),
            let compiled = rules.set.running[slot].probation,
            let probation = rules.set.running[slot].rule.resume?.probation
        else { return (noteProbationData(in: context), nil) }
        let rule = rules.set.running[slot].rule
        let figures = figures(in: context, withSurroundings: rules.set.readsSurroundings)
            .counting(from: probationBaseline)
        let truth = compiled.truth(figures)
        var effects: [Effect] = []
        if truth == .unknown || rules.slotLackingProbationData == slot {
            effects = noteProbationData(figures, ofSlot: slot, isOpen: true, in: context)
        }
        if truth == .yes {
            if rules.mute(ofSlot: slot, at: context.now) != nil { return (effects, nil) }
            let evaluation = probation.condition.evaluate(CampaignReadings(figures, labels: entry.labels))
            effects.append(report(.relapsed(rule, evaluation)))
            guard context.policy.enforces(rule) else {
                resumes.endProbation()
                return (effects, nil)
            }
            let demand = PauseDemand(
                rule: rule, slot: slot, cause: .relapse(rule.name), conditionText: probation.conditionText,
                evaluation: evaluation)
            return (effects, demand)
        }
        let resolved = latest.stats.counted(from: baseline.stats).resolved
        guard let resolved, resumes.passesProbation(truth, resolved: resolved, probation) else {
            return (effects, nil)
        }
        return (effects + [report(.probationPassed(rule, resolved: resolved))], nil)
    }

    /// Notes that data which a probation lacked is available again, also after the probation.
    private mutating func noteProbationData(in context: CampaignContext) -> [Effect] {
        guard let slot = rules.slotLackingProbationData, let latest = samples.latest, latest.requestedAt >= freshAfter
        else { return [] }
        let figures = figures(in: context, withSurroundings: rules.set.readsSurroundings)
            .counting(from: baseline(of: rules.set.running[slot].rule.name))
        return noteProbationData(figures, ofSlot: slot, isOpen: false, in: context)
    }
}

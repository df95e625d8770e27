import Model
import Policy

/// A pause demanded by a rule, with its evidence.
struct PauseDemand {
    var rule: Rule
    var slot: Int
    var cause: Decision.Cause
    var conditionText: String
    var evaluation: Evaluation
    /// What a rule on groups found; nil for other rules.
    var group: GroupEvidence?
}

/// Evaluates the rules on a running campaign.
extension CampaignMachine {
    /// Evaluates every rule on the newest sample and returns the transitions and the demanded pauses.
    mutating func evaluateRules(in context: CampaignContext) -> (effects: [Effect], demands: [PauseDemand]) {
        guard let latest = samples.latest else { return ([], []) }
        rules.arm(at: latest.stats, samples.counters)
        rules.count(samples.counters, at: latest.at)
        let set = rules.set
        var effects: [Effect] = []
        var demands: [PauseDemand] = []
        let maxGap = context.maxGap ?? context.policy.maxGap
        var figures = figures(in: context, withSurroundings: set.readsSurroundings)
        for index in set.running.indices {
            let running = set.running[index]
            turn(&figures, toSlot: index)
            let truth = running.condition.truth(figures)
            let change = rules.observe(truth, ofSlot: index, at: context.now, maxGap: maxGap)
            // A group's transition is reported once, not for each of its campaigns.
            if let change, !running.isOnGroup {
                let evaluation = running.rule.condition.evaluate(CampaignReadings(figures, labels: entry.labels))
                effects.append(.report(.rule(RuleTransition(change, running.rule, evaluation, on: .campaign(entry)))))
            }
            effects += noteData(truth, figures, ofSlot: index, in: context)
            guard running.pauses, !running.isOnGroup, truth == .yes, latest.requestedAt >= freshAfter, acceptsPause,
                demandsPause(index, in: context)
            else { continue }
            demands.append(
                PauseDemand(
                    rule: running.rule, slot: index, cause: .rule(running.rule.name),
                    conditionText: running.rule.conditionText,
                    evaluation: running.rule.condition.evaluate(CampaignReadings(figures, labels: entry.labels))))
        }
        return (effects, demands)
    }

    /// Notes whether a rule has its data; reports once it has had none for `stale_after`, and the end of that.
    ///
    /// Rules on groups are reported for the whole group instead.
    private mutating func noteData(
        _ truth: Truth, _ figures: CampaignFigures, ofSlot index: Int, in context: CampaignContext
    ) -> [Effect] {
        let running = rules.set.running[index]
        let gap = running.readsExtras ? samples.latest?.stats.unsubscribedGap : nil
        guard context.watchesData, !running.isOnGroup else { return [] }
        var missing = MissingNames()
        if truth == .unknown {
            // Nothing can happen to a stopped campaign, so its missing data is neither news nor over.
            guard mayBeSending else { return [] }
            missing = running.rule.condition.missing(in: CampaignReadings(figures, labels: entry.labels))
        }
        if missing.isEmpty, rules.hasData(ofSlot: index) { return [] }
        let isMuted = rules.mute(ofSlot: index, at: context.now) != nil
        let change = rules.observe(
            missing, because: missing.stats.contains(Counter.unsubscribed.rawValue) ? gap : nil, ofSlot: index,
            reportAfter: isMuted ? nil : context.policy.staleAfter, at: context.now)
        return report(change, of: running.rule, in: context)
    }

    private func report(
        _ change: RuleData.Change?, of rule: Rule, isProbation: Bool = false, in context: CampaignContext
    ) -> [Effect] {
        switch change {
        case .lost(let data):
            let lacking = RuleDataReport(rule, data, isProbation: isProbation)
            return [report(.ruleLacksData(lacking, lasting: context.now - data.since))]
        case .restored(let data):
            let restored = RuleDataReport(rule, data, isProbation: isProbation)
            return [report(.ruleHasData(restored, after: context.now - data.since))]
        case nil: return []
        }
    }

    /// Notes whether a probation has its data, like a rule; without data, it neither pauses the campaign nor ends.
    ///
    /// - Parameter isOpen: true during the probation; after it, only the end of missing data is reported.
    mutating func noteProbationData(
        _ figures: CampaignFigures, ofSlot index: Int, isOpen: Bool, in context: CampaignContext
    ) -> [Effect] {
        let rule = rules.set.running[index].rule
        guard context.watchesData, let probation = rule.resume?.probation else { return [] }
        let missing = probation.condition.missing(in: CampaignReadings(figures, labels: entry.labels))
        if !isOpen, !missing.isEmpty { return [] }
        let isMuted = rules.mute(ofSlot: index, at: context.now) != nil
        let change = rules.observe(
            probation: missing, ofSlot: index, reportAfter: isMuted ? nil : context.policy.staleAfter, at: context.now)
        return report(change, of: rule, isProbation: true, in: context)
    }

    private func demandsPause(_ index: Int, in context: CampaignContext) -> Bool {
        let state = rules.slot(index).state
        guard state.isFiring, rules.mute(ofSlot: index, at: context.now) == nil else { return false }
        return !state.wasReported || context.policy.enforces(rules.set.running[index].rule)
    }

    /// Evaluates rules that read an age: they change with time alone, so a failed poll matters to them too.
    mutating func evaluateAgeRules(in context: CampaignContext) -> [Effect] {
        let set = rules.set
        var effects: [Effect] = []
        for index in set.running.indices where set.running[index].readsAge {
            let running = set.running[index]
            let evaluation = running.rule.condition.evaluate(readings(ofSlot: index, in: context))
            let change = rules.observe(
                evaluation.truth, ofSlot: index, at: context.now, maxGap: context.policy.maxGap)
            guard let change else { continue }
            effects.append(.report(.rule(RuleTransition(change, running.rule, evaluation, on: .campaign(entry)))))
        }
        return effects
    }

    /// Reports what a rule in observe mode would have done, once per firing.
    mutating func reportDryRun(_ demand: PauseDemand, _ decision: Decision) -> [Effect] {
        noteDryRun(demand)
        return [.record(.decision(decision)), reportPause(decision, demand.rule, mode: .observe)]
    }

    mutating func noteDryRun(_ demand: PauseDemand) { rules.noteReported(ofSlot: demand.slot) }

    /// The launch rules that would hold the campaign if the rest of its emails were a launch.
    func launchWarnings(in context: CampaignContext) -> [LaunchWarning] {
        let holding = rules.set.holding
        if holding.isEmpty { return [] }
        var readings = readings(in: context)
        readings.figures = readings.figures.ofTheRest
        return holding.compactMap { rule in
            let evaluation = rule.condition.evaluate(readings)
            guard evaluation.truth == .yes else { return nil }
            return LaunchWarning(rule: rule.name, conditionText: rule.conditionText, finding: evaluation.decisive)
        }
    }

    // MARK: Mutes

    /// The names of the rules that pause the campaign, in policy order.
    var pausingRules: [String] { rules.set.running.filter(\.pauses).map(\.rule.name) }

    mutating func mute(_ rule: String, until: Instant, by person: String) {
        rules.mute(rule, Mute(until: until, by: person))
    }

    mutating func unmute(_ rule: String) { rules.mute(rule, nil) }

    /// Applies the maintenance windows that are in force here.
    mutating func mute(in windows: [WindowMute]) { rules.windows = windows }

    /// Mutes every breached rule after a forced resume, as a manual restart would.
    mutating func overruleBreaches(_ order: Order, in context: CampaignContext) {
        for (index, running) in rules.set.running.enumerated() where running.pauses {
            let isBreached = running.rule.condition.evaluate(readings(ofSlot: index, in: context)).truth == .yes
            guard rules.slot(index).state.isFiring || isBreached else { continue }
            mute(running.rule.name, until: context.now + context.policy.overrideFor, by: order.by)
        }
    }
}

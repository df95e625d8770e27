package import Guard
package import Model
import Policy

/// The parts of explanations about rules.
extension Guard {
    func ruleParts(_ index: Int, _ launch: LaunchMachine?, at now: Instant) -> [Explanation.RulePart] {
        let rules = campaigns[index].rules
        var parts = zip(rules.states, rules.reportedMissing).map { standing, missing in
            var part = part(standing.rule, standing.state, index, at: now)
            part.noData = missing.map {
                "cannot act: \(Phrase.text($0)) (for \((now - $0.since).spokenText)); conditions that read this "
                    + "are unknown and pause nothing"
            }
            return part
        }
        addGroups(index, to: &parts, at: now)
        if launch?.isOpen == true {
            let readings = readings(index, at: now)
            parts += campaigns[index].rules.launchRules.map { part($0, readings) }
        }
        return parts
    }

    private func part(_ rule: Rule, _ state: RuleState, _ index: Int, at now: Instant) -> Explanation.RulePart {
        let readings = readings(index, of: rule.name, at: now) ?? readings(index, at: now)
        return part(rule, state, index, readings: readings, at: now)
    }

    private func part(
        _ rule: Rule, _ state: RuleState, _ index: Int, readings: any Readings, at now: Instant
    ) -> Explanation.RulePart {
        var part = Explanation.RulePart(rule, tree: rule.condition.tree(readings), state: state)
        part.isOverridden = policy.rule(rule.name)?.override(on: campaigns[index].entry) != nil ? true : nil
        part.countsSince = campaigns[index].resumes.baseline(of: rule.name)?.at
        if let mute = campaigns[index].rules.mute(of: rule.name, at: now) {
            (part.mutedUntil, part.mutedBy) = (mute.until, mute.by ?? "a manual restart")
        }
        switch state.phase {
        case .inactive: break
        case .pending(_, let accrued, _):
            if case .duration(let needed) = rule.forClause {
                let rest = max(.zero, needed - accrued)
                part.change =
                    "fires at \((now + rest).shortText(on: now)) at the earliest, if every poll until then breaches; "
                    + "one poll that does not breach clears it"
            }
        case .firing: part.change = "clears at the first usable poll that does not breach"
        }
        if part.change == nil { part.change = Distance(rule.condition, readings).text }
        return part
    }

    /// Shows rules on the campaign's groups as they stand on the whole group, including those that only alert.
    private func addGroups(_ index: Int, to parts: inout [Explanation.RulePart], at now: Instant) {
        for group in groupStandings(ofCampaign: index, at: now) {
            var part = part(group.rule, group.state, index, readings: group.readings, at: now)
            part.group = Phrase.name(group.label)
            if let gap = group.gap, gap.isReported {
                part.noData =
                    "cannot act: \(Phrase.lackData(group.lacking)) (for \((now - gap.since).spokenText)); "
                    + "\(Phrase.sumsUnknown(group.rule))"
            }
            if let place = parts.firstIndex(where: { $0.name == part.name }) {
                parts[place] = part
            } else {
                parts.append(part)
            }
        }
    }

    private func part(_ rule: Rule, _ readings: any Readings) -> Explanation.RulePart {
        var part = Explanation.RulePart(rule, tree: rule.condition.tree(readings), state: RuleState())
        (part.state, part.lasting) = (rule.condition.evaluate(readings).truth.launchWord, "")
        return part
    }

    // MARK: One rule

    /// The state of a rule on each campaign or pool that it applies to; nil if the policy has no such rule.
    package func explanation(ofRule name: String, at now: Instant) -> RuleExplanation? {
        guard let rule = policy.rule(name) else { return nil }
        var places: [RuleExplanation.Place]
        switch rule.trigger {
        case .running: places = campaigns.indices.compactMap { place(rule, onCampaign: $0, at: now) }
        case .launch: places = launches.all.compactMap { place(rule, $0, at: now) }
        case .pool: places = pools.known.compactMap { place(rule, $0, at: now) }
        case .group:
            places = groupStandings(at: now).filter { $0.rule.name == name }.map { group in
                place(Phrase.name(group.label), nil, group.state, group.evaluation)
            }
        }
        let order = ["firing", "holds", "pending", "unknown"]
        let rank: (String) -> Int = { order.firstIndex(of: $0) ?? order.count }
        places = places.enumerated().sorted {
            (rank($0.element.state), $0.offset) < (rank($1.element.state), $1.offset)
        }.map(\.element)
        return RuleExplanation(
            at: now, name: rule.name, on: rule.trigger.rawValue, then: rule.action.rawValue, mode: rule.mode.rawValue,
            severity: rule.severity.rawValue, condition: rule.conditionText, lasting: Phrase.lasting(rule),
            resume: rule.resume.map { Phrase.text($0) }, overrides: overrides(of: rule), places: places)
    }

    private func overrides(of rule: Rule) -> [RuleExplanation.OverridePart]? {
        if rule.overrides.isEmpty { return nil }
        return rule.overrides.map { override in
            let there = override.rule
            return RuleExplanation.OverridePart(
                campaigns: policy.campaigns(of: override, of: rule).map(\.id), then: there.action.rawValue,
                mode: there.mode.rawValue, severity: there.severity.rawValue, condition: there.conditionText,
                lasting: Phrase.lasting(there), resume: there.resume.map { Phrase.text($0) })
        }
    }

    private func place(_ rule: Rule, onCampaign index: Int, at now: Instant) -> RuleExplanation.Place? {
        guard let readings = readings(index, of: rule.name, at: now),
            let (own, state) = campaigns[index].rules.states.first(where: { $0.rule.name == rule.name })
        else { return nil }
        let entry = campaigns[index].entry
        return place(entry.id.text, entry.name, state, own.condition.evaluate(readings))
    }

    private func place(_ rule: Rule, _ launch: LaunchMachine, at now: Instant) -> RuleExplanation.Place? {
        guard launch.isOpen, let index = campaigns.index(of: launch.entry.campaign),
            rule.applies(to: campaigns[index].entry)
        else { return nil }
        let own = rule.resolved(on: campaigns[index].entry)
        let evaluation = own.condition.evaluate(readings(index, at: now))
        return RuleExplanation.Place(
            id: launch.entry.campaign.text, name: campaigns[index].entry.name, state: evaluation.truth.launchWord,
            since: nil, evidence: evaluation.decisive.map { Phrase.text($0) })
    }

    private func place(_ rule: Rule, _ pool: PoolMachine, at now: Instant) -> RuleExplanation.Place? {
        guard let index = policy.rules.firstIndex(of: rule), pool.states.contains(where: { $0.index == index }) else {
            return nil
        }
        let readings = poolReadings(pool.id, at: now)
        return place(pool.id.text, nil, pool.state(ofRule: index), rule.condition.evaluate(readings))
    }

    private func place(
        _ id: String, _ name: String?, _ state: RuleState, _ evaluation: Evaluation
    ) -> RuleExplanation.Place {
        let (standing, since) = state.standing
        let isUnknown = standing == .inactive && evaluation.truth == .unknown
        return RuleExplanation.Place(
            id: id, name: name, state: isUnknown ? "unknown" : standing.rawValue, since: since,
            evidence: evaluation.decisive.map { Phrase.text($0) })
    }
}

extension Explanation.RulePart {
    init(_ rule: Rule, tree: EvaluationNode, state: RuleState) {
        let (standing, since) = state.standing
        self.init(
            name: rule.name, on: rule.trigger.rawValue, then: rule.action.rawValue, mode: rule.mode.rawValue,
            condition: rule.conditionText, lasting: Phrase.lasting(rule), tree: tree, state: standing.rawValue,
            since: since)
    }
}

extension Truth {
    /// The effect of a launch rule with this result.
    fileprivate var launchWord: String {
        switch self {
        case .yes: "holds"
        case .no: "allows"
        case .unknown: "unknown"
        }
    }
}

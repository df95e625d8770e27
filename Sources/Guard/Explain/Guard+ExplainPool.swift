package import Model
import Policy

extension Guard {
    /// How the pool stands; nil where the policy does not name it and the platform does not report it.
    package func explanation(ofPool id: PoolID, at now: Instant) -> PoolExplanation? {
        let binding = policy.binding(id)
        guard binding != nil || platform.pools[id] != nil || namedPools.contains(id) else { return nil }
        let readings = poolReadings(id, at: now)
        var rules: [Explanation.RulePart] = []
        for (index, rule) in policy.rules.enumerated()
        where rule.trigger == .pool && rule.mode != .off && rule.applies(to: id) {
            if rule.action.changesSenders, binding == nil { continue }
            let state = poolRules[id]?[index] ?? RuleState()
            let truth = rule.condition.evaluate(readings).truth
            let (standing, since) = state.standing
            rules.append(
                Explanation.RulePart(
                    name: rule.name, on: rule.trigger.rawValue, then: rule.action.rawValue, mode: rule.mode.rawValue,
                    condition: rule.conditionText, lasting: Wording.forText(rule), tree: rule.condition.tree(readings),
                    state: standing == .inactive && truth == .unknown ? "unknown" : standing.rawValue, since: since))
        }
        let campaigns = policy.campaigns.filter { entry in
            entry.pool.map { $0 == id } ?? (platform.single(entry.workspace)?.id == id)
        }
        return PoolExplanation(
            at: now, status: status(of: id, at: now),
            binding: binding.map {
                "\($0.target.text), \($0.perSenderDaily) a day for each \($0.channel.rawValue) sender"
            },
            campaigns: campaigns.map(\.id), rules: rules, next: next(id, at: now))
    }

    private func next(_ id: PoolID, at now: Instant) -> [String] {
        var next: [String] = []
        if policy.mode == .observe { next.append("observe mode: whatever is decided, nothing is sent") }
        if missingPools.contains(id) { next.append("nothing is known of it, so launches that ask about it are held") }
        guard let state = senders[id] else { return next }
        if let attempt = state.attempt { next.append(attempt.text) }
        for removed in state.removed {
            next.append(
                "\(Wording.name(removed.sender)) was removed at \(removed.at.flooredToSecond.rfc3339) by rule "
                    + "\(removed.rule), decision \(removed.decision); a rule that restores may put it back")
        }
        for (sender, until) in state.excluded.sorted(by: { $0.key < $1.key }) where until > now {
            next.append("no rule removes \(sender) before \(until.flooredToSecond.rfc3339)")
        }
        if let retryAt = state.retryAt, retryAt > now {
            next.append(
                "after \(state.failures) failures, its members are not changed before \(retryAt.flooredToSecond.rfc3339)"
            )
        }
        return next
    }
}

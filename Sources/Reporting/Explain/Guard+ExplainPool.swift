package import Guard
package import Model
import Policy

extension Guard {
    /// The state of a pool; nil if neither the policy nor the platform has it.
    package func explanation(ofPool id: PoolID, at now: Instant) -> PoolExplanation? {
        let binding = policy.binding(id)
        guard binding != nil || pools.machine(id)?.pool != nil || pools.named.contains(id) else { return nil }
        let readings = poolReadings(id, at: now)
        let rules = policy.rules.enumerated().filter { appliesToPool($1, id) }.map { index, rule in
            let state = pools.machine(id)?.state(ofRule: index) ?? RuleState()
            var part = Explanation.RulePart(rule, tree: rule.condition.tree(readings), state: state)
            if state.standing.state == .inactive, rule.condition.evaluate(readings).truth == .unknown {
                part.state = "unknown"
            }
            return part
        }
        let campaigns = policy.campaigns.filter { entry in
            entry.pool.map { $0 == id } ?? (pools.single(entry.workspace)?.id == id)
        }
        return PoolExplanation(
            at: now, status: status(of: id, at: now),
            binding: binding.map {
                "\($0.target.text), \($0.perSenderDaily) emails a day for each \($0.channel.rawValue) sender"
            }, campaigns: campaigns.map(\.id), rules: rules, next: next(id, at: now))
    }

    private func next(_ id: PoolID, at now: Instant) -> [String] {
        var next: [String] = []
        if policy.mode == .observe { next.append("observe mode: decisions are reported, nothing is sent") }
        if pools.machine(id)?.isMissing == true {
            next.append("the platform does not report it, so launches that need its volume are held")
        }
        guard let state = senders.state(of: id) else { return next }
        if let attempt = state.attempt { next.append(Phrase.text(attempt)) }
        for removed in state.removed {
            next.append(
                "\(Phrase.name(removed.sender)) was removed at \(removed.at.toTheSecond) by rule \(removed.rule), "
                    + "decision \(removed.decision); a rule with restore_sender may restore it")
        }
        for (sender, until) in state.excluded.sorted(by: { $0.key < $1.key }) where until > now {
            next.append("no rule removes \(sender) before \(until.toTheSecond)")
        }
        if let retryAt = state.retryAt, retryAt > now {
            let failures = "\(state.failures) failure\(state.failures == 1 ? "" : "s")"
            next.append("after \(failures), its members are not changed before \(retryAt.toTheSecond)")
        }
        return next
    }
}

extension Phrase {
    /// A change of a pool's members that is in progress: `removing anna@acme.example: sent`.
    static func text(_ attempt: SenderState.Attempt) -> String {
        let verb = attempt.change.action == .remove ? "removing" : "restoring"
        let stage =
            switch attempt.step {
            case .sent: "sent"
            case .processing(let id, _, _, _): "accepted; operation \(id) is processing"
            case .confirming: "accepted; the next poll of the pool confirms it"
            case .unclear: "the next poll of the pool shows whether it took effect"
            }
        return "\(verb) \(name(attempt.change.sender)): \(stage)"
    }
}

import Guard
import Model
import Policy

/// Builds the entries about rules' transitions, on campaigns and pools.
extension Report {
    static func entry(_ transition: RuleTransition) -> JournalEvent {
        let (rule, subject) = (transition.rule, Phrase.name(transition.subject))
        let evidence = Phrase.evidence(transition.evaluation, or: rule.conditionText)
        var fields = Fields(transition.subject)
        fields.add(rule)
        fields.add(transition.evaluation)
        if rule.mode == .observe { fields[.mode] = Mode.observe.rawValue }
        switch transition.change {
        case .pending:
            return JournalEvent(
                .rulePending,
                "rule \(rule.name) is pending on \(subject): \(evidence); it fires if \(Phrase.firesIf(rule))", fields)
        case .firing:
            return JournalEvent(
                .ruleFiring, priority: priority(of: rule),
                "rule \(rule.name) is firing on \(subject): \(evidence)\(Phrase.lasting(rule))", fields)
        case .cleared:
            return JournalEvent(
                .ruleCleared, "rule \(rule.name) is clear on \(subject): \(rule.conditionText) no longer holds", fields)
        }
    }

    static func priority(of rule: Rule) -> Priority {
        switch rule.severity {
        case .info: .info
        case .warning: .warning
        case .critical: .critical
        }
    }
}

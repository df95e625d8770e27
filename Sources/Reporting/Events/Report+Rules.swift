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

    static func ruleEnded(
        _ rule: String, _ subject: RuleTransition.Subject, _ end: RuleEnd, _ wasFiring: Bool
    ) -> JournalEvent {
        let reason =
            switch end {
            case .removed: "the policy in use does not have it there"
            case .changed: "the policy in use changed it, so it starts without evidence"
            case .unwatched: "the policy in use does not list what it was evaluated on"
            }
        var fields = Fields(subject)
        fields[.rule] = rule
        fields[.reason] = reason
        return JournalEvent(
            .ruleCleared,
            "rule \(rule) is no longer \(wasFiring ? "firing" : "pending") on \(Phrase.name(subject)): \(reason)",
            fields)
    }

    /// - Parameters:
    ///   - subject: the campaign or the pool.
    ///   - fields: those of the subject.
    static func ruleLacksData(
        _ subject: String, _ report: RuleDataReport, _ lasting: Duration, _ fields: Fields
    ) -> JournalEvent {
        let lack = "\(Phrase.text(report.data)) (for \(lasting.spokenText))"
        let message =
            report.isProbation
            ? "the probation of rule \(report.rule.name) cannot evaluate \(subject): \(lack); it neither ends nor "
                + "pauses the campaign"
            : "rule \(report.rule.name) cannot act on \(subject): \(lack); conditions that read this are unknown and "
                + without(report.rule.action)
        return JournalEvent(.ruleNoData, message, Report.fields(report, fields))
    }

    /// What a rule does not do while its condition is unknown.
    private static func without(_ action: Rule.Action) -> String {
        switch action {
        case .pause: "pause nothing"
        case .hold: "hold nothing"
        case .alert: "report nothing"
        case .removeSender: "remove no sender"
        case .restoreSender: "restore no sender"
        }
    }

    static func ruleHasData(
        _ subject: String, _ report: RuleDataReport, _ duration: Duration, _ fields: Fields
    ) -> JournalEvent {
        let rule = report.isProbation ? "the probation of rule \(report.rule.name)" : "rule \(report.rule.name)"
        return JournalEvent(
            .ruleDataRestored, "\(rule) has data on \(subject) again after \(duration.spokenText) without",
            Report.fields(report, fields))
    }

    private static func fields(_ report: RuleDataReport, _ subject: Fields) -> Fields {
        var fields = subject
        fields.add(report.rule)
        fields[.missing] = report.data.names.all.joined(separator: ", ")
        fields[.reason] = report.data.reason
        fields[.since] = report.data.since.rfc3339
        if report.rule.mode == .observe { fields[.mode] = Mode.observe.rawValue }
        return fields
    }

    static func priority(of rule: Rule) -> Priority {
        switch rule.severity {
        case .info: .info
        case .warning: .warning
        case .critical: .critical
        }
    }
}

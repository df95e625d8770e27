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

    static func ruleLacksData(
        _ campaign: CampaignSnapshot, _ rule: Rule, _ data: MissingData, _ lasting: Duration
    ) -> JournalEvent {
        JournalEvent(
            .ruleNoData,
            "rule \(rule.name) cannot act on \(campaign.name): \(Phrase.text(data)) (for \(lasting.spokenText)); "
                + "conditions that read this are unknown and pause nothing", fields(campaign, rule, data))
    }

    static func ruleHasData(
        _ campaign: CampaignSnapshot, _ rule: Rule, _ data: MissingData, _ duration: Duration
    ) -> JournalEvent {
        JournalEvent(
            .ruleDataRestored,
            "rule \(rule.name) has data on \(campaign.name) again after \(duration.spokenText) without",
            fields(campaign, rule, data))
    }

    private static func fields(_ campaign: CampaignSnapshot, _ rule: Rule, _ data: MissingData) -> Fields {
        var fields = Fields(campaign)
        fields.add(rule)
        fields[.missing] = data.names.all.joined(separator: ", ")
        fields[.reason] = data.reason
        fields[.since] = data.since.rfc3339
        if rule.mode == .observe { fields[.mode] = Mode.observe.rawValue }
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

import Guard
import Model
import Policy

/// Builds the entries about resumes and probation.
extension Report {
    static func resumed(_ campaign: CampaignSnapshot, _ report: ResumeReport) -> JournalEvent {
        var fields = Fields(campaign)
        if let rule = report.rule { fields.add(rule) } else { fields[.rule] = report.ruleName }
        fields[.by] = report.order?.by
        let rule = (report.rule?.name ?? report.ruleName).map { ", rule \($0)" } ?? ""
        let why =
            report.order.map { ": ordered by \($0.giver)" }
            ?? " after its cooldown\(rule), resume number \(report.resumes)"
        let probation = report.rule?.resume?.probation
        fields[.probation] = probation.map { String($0.sends) }
        let trial = probation.map { "; \(Phrase.text($0))" } ?? ""
        let warnings = report.warnings.map { "; warning: \(Phrase.text($0))" }.joined()
        return JournalEvent(.campaignResumed, "resumed \(campaign.name)\(why)\(trial)\(warnings)", fields)
    }

    static func ruleRearmed(_ campaign: CampaignSnapshot, _ rule: Rule) -> JournalEvent {
        var fields = Fields(campaign)
        fields.add(rule)
        return JournalEvent(
            .ruleCleared,
            "rule \(rule.name) restarts on \(campaign.name): it counts only what was sent since the resume", fields)
    }

    static func resumeFailed(
        _ campaign: CampaignSnapshot, _ rule: String?, _ order: Order?, _ hindrance: ResumeHindrance, _ isRetried: Bool
    ) -> JournalEvent {
        let reason = Phrase.text(hindrance)
        var fields = Fields(campaign)
        fields[.rule] = rule
        fields[.reason] = reason
        var next = isRetried ? "the resume is tried again later" : "the policy in use does not resume it"
        if case .noRuleResumes = hindrance { next = "only a person can start it" }
        let message =
            order.map { "could not resume \(campaign.name), as ordered by \($0.by): \(reason)" }
            ?? "\(campaign.name) stays paused after its cooldown: \(reason); \(next)"
        // Nobody needs to act on what is planned.
        var priority: Priority?
        if case .quietHours = hindrance { priority = .notice }
        return JournalEvent(.campaignResumeFailed, priority: priority, message, fields)
    }

    static func resumesExhausted(_ campaign: CampaignSnapshot, _ rule: Rule) -> JournalEvent {
        var fields = Fields(campaign)
        fields.add(rule)
        return JournalEvent(
            .campaignResumeFailed,
            "\(campaign.name) reached the resume limit of rule \(rule.name); only a person can start it", fields)
    }

    static func relapsed(_ campaign: CampaignSnapshot, _ rule: Rule, _ evaluation: Evaluation) -> JournalEvent {
        let condition = rule.resume?.probation?.conditionText ?? rule.conditionText
        var fields = Fields(campaign)
        fields.add(rule)
        fields.add(evaluation)
        return JournalEvent(
            .campaignRelapsed,
            "\(campaign.name) relapsed on probation: \(Phrase.evidence(evaluation, or: condition)) since its resume, "
                + "rule \(rule.name)", fields)
    }

    static func probationPassed(_ campaign: CampaignSnapshot, _ rule: Rule, _ resolved: Int) -> JournalEvent {
        var fields = Fields(campaign)
        fields.add(rule)
        return JournalEvent(
            .campaignProbationPassed,
            "\(campaign.name) passed its probation: \(resolved) emails resolved since its resume, rule \(rule.name)",
            fields)
    }
}

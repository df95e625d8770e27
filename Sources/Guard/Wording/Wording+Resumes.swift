import Model
import Policy

extension Wording {
    static func resumed(
        _ campaign: CampaignState, _ rule: Rule?, _ order: Order?, _ warnings: [String]
    ) -> JournalEvent {
        let probation =
            rule?.resume?.probation.map {
                "; on probation for \($0.sends) resolved mails, paused again where \($0.conditionText)"
            } ?? ""
        var fields = fields(campaign)
        if let rule { fields = fields.adding(self.fields(rule)) }
        fields[.by] = order?.by
        let why =
            order.map { "ordered by \($0.authority)" }
            ?? "after its cool-down, rule \(rule?.name ?? "gone"), resume number \(campaign.recovery.resumes.count)"
        return JournalEvent(
            .campaignResumed,
            "resumed \(name(campaign.entry))\(order == nil ? " " : ": ")\(why)\(probation)"
                + warnings.map { "; \($0)" }.joined(),
            fields: fields)
    }

    static func armedAnew(_ campaign: CampaignState, _ rule: Rule) -> JournalEvent {
        JournalEvent(
            .ruleCleared,
            "rule \(rule.name) is armed anew on \(name(campaign.entry)): it counts what is sent from its resume on",
            fields: fields(campaign).adding(fields(rule)))
    }

    static func resumeFailed(_ campaign: CampaignState, _ attempt: ResumeAttempt, _ reason: String) -> JournalEvent {
        var fields = fields(campaign)
        fields[.rule] = attempt.pause.decision.cause.rule
        fields[.reason] = reason
        return JournalEvent(
            .campaignResumeFailed,
            attempt.order.map { "\(name(campaign.entry)) is not resumed as \($0.by) ordered: \(reason)" }
                ?? "\(name(campaign.entry)) stays paused though its cool-down is over: \(reason); it is looked at again",
            fields: fields)
    }

    static func waitsForPerson(_ campaign: CampaignState, _ rule: Rule) -> JournalEvent {
        JournalEvent(
            .campaignResumeFailed,
            "\(name(campaign.entry)) was resumed as often as rule \(rule.name) allows and waits for a person to start it",
            fields: fields(campaign).adding(fields(rule)))
    }

    static func relapsed(_ campaign: CampaignState, _ rule: Rule, _ evaluation: Evaluation) -> JournalEvent {
        let evidence = decisive(evaluation).map(text) ?? rule.resume?.probation?.conditionText ?? rule.conditionText
        return JournalEvent(
            .campaignRelapsed,
            "\(name(campaign.entry)) relapsed on probation: \(evidence) since its resume, rule \(rule.name)",
            fields: fields(campaign).adding(fields(rule)).adding(fields(evaluation)))
    }

    static func probationPassed(_ campaign: CampaignState, _ rule: Rule, resolved: Int) -> JournalEvent {
        JournalEvent(
            .campaignProbationPassed,
            "\(name(campaign.entry)) passed its probation: \(resolved) mails resolved since its resume, rule \(rule.name)",
            fields: fields(campaign).adding(fields(rule)))
    }

    // MARK: Belt and ledger

    static func tooManyStarts(_ count: Int, _ limit: StartLimit, of campaigns: Int) -> JournalEvent {
        JournalEvent(
            .beltTripped,
            "\(count) of \(campaigns) campaigns were started within \(limit.per.policyText), as many as start_limit allows; "
                + "further starts wait")
    }

    static func tooManyBreaches(_ breaching: Int, of running: Int, stops: Bool) -> JournalEvent {
        let next = stops ? "nothing more is paused, as the policy says" : "pausing goes on, as it is the safe side"
        return JournalEvent(
            .beltTripped,
            "\(breaching) of \(running) running campaigns breach at once: the platform or its data may be at fault; \(next)"
        )
    }

    static func ledgerFailed(_ reason: String, since: Instant?) -> JournalEvent {
        let lasting = since.map { " since \($0.rfc3339)" } ?? ""
        return JournalEvent(
            .ledgerFailed,
            "the ledger cannot be written\(lasting): \(reason); campaigns are still paused where they breach, nothing is started",
            fields: [.reason: reason])
    }

    static func ledgerRecovered(after duration: Duration) -> JournalEvent {
        JournalEvent(.ledgerRecovered, "the ledger can be written again after \(duration.spokenText)")
    }

    // MARK: Orders

    static func accepted(_ order: Order, _ entry: CampaignEntry?, _ outcome: String) -> JournalEvent {
        JournalEvent(
            .orderAccepted, "\(order.authority), ordered \(text(order)): \(outcome)", fields: fields(order, entry))
    }

    static func refused(_ order: Order, _ entry: CampaignEntry?, _ reason: String) -> JournalEvent {
        JournalEvent(
            .orderRefused, "\(order.authority), ordered \(text(order)), which is refused: \(reason)",
            fields: fields(order, entry).adding([.reason: reason]))
    }

    private static func text(_ order: Order) -> String {
        "\(order.act.rawValue) \(order.campaign)\(order.rule.map { " \($0)" } ?? "")\(order.isForced ? " by force" : "")"
    }

    private static func fields(_ order: Order, _ entry: CampaignEntry?) -> [JournalField: String] {
        var fields = entry.map(Wording.fields) ?? [.campaign: order.campaign.text]
        fields[.order] = order.act.rawValue
        fields[.by] = order.by
        fields[.rule] = order.rule
        fields[.reason] = order.reason
        return fields
    }
}

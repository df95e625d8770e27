import Guard
import Model
import Policy

/// Builds the entries about pauses: sent, failed, ineffective and overridden.
extension Report {
    static func paused(_ campaign: CampaignSnapshot, _ report: PauseReport) -> JournalEvent {
        let decision = report.decision
        var fields = Fields(campaign)
        fields[.decision] = "\(decision.id)"
        fields[.mode] = report.mode.rawValue
        if let evidence = decision.evidence { fields.add(evidence) }
        fields[.group] = decision.group?.label.text
        if let counts = report.counts {
            fields[.bounced] = "\(counts.bounced)"
            fields[.resolved] = "\(counts.resolved)"
        }
        if case .order(let order) = decision.cause { fields[.by] = order.by }
        if let rule = report.rule { fields.add(rule) }
        let verb = report.mode == .observe ? "would pause" : "paused"
        return JournalEvent(
            .campaignPaused, priority: report.rule.map { min(priority(of: $0), .warning) },
            "\(verb) \(campaign.name)\(why(report)); \(next(report))", fields)
    }

    private static func why(_ report: PauseReport) -> String {
        switch report.decision.cause {
        case .rule(let rule):
            ": \(evidence(report, report.rule.map(Phrase.lasting) ?? ""))\(share(report.decision.group)), rule \(rule)"
        case .relapse(let rule): ": \(evidence(report)) on probation, rule \(rule)"
        case .unapprovedLaunch: ": it started while its launch was held (\(evidence(report)))"
        case .order(let order): ": ordered by \(order.giver)"
        case .launchRulesPass, .cooldownOver: ""
        }
    }

    /// The group that the rule applies to, and the value of the campaign alone.
    private static func share(_ group: GroupEvidence?) -> String {
        guard let group else { return "" }
        let own = group.own.findings.first.map { "; this campaign: \($0.valueText)" } ?? ""
        return " over \(Phrase.name(group.label))\(own)"
    }

    /// The deciding comparison, how long it held, and what it counted.
    private static func evidence(_ report: PauseReport, _ lasting: String = "") -> String {
        guard let evaluation = report.decision.evidence, let finding = evaluation.decisive else {
            return report.decision.conditionText ?? "its condition holds"
        }
        let counts = report.counts.map { " (\($0.bounced) of \($0.resolved) resolved emails bounced)" } ?? ""
        return Phrase.text(finding) + lasting + counts + coverage(finding, evaluation)
    }

    private static func coverage(_ finding: Finding, _ evaluation: Evaluation) -> String {
        guard let coverage = evaluation.coverage, coverage < 0.995,
            let window = finding.comparison.left.window?.length
        else { return "" }
        return ", samples cover \((window * coverage).spokenText) of \(window.policyText)"
    }

    private static func next(_ report: PauseReport) -> String {
        if report.mode == .observe { return Phrase.observed }
        if let resumesAt = report.resumesAt { return "earliest resume \(resumesAt.toTheSecond)" }
        return report.resumesExhausted
            ? "it reached the rule's resume limit, so only a person can start it"
            : "it stays paused until a person starts it"
    }

    static func alreadyPaused(
        _ campaign: CampaignSnapshot, _ decision: Decision, _ status: CampaignStatus, _ pausedAt: Instant?
    ) -> JournalEvent {
        var fields = Fields(campaign)
        fields.add(decision)
        fields[.since] = pausedAt?.rfc3339
        let state =
            switch status {
            case .draft: "it is a draft and has never run"
            case .running, .paused, .other:
                "someone else paused it at \(pausedAt?.rfc3339 ?? "an unknown time"); only a person can resume it"
            }
        return JournalEvent(.campaignAlreadyPaused, "\(campaign.name) needs no pause: \(state)", fields)
    }

    static func stillPaused(
        _ campaign: CampaignSnapshot, _ decision: Decision, _ pausedAt: Instant?
    ) -> JournalEvent {
        var fields = Fields(campaign)
        fields.add(decision)
        fields[.since] = pausedAt?.rfc3339
        let since = pausedAt.map { " since \($0.rfc3339)" } ?? ""
        return JournalEvent(
            .campaignAlreadyPaused,
            "\(campaign.name) is still paused: the platform confirmed the pause and reports it as paused\(since); it "
                + "stays paused until a person resumes it", fields)
    }

    static func pauseFailed(
        _ campaign: CampaignSnapshot, _ decision: Decision, _ fault: Fault, _ attempts: Int, _ retryIn: Duration?
    ) -> JournalEvent {
        var fields = Fields(campaign)
        fields.add(decision)
        fields[.reason] = fault.summary
        let next = retryIn.map { "retrying in \($0.spokenText)" } ?? "giving up"
        return JournalEvent(
            .campaignPauseFailed,
            "could not pause \(campaign.name), which may still be sending: \(fault.summary) (attempt \(attempts)); "
                + next, fields)
    }

    static func pauseAbandoned(
        _ campaign: CampaignSnapshot, _ decision: Decision, _ objection: PauseObjection, _ mayHaveTakenEffect: Bool
    ) -> JournalEvent {
        let reason = Phrase.text(objection)
        var fields = Fields(campaign)
        fields.add(decision)
        fields[.reason] = reason
        let doubt =
            mayHaveTakenEffect ? "; an earlier attempt may have taken effect: check the campaign on the platform" : ""
        return JournalEvent(
            .campaignPauseAbandoned, "no longer trying to pause \(campaign.name): \(reason)\(doubt)", fields)
    }

    // MARK: Ineffective pauses

    static func pauseUncertain(_ campaign: CampaignSnapshot, _ pause: Pause) -> JournalEvent {
        JournalEvent(
            .campaignPauseFailed,
            "\(stillSending(campaign, pause)): the pause has had no effect so far, or someone restarted the campaign "
                + "immediately; sending the pause again", fields(campaign, pause))
    }

    static func pauseNotRepeated(
        _ campaign: CampaignSnapshot, _ pause: Pause, _ objection: PauseObjection
    ) -> JournalEvent {
        let reason = Phrase.text(objection)
        var fields = fields(campaign, pause)
        fields[.reason] = reason
        return JournalEvent(
            .campaignPauseAbandoned, "\(stillSending(campaign, pause)); not sending the pause again: \(reason)", fields)
    }

    private static func stillSending(_ campaign: CampaignSnapshot, _ pause: Pause) -> String {
        "\(campaign.name) is still sending after Sendwarden's pause at \(pause.pausedAt.rfc3339)"
    }

    static func pauseIneffective(_ campaign: CampaignSnapshot, _ pause: Pause) -> JournalEvent {
        JournalEvent(
            .campaignPauseIneffective,
            "pausing \(campaign.name) has no effect: the platform confirmed \(pause.requests) pauses, but the campaign "
                + "is still sending; stop it on the platform or contact the vendor; Sendwarden continues to send the "
                + "pause",
            fields(campaign, pause))
    }

    static func pauseOutlasted(_ campaign: CampaignSnapshot, _ pauses: Int) -> JournalEvent {
        JournalEvent(
            .campaignPauseIneffective,
            "pausing \(campaign.name) has no effect: the platform reported \(pauses) times that it was already "
                + "paused, but the campaign is still sending; stop it on the platform or contact the vendor",
            Fields(campaign))
    }

    static func pauseEffective(_ campaign: CampaignSnapshot, _ pause: Pause) -> JournalEvent {
        JournalEvent(
            .campaignPaused, "paused \(campaign.name): it stopped sending after \(pause.requests) pause requests",
            fields(campaign, pause))
    }

    static func overridden(
        _ campaign: CampaignSnapshot, _ pause: Pause, _ consequence: OverrideConsequence
    ) -> JournalEvent {
        let next =
            switch consequence {
            case .evaluatedAsBefore: "its rules are evaluated as before"
            case .ruleMuted: "the rule is muted for this campaign until the breach clears"
            case .pausedAgain: "Sendwarden pauses it again while the rule fires"
            case .countedFromRestart: "its counters restarted too, so the rule counts from there and is not muted"
            }
        return JournalEvent(
            .campaignOverride,
            "\(campaign.name) is sending again after Sendwarden's pause at \(pause.pausedAt.rfc3339): it was "
                + "restarted on the platform, not by Sendwarden; \(next)", fields(campaign, pause))
    }

    private static func fields(_ campaign: CampaignSnapshot, _ pause: Pause) -> Fields {
        var fields = Fields(campaign)
        fields.add(pause)
        return fields
    }
}

extension Pause {
    /// The number of pause requests that the platform confirmed.
    fileprivate var requests: Int { (repetitions ?? 0) + 1 }
}

import Model
import Policy

/// The journal's sentences and fields: what happened, why, and what follows from it.
enum Wording {
    enum Subject {
        case campaign(CampaignEntry)
        case pool(PoolID)
    }

    // MARK: Parts

    /// A campaign as people know it: `camp_123 "VP Sales"`.
    static func name(_ entry: CampaignEntry) -> String {
        entry.name.map { "\(entry.id) \"\($0)\"" } ?? entry.id.text
    }

    static func name(_ subject: Subject) -> String {
        switch subject {
        case .campaign(let entry): name(entry)
        case .pool(let id): "pool \(id)"
        }
    }

    static func fields(_ entry: CampaignEntry) -> [JournalField: String] {
        var fields: [JournalField: String] = [.campaign: entry.id.text]
        fields[.campaignName] = entry.name
        fields[.pool] = entry.pool?.text
        return fields
    }

    static func fields(_ campaign: CampaignState) -> [JournalField: String] {
        var fields = fields(campaign.entry)
        guard let stats = campaign.latest?.stats else { return fields }
        fields[.enrolled] = stats.totalEnrolled.map(String.init)
        fields[.sent] = stats.sent.map(String.init)
        fields[.resolved] = stats.resolved.map(String.init)
        fields[.bounced] = stats.bounced.map(String.init)
        fields[.queued] = stats.queued.map(String.init)
        return fields
    }

    static func fields(_ subject: Subject) -> [JournalField: String] {
        switch subject {
        case .campaign(let entry): fields(entry)
        case .pool(let id): [.pool: id.text]
        }
    }

    static func fields(_ rule: Rule) -> [JournalField: String] {
        [.rule: rule.name, .severity: rule.severity.rawValue, .expression: rule.conditionText]
    }

    /// Value, threshold and window of the comparison that decided.
    static func fields(_ evaluation: Evaluation) -> [JournalField: String] {
        var fields: [JournalField: String] = [:]
        fields[.coverage] = evaluation.coverage.map { DecimalText.shortest($0, decimals: 3) }
        guard let finding = decisive(evaluation) else { return fields }
        fields[.value] = finding.left.map { DecimalText.shortest($0, decimals: 6) }
        fields[.threshold] = finding.right.map { DecimalText.shortest($0, decimals: 6) }
        fields[.window] = window(finding.comparison.left)?.policyText
        return fields
    }

    /// The comparison to show: a ratio that holds, else the first that holds, else the first that is unknown.
    static func decisive(_ evaluation: Evaluation) -> Finding? {
        let holding = evaluation.findings.filter { $0.truth == .yes }
        return holding.first { $0.comparison.unit == .ratio } ?? holding.first
            ?? evaluation.findings.first { $0.truth == .unknown } ?? evaluation.findings.first
    }

    /// A comparison with its numbers: `bounceRate(24h) 5.6 % > 5 %`.
    static func text(_ finding: Finding) -> String {
        let comparison = finding.comparison
        if let evidence = finding.evidence {
            let rate = finding.left.map(comparison.unit.text) ?? "unknown"
            func number(_ value: Double) -> String { DecimalText.shortest(value, decimals: 1) }
            return "\(comparison.leftText) \(rate) \(comparison.comparison.rawValue) "
                + "\(comparison.unit.text(finding.right ?? 0)) (\(number(evidence.hits)) of \(number(evidence.trials)) "
                + "since armed, evidence \(number(evidence.evidence)) of \(number(evidence.needed)))"
        }
        return
            "\(side(comparison.leftText, comparison.left, finding.left, comparison.unit)) \(comparison.comparison.rawValue) "
            + side(comparison.rightText, comparison.right, finding.right, comparison.unit)
    }

    private static func side(_ text: String, _ formula: Formula, _ value: Double?, _ unit: Unit) -> String {
        if case .constant(let value) = formula { return unit.text(value) }
        return "\(text) \(value.map(unit.text) ?? "unknown")"
    }

    private static func window(_ formula: Formula) -> Duration? {
        var found: Duration?
        formula.visit {
            switch $0 {
            case .bounceRate(let window), .increase(_, let window), .rate(_, let window): found = found ?? window
            case .constant, .gauge, .age, .negate, .add, .subtract, .multiply, .divide, .wilson: break
            }
        }
        return found
    }

    /// ` (27 of 480 resolved)` where a bounce rate decided; the counts are those of its window.
    private static func counts(
        _ finding: Finding, _ campaign: CampaignState, _ rule: String?
    ) -> (text: String, fields: [JournalField: String]) {
        let baseline = campaign.recovery.baseline.flatMap { $0.rule == rule ? $0 : nil }
        // The finding itself tells what it counted.
        if finding.evidence != nil { return ("", [:]) }
        let pair: (bounced: Int, resolved: Int)?
        let stats = campaign.latest.map { sample in
            baseline.map { sample.stats.counted(from: $0.stats) } ?? sample.stats
        }
        let sinceThen = stats.flatMap { stats in
            stats.bounced.flatMap { bounced in stats.resolved.map { (bounced, $0) } }
        }
        switch finding.comparison.left {
        case .bounceRate(let window):
            let bounced = campaign.history.increase(of: .bounced, over: window)?.amount
            let resolved = campaign.history.increase(of: .resolved, over: window)?.amount
            let inWindow = bounced.flatMap { bounced in
                resolved.map { (Int(bounced.rounded()), Int($0.rounded())) }
            }
            // Since both the window's start and the resume: the lesser of the two.
            pair = inWindow.map { inWindow in
                guard baseline != nil, let sinceThen else { return inWindow }
                return (min(inWindow.0, sinceThen.0), min(inWindow.1, sinceThen.1))
            }
        case .gauge(.bounceRate): pair = sinceThen
        default: pair = nil
        }
        guard let pair else { return ("", [:]) }
        return (
            " (\(pair.bounced) of \(pair.resolved) resolved)",
            [.bounced: "\(pair.bounced)", .resolved: "\(pair.resolved)"]
        )
    }

    private static func coverage(_ finding: Finding, _ evaluation: Evaluation) -> String {
        guard let coverage = evaluation.coverage, coverage < 0.995, let window = window(finding.comparison.left) else {
            return ""
        }
        return ", samples cover \((window * coverage).spokenText) of \(window.policyText)"
    }

    /// How a rule's campaign gets going again.
    static func resumeText(_ resume: Resume) -> String {
        var text = "after \(resume.after.policyText)"
        if let probation = resume.probation {
            text +=
                ", on probation for \(probation.sends) resolved mails, paused again where \(probation.conditionText)"
        }
        if let limit = resume.atMost { text += ", at most \(limit.times) times in \(limit.per.policyText)" }
        return text
    }

    static func forText(_ rule: Rule) -> String {
        switch rule.forClause {
        case .duration(.zero): ""
        case .duration(let duration): " for \(duration.policyText)"
        case .count(let breaches, let samples): " in \(breaches) of \(samples) polls"
        }
    }

    static func priority(_ severity: Rule.Severity) -> Priority {
        switch severity {
        case .info: .info
        case .warning: .warning
        case .critical: .critical
        }
    }

    // MARK: Rules

    static func change(_ change: RuleState.Change, _ rule: Rule, _ evaluation: Evaluation, _ subject: Subject)
        -> JournalEvent
    {
        let evidence = decisive(evaluation).map(text) ?? rule.conditionText
        var fields = fields(subject).adding(fields(rule)).adding(fields(evaluation))
        if rule.mode == .observe { fields[.mode] = Mode.observe.rawValue }
        switch change {
        case .pending:
            return JournalEvent(
                .rulePending,
                "rule \(rule.name) is pending on \(name(subject)): \(evidence); it fires if this lasts\(forText(rule))",
                fields: fields)
        case .firing:
            return JournalEvent(
                .ruleFiring, priority: priority(rule.severity),
                "rule \(rule.name) fires on \(name(subject)): \(evidence)\(forText(rule))", fields: fields)
        case .cleared:
            return JournalEvent(
                .ruleCleared, "rule \(rule.name) is clear on \(name(subject)): \(rule.conditionText) holds no more",
                fields: fields)
        }
    }

    // MARK: Pauses

    static func paused(
        _ campaign: CampaignState, _ rule: Rule?, _ decision: Decision, mode: Mode, resumeAt: Instant? = nil
    ) -> JournalEvent {
        var fields = fields(campaign)
        fields[.decision] = "\(decision.id)"
        fields[.mode] = mode.rawValue
        var why = decision.conditionText ?? "a rule fired"
        if let evaluation = decision.evidence, let finding = decisive(evaluation) {
            let counts = counts(finding, campaign, decision.cause.rule)
            why = text(finding) + (rule.map(forText) ?? "") + counts.text + coverage(finding, evaluation)
            fields = fields.adding(self.fields(evaluation)).adding(counts.fields)
        }
        let verb = mode == .observe ? "would pause" : "paused"
        var message: String
        switch decision.cause {
        case .rule(let rule): message = "\(verb) \(name(campaign.entry)): \(why), rule \(rule)"
        case .unapprovedLaunch:
            message = "\(verb) \(name(campaign.entry)): it was started while its launch was held (\(why))"
        case .relapse(let rule): message = "\(verb) \(name(campaign.entry)): \(why) on probation, rule \(rule)"
        case .order(let order):
            message = "\(verb) \(name(campaign.entry)): ordered by \(order.authority)"
            fields[.by] = order.by
        case .launchRulesPass, .coolDownOver: message = "\(verb) \(name(campaign.entry))"
        }
        message +=
            mode == .observe ? "; observe mode, so nothing was sent" : next(rule, resumeAt)
        if let rule { fields = fields.adding(self.fields(rule)) }
        return JournalEvent(
            .campaignPaused, priority: rule.map { min(priority($0.severity), .warning) }, message, fields: fields)
    }

    private static func next(_ rule: Rule?, _ resumeAt: Instant?) -> String {
        if let resumeAt { return "; resumes not before \(resumeAt.clockTime)" }
        return rule?.resume == nil
            ? "; it stays paused until a person starts it"
            : "; it has been resumed as often as the policy allows and waits for a person"
    }

    static func alreadyPaused(_ campaign: CampaignState, _ intent: Intent, _ answer: ActionAnswer) -> JournalEvent {
        var fields = fields(campaign)
        fields[.decision] = "\(intent.decision.id)"
        fields[.rule] = intent.decision.cause.rule
        fields[.since] = answer.pausedAt?.rfc3339
        let state =
            answer.status == .draft
            ? "is a draft and never ran"
            : "was already paused by someone else at \(answer.pausedAt?.rfc3339 ?? "an unknown time")"
        return JournalEvent(
            .campaignAlreadyPaused, "\(name(campaign.entry)) \(state); it is left to whoever did that", fields: fields)
    }

    static func pauseFailed(
        _ campaign: CampaignState, _ attempt: PauseAttempt, _ fault: Fault, retryIn: Duration?
    ) -> JournalEvent {
        var fields = fields(campaign)
        fields[.decision] = "\(attempt.intent.decision.id)"
        fields[.rule] = attempt.intent.decision.cause.rule
        fields[.reason] = fault.summary
        let next = retryIn.map { "; tried again in \($0.spokenText)" } ?? "; given up"
        return JournalEvent(
            .campaignPauseFailed,
            "could not pause \(name(campaign.entry)), which may go on sending: \(fault.summary), attempt \(attempt.failures)\(next)",
            fields: fields)
    }

    /// What follows from a restart that was not ours.
    enum AfterRestart {
        case guardedAsBefore, muted, pausedAgain, countedFromHere

        var text: String {
            switch self {
            case .guardedAsBefore: "it is guarded as before"
            case .muted: "the rule is muted for it until the breach clears"
            case .pausedAgain: "it is paused again while the rule fires"
            case .countedFromHere: "its counters restarted too, so the rule counts from there and is not muted"
            }
        }
    }

    static func override(
        _ campaign: CampaignState, _ pause: Pause, _ follows: AfterRestart, at now: Instant
    ) -> JournalEvent {
        JournalEvent(
            .campaignOverride,
            "\(name(campaign.entry)) is sending again after our pause at \(pause.pausedAt.rfc3339): it was restarted on the "
                + "platform, not by us; \(follows.text)",
            fields: fields(campaign, pause))
    }

    private static func fields(_ campaign: CampaignState, _ pause: Pause) -> [JournalField: String] {
        var fields = fields(campaign)
        fields[.decision] = "\(pause.decision.id)"
        fields[.rule] = pause.decision.cause.rule
        fields[.since] = pause.pausedAt.rfc3339
        return fields
    }

    // MARK: Pauses without effect

    static func pauseUncertain(_ campaign: CampaignState, _ pause: Pause) -> JournalEvent {
        JournalEvent(
            .campaignPauseFailed,
            "\(name(campaign.entry)) is still sending after our pause at \(pause.pausedAt.rfc3339): the pause has had no "
                + "effect so far, or someone restarted the campaign immediately; sending the pause again",
            fields: fields(campaign, pause))
    }

    static func pauseNotRepeated(_ campaign: CampaignState, _ pause: Pause, _ reason: String) -> JournalEvent {
        JournalEvent(
            .campaignPauseAbandoned,
            "\(name(campaign.entry)) is still sending after our pause at \(pause.pausedAt.rfc3339); the pause will not be "
                + "sent again: \(reason)",
            fields: fields(campaign, pause).adding([.reason: reason]))
    }

    static func pauseIneffective(_ campaign: CampaignState, _ pause: Pause) -> JournalEvent {
        let times = (pause.repetitions ?? 0) + 1
        return JournalEvent(
            .campaignPauseIneffective,
            "pausing \(name(campaign.entry)) has no effect: the platform confirmed \(times) pauses, but the campaign is "
                + "still sending; stop it on the platform or contact the vendor; the pause will be sent again",
            fields: fields(campaign, pause))
    }

    static func pauseOutlasted(_ campaign: CampaignState, _ pauses: Int) -> JournalEvent {
        JournalEvent(
            .campaignPauseIneffective,
            "pausing \(name(campaign.entry)) has no effect: the platform answered \(pauses) times that it was paused already, "
                + "but the campaign is still sending; stop it on the platform or contact the vendor",
            fields: fields(campaign))
    }

    static func pauseEffective(_ campaign: CampaignState, _ pause: Pause) -> JournalEvent {
        JournalEvent(
            .campaignPaused,
            "paused \(name(campaign.entry)): it stopped sending after \((pause.repetitions ?? 0) + 1) pause requests",
            fields: fields(campaign, pause))
    }

    static func pauseAbandoned(_ campaign: CampaignState, _ attempt: PauseAttempt, _ reason: String) -> JournalEvent {
        var fields = fields(campaign)
        fields[.decision] = "\(attempt.intent.decision.id)"
        fields[.rule] = attempt.intent.decision.cause.rule
        fields[.reason] = reason
        let doubt =
            attempt.lostAttempts.isEmpty
            ? "" : "; an earlier attempt may have taken effect: check the campaign on the platform"
        return JournalEvent(
            .campaignPauseAbandoned, "no longer trying to pause \(name(campaign.entry)): \(reason)\(doubt)",
            fields: fields)
    }

    // MARK: Numbers

    static func missing(_ entry: CampaignEntry, _ fault: Fault) -> JournalEvent {
        JournalEvent(
            .campaignMissing,
            "the platform does not know \(name(entry)) (\(fault.summary)): check its id in the policy; it is not guarded",
            fields: fields(entry).adding([.reason: fault.summary]))
    }

    static func stale(_ campaign: CampaignState, at now: Instant) -> JournalEvent {
        JournalEvent(
            .campaignStale,
            "no fresh stats for \(name(campaign.entry)) (last \(campaign.age(at: now).spokenText) ago)"
                + (campaign.lastFault.map { ": \($0)" } ?? "") + "; its rules are not evaluated",
            fields: fields(campaign).adding(campaign.lastFault.map { [.reason: $0] } ?? [:]))
    }

    static func fresh(_ campaign: CampaignState, at now: Instant) -> JournalEvent {
        JournalEvent(
            .campaignFresh,
            "numbers of \(name(campaign.entry)) arrive again after \(campaign.age(at: now).spokenText)",
            fields: fields(campaign))
    }

    static func degraded(_ campaign: CampaignState) -> JournalEvent {
        JournalEvent(
            .campaignDegraded,
            "\(campaign.answers.unusableCount) of the last \(campaign.answers.count) answers about "
                + "\(name(campaign.entry)) were unusable; its rules are evaluated on the others",
            fields: fields(campaign))
    }

    static func steady(_ campaign: CampaignState) -> JournalEvent {
        JournalEvent(
            .campaignSteady, "answers about \(name(campaign.entry)) are usable again", fields: fields(campaign))
    }

    static func standstill(_ campaign: CampaignState, since: Instant, at now: Instant) -> JournalEvent {
        JournalEvent(
            .campaignStandstill,
            "\(name(campaign.entry)) has sent nothing for \((now - since).spokenText) though mail waits: "
                + "someone has probably paused it, or it is outside its sending hours",
            fields: fields(campaign).adding([.since: since.rfc3339]))
    }

    static func reset(_ entry: CampaignEntry, from before: CampaignStats, to after: CampaignStats) -> JournalEvent {
        func count(_ value: Int?) -> String { value.map(String.init) ?? "unknown" }
        return JournalEvent(
            .statsReset,
            "the counters of \(name(entry)) restarted: sent fell from \(count(before.sent)) to \(count(after.sent))",
            fields: fields(entry))
    }

    // MARK: Pools

    static func pool(_ change: PoolChange) -> JournalEvent {
        var fields: [JournalField: String] = [.pool: change.pool.id.text]
        fields[.available] = change.pool.remainingVolume.map(String.init)
        fields[.capacity] = change.pool.dailyCapacity.map(String.init)
        switch change {
        case .exhausted(let pool):
            let reset = pool.resetAt.map { "; it is renewed at \($0.rfc3339)" } ?? ""
            return JournalEvent(
                .poolExhausted, "pool \(pool.id) has no volume left in this window\(reset)", fields: fields)
        case .renewed(let pool):
            return JournalEvent(
                .poolRenewed, "pool \(pool.id) has volume again: \(pool.remainingVolume ?? 0) mails", fields: fields)
        case .inconsistent(let pool):
            let contradiction = pool.contradiction ?? "its figures disagree"
            return JournalEvent(
                .poolInconsistent,
                "the figures of pool \(pool.id) contradict each other: \(contradiction); its volume is unknown, so no "
                    + "launch that needs it starts",
                fields: fields.adding([.reason: contradiction]))
        case .consistent(let pool):
            return JournalEvent(.poolConsistent, "the figures of pool \(pool.id) agree again", fields: fields)
        }
    }

    static func missing(_ pool: PoolID, known: [PoolID]) -> JournalEvent {
        let others =
            known.isEmpty ? "it reports none" : "it reports \(known.prefix(5).map(\.text).joined(separator: ", "))"
        return JournalEvent(
            .poolMissing, "the platform does not report pool \(pool) that the policy names; \(others)",
            fields: [.pool: pool.text])
    }
}

extension [JournalField: String] {
    func adding(_ other: [JournalField: String]) -> [JournalField: String] {
        merging(other) { _, newer in newer }
    }
}

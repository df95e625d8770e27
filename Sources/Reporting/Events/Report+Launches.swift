import Guard
import Model
import Policy

/// Builds the entries about launches, from queued to started or dropped.
extension Report {
    static func entry(_ campaign: CampaignSnapshot, _ launch: LaunchEntry, _ event: LaunchEvent) -> JournalEvent {
        switch event {
        case .queued: queued(campaign, launch)
        case .expired: expired(campaign, launch)
        case .held(let report): held(campaign, launch, report)
        case .cannotFit(let enrolled, let capacity, let pool): cannotFit(campaign, launch, enrolled, capacity, pool)
        case .released(let report): released(campaign, report)
        case .failed(let decision, let fault, let aftermath): failed(campaign, decision, fault, aftermath)
        case .skipped(let wait, let reasons): skipped(campaign, launch, wait, reasons)
        case .alreadyStarted: alreadyStarted(campaign)
        case .unapproved(let rule, let evaluation): unapproved(campaign, rule, evaluation)
        }
    }

    private static func queued(_ campaign: CampaignSnapshot, _ launch: LaunchEntry) -> JournalEvent {
        var fields = Fields(campaign.entry)
        fields[.notBefore] = launch.notBefore?.rfc3339
        let when =
            launch.notBefore.map { "starts at \($0.rfc3339) at the earliest" }
            ?? "starts as soon as its launch rules allow it"
        return JournalEvent(.launchQueued, "queued launch of \(campaign.name): \(when)", fields)
    }

    private static func expired(_ campaign: CampaignSnapshot, _ launch: LaunchEntry) -> JournalEvent {
        var fields = Fields(campaign.entry)
        fields[.notBefore] = launch.notBefore?.rfc3339
        let time = launch.expires.map { " at \($0.rfc3339)" } ?? ""
        return JournalEvent(
            .launchExpired, "launch of \(campaign.name) expired\(time) before it was released, and is dropped", fields)
    }

    // MARK: Held

    private static func held(
        _ campaign: CampaignSnapshot, _ launch: LaunchEntry, _ report: HoldReport
    ) -> JournalEvent {
        var fields = Fields(campaign)
        fields[.notBefore] = launch.notBefore?.rfc3339
        if let rule = report.rule { fields.add(rule) }
        if let evaluation = report.evaluation { fields.add(evaluation) }
        fields.add(report.pool)
        fields[.capacity] = report.pool?.pool.dailyCapacity.map(String.init)
        let why = report.reasons.map { text($0, report) }.joined(separator: "; ")
        fields[.reason] = why
        let isPlanned = report.reasons.allSatisfy {
            if case .quietHours = $0 { true } else { false }
        }
        return JournalEvent(
            .launchHeld, priority: isPlanned ? .notice : nil,
            "held launch of \(campaign.name): \(why)\(shortfall(campaign, report))", fields)
    }

    /// The reason, with its numbers if the report has them.
    private static func text(_ reason: HoldReason, _ report: HoldReport) -> String {
        let evidence = report.evaluation?.decisive.map(Phrase.text)
        switch reason {
        case .rule(let name):
            guard name == report.rule?.name, let evidence else { return Phrase.text(reason) }
            return "\(evidence), rule \(name)"
        case .unknownRule(let name):
            guard name == report.rule?.name, let evidence else { return Phrase.text(reason) }
            return "\(Phrase.text(reason)): \(evidence)"
        case .noStats, .noLeads, .noFreshStats, .startFailed, .startLimit, .quietHours, .ledger, .paused,
            .person:
            return Phrase.text(reason)
        }
    }

    /// By how many emails the pool is short, and when the launch may fit.
    private static func shortfall(_ campaign: CampaignSnapshot, _ report: HoldReport) -> String {
        guard report.rule?.condition.sources.contains(.pools) == true, let pool = report.pool,
            pool.available != nil, let enrolled = campaign.stats?.totalEnrolled
        else { return "" }
        let short = pool.shortfall(for: enrolled).map { "; short by \($0) emails" } ?? ""
        guard !pool.neverTakes(enrolled), let reset = pool.renewsAt else { return short }
        return short + "; fits at \(reset.rfc3339) at the earliest, when the pool's window resets"
    }

    private static func cannotFit(
        _ campaign: CampaignSnapshot, _ launch: LaunchEntry, _ enrolled: Int, _ capacity: Int, _ pool: PoolID
    ) -> JournalEvent {
        var fields = Fields(campaign)
        fields[.notBefore] = launch.notBefore?.rfc3339
        fields[.capacity] = "\(capacity)"
        fields[.pool] = pool.text
        return JournalEvent(
            .launchCannotFit, "launch of \(campaign.name) \(Phrase.neverFits(enrolled, capacity: capacity))", fields)
    }

    private static func skipped(
        _ campaign: CampaignSnapshot, _ launch: LaunchEntry, _ wait: Duration, _ reasons: [HoldReason]
    ) -> JournalEvent {
        let why =
            reasons.isEmpty
            ? "the platform has not returned its data" : reasons.map(Phrase.text).joined(separator: "; ")
        var fields = Fields(campaign)
        fields[.notBefore] = launch.notBefore?.rfc3339
        fields[.reason] = why
        return JournalEvent(
            .launchSkipped,
            "could not evaluate the launch of \(campaign.name) for \(wait.spokenText): \(why); later launches no "
                + "longer wait for it", fields)
    }

    // MARK: Started

    private static func released(_ campaign: CampaignSnapshot, _ report: ReleaseReport) -> JournalEvent {
        let decision = report.decision
        var fields = Fields(campaign)
        fields[.decision] = "\(decision.id)"
        fields[.mode] = report.mode.rawValue
        fields.add(report.pool)
        var why = "every launch rule allows it"
        if case .order(let order) = decision.cause {
            fields[.by] = order.by
            why = "ordered by \(order.giver)\(overruled(decision))"
        }
        let verb = report.mode == .observe ? "would start" : "started"
        let tail = report.mode == .observe ? "; \(Phrase.observed)" : report.note.map { "; \(text($0))" } ?? ""
        return JournalEvent(
            .launchReleased, "\(verb) \(campaign.name): \(why) (\(size(campaign, report.pool)))\(tail)", fields)
    }

    /// The launch rules that the order overruled.
    private static func overruled(_ decision: Decision) -> String {
        guard let condition = decision.conditionText else { return "" }
        switch decision.evidence?.truth {
        case .no: return ""
        case .yes: return ", although \(condition) holds"
        case .unknown, nil: return ", although \(condition) is unknown"
        }
    }

    private static func size(_ campaign: CampaignSnapshot, _ pool: PoolReading?) -> String {
        let size = campaign.stats?.totalEnrolled.map { "\($0) enrolled" } ?? "enrollment unknown"
        guard let left = pool?.available else { return size }
        return left < 0
            ? "\(size), \(-left) emails more than the pool has left"
            : "\(size), the pool has \(left) unreserved emails left"
    }

    private static func text(_ note: ReleaseReport.Note) -> String {
        switch note {
        case .ranSince(let since): "the platform reports that it has been running since \(since.rfc3339)"
        case .seenInCounters: "the response to the start was lost, but the counters show that it is running"
        }
    }

    private static func failed(
        _ campaign: CampaignSnapshot, _ decision: Decision, _ fault: Fault, _ aftermath: StartFailureAftermath
    ) -> JournalEvent {
        var fields = Fields(campaign)
        fields[.decision] = "\(decision.id)"
        fields[.reason] = fault.summary
        let next =
            switch aftermath {
            case .triedAgain: "it is evaluated on fresh stats and tried again"
            case .closed: "fix the campaign and reload the policy to try again"
            case .notInPolicy: "it is not tried again, because the policy no longer names its launch"
            case .givenUp:
                "its reserved volume is free again; if it sends later, that counts as Sendwarden's start"
            }
        return JournalEvent(.launchFailed, "could not start \(campaign.name): \(fault.summary); \(next)", fields)
    }

    private static func alreadyStarted(_ campaign: CampaignSnapshot) -> JournalEvent {
        JournalEvent(
            .launchAlreadyStarted,
            "\(campaign.name) was already started, so there is nothing to launch; its rules are evaluated as for any "
                + "campaign", Fields(campaign))
    }

    private static func unapproved(
        _ campaign: CampaignSnapshot, _ rule: Rule?, _ evaluation: Evaluation?
    ) -> JournalEvent {
        var fields = Fields(campaign)
        var why = "its launch was not released"
        if let rule {
            fields.add(rule)
            if let evaluation { fields.add(evaluation) }
            why = "launch rule \(rule.name) holds it: \(Phrase.evidence(evaluation, or: rule.conditionText))"
        }
        return JournalEvent(.launchUnapproved, "someone else started \(campaign.name) although \(why)", fields)
    }
}

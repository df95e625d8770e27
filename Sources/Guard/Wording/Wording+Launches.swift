import Model
import Policy

extension Wording {
    static func queued(_ launch: LaunchEntry, _ entry: CampaignEntry) -> JournalEvent {
        let when = launch.notBefore.map { "from \($0.rfc3339) on" } ?? "as soon as its rules allow"
        return JournalEvent(.launchQueued, "launch of \(name(entry)) is queued: \(when)", fields: fields(launch, entry))
    }

    private static func fields(_ launch: LaunchEntry, _ entry: CampaignEntry) -> [JournalField: String] {
        var fields = fields(entry)
        fields[.notBefore] = launch.notBefore?.rfc3339
        return fields
    }

    static func expired(_ launch: LaunchEntry, _ entry: CampaignEntry) -> JournalEvent {
        JournalEvent(
            .launchExpired,
            "launch of \(name(entry)) expired at \(launch.expires?.rfc3339 ?? "its time") before it could be released; it is dropped",
            fields: fields(launch, entry))
    }

    static func held(
        _ launch: LaunchEntry, _ campaign: CampaignState, _ reasons: [Hold.Reason], _ rule: Rule?,
        _ evaluation: Evaluation?, _ pool: PoolReading?, at now: Instant
    ) -> JournalEvent {
        var fields = fields(campaign).adding(fields(launch, campaign.entry))
        if let rule { fields = fields.adding(self.fields(rule)) }
        if let evaluation { fields = fields.adding(self.fields(evaluation)) }
        fields[.pool] = pool?.pool.id.text ?? fields[.pool]
        fields[.available] = pool?.available.map(String.init)
        fields[.capacity] = pool?.pool.dailyCapacity.map(String.init)
        var why: [String] = []
        for reason in reasons {
            switch reason {
            case .rule(let name):
                let isShown = name == rule?.name
                let text = isShown ? evaluation.flatMap(decisive).map(text) : nil
                why.append((text ?? "its condition holds") + ", rule \(name)")
            case .unknownRule(let name):
                let isShown = name == rule?.name
                let text = isShown ? evaluation.flatMap(decisive).map(text) : nil
                why.append("it cannot be told whether \(text ?? "its condition holds"), rule \(name)")
            case .noNumbers, .noLeads, .noFreshLook, .startFailed, .belt, .ledger, .paused, .person:
                why.append(reason.text)
            }
        }
        fields[.reason] = why.joined(separator: "; ")
        let hint = rule?.condition.sources.contains(.pools) == true ? volumeHint(campaign, pool, at: now) : ""
        return JournalEvent(
            .launchHeld, "holding the launch of \(name(campaign.entry)): \(why.joined(separator: "; "))\(hint)",
            fields: fields)
    }

    /// What is missing, and when it could be there.
    private static func volumeHint(_ campaign: CampaignState, _ pool: PoolReading?, at now: Instant) -> String {
        guard let enrolled = campaign.latest?.stats.totalEnrolled, let pool, pool.available != nil else { return "" }
        var hint = pool.missing(for: enrolled).map { "; \($0) mails are missing" } ?? ""
        if pool.neverTakes(enrolled) { return hint }
        if let renewal = pool.renewsAt { hint += "; it could fit from \(renewal.rfc3339) on, when the pool is renewed" }
        return hint
    }

    static func cannotFit(
        _ launch: LaunchEntry, _ campaign: CampaignState, _ enrolled: Int, _ capacity: Int, _ pool: PoolReading?
    ) -> JournalEvent {
        var fields = fields(campaign).adding(fields(launch, campaign.entry))
        fields[.capacity] = "\(capacity)"
        fields[.pool] = pool?.pool.id.text ?? fields[.pool]
        return JournalEvent(
            .launchCannotFit,
            "the launch of \(name(campaign.entry)) \(neverFits(enrolled, capacity))", fields: fields)
    }

    static func neverFits(_ enrolled: Int, _ capacity: Int) -> String {
        "can never fit: \(enrolled) are enrolled and the pool takes \(capacity) a day; enroll fewer, split the campaign "
            + "or enlarge the pool"
    }

    static func released(
        _ campaign: CampaignState, _ decision: Decision, _ pool: PoolReading?, note: String?, mode: Mode
    ) -> JournalEvent {
        var fields = fields(campaign)
        fields[.decision] = "\(decision.id)"
        fields[.mode] = mode.rawValue
        fields[.pool] = pool?.pool.id.text ?? fields[.pool]
        fields[.available] = pool?.available.map(String.init)
        let size = campaign.latest?.stats.totalEnrolled.map { "\($0) enrolled" } ?? "enrollment unknown"
        let room =
            pool?.available.map { left in
                left < 0
                    ? ", \(-left) mails more than the pool has left" : ", \(left) mails of the pool left unpromised"
            } ?? ""
        let verb = mode == .observe ? "would start" : "started"
        let tail = mode == .observe ? "; observe mode, so nothing was sent" : note.map { "; \($0)" } ?? ""
        var why = "every launch rule allows it"
        if case .order(let order) = decision.cause {
            why = "ordered by \(order.authority)"
            fields[.by] = order.by
            if decision.evidence?.truth != .no, let condition = decision.conditionText {
                why += ", though \(condition) is not false"
            }
        }
        return JournalEvent(
            .launchReleased, "\(verb) \(name(campaign.entry)): \(why) (\(size)\(room))\(tail)", fields: fields)
    }

    static func launchFailed(_ campaign: CampaignState, _ intent: Intent, _ fault: Fault, isFinal: Bool) -> JournalEvent
    {
        var fields = fields(campaign)
        fields[.decision] = "\(intent.decision.id)"
        fields[.reason] = fault.summary
        let next =
            isFinal
            ? "mend the campaign and reload the policy to try again"
            : "it is judged anew on fresh numbers and tried again"
        return JournalEvent(
            .launchFailed, "could not start \(name(campaign.entry)): \(fault.summary); \(next)", fields: fields)
    }

    static func skipped(_ launch: LaunchState, _ campaign: CampaignState, after wait: Duration) -> JournalEvent {
        let why =
            launch.reasons.isEmpty
            ? "the platform has not returned its data" : launch.reasons.map(\.text).joined(separator: "; ")
        return JournalEvent(
            .launchSkipped,
            "could not evaluate the launch of \(name(campaign.entry)) for \(wait.spokenText): \(why); later launches "
                + "no longer wait for it",
            fields: fields(campaign).adding(fields(launch.entry, campaign.entry)).adding([.reason: why]))
    }

    static func alreadyStarted(_ campaign: CampaignState) -> JournalEvent {
        JournalEvent(
            .launchAlreadyStarted,
            "\(name(campaign.entry)) is no draft any more, so there is nothing to launch; it is guarded as any other campaign",
            fields: fields(campaign))
    }

    static func unapproved(_ campaign: CampaignState, _ holding: (Rule, Evaluation)?) -> JournalEvent {
        var fields = fields(campaign)
        var why = "its launch had not been released"
        if let (rule, evaluation) = holding {
            fields = fields.adding(self.fields(rule)).adding(self.fields(evaluation))
            why =
                "its launch rules say hold: \(decisive(evaluation).map(text) ?? rule.conditionText), rule \(rule.name)"
        }
        return JournalEvent(
            .launchUnapproved, "someone else started \(name(campaign.entry)) though \(why)", fields: fields)
    }
}

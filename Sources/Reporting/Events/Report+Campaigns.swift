import Guard
import Model
import Policy

/// Builds the entries about campaigns: stats here; pauses and resumes in their own files.
extension Report {
    static func entry(_ campaign: CampaignSnapshot, _ event: CampaignEvent) -> JournalEvent {
        switch event {
        case .missing(let fault): missing(campaign.entry, fault)
        case .stale(let age, let lastFault): stale(campaign, age, lastFault)
        case .fresh(let after): fresh(campaign, after)
        case .degraded(let unusable, let count): degraded(campaign, unusable, of: count)
        case .steady: steady(campaign)
        case .standstill(let since, let lasting): standstill(campaign, since, lasting)
        case .countersRestarted(let before, let after): countersRestarted(campaign.entry, before, after)
        case .countersReturned: countersReturned(campaign)
        case .ruleLacksData(let report, let lasting):
            ruleLacksData(campaign.name, report, lasting, Fields(campaign))
        case .ruleHasData(let report, let duration): ruleHasData(campaign.name, report, duration, Fields(campaign))
        case .paused(let report): paused(campaign, report)
        case .alreadyPaused(let decision, let status, let pausedAt):
            alreadyPaused(campaign, decision, status, pausedAt)
        case .stillPaused(let decision, let pausedAt): stillPaused(campaign, decision, pausedAt)
        case .pauseFailed(let decision, let fault, let attempts, let retryIn):
            pauseFailed(campaign, decision, fault, attempts, retryIn)
        case .pauseAbandoned(let decision, let objection, let mayHaveTakenEffect):
            pauseAbandoned(campaign, decision, objection, mayHaveTakenEffect)
        case .pauseUncertain(let pause): pauseUncertain(campaign, pause)
        case .pauseNotRepeated(let pause, let objection): pauseNotRepeated(campaign, pause, objection)
        case .pauseIneffective(let pause): pauseIneffective(campaign, pause)
        case .pauseOutlasted(let pauses): pauseOutlasted(campaign, pauses)
        case .pauseEffective(let pause): pauseEffective(campaign, pause)
        case .overridden(let pause, let consequence): overridden(campaign, pause, consequence)
        case .resumed(let report): resumed(campaign, report)
        case .ruleRearmed(let rule): ruleRearmed(campaign, rule)
        case .resumeFailed(let rule, let order, let hindrance, let isRetried):
            resumeFailed(campaign, rule, order, hindrance, isRetried)
        case .resumesExhausted(let rule): resumesExhausted(campaign, rule)
        case .relapsed(let rule, let evaluation): relapsed(campaign, rule, evaluation)
        case .probationPassed(let rule, let resolved): probationPassed(campaign, rule, resolved)
        }
    }

    // MARK: Stats

    private static func missing(_ entry: CampaignEntry, _ fault: Fault) -> JournalEvent {
        var fields = Fields(entry)
        fields[.reason] = fault.summary
        return JournalEvent(
            .campaignMissing,
            "the platform does not know \(Phrase.name(entry)) (\(fault.summary)): \(Phrase.checkID(entry)); its "
                + "rules are not evaluated", fields)
    }

    private static func stale(_ campaign: CampaignSnapshot, _ age: Duration, _ lastFault: String?) -> JournalEvent {
        var fields = Fields(campaign)
        fields[.reason] = lastFault
        let why = lastFault.map { ": \($0)" } ?? ""
        let gap =
            campaign.stats == nil
            ? "no stats yet for \(campaign.name) (polled for \(age.spokenText))"
            : "no fresh stats for \(campaign.name) (last \(age.spokenText) ago)"
        return JournalEvent(.campaignStale, "\(gap)\(why); its rules are not evaluated", fields)
    }

    private static func fresh(_ campaign: CampaignSnapshot, _ gap: Duration) -> JournalEvent {
        JournalEvent(
            .campaignFresh,
            "stats for \(campaign.name) arrive again after \(gap.spokenText); its rules are evaluated again",
            Fields(campaign))
    }

    private static func degraded(_ campaign: CampaignSnapshot, _ unusable: Int, of count: Int) -> JournalEvent {
        JournalEvent(
            .campaignDegraded,
            "\(unusable) of the last \(count) responses about \(campaign.name) were unusable; its rules are evaluated "
                + "on the usable ones", Fields(campaign))
    }

    private static func steady(_ campaign: CampaignSnapshot) -> JournalEvent {
        JournalEvent(.campaignSteady, "responses about \(campaign.name) are usable again", Fields(campaign))
    }

    private static func standstill(
        _ campaign: CampaignSnapshot, _ since: Instant, _ lasting: Duration
    ) -> JournalEvent {
        var fields = Fields(campaign)
        fields[.since] = since.rfc3339
        return JournalEvent(
            .campaignStandstill,
            "\(campaign.name) has sent nothing for \(lasting.spokenText) although emails are queued: someone probably "
                + "paused it, or it is outside its sending hours", fields)
    }

    private static func countersRestarted(
        _ entry: CampaignEntry, _ before: CampaignStats, _ after: CampaignStats
    ) -> JournalEvent {
        func count(_ value: Int?) -> String { value.map(String.init) ?? "unknown" }
        return JournalEvent(
            .statsReset,
            "the counters of \(Phrase.name(entry)) restarted: sent fell from \(count(before.sent)) to "
                + count(after.sent), Fields(entry))
    }

    private static func countersReturned(_ campaign: CampaignSnapshot) -> JournalEvent {
        let sent = campaign.stats?.sent.map { " at \($0) sent" } ?? ""
        return JournalEvent(
            .statsRestored,
            "the counters of \(campaign.name) are back\(sent): they had not restarted, and the lower ones since then were "
                + "out of date; rules count as before", Fields(campaign))
    }
}

extension CampaignSnapshot {
    /// The campaign's name in sentences.
    var name: String { Phrase.name(entry) }
}

package import Model
package import Policy

/// An event of a campaign.
package enum CampaignEvent: Sendable {
    // MARK: Stats

    /// The platform does not know the campaign's id.
    case missing(Fault)
    /// No usable stats for longer than `stale_after`; `lastFault` says why the latest response was unusable.
    case stale(age: Duration, lastFault: String?)
    /// Usable stats arrive again, after this long without any.
    case fresh(after: Duration)
    /// Too many of the latest responses are unusable.
    case degraded(unusable: Int, of: Int)
    /// The responses are usable again.
    case steady
    /// The campaign has sent nothing for this long, although emails are queued.
    case standstill(since: Instant, lasting: Duration)
    /// The platform's counters restarted from zero.
    case countersRestarted(from: CampaignStats, to: CampaignStats)
    /// The counters are back at their values before the reported restart, which therefore was none.
    case countersReturned

    /// The rule's condition has been unknown for this long, because data is missing.
    case ruleLacksData(RuleDataReport, lasting: Duration)
    /// The data that a rule was reported to lack arrives again, after this long.
    case ruleHasData(RuleDataReport, after: Duration)

    // MARK: Pauses

    /// Sendwarden paused the campaign, or would have in observe mode.
    case paused(PauseReport)
    /// A pause of ours found the campaign paused by someone else, or never started.
    case alreadyPaused(Decision, status: CampaignStatus, pausedAt: Instant?)
    /// A pause ordered again found the campaign still paused; `pausedAt` is nil if the platform does not report it.
    case stillPaused(Decision, pausedAt: Instant?)
    /// An attempt to pause failed; a nil `retryIn` means that it was the last one.
    case pauseFailed(Decision, Fault, attempts: Int, retryIn: Duration?)
    /// A failed pause is no longer justified.
    case pauseAbandoned(Decision, PauseObjection, mayHaveTakenEffect: Bool)
    /// The campaign still sends after a confirmed pause, so the pause is repeated.
    case pauseUncertain(Pause)
    /// The campaign still sends after a confirmed pause that is no longer justified.
    case pauseNotRepeated(Pause, PauseObjection)
    /// The platform confirmed several pauses, but the campaign still sends.
    case pauseIneffective(Pause)
    /// The platform keeps reporting a pause by someone else, but the campaign still sends.
    case pauseOutlasted(pauses: Int)
    /// A pause that seemed to have no effect has taken effect.
    case pauseEffective(Pause)
    /// Someone else restarted the campaign after our pause.
    case overridden(Pause, OverrideConsequence)

    // MARK: Resumes

    case resumed(ResumeReport)
    /// The rule counts from the resume.
    case ruleRearmed(Rule)
    /// The resume failed; `rule` is the rule whose cooldown is over, `order` the order to resume.
    case resumeFailed(rule: String?, order: Order?, ResumeHindrance, isRetried: Bool = true)
    /// The rule's resumes are used up, so a person has to start the campaign.
    case resumesExhausted(Rule)
    /// The campaign breached the condition of its probation.
    case relapsed(Rule, Evaluation)
    case probationPassed(Rule, resolved: Int)
}

/// A pause and its evidence.
package struct PauseReport: Sendable {
    package var decision: Decision
    /// The rule that decided; nil if none did or the policy no longer has it.
    package var rule: Rule?
    package var mode: Mode
    /// The earliest resume; nil if a person has to start the campaign.
    package var resumesAt: Instant?
    /// True if the rule's resumes are used up, so that a person has to start the campaign.
    package var resumesExhausted = false
    /// The counts behind a deciding bounce rate; nil for other conditions.
    package var counts: BounceCounts?

    init(_ decision: Decision, rule: Rule?, mode: Mode, resumesAt: Instant? = nil, counts: BounceCounts? = nil) {
        (self.decision, self.rule, self.mode) = (decision, rule, mode)
        (self.resumesAt, self.counts) = (resumesAt, counts)
    }
}

/// The resolved emails and those of them that bounced.
package struct BounceCounts: Hashable, Sendable {
    package var bounced: Int
    package var resolved: Int
}

/// A resume and its consequences.
package struct ResumeReport: Sendable {
    /// The rule behind the ended pause; nil if there was none.
    package var rule: Rule?
    /// The rule's name, even if the policy no longer has the rule.
    package var ruleName: String?
    /// The order to resume; nil if the cooldown ended.
    package var order: Order?
    /// Automatic resumes so far, including this one.
    package var resumes: Int
    package var warnings: [LaunchWarning]
}

/// Why a decided pause is no longer justified.
package enum PauseObjection: Hashable, Sendable {
    case observeMode
    /// `on_unapproved` is no longer `pause`.
    case unapprovedAllowed
    /// No launch rule holds the campaign any more.
    case launchAllowed
    /// The rule no longer pauses the campaign.
    case ruleRemoved(String)
    /// `by` is the person who muted the rule; nil after a manual restart.
    case ruleMuted(String, by: String?)
    case conditionCleared(String)
}

/// The consequence of a restart that was not ours.
package enum OverrideConsequence: Hashable, Sendable {
    /// The pause was not caused by a rule of the policy.
    case evaluatedAsBefore
    case ruleMuted
    case pausedAgain
    /// The counters restarted too, so the rule counts from there and is not muted.
    case countedFromRestart
}

/// A launch rule that would hold the rest of a campaign's emails if they were a launch.
package struct LaunchWarning: Hashable, Sendable {
    package var rule: String
    package var conditionText: String
    package var finding: Finding?
}

/// Why a campaign cannot be resumed now.
package enum ResumeHindrance: Hashable, Sendable, Codable {
    case obstacles([ResumeObstacle])
    /// The platform reports that the campaign does not run.
    case notRunning
    /// The request failed; carries the fault's summary.
    case failed(String)
    /// No fresh stats; carries the fault's summary.
    case noFreshStats(String)
    case incompleteStats
    /// The remaining emails do not fit beside the volume reserved for launches; `remaining` is nil if unknown.
    case volumeReserved(remaining: Int?, reserved: Int, pool: PoolID)
    case startLimit
    case quietHours(QuietSpell)
    /// The policy no longer has a rule that resumes the campaign.
    case noRuleResumes
    /// The order was not carried out within this time.
    case orderExpired(after: Duration)
}

/// A reason why a campaign must not run.
package enum ResumeObstacle: Hashable, Sendable, Codable {
    case ledgerFailing
    case campaignMissing
    /// Another rule is breached; `finding` is the deciding comparison.
    case breached(rule: String, conditionText: String, finding: Finding?)
}

extension ResumeHindrance {
    /// True for the same reason, even with other numbers.
    func isSame(as other: ResumeHindrance) -> Bool { summary == other.summary }

    /// The reason without its numbers.
    private var summary: [String] {
        switch self {
        case .obstacles(let obstacles): obstacles.map(\.summary)
        case .notRunning: ["not running"]
        case .failed(let summary): ["failed", summary]
        case .noFreshStats(let summary): ["no fresh stats", summary]
        case .incompleteStats: ["incomplete stats"]
        case .volumeReserved(let remaining, _, let pool): ["volume", remaining == nil ? "unknown" : "short", pool.text]
        case .startLimit: ["start limit"]
        case .quietHours(let quiet): ["quiet hours", quiet.until?.rfc3339 ?? "always"]
        case .noRuleResumes: ["no rule"]
        case .orderExpired: ["expired"]
        }
    }
}

extension ResumeObstacle {
    fileprivate var summary: String {
        switch self {
        case .ledgerFailing: "ledger"
        case .campaignMissing: "missing"
        case .breached(let rule, _, _): "rule \(rule)"
        }
    }
}

/// The data that a rule, or the probation after one of its pauses, lacks or lacked.
package struct RuleDataReport: Sendable {
    package var rule: Rule
    package var data: MissingData
    package var isProbation: Bool

    package init(_ rule: Rule, _ data: MissingData, isProbation: Bool = false) {
        (self.rule, self.data, self.isProbation) = (rule, data, isProbation)
    }
}

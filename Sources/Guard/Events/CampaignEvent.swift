package import Model
package import Policy

/// What happened to a campaign, or what its counters show.
package enum CampaignEvent: Sendable {
    // MARK: Stats

    /// The platform does not know its id.
    case missing(Fault)
    /// No usable stats for longer than `stale_after`; `lastFault` is why the latest answer could not be used.
    case stale(age: Duration, lastFault: String?)
    /// Usable stats arrive again, after so long.
    case fresh(after: Duration)
    /// So many of its latest answers were unusable.
    case degraded(unusable: Int, of: Int)
    /// Its answers are usable again.
    case steady
    /// It has sent nothing for so long, although emails are queued.
    case standstill(since: Instant, lasting: Duration)
    /// The platform's counters restarted from zero.
    case countersRestarted(from: CampaignStats, to: CampaignStats)

    // MARK: Pauses

    /// We paused it, or in observe mode would have.
    case paused(PauseReport)
    /// We meant to pause it, and it was paused by someone else, or never ran.
    case alreadyPaused(Decision, status: CampaignStatus, pausedAt: Instant?)
    /// An attempt to pause it failed; without `retryIn` there is no further one.
    case pauseFailed(Decision, Fault, attempts: Int, retryIn: Duration?)
    /// A failed pause is no longer justified.
    case pauseAbandoned(Decision, PauseObjection, mayHaveTakenEffect: Bool)
    /// It is still sending after a confirmed pause: the pause is sent again.
    case pauseUncertain(Pause)
    /// It is still sending after a confirmed pause, which is no longer justified.
    case pauseNotRepeated(Pause, PauseObjection)
    /// The platform confirmed several pauses, and it is still sending.
    case pauseIneffective(Pause)
    /// The platform answers again and again that someone else had paused it, and it is still sending.
    case pauseOutlasted(pauses: Int)
    /// A pause that seemed to have no effect took effect.
    case pauseEffective(Pause)
    /// It was restarted after our pause, and not by us.
    case overridden(Pause, OverrideConsequence)

    // MARK: Resumes

    case resumed(ResumeReport)
    /// After a resume, the rule counts from there on.
    case ruleRearmed(Rule)
    /// It could not be resumed; `rule` is the rule whose cooldown is over, `order` the order that asked for it.
    case resumeFailed(rule: String?, order: Order?, ResumeHindrance)
    /// It was resumed as often as the rule allows: a person has to start it.
    case resumesExhausted(Rule)
    /// It breached the condition of its probation.
    case relapsed(Rule, Evaluation)
    case probationPassed(Rule, resolved: Int)
}

/// A pause with what it rests on.
package struct PauseReport: Sendable {
    package var decision: Decision
    /// The rule that decided; nil where none did, or the policy no longer has it.
    package var rule: Rule?
    package var mode: Mode
    /// When it resumes at the earliest; nil where a person has to start it.
    package var resumesAt: Instant?
    /// The rule has resumed it as often as it allows, which is why a person has to start it.
    package var resumesExhausted = false
    /// The bounces and resolved emails that a deciding bounce rate counted; nil for other conditions.
    package var counts: BounceCounts?

    init(_ decision: Decision, rule: Rule?, mode: Mode, resumesAt: Instant? = nil, counts: BounceCounts? = nil) {
        (self.decision, self.rule, self.mode) = (decision, rule, mode)
        (self.resumesAt, self.counts) = (resumesAt, counts)
    }
}

/// How many of so many resolved emails bounced.
package struct BounceCounts: Hashable, Sendable {
    package var bounced: Int
    package var resolved: Int
}

/// A resume with what follows from it.
package struct ResumeReport: Sendable {
    /// The rule whose pause ended; nil where none paused it.
    package var rule: Rule?
    /// The order that asked for it; nil where its cooldown was over.
    package var order: Order?
    /// Automatic resumes so far, this one included.
    package var resumes: Int
    package var warnings: [LaunchWarning]
}

/// Why a pause that was decided is no longer justified.
package enum PauseObjection: Hashable, Sendable {
    case observeMode
    /// `on_unapproved` is no longer `pause`.
    case unapprovedAllowed
    /// No launch rule holds the campaign any more.
    case launchAllowed
    /// The policy no longer pauses it by this rule.
    case ruleRemoved(String)
    /// By a person; nil is a restart by hand.
    case ruleMuted(String, by: String?)
    case conditionCleared(String)
}

/// What follows from a restart that was not ours.
package enum OverrideConsequence: Hashable, Sendable {
    /// No rule of the policy had paused it.
    case evaluatedAsBefore
    case ruleMuted
    case pausedAgain
    /// The counters restarted too, so the rule counts from there and is not muted.
    case countedFromRestart
}

/// A launch rule that would hold a launch of what a campaign has left to send.
package struct LaunchWarning: Hashable, Sendable {
    package var rule: String
    package var conditionText: String
    package var finding: Finding?
}

/// Why a campaign cannot be resumed now.
package enum ResumeHindrance: Hashable, Sendable, Codable {
    case obstacles([ResumeObstacle])
    /// The platform answered that it does not run.
    case notRunning
    /// The request failed: the fault's summary.
    case failed(String)
    /// Fresh stats could not be had: the fault's summary.
    case noFreshStats(String)
    case incompleteStats
    /// Its remaining emails do not fit beside what is reserved for launches; `remaining` is nil where unknown.
    case volumeReserved(remaining: Int?, reserved: Int, pool: PoolID)
    case startLimit
    /// The order was not carried out within this time.
    case orderExpired(after: Duration)
}

/// One reason why a campaign must not run.
package enum ResumeObstacle: Hashable, Sendable, Codable {
    case ledgerFailing
    case campaignMissing
    /// Another rule is breached; `finding` is the comparison that decides.
    case breached(rule: String, conditionText: String, finding: Finding?)
}

extension ResumeHindrance {
    /// True where it is the same reason, whatever its numbers are now.
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

package import Model

/// The inferred state of a campaign.
///
/// Most platforms have no endpoint that reports it. Payloads are indirect, because most campaigns just run.
package enum CampaignPhase: Hashable, Sendable, Codable {
    /// Nothing is known yet. Transitions to draft, running, pausing.
    case unknown
    /// Every sending counter is 0. Transitions to starting, or to running if someone else starts it.
    case draft
    /// A start was sent, and no response or counter has confirmed it. Transitions to running, draft.
    ///
    /// A start whose response was lost stays here, because a campaign that sends late is not someone else's start.
    /// After a day as a draft it is given up, which frees its volume; the campaign then counts as a draft.
    indirect case starting(StartAttempt)
    /// The campaign was seen to send, or we started it. Transitions to pausing.
    case running
    /// A pause was decided. Transitions to paused, pausedByAnother, draft, unknown.
    indirect case pausing(PauseAttempt)
    /// We paused the campaign. Transitions to resuming, or to running if a person restarts it.
    indirect case paused(Pause)
    /// The cooldown is over or a person ordered a resume; fresh stats decide. Transitions to paused, running.
    indirect case resuming(ResumeAttempt)
    /// Paused before our request, so never ours to resume. Transitions to running if a person restarts it.
    indirect case pausedByAnother(Standstill)

    /// Learns from the counters of a campaign that was not seen to send.
    mutating func learn(from stats: CampaignStats, previous: CampaignStats?) {
        switch self {
        case .unknown:
            if stats.provesDraft {
                self = .draft
            } else if let before = previous?.sent, let sent = stats.sent, sent > before {
                self = .running
            }
        case .draft: if stats.showsSending { self = .running }
        case .starting, .running, .pausing, .paused, .resuming, .pausedByAnother: break
        }
    }
}

/// The first start of a draft, from its first attempt until its outcome is known.
package struct StartAttempt: Hashable, Sendable, Codable {
    /// The latest start.
    package var intent: Intent
    /// False once the response is in or will never come.
    package var isUnderWay: Bool
    /// The latest start whose response was lost, so that the campaign may be running; nil if there is none.
    package var lost: Intent?
    /// True after a pause that found a draft: a start that shows late in the counters is paused; nil means false.
    package var pauseFoundDraft: Bool?
    /// True once the lost start is taken to have had no effect; nil means false.
    ///
    /// If the campaign sends later nevertheless, the start is still ours.
    package var isGivenUp: Bool?
}

/// A decided pause that is not confirmed yet.
package struct PauseAttempt: Hashable, Sendable, Codable {
    package var intent: Intent
    /// When the next attempt is due; nil while one is under way.
    package var retryAt: Instant?
    package var failures: Int = 0
    /// When the attempts without a response left, newest last; a pause at any other time is someone else's.
    package var lostAttempts: [Instant] = []
    /// When the failure is next reported.
    package var reminder: Reminder?
    /// The confirmed pause that is repeated because the campaign kept sending; nil for a first pause.
    package var repeats: Pause?
    /// A start whose response was lost before the pause, so that it may still take effect; nil if there is none.
    package var lostStart: Intent?

    /// The earlier pause that a person's order repeats; nil for a first pause, and if the guard repeats its own pause.
    var orderedAgain: Pause? { repeats.flatMap { $0.decision.id == intent.decision.id ? nil : $0 } }
}

/// A confirmed pause and what a resume needs to know.
package struct Pause: Hashable, Sendable, Codable {
    package var decision: Decision
    package var pausedAt: Instant
    /// False if the platform did not report the time of the pause, so that someone else may have paused.
    package var isOurs: Bool
    package var standstill: Standstill
    /// When the cooldown is over; nil if a person has to resume the campaign.
    package var resumeAt: Instant?
    /// The order to stay paused; nil if there is none.
    package var keptBy: Order?
    /// How often the pause was repeated because the campaign kept sending; nil if never.
    package var repetitions: Int?
    /// When the missing effect is next reported; nil while it is not established.
    package var ineffective: Reminder?
    /// A resume that was given up although it may have taken effect; nil if there is none.
    package var lostResume: LostResume?
}

/// A resume of ours whose response was lost: if the campaign sends again, we resumed it.
package struct LostResume: Hashable, Sendable, Codable {
    /// The order to resume; nil if the cooldown had ended.
    package var order: Order?
    /// The counters just before the start.
    package var countedBefore: CampaignStats?
}

/// The times at which a lasting failure is reported: at once, then at doubling intervals.
package struct Reminder: Hashable, Sendable, Codable {
    /// The first interval, and the longest one.
    static let first: Duration = .seconds(300)
    static let longest: Duration = .seconds(6 * 3600)

    package private(set) var dueAt: Instant
    package private(set) var interval: Duration

    package init(at now: Instant) {
        interval = Reminder.first
        dueAt = now + interval
    }

    /// True the first time, and later whenever the next report is due.
    static func isDue(_ reminder: inout Reminder?, at now: Instant) -> Bool {
        if let isDue = reminder?.isDue(at: now) { return isDue }
        reminder = Reminder(at: now)
        return true
    }

    /// True if the next report is due.
    package mutating func isDue(at now: Instant) -> Bool {
        guard now >= dueAt else { return false }
        interval = min(interval * 2, Reminder.longest)
        dueAt = now + interval
        return true
    }
}

package import Model

/// What the guard believes a campaign to be doing.
///
/// Most platforms have no call to ask, so this is inferred. Most campaigns of a large workspace just run, so what the
/// others need is stored apart.
package enum CampaignPhase: Hashable, Sendable, Codable {
    /// Nothing has shown yet. To: draft, running, pausing.
    case unknown
    /// Every sending counter is 0. To: starting, running (someone else started it).
    case draft
    /// Its launch was sent and no answer or counter has confirmed it. To: running, draft.
    indirect case starting(StartAttempt)
    /// It has been seen to send, or we started it. To: pausing.
    case running
    /// We mean to pause it. To: paused, pausedByAnother, draft, unknown.
    indirect case pausing(PauseAttempt)
    /// We paused it. To: resuming, running (a person restarted it).
    indirect case paused(Pause)
    /// Its cooldown is over, or a person wants it resumed; fresh stats decide. To: paused, running.
    indirect case resuming(ResumeAttempt)
    /// It was paused before we asked for it: never ours to resume. To: running (a person restarted it).
    indirect case pausedByAnother(Standstill)

    /// What counters show of a campaign that has not been seen to send.
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

/// The first start of a draft, from when it is sent until it is known what came of it.
package struct StartAttempt: Hashable, Sendable, Codable {
    /// The latest start.
    package var intent: Intent
    /// False once its answer is in, or will never come.
    package var isUnderWay: Bool
    /// The latest start whose answer was lost, so that the campaign may be running; nil where there is none.
    package var lost: Intent?
}

/// A pause that has been decided and is not confirmed.
package struct PauseAttempt: Hashable, Sendable, Codable {
    package var intent: Intent
    /// When the next attempt is due; nil while one is under way.
    package var retryAt: Instant?
    package var failures: Int = 0
    /// When the attempts left whose answers were lost, newest last: a pause at another time is someone else's.
    package var lostAttempts: [Instant] = []
    /// When the failure is next reported.
    package var reminder: Reminder?
    /// The confirmed pause that is sent again because the campaign kept sending; nil for a first one.
    package var repeats: Pause?
}

/// A pause of ours, with what a resume has to know.
package struct Pause: Hashable, Sendable, Codable {
    package var decision: Decision
    package var pausedAt: Instant
    /// False where the platform did not say when it paused, so that it may have been someone else.
    package var isOurs: Bool
    package var standstill: Standstill
    /// When its cooldown is over; nil where a person has to start it.
    package var resumeAt: Instant?
    /// A person ordered it to stay paused.
    package var keptBy: Order?
    /// How often it was sent again because the campaign kept sending; nil is never.
    package var repetitions: Int?
    /// When it is next reported that it has no effect; nil while it is not known to have none.
    package var ineffective: Reminder?
}

/// When a failure that lasts is reported: at once, and then at doubling intervals.
package struct Reminder: Hashable, Sendable, Codable {
    /// The first repetition, and the longest wait between two.
    static let first: Duration = .seconds(300)
    static let longest: Duration = .seconds(6 * 3600)

    package private(set) var dueAt: Instant
    package private(set) var interval: Duration

    package init(at now: Instant) {
        interval = Reminder.first
        dueAt = now + interval
    }

    /// True the first time, and then where it is time to report again.
    static func isDue(_ reminder: inout Reminder?, at now: Instant) -> Bool {
        if let isDue = reminder?.isDue(at: now) { return isDue }
        reminder = Reminder(at: now)
        return true
    }

    /// True where it is time to report again.
    package mutating func isDue(at now: Instant) -> Bool {
        guard now >= dueAt else { return false }
        interval = min(interval * 2, Reminder.longest)
        dueAt = now + interval
        return true
    }
}

package import Model

/// What the guard believes a campaign to be doing.
///
/// The platform has no call to ask, so this is inferred. Most campaigns of a large workspace just run, so what the others
/// need is kept apart.
package enum CampaignPhase: Hashable, Sendable, Codable {
    /// Nothing has told yet. To: draft, running, pausing.
    case unknown
    /// Every sending counter is 0. To: releasing, running (someone else started it).
    case draft
    /// We sent its first start and wait for the answer, or for numbers that tell. To: running, draft.
    case releasing
    /// It has been seen to send, or we started it. To: pausing.
    case running
    /// We mean to pause it. To: paused, pausedByAnother, draft, unknown.
    indirect case pausing(PauseAttempt)
    /// We paused it. To: resuming, running (a person restarted it).
    indirect case paused(Pause)
    /// Its cool-down is over; fresh numbers decide. To: paused, running.
    indirect case resuming(ResumeAttempt)
    /// It was paused before we asked for it: never ours to resume. To: running (a person restarted it).
    indirect case pausedByAnother(Standstill)

    /// What numbers tell of a campaign that has not been seen to send.
    mutating func learn(from stats: CampaignStats, previous: CampaignStats?) {
        switch self {
        case .unknown:
            if stats.provesDraft {
                self = .draft
            } else if let before = previous?.sent, let sent = stats.sent, sent > before {
                self = .running
            }
        case .draft: if stats.showsSending { self = .running }
        case .releasing, .running, .pausing, .paused, .resuming, .pausedByAnother: break
        }
    }
}

/// A pause that is on its way.
package struct PauseAttempt: Hashable, Sendable, Codable {
    package var intent: Intent
    /// When the next attempt is due; nil while one is under way.
    package var retryAt: Instant?
    package var failures: Int = 0
    /// When the attempts left whose answers were lost, newest last: a pause at another time is someone else's.
    package var lostAttempts: [Instant] = []
    /// When the failure is told again, and after how long the next time.
    package var reminder: Reminder?
    /// The pause that is sent again, as emails went on leaving after the platform had confirmed it; nil for a first one.
    package var repeats: Pause?
}

/// A pause of ours, with what a resume has to know.
package struct Pause: Hashable, Sendable, Codable {
    package var decision: Decision
    package var pausedAt: Instant
    /// False where the platform did not say when it paused, so that it may have been someone else.
    package var isOurs: Bool
    package var standstill: Standstill
    /// When its cool-down is over; nil where a person has to start it.
    package var resumeAt: Instant?
    /// A person wants it to stay paused.
    package var keptBy: Order?
    /// How often it was sent again since emails went on leaving; nil is never.
    package var repetitions: Int?
    /// When it is next reported that it has no effect; nil while it is not known to have none.
    package var ineffective: Reminder?
}

/// Tells a lasting trouble at once and then at doubling intervals.
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

    /// True where it is time to tell again.
    package mutating func isDue(at now: Instant) -> Bool {
        guard now >= dueAt else { return false }
        interval = min(interval * 2, Reminder.longest)
        dueAt = now + interval
        return true
    }
}

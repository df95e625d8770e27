package import Model
package import Policy

/// An event of a launch in the policy.
package enum LaunchEvent: Sendable {
    case queued
    /// The launch was not released before its `expires` and is dropped.
    case expired
    case held(HoldReport)
    /// The launch can never fit: more leads are enrolled than the pool takes in a window.
    case cannotFit(enrolled: Int, capacity: Int, pool: PoolID)
    /// Sendwarden started the campaign, or would have in observe mode.
    case released(ReleaseReport)
    case failed(Decision, Fault, StartFailureAftermath)
    /// The launch could not be evaluated for this long; later launches no longer wait for it.
    case skipped(after: Duration, reasons: [HoldReason])
    /// The campaign was started before it was first polled.
    case alreadyStarted
    /// Someone else started the campaign; carries the launch rule that would have held it, if any.
    case unapproved(rule: Rule?, Evaluation?)
}

/// Why a launch is held, with its pool at that time.
package struct HoldReport: Sendable {
    package var reasons: [HoldReason]
    /// The first rule that holds the launch, and its evaluation.
    package var rule: Rule?
    package var evaluation: Evaluation?
    package var pool: PoolReading?
}

/// What follows a failed start.
package enum StartFailureAftermath: Hashable, Sendable {
    case triedAgain
    /// The failure is final: the launch is closed until the policy is reloaded.
    case closed
    /// The policy no longer names the launch.
    case notInPolicy
    /// The response was lost and the campaign has stayed a draft for a day.
    case givenUp
}

/// A start and its evidence.
package struct ReleaseReport: Sendable {
    package enum Note: Hashable, Sendable {
        /// The platform reports that the campaign has run since this time.
        case ranSince(Instant)
        /// The response to our start was lost; the counters show that the campaign runs.
        case seenInCounters
    }

    package var decision: Decision
    package var mode: Mode
    package var pool: PoolReading?
    package var note: Note?
}

/// Why a launch is held.
package enum HoldReason: Hashable, Sendable, Codable {
    /// A launch rule is true.
    case rule(String)
    /// A launch rule is unknown because data is missing.
    case unknownRule(String)
    /// The campaign's own stats are missing, stale or incomplete.
    case noStats
    /// No leads are enrolled, so a start would send nothing now and everything later, unchecked.
    case noLeads
    /// The fresh stats that a start needs are missing.
    case noFreshStats
    /// The start was not accepted, or its response was lost.
    case startFailed
    /// The start limit is reached.
    case startLimit
    /// The policy's quiet hours.
    case quietHours(QuietSpell)
    /// Decisions cannot be stored, so a start might be sent twice.
    case ledger
    /// The campaign was paused; only a resume ends that.
    case paused
    /// A person holds the launch.
    case person(String)

    /// The key names in stored ledgers.
    private enum CodingKeys: String, CodingKey {
        case rule, unknownRule
        case noStats = "noNumbers"
        case noLeads
        case noFreshStats = "noFreshLook"
        case startFailed
        case startLimit = "belt"
        case quietHours, ledger, paused, person
    }

    /// True if the next response may end the hold, whatever the rules say.
    var isOpen: Bool { lacksData || self == .startFailed }

    /// True if some of the platform's responses are missing.
    package var lacksData: Bool {
        switch self {
        case .unknownRule, .noStats, .noFreshStats: true
        case .rule, .noLeads, .startFailed, .startLimit, .quietHours, .ledger, .paused, .person: false
        }
    }
}

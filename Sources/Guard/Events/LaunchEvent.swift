package import Model
package import Policy

/// What happened to a launch of the policy.
package enum LaunchEvent: Sendable {
    case queued
    /// Not released before its `expires`; it is dropped.
    case expired
    case held(HoldReport)
    /// It can never fit: more are enrolled than the pool takes in a window.
    case cannotFit(enrolled: Int, capacity: Int, pool: PoolID)
    /// We started it, or in observe mode would have.
    case released(ReleaseReport)
    /// Its start failed; a final failure is not tried again.
    case failed(Decision, Fault, isFinal: Bool)
    /// It could not be evaluated for so long; later launches no longer wait for it.
    case skipped(after: Duration, reasons: [HoldReason])
    /// It was started before we first polled it.
    case alreadyStarted
    /// Someone else started it; with the launch rule that would have held it, if one would.
    case unapproved(rule: Rule?, Evaluation?)
}

/// Why a launch is held, with what was known of its pool.
package struct HoldReport: Sendable {
    package var reasons: [HoldReason]
    /// The first rule that holds it, and how it was evaluated.
    package var rule: Rule?
    package var evaluation: Evaluation?
    package var pool: PoolReading?
}

/// A start with what it rests on.
package struct ReleaseReport: Sendable {
    package enum Note: Hashable, Sendable {
        /// The platform says that it has run since then.
        case ranSince(Instant)
        /// The answer to our start was lost; the counters show that it runs.
        case seenInCounters
    }

    package var decision: Decision
    package var mode: Mode
    package var pool: PoolReading?
    package var note: Note?
}

/// Why a launch is held.
package enum HoldReason: Hashable, Sendable, Codable {
    /// A launch rule holds it.
    case rule(String)
    /// A launch rule cannot be evaluated for want of data.
    case unknownRule(String)
    /// The campaign's own stats are missing, old or incomplete.
    case noStats
    /// Nobody is enrolled, so a start would send nothing now and everything later, unchecked.
    case noLeads
    /// The fresh stats that a start needs could not be had.
    case noFreshStats
    /// The start was not accepted, or its answer was lost.
    case startFailed
    /// As many campaigns were started as the start limit allows.
    case startLimit
    /// Decisions cannot be stored, so that a start might be sent twice.
    case ledger
    /// It was paused; only a resume ends that.
    case paused
    /// This person holds it.
    case person(String)

    /// As ledgers store them.
    private enum CodingKeys: String, CodingKey {
        case rule, unknownRule
        case noStats = "noNumbers"
        case noLeads
        case noFreshStats = "noFreshLook"
        case startFailed
        case startLimit = "belt"
        case ledger, paused, person
    }

    /// True where the next answer may end it, whatever the rules say.
    var isOpen: Bool { lacksData || self == .startFailed }

    /// True where the platform's answers, or some of them, are missing.
    package var lacksData: Bool {
        switch self {
        case .unknownRule, .noStats, .noFreshStats: true
        case .rule, .noLeads, .startFailed, .startLimit, .ledger, .paused, .person: false
        }
    }
}

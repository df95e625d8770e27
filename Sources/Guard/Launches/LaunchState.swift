import Model
import Policy

/// One launch of the policy, from waiting to done.
package struct LaunchState: Hashable, Sendable {
    enum Phase: Hashable, Sendable, Codable {
        /// Its time has not come, or nothing is known yet. To: held, judging, closed.
        case waiting
        /// Kept waiting by rules or missing data. To: judging, closed.
        case held([Hold.Reason])
        /// Fresh numbers have been asked for; the answers decide. To: held, releasing, closed.
        case judging(since: Instant)
        /// The start is on its way. To: released, held, closed.
        indirect case releasing(Intent)
        /// We started it, or in observe mode would have.
        case released
        /// It will not be started by us: it failed for good, expired, or someone else started it.
        case closed
    }

    var entry: LaunchEntry
    /// The place in the policy, which breaks ties.
    var position: Int
    var phase: Phase = .waiting
    /// Since when it has been kept waiting; nil before.
    var heldSince: Instant?
    /// Since when data are lacking to judge it; nil where they are all there.
    var blindSince: Instant?
    /// Since when it is due and can be neither started nor known to be held: launches behind it wait for that.
    var unsettledSince: Instant?
    /// That they wait no longer was reported.
    var toldSkipped = false
    /// Not judged again before this.
    var retryAt: Instant?
    /// A start whose answer was lost: it may have taken effect.
    var lostStart: Intent?
    /// The reasons for holding it that were last told.
    var toldReasons: [Hold.Reason]?
    /// The enrollment for which it was last told that the pool can never take it.
    var toldCannotFit: Int?
    /// A person keeps it waiting.
    var heldBy: Order?
    /// A person wants it started whatever its rules say.
    var forcedBy: Order?
    /// Until when that is still meant.
    var forcedUntil: Instant?
    /// Released in observe mode: nobody started it, and enforce mode judges it anew.
    var wasOnlyTold = false
    /// Launch rules that only tell, and have.
    var toldRules: Set<String> = []

    var isOpen: Bool {
        switch phase {
        case .waiting, .held, .judging, .releasing: true
        case .released, .closed: false
        }
    }

    /// True where it is known to be held, or needs nothing more; false where its data, or its start, are still open.
    var isSettled: Bool {
        switch phase {
        case .released, .closed: true
        case .waiting, .judging, .releasing: false
        // The volume of a start that may have taken effect stays reserved, so nobody has to wait for it.
        case .held(let reasons): lostStart != nil || reasons.contains { !$0.isOpen }
        }
    }

    /// Priority, then time, then the order of the file.
    static func goesFirst(_ left: LaunchState, _ right: LaunchState) -> Bool {
        if left.entry.priority != right.entry.priority { return left.entry.priority > right.entry.priority }
        let (first, second) = (left.entry.notBefore?.milliseconds ?? .min, right.entry.notBefore?.milliseconds ?? .min)
        return first != second ? first < second : left.position < right.position
    }
}

/// Why a launch is kept waiting.
enum Hold {
    enum Reason: Hashable, Sendable, Codable {
        /// A launch rule says so.
        case rule(String)
        /// A launch rule cannot be judged for want of data.
        case unknownRule(String)
        /// The campaign's own numbers are missing, old or incomplete.
        case noNumbers
        /// Nobody is enrolled, so a start would send nothing now and everything later, unjudged.
        case noLeads
        /// The fresh look that a start needs brought no answer.
        case noFreshLook
        /// The start was not accepted, or its answer was lost.
        case startFailed
        /// Too many were started just before; see the policy's `belt`.
        case belt
        /// What is decided cannot be kept, and so might be done twice.
        case ledger
        /// It has been stopped, so that a resume is to start it.
        case paused
        /// This person wants it to wait.
        case person(String)

        /// True where what keeps the launch may be over at the next answer, whatever the rules say.
        var isOpen: Bool { isWantOfData || self == .startFailed }

        /// True where the platform's answers, or some of them, are lacking.
        var isWantOfData: Bool {
            switch self {
            case .unknownRule, .noNumbers, .noFreshLook: true
            case .rule, .noLeads, .startFailed, .belt, .ledger, .paused, .person: false
            }
        }
    }
}

/// What the launch rules say of one launch.
enum LaunchVerdict: Sendable {
    case pass
    case hold([Hold.Reason], Finding?, rule: Rule?, Evaluation?)
    /// The counters show that the campaign has been started before.
    case alreadyStarted
}

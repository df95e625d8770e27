import Policy

/// What can happen to an email of a bad list, as a rule counts it.
package enum EmailFate: Int, CaseIterable, Sendable {
    case bounced, complained, unsubscribed, deferred

    /// The share of a bad list's emails, or of those of a sender that mailbox providers distrust.
    var badShare: Double {
        switch self {
        // Purchased and outdated lists.
        case .bounced: 0.25
        // Twenty times the share from which mailbox providers warn.
        case .complained: 0.02
        case .unsubscribed: 0.05
        // A provider that throttles defers most of what it is sent.
        case .deferred: 0.5
        }
    }

    var counter: Counter {
        switch self {
        case .bounced: .bounced
        case .complained: .complained
        case .unsubscribed: .unsubscribed
        case .deferred: .deferred
        }
    }

    init?(_ counter: Counter) {
        switch counter {
        case .bounced, .hardBounced, .softBounced: self = .bounced
        case .complained: self = .complained
        case .unsubscribed: self = .unsubscribed
        case .deferred: self = .deferred
        case .totalEnrolled, .sent, .delivered, .replied, .resolved: return nil
        }
    }

    /// The fates that the condition counts, in the order of the cases.
    static func counted(in condition: Condition) -> [EmailFate] {
        let counted = Set(condition.counters.compactMap { EmailFate($0) })
        return allCases.filter { counted.contains($0) }
    }
}

/// The share of the next emails that meets each fate, in the worst case.
struct ExpectedFates: Hashable, Sendable {
    /// In the order of ``EmailFate/allCases``.
    private var shares = SIMD4<Double>()

    /// The shares of a bad list, or higher ones if the latest emails allow it.
    init(_ pace: SendingPace) {
        for fate in EmailFate.allCases { shares[fate.rawValue] = max(fate.badShare, pace.highestShare(of: fate)) }
    }

    subscript(fate: EmailFate) -> Double { shares[fate.rawValue] }
}

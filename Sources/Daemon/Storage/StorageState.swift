import Guard
package import Ledger
package import Model

/// The records that are not stored yet, and the reason.
package struct StorageState: Sendable {
    /// The reason why nothing can be stored.
    package struct Failure: Sendable {
        package var reason: String
        package var since: Instant
    }

    /// When this was the state, in the guard's time and by the clock that measures queries.
    package var at: Instant
    package var clock = ContinuousClock.now
    /// Nil while the ledger can be written.
    package var failure: Failure?
    /// Decisions, actions and events that are not stored yet, oldest first.
    package var unstored: [LedgerEntry]

    /// A write usually takes milliseconds; younger records are not worth a remark.
    private static let usualDelay: Duration = .seconds(1)

    /// True if the ledger lacks records that a reader expects there.
    package var isBehind: Bool {
        guard !unstored.isEmpty else { return false }
        return failure != nil || unstored.contains { $0.record.at.map { at - $0 > StorageState.usualDelay } ?? false }
    }
}

extension LedgerRecord {
    /// The time of the event or decision; nil for states and samples.
    fileprivate var at: Instant? {
        switch self {
        case .event(_, let at): at
        case .decision(let decision): decision.at
        case .intent(let intent, _): intent.firstSentAt
        case .senderChange(let change, _): change.sentAt
        case .sample, .campaign, .launch, .poolState, .workspace, .pool, .outbox: nil
        }
    }
}

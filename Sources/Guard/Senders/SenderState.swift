package import Model
package import Policy

/// A decided change of a pool's members: one sender removed or restored.
package struct SenderChange: Hashable, Sendable, Codable {
    package enum Action: String, Sendable, Codable {
        case remove, restore
    }

    package var action: Action
    /// The pool's name in the policy.
    package var pool: PoolID
    /// The pool's id on the platform.
    package var platformPool: PoolID
    package var sender: PoolSender
    package var rule: String
    /// The ledger's key, counted together with decisions on campaigns.
    package var decision: Int
    package var conditionText: String
    package var evidence: Evaluation
    package var sentAt: Instant
}

/// A sender whose removal by us the platform confirmed; only such senders are restored.
package struct RemovedSender: Codable, Hashable, Sendable {
    package var sender: PoolSender
    package var platformPool: PoolID
    package var rule: String
    package var decision: Int
    package var at: Instant
}

/// The stored state of one pool's members: past changes and the one under way.
package struct SenderState: Codable, Hashable, Sendable {
    package struct Attempt: Codable, Hashable, Sendable {
        package enum Step: Codable, Hashable, Sendable {
            /// The request is under way.
            case sent
            /// The request was accepted, and an operation reports the result.
            case processing(OperationID, since: Instant, next: Instant, wait: Duration)
            /// The request was accepted, and only the pool's members show the result.
            case confirming(since: Instant)
            /// The response was lost or the operation failed; the pool's members show the result.
            case unclear(since: Instant)
        }

        package var change: SenderChange
        package var step: Step
        /// True once the slow operation was reported.
        var isSlowReported = false

        /// The key names in stored ledgers.
        private enum CodingKeys: String, CodingKey {
            case change, step
            case isSlowReported = "toldSlow"
        }

        init(change: SenderChange, step: Step) { (self.change, self.step) = (change, step) }
    }

    package var attempt: Attempt?
    /// In the order of removal.
    package var removed: [RemovedSender] = []
    /// No rule removes these senders before their time.
    package var excluded: [SenderID: Instant] = [:]
    /// Older responses do not show our latest change.
    var freshAfter: Instant?
    /// No change begins before this time; `failures` counts the failures in a row behind it.
    package var retryAt: Instant?
    package var failures = 0
}

package import Model
package import Policy

/// A change of a pool's members that was decided on: one sender out of it, or back into it.
package struct SenderChange: Hashable, Sendable, Codable {
    package enum Action: String, Sendable, Codable {
        case remove, restore
    }

    package var action: Action
    /// The pool's name in the policy.
    package var pool: PoolID
    /// The platform's own id of the pool.
    package var platformPool: PoolID
    package var sender: PoolSender
    package var rule: String
    /// Counts with the decisions on campaigns; the ledger's key.
    package var decision: Int
    package var conditionText: String
    package var evidence: Evaluation
    package var sentAt: Instant
}

/// A sender that we removed from a pool, as the platform confirmed; the only kind that we restore.
package struct RemovedSender: Codable, Hashable, Sendable {
    package var sender: PoolSender
    package var platformPool: PoolID
    package var rule: String
    package var decision: Int
    package var at: Instant
}

/// What was done to the members of one pool, and what is under way, as it is stored.
package struct SenderState: Codable, Hashable, Sendable {
    package struct Attempt: Codable, Hashable, Sendable {
        package enum Step: Codable, Hashable, Sendable {
            /// The request is on its way.
            case sent
            /// It was accepted, and an operation shows how it ends.
            case processing(OperationID, since: Instant, next: Instant, wait: Duration)
            /// It was accepted, and only the pool's members show whether it was done.
            case confirming(since: Instant)
            /// The answer was lost, or the operation failed: the pool's members show what came of it.
            case unclear(since: Instant)
        }

        package var change: SenderChange
        package var step: Step
        /// That it takes long was reported.
        var isSlowReported = false

        /// As ledgers store it.
        private enum CodingKeys: String, CodingKey {
            case change, step
            case isSlowReported = "toldSlow"
        }

        init(change: SenderChange, step: Step) { (self.change, self.step) = (change, step) }
    }

    package var attempt: Attempt?
    /// In the order of their removal.
    package var removed: [RemovedSender] = []
    /// No rule removes these before that time.
    package var excluded: [SenderID: Instant] = [:]
    /// Older answers show nothing of what we did since.
    var freshAfter: Instant?
    /// Nothing is begun before, and how many failures in a row made it so.
    package var retryAt: Instant?
    package var failures = 0
}

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

/// What was done to the members of one pool, and what is under way.
struct SenderState: Codable, Hashable, Sendable {
    struct Attempt: Codable, Hashable, Sendable {
        enum Step: Codable, Hashable, Sendable {
            /// The request is on its way.
            case sent
            /// It was accepted, and an operation tells how it ends.
            case processing(OperationID, since: Instant, next: Instant, wait: Duration)
            /// It was accepted, and only a look at the members tells whether it was done.
            case confirming(since: Instant)
            /// The answer was lost, or the operation failed: a look at the members tells what came of it.
            case unclear(since: Instant)
        }

        var change: SenderChange
        var step: Step
        /// That it takes long was told.
        var toldSlow = false
    }

    /// A sender that we took out of the pool, as the platform confirmed; the only kind that we put back.
    struct Removed: Codable, Hashable, Sendable {
        var sender: PoolSender
        var platformPool: PoolID
        var rule: String
        var decision: Int
        var at: Instant
    }

    var attempt: Attempt?
    /// In the order of their removal.
    var removed: [Removed] = []
    /// No rule removes these before that time.
    var excluded: [SenderID: Instant] = [:]
    /// Older looks tell nothing of what we did since.
    var freshAfter: Instant?
    /// Nothing is begun before, and how many failures in a row made it so.
    var retryAt: Instant?
    var failures = 0

    /// An attempt is under way that a look at the members is to settle.
    var isChanging: Bool {
        switch attempt?.step {
        case .confirming, .unclear: true
        case .sent, .processing, nil: false
        }
    }

    var isBlank: Bool { self == SenderState() }

    /// The members whose presence matters.
    var watched: Set<SenderID> {
        Set(removed.map(\.sender.id)).union(attempt.map { [$0.change.sender.id] } ?? [])
    }

    /// As it goes on after a restart: what was on its way may have arrived.
    func takenUp(at now: Instant) -> SenderState {
        var state = self
        state.retryAt = retryAt.map { min($0, now + Guard.senderRetryMax) }
        state.freshAfter = freshAfter.map { min($0, now) }
        switch attempt?.step {
        case .sent: state.attempt?.step = .unclear(since: min(attempt?.change.sentAt ?? now, now))
        case .processing(let id, let since, _, let wait):
            state.attempt?.step = .processing(id, since: min(since, now), next: now, wait: wait)
        case .confirming(let since): state.attempt?.step = .confirming(since: min(since, now))
        case .unclear(let since): state.attempt?.step = .unclear(since: min(since, now))
        case nil: break
        }
        return state
    }
}

extension SenderState.Attempt {
    /// What is under way, in a few words.
    var text: String {
        let verb = change.action == .remove ? "removing" : "restoring"
        let stage =
            switch step {
            case .sent: "sent"
            case .processing(let id, _, _, _): "accepted, operation \(id) goes on"
            case .confirming: "accepted, and the pool is to show it"
            case .unclear: "what came of it the pool is to show"
            }
        return "\(verb) \(Wording.name(change.sender)): \(stage)"
    }
}

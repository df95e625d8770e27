package import Model
package import Policy

/// What happened to a pool.
package enum PoolEvent: Sendable {
    /// It has no volume left in its window.
    case exhausted(SenderPool)
    /// It has volume again.
    case renewed(SenderPool)
    /// Its figures contradict each other.
    case inconsistent(SenderPool)
    /// Its figures agree again.
    case consistent(SenderPool)
    /// The platform does not report a pool that the policy names.
    case missing(PoolID, known: [PoolID])
    /// No pool of the platform matches the policy's pool.
    case unbound(PoolBinding)
    /// Several pools of the platform match the policy's pool.
    case ambiguous(PoolBinding, count: Int)

    package var pool: PoolID {
        switch self {
        case .exhausted(let pool), .renewed(let pool), .inconsistent(let pool), .consistent(let pool): pool.id
        case .missing(let id, _): id
        case .unbound(let binding), .ambiguous(let binding, _): binding.name
        }
    }
}

/// What happened to a member of a pool.
package enum SenderEvent: Sendable {
    /// A change was made, or in observe mode would have been.
    case changed(SenderChange, Rule?, Mode)
    case changeFailed(SenderChange, SenderFailure, SenderFailure.Next)
    /// Its operation has been processing for so long.
    case changeSlow(SenderChange, Duration)
    /// It left the pool, and may not have left by our request: no rule restores it.
    case alreadyRemoved(SenderChange, SenderDoubt)
    /// It stays, because too few would be left.
    case retained(PoolSender, PoolBinding, PoolRoster, Rule)
    /// Someone put it back; until then no rule removes it, nil where one may at once.
    case overridden(RemovedSender, PoolID, until: Instant?)

    package var pool: PoolID {
        switch self {
        case .changed(let change, _, _), .changeFailed(let change, _, _), .changeSlow(let change, _),
            .alreadyRemoved(let change, _):
            change.pool
        case .retained(_, let binding, _, _): binding.name
        case .overridden(_, let pool, _): pool
        }
    }
}

/// Why a change of a pool's members failed.
package enum SenderFailure: Hashable, Sendable {
    /// The request failed: the fault's summary.
    case failed(String)
    case operationCanceled
    case operationFailed(failed: Int, of: Int)
    /// It was accepted, but the pool does not show it.
    case notShown
    /// The policy's pool matches another pool of the platform now.
    case poolRebound

    /// What happens next.
    package enum Next: Hashable, Sendable {
        /// The rule is evaluated again after this time.
        case retry(in: Duration)
        /// The pool's members will show what came of it; `rest` is how long the sender is left alone, if it is.
        case membersDecide(rest: Duration?)
        case final
    }
}

/// Why a sender's removal may be someone else's doing.
package enum SenderDoubt: Hashable, Sendable {
    /// The platform did not know it in the pool.
    case unknownThere
    /// It is gone, but the platform never confirmed our request.
    case unconfirmed
}

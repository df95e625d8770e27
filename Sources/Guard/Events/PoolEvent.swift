package import Model
package import Policy

/// An event of a pool.
package enum PoolEvent: Sendable {
    /// The pool has no volume left in its window.
    case exhausted(SenderPool)
    /// The pool has volume again.
    case renewed(SenderPool)
    /// The pool's figures contradict each other.
    case inconsistent(SenderPool)
    /// The pool's figures agree again.
    case consistent(SenderPool)
    /// The platform does not report a pool named in the policy.
    case missing(PoolID, known: [PoolID])
    /// No pool of the platform matches the policy's pool.
    case unbound(PoolBinding)
    /// Several pools of the platform match the policy's pool.
    case ambiguous(PoolBinding, count: Int)
    /// A rule on the pool has had no data for `stale_after`, so it cannot act.
    case ruleLacksData(PoolID, RuleDataReport, lasting: Duration)
    /// A rule on the pool that was reported to lack data has it again.
    case ruleHasData(PoolID, RuleDataReport, after: Duration)

    package var pool: PoolID {
        switch self {
        case .exhausted(let pool), .renewed(let pool), .inconsistent(let pool), .consistent(let pool): pool.id
        case .missing(let id, _), .ruleLacksData(let id, _, _), .ruleHasData(let id, _, _): id
        case .unbound(let binding), .ambiguous(let binding, _): binding.name
        }
    }
}

/// An event of a pool's member.
package enum SenderEvent: Sendable {
    /// A change was made, or would have been in observe mode.
    case changed(SenderChange, Rule?, Mode)
    case changeFailed(SenderChange, SenderFailure, SenderFailure.Next)
    /// The change's operation has been processing for this long.
    case changeSlow(SenderChange, Duration)
    /// The sender left the pool, maybe not by our request, so no rule restores it.
    case alreadyRemoved(SenderChange, SenderDoubt)
    /// The sender stays, because too few would be left without it.
    case retained(PoolSender, PoolBinding, PoolRoster, Rule)
    /// Someone put the sender back; no rule removes it before `until`, nil if a rule may at once.
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
    /// The request failed; carries the fault's summary.
    case failed(String)
    case operationCanceled
    case operationFailed(failed: Int, of: Int)
    /// The change was accepted, but the pool does not show it.
    case notShown
    /// The policy's pool now matches another pool of the platform.
    case poolRebound

    /// What happens next.
    package enum Next: Hashable, Sendable {
        /// The rule is evaluated again after this time.
        case retry(in: Duration)
        /// The pool's members will show the result; `rest` is how long no rule touches the sender, nil for not at all.
        case membersDecide(rest: Duration?)
        case final
    }
}

/// Why someone else may have removed a sender.
package enum SenderDoubt: Hashable, Sendable {
    /// The platform did not know the sender in the pool.
    case unknownThere
    /// The sender is gone, but the platform never confirmed our request.
    case unconfirmed
}

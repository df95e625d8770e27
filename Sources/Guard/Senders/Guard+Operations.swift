package import Model
import Policy

/// Operations: a platform goes on with a change after it has accepted it, and may still fail.
extension Guard {
    /// The longest wait between two looks at an operation.
    private static let waitMax: Duration = .seconds(30)
    /// An operation that takes longer is told of, and looked at more rarely.
    private static let slowAfter: Duration = .seconds(3600)
    private static let slowWait: Duration = .seconds(300)

    var operationsDue: Instant? {
        senders.values.compactMap { state in
            if case .processing(_, _, let next, _) = state.attempt?.step { next } else { nil }
        }.min()
    }

    /// The operation that a change of the pool's members waits for.
    package func operation(of pool: PoolID) -> OperationID? {
        if case .processing(let id, _, _, _) = senders[pool]?.attempt?.step { id } else { nil }
    }

    /// Looks at every operation whose time has come.
    mutating func followOperations(at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        for name in senders.keys.sorted() {
            guard case .processing(let id, let since, let next, let wait) = senders[name]?.attempt?.step, next <= now
            else { continue }
            let isSlow = now - since > Guard.slowAfter
            let longer = isSlow ? Guard.slowWait : min(wait * 2, Guard.waitMax)
            senders[name]?.attempt?.step = .processing(id, since: since, next: now + longer, wait: longer)
            if isSlow, let attempt = senders[name]?.attempt, !attempt.toldSlow {
                senders[name]?.attempt?.toldSlow = true
                effects.append(.report(Wording.senderChangeSlow(attempt.change, since: since, at: now)))
            }
            // One that left the policy can no more be asked for.
            guard policy.binding(name) != nil else { continue }
            plan.noteExtra(.operation(name), at: now)
            effects.append(.poll(.operation(name)))
        }
        return effects
    }

    mutating func operationObserved(_ operation: PoolOperation, _ name: PoolID, at now: Instant) -> [Effect] {
        guard let attempt = senders[name]?.attempt, case .processing(operation.id, _, _, _) = attempt.step else {
            return []
        }
        switch operation.status {
        case .processing: return []
        case .canceled: return operationFailed(attempt.change, "its operation was canceled", at: now)
        case .completed:
            guard let failed = operation.failed else {
                // What it does not tell, the members do.
                senders[name]?.attempt?.step = .confirming(since: now)
                return []
            }
            if failed == 0 { return succeed(attempt.change, at: now) }
            return operationFailed(
                attempt.change, "its operation completed with \(failed) of \(operation.total ?? failed) failed", at: now
            )
        }
    }

    /// The look at the operation failed; it goes on all the same.
    mutating func operationUnknown(_ fault: Fault, _ name: PoolID, at now: Instant) -> [Effect] {
        guard fault.kind == .missing, let attempt = senders[name]?.attempt, case .processing = attempt.step else {
            return []
        }
        senders[name]?.attempt?.step = .confirming(since: now)
        return []
    }
}

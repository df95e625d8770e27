import Model
import Policy

/// The members of one pool: removed and restored one at a time, and only what we removed is restored.
package struct SenderMachine: Sendable {
    /// A sender that came back, or whose change failed for good, is left alone for so long.
    private static let restMin: Duration = .seconds(86400)
    /// So long a request whose answer was lost, or that was accepted without an operation to follow, may take effect:
    /// what the members show later may be another's doing.
    private static let effectMax: Duration = .seconds(60)
    /// The wait after a failure, which doubles with each.
    private static let retryFirst: Duration = .seconds(60)
    private static let retryMax: Duration = .seconds(6 * 3600)
    /// The first and the longest wait between two polls of an operation.
    private static let operationWait: (first: Duration, longest: Duration) = (.seconds(1), .seconds(30))
    /// An operation that takes longer is reported, and polled more rarely.
    private static let slow: (after: Duration, wait: Duration) = (.seconds(3600), .seconds(300))

    package private(set) var state = SenderState()

    // MARK: Questions

    /// An attempt is under way that the pool's members are to settle.
    var awaitsMembers: Bool {
        switch state.attempt?.step {
        case .confirming, .unclear: true
        case .sent, .processing, nil: false
        }
    }

    /// The members whose presence matters.
    var watched: Set<SenderID> {
        Set(state.removed.map(\.sender.id)).union(state.attempt.map { [$0.change.sender.id] } ?? [])
    }

    /// Members that no rule may remove at that time.
    func excluded(at now: Instant) -> Set<SenderID> {
        // One that we removed and that is there again may be a list's delay: that is settled first.
        Set(state.excluded.filter { $0.value > now }.keys).union(state.removed.map(\.sender.id))
    }

    /// The operation that the change under way waits for.
    var operation: OperationID? {
        if case .processing(let id, _, _, _) = state.attempt?.step { id } else { nil }
    }

    /// When that operation is polled next.
    var operationDue: Instant? {
        if case .processing(_, _, let next, _) = state.attempt?.step { next } else { nil }
    }

    /// Whether a change may begin, on members that were requested then.
    func mayBegin(requestedAt: Instant, at now: Instant) -> Bool {
        state.attempt == nil && requestedAt >= state.freshAfter ?? requestedAt && state.retryAt ?? now <= now
    }

    /// The sender of the platform's pool that a rule restores first; nil where there is none.
    func restorable(_ rule: Rule, _ roster: PoolRoster) -> PoolSender? {
        state.removed.first { removed in
            removed.platformPool == roster.pool.id && !roster.present.contains(removed.sender.id)
                && rule.sender.map { $0.matches(removed.sender) } ?? true
        }?.sender
    }

    // MARK: Changes

    mutating func begin(_ change: SenderChange) -> [Effect] {
        state.attempt = SenderState.Attempt(change: change, step: .sent)
        return [.record(.senderChange(change, outcome: nil)), .change(change)]
    }

    /// A change was accepted, or came back with a fault.
    mutating func answered(
        _ change: SenderChange, _ result: Result<ChangeReceipt, Fault>, _ policy: CheckedPolicy, at now: Instant
    ) -> [Effect] {
        guard let attempt = state.attempt, attempt.change == change, attempt.step == .sent else { return [] }
        switch result {
        case .success(let receipt):
            let wait = SenderMachine.operationWait.first
            state.attempt?.step =
                receipt.operation.map { .processing($0, since: now, next: now + wait, wait: wait) }
                ?? .confirming(since: now)
            return []
        case .failure(let fault): return failed(change, fault, at: now)
        }
    }

    private mutating func failed(_ change: SenderChange, _ fault: Fault, at now: Instant) -> [Effect] {
        // Whether it may be sent again is the platform's to say.
        let rest = fault.isRepeatable ? nil : SenderMachine.restMin
        if let rest { state.excluded[change.sender.id] = now + rest }
        let failure = SenderFailure.failed(fault.summary)
        if fault.mayHaveTakenEffect {
            state.attempt?.step = .unclear(since: now)
            return [.report(.sender(.changeFailed(change, failure, .membersDecide(rest: rest))))]
        }
        if fault.kind == .missing {
            switch change.action {
            case .remove:
                return [
                    end(change, .failed(fault.summary), at: now),
                    .report(.sender(.alreadyRemoved(change, .unknownThere))),
                ]
            case .restore:
                state.removed.removeAll { $0.sender.id == change.sender.id }
                return [
                    end(change, .failed(fault.summary), at: now),
                    .report(.sender(.changeFailed(change, failure, .final))),
                ]
            }
        }
        return fail(change, failure, fault.summary, atLeast: fault.retryAfter ?? .zero, at: now)
    }

    /// It came to nothing; its rule is evaluated again after a while.
    private mutating func fail(
        _ change: SenderChange, _ failure: SenderFailure, _ summary: String, atLeast: Duration = .zero, at now: Instant
    ) -> [Effect] {
        let record = end(change, .failed(summary), at: now)
        return [record, noteFailure(of: change, failure, atLeast: atLeast, at: now)]
    }

    private mutating func noteFailure(
        of change: SenderChange, _ failure: SenderFailure, atLeast: Duration = .zero, at now: Instant
    ) -> Effect {
        let wait = max(
            atLeast, min(SenderMachine.retryFirst * (1 << min(state.failures, 10)), SenderMachine.retryMax))
        state.failures += 1
        state.retryAt = now + wait
        return .report(.sender(.changeFailed(change, failure, .retry(in: wait))))
    }

    private mutating func end(_ change: SenderChange, _ outcome: ChangeOutcome, at now: Instant) -> Effect {
        state.attempt = nil
        state.freshAfter = now
        return .record(.senderChange(change, outcome: outcome))
    }

    private mutating func succeed(_ change: SenderChange, _ policy: CheckedPolicy, at now: Instant) -> [Effect] {
        let record = end(change, .done, at: now)
        (state.failures, state.retryAt) = (0, nil)
        switch change.action {
        case .remove:
            state.removed.append(
                RemovedSender(
                    sender: change.sender, platformPool: change.platformPool, rule: change.rule,
                    decision: change.decision, at: now))
        case .restore:
            state.removed.removeAll { $0.sender.id == change.sender.id }
            state.excluded[change.sender.id] = now + SenderMachine.restMin
        }
        return [record, .report(.sender(.changed(change, policy.rule(change.rule), .enforce)))]
    }

    // MARK: Operations

    /// Polls the operation if its time has come.
    ///
    /// - Parameter isBound: false where the pool left the policy, so that nothing can be asked any more.
    mutating func followOperation(isBound: Bool, at now: Instant) -> (effects: [Effect], polls: Bool) {
        guard case .processing(let id, let since, let next, let wait) = state.attempt?.step, next <= now else {
            return ([], false)
        }
        let isSlow = now - since > SenderMachine.slow.after
        let longer = isSlow ? SenderMachine.slow.wait : min(wait * 2, SenderMachine.operationWait.longest)
        state.attempt?.step = .processing(id, since: since, next: now + longer, wait: longer)
        guard isSlow, let attempt = state.attempt, !attempt.isSlowReported else { return ([], isBound) }
        state.attempt?.isSlowReported = true
        return ([.report(.sender(.changeSlow(attempt.change, now - since)))], isBound)
    }

    mutating func observe(_ operation: PoolOperation, _ policy: CheckedPolicy, at now: Instant) -> [Effect] {
        guard let attempt = state.attempt, case .processing(operation.id, _, _, _) = attempt.step else { return [] }
        switch operation.status {
        case .processing: return []
        case .canceled: return operationFailed(attempt.change, .operationCanceled, at: now)
        case .completed:
            guard let failed = operation.failed else {
                // What it does not say, the members show.
                state.attempt?.step = .confirming(since: now)
                return []
            }
            if failed == 0 { return succeed(attempt.change, policy, at: now) }
            return operationFailed(
                attempt.change, .operationFailed(failed: failed, of: operation.total ?? failed), at: now)
        }
    }

    /// It failed, perhaps half-way: the members show what came of it.
    private mutating func operationFailed(
        _ change: SenderChange, _ failure: SenderFailure, at now: Instant
    ) -> [Effect] {
        state.attempt?.step = .unclear(since: now)
        return [noteFailure(of: change, failure, at: now)]
    }

    /// The platform does not know the operation; whether it was done the members show.
    mutating func operationIsUnknown(at now: Instant) {
        guard case .processing = state.attempt?.step else { return }
        state.attempt?.step = .confirming(since: now)
    }

    // MARK: Members

    /// Fresh members: what was done is confirmed, and what others did is seen.
    mutating func settle(
        _ name: PoolID, _ roster: PoolRoster, _ policy: CheckedPolicy, requestedAt: Instant, at now: Instant
    ) -> [Effect] {
        if state == SenderState() { return [] }
        let before = state
        state.excluded = state.excluded.filter { $0.value > now }
        var effects: [Effect] = []
        if let attempt = before.attempt {
            let isThere = roster.present.contains(attempt.change.sender.id)
            effects +=
                attempt.change.platformPool == roster.pool.id
                ? settle(attempt, isThere, policy, requestedAt, at: now) : drop(attempt, at: now)
        }
        for removed in before.removed
        where removed.platformPool == roster.pool.id && roster.present.contains(removed.sender.id) {
            // Just after its removal the list may still show it; while it is being restored it is ours.
            guard requestedAt - removed.at > policy.overrideGrace,
                state.attempt?.change.sender.id != removed.sender.id, state.removed.contains(removed)
            else { continue }
            state.removed.removeAll { $0.sender.id == removed.sender.id }
            let isRespected = (policy.rule(removed.rule)?.onOverride ?? policy.onOverride) == .respect
            let until = isRespected ? now + policy.overrideFor : nil
            if let until { state.excluded[removed.sender.id] = until }
            effects.append(.report(.sender(.overridden(removed, name, until: until))))
        }
        return effects
    }

    /// The name means another pool now, whose members show nothing of what was asked of the first.
    private mutating func drop(_ attempt: SenderState.Attempt, at now: Instant) -> [Effect] {
        switch attempt.step {
        case .sent, .processing: return []
        case .confirming, .unclear:
            return [
                end(attempt.change, .poolRebound, at: now),
                .report(.sender(.changeFailed(attempt.change, .poolRebound, .final))),
            ]
        }
    }

    private mutating func settle(
        _ attempt: SenderState.Attempt, _ isThere: Bool, _ policy: CheckedPolicy, _ requestedAt: Instant,
        at now: Instant
    ) -> [Effect] {
        let change = attempt.change
        let isDone = isThere == (change.action == .restore)
        switch attempt.step {
        case .sent, .processing: return []
        case .confirming(let since):
            guard requestedAt >= since else { return [] }
            if isDone { return succeed(change, policy, at: now) }
            guard requestedAt - since >= SenderMachine.effectMax else { return [] }
            return fail(change, .notShown, "accepted, but the pool does not show it", at: now)
        case .unclear(let since):
            guard requestedAt >= since else { return [] }
            switch (change.action, isDone) {
            // Somebody restored it, which is what was wanted.
            case (.restore, true): return succeed(change, policy, at: now)
            // Ours or another's: what is not known to be ours is not restored.
            case (.remove, true):
                return [
                    end(change, .goneByUnknown, at: now), .report(.sender(.alreadyRemoved(change, .unconfirmed))),
                ]
            case (_, false):
                guard requestedAt - change.sentAt >= SenderMachine.effectMax else { return [] }
                let earliest = now + SenderMachine.retryFirst
                state.retryAt = max(state.retryAt ?? earliest, earliest)
                return [end(change, .notDone, at: now)]
            }
        }
    }

    // MARK: Storage

    /// Takes up what an earlier process stored: what was on its way may have arrived.
    mutating func takeUp(_ stored: SenderState, at now: Instant) {
        state = stored
        state.retryAt = stored.retryAt.map { min($0, now + SenderMachine.retryMax) }
        state.freshAfter = stored.freshAfter.map { min($0, now) }
        switch stored.attempt?.step {
        case .sent: state.attempt?.step = .unclear(since: min(stored.attempt?.change.sentAt ?? now, now))
        case .processing(let id, let since, _, let wait):
            state.attempt?.step = .processing(id, since: min(since, now), next: now, wait: wait)
        case .confirming(let since): state.attempt?.step = .confirming(since: min(since, now))
        case .unclear(let since): state.attempt?.step = .unclear(since: min(since, now))
        case nil: break
        }
    }
}

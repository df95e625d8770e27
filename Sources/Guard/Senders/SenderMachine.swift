import Model
import Policy

/// Changes the members of one pool, one at a time; only senders that Sendwarden removed are restored.
package struct SenderMachine: Sendable {
    /// How long a sender is left alone after it came back or its change failed for good.
    private static let restMin: Duration = .seconds(86400)
    /// How long a request without response or operation can take effect; a later change may be someone else's.
    private static let effectMax: Duration = .seconds(60)
    /// The wait after the first failure, which doubles with each further one.
    private static let retryFirst: Duration = .seconds(60)
    private static let retryMax: Duration = .seconds(6 * 3600)
    /// The first and the longest wait between two polls of an operation.
    private static let operationWait: (first: Duration, longest: Duration) = (.seconds(1), .seconds(30))
    /// An operation that takes longer is reported and polled less often.
    private static let slow: (after: Duration, wait: Duration) = (.seconds(3600), .seconds(300))

    package private(set) var state = SenderState()

    // MARK: Questions

    /// True if the pool's members will settle the change under way.
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
        // A removed sender that is present again may be a stale list; that is settled first.
        Set(state.excluded.filter { $0.value > now }.keys).union(state.removed.map(\.sender.id))
    }

    /// The operation that the change under way waits for; nil if there is none.
    var operation: OperationID? {
        if case .processing(let id, _, _, _) = state.attempt?.step { id } else { nil }
    }

    /// When that operation is polled next; nil if there is none.
    var operationDue: Instant? {
        if case .processing(_, _, let next, _) = state.attempt?.step { next } else { nil }
    }

    /// True if a change may begin, on members requested at that time.
    func mayBegin(requestedAt: Instant, at now: Instant) -> Bool {
        state.attempt == nil && requestedAt >= state.freshAfter ?? requestedAt && state.retryAt ?? now <= now
    }

    /// The sender that the rule restores first to the platform's pool; nil if there is none.
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

    /// Handles the response to a change.
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
        // Only the platform knows whether the change may be sent again.
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

    /// Ends a failed change; its rule is evaluated again after a backoff.
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

    /// Polls the operation if it is due.
    ///
    /// - Parameter isBound: false if the pool left the policy, so that it cannot be polled any more.
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
                // The members show what the operation does not report.
                state.attempt?.step = .confirming(since: now)
                return []
            }
            if failed == 0 { return succeed(attempt.change, policy, at: now) }
            return operationFailed(
                attempt.change, .operationFailed(failed: failed, of: operation.total ?? failed), at: now)
        }
    }

    /// Handles a failed operation, possibly half done; the members show the result.
    private mutating func operationFailed(
        _ change: SenderChange, _ failure: SenderFailure, at now: Instant
    ) -> [Effect] {
        state.attempt?.step = .unclear(since: now)
        return [noteFailure(of: change, failure, at: now)]
    }

    /// Handles an operation that the platform does not know; the members show the result.
    mutating func operationIsUnknown(at now: Instant) {
        guard case .processing = state.attempt?.step else { return }
        state.attempt?.step = .confirming(since: now)
    }

    // MARK: Members

    /// Handles fresh members: confirms our change and notices other people's.
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
            // Just after a removal the list may be stale, and a restore under way is ours.
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

    /// Ends a change whose pool name now means another pool, because its members show nothing about the first.
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
            // Somebody restored the sender, which is the wanted result.
            case (.restore, true): return succeed(change, policy, at: now)
            // It may be ours or someone else's; only a removal known to be ours is restored.
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

    /// Restores what an earlier process stored; a request under way may have taken effect.
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

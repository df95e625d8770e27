package import Model
import Policy

/// Members of pools: removed and restored one at a time, each on fresh numbers, and only what we removed is restored.
extension Guard {
    /// A sender that came back, or that a failure made a riddle of, is left alone for so long.
    private static let restMin: Duration = .seconds(86400)
    /// So long a request whose answer was lost, or that was accepted without an operation to follow, may take effect:
    /// what the members show later may be another's doing.
    private static let effectMax: Duration = .seconds(60)
    /// The wait after a failure, which doubles with each.
    private static let senderRetryFirst: Duration = .seconds(60)
    static let senderRetryMax: Duration = .seconds(6 * 3600)

    /// What is to be found out of a pool that the policy gives a name; nil where it gives it none.
    package func rosterQuery(of name: PoolID, at now: Instant) -> RosterQuery? {
        guard let binding = policy.binding(name) else { return nil }
        var selectors: [String: SenderSelector] = [:]
        for rule in policy.rules
        where rule.action == .removeSender && rule.mode != .off && rule.applies(to: name) {
            selectors[rule.name] = rule.sender
        }
        let state = senders[name] ?? SenderState()
        // One that we removed and that is there again may be a list's delay: that is settled first.
        let excluded = Set(state.excluded.filter { $0.value > now }.keys).union(state.removed.map(\.sender.id))
        return RosterQuery(
            binding: binding, knownID: platform.rosters[name]?.pool.id, selectors: selectors, excluded: excluded,
            watched: state.watched)
    }

    // MARK: Beginning

    /// A firing rule that changes a pool's members does so one at a time; each time fresh numbers decide anew.
    mutating func actOnSenders(
        _ rule: Rule, _ index: Int, _ name: PoolID, _ evaluation: Evaluation, requestedAt: Instant, at now: Instant
    ) -> [Effect] {
        guard rule.action.changesSenders, let binding = policy.binding(name), let roster = platform.rosters[name],
            platform.requestedAt(.pool(name)) == requestedAt
        else { return [] }
        let state = senders[name] ?? SenderState()
        guard state.attempt == nil, requestedAt >= state.freshAfter ?? requestedAt, state.retryAt ?? now <= now else {
            return []
        }
        let sender: PoolSender
        switch rule.action {
        case .removeSender:
            guard let candidate = roster.candidates[rule.name] else { return [] }
            let keeps = rule.keepAtLeast ?? 1
            let canSend = candidate.status == .activated && candidate.channel == binding.channel
            guard roster.senders > keeps, !canSend || roster.activeSenders > keeps else {
                return tellOnce(index, name) { Wording.senderKept(candidate, binding, roster, rule) }
            }
            sender = candidate
        case .restoreSender:
            let candidate = state.removed.first { removed in
                removed.platformPool == roster.pool.id && !roster.present.contains(removed.sender.id)
                    && rule.sender.map { $0.matches(removed.sender) } ?? true
            }
            guard let candidate else { return [] }
            sender = candidate.sender
        case .pause, .hold, .alert: return []
        }
        let change = SenderChange(
            action: rule.action == .removeSender ? .remove : .restore, pool: name, platformPool: roster.pool.id,
            sender: sender, rule: rule.name, decision: lastDecision + 1, conditionText: rule.conditionText,
            evidence: evaluation, sentAt: now)
        guard policy.mode == .enforce, rule.mode == .enforce else {
            return tellOnce(index, name) { Wording.senderChanged(change, rule, mode: .observe) }
        }
        // It is not on disk what would be forgotten.
        guard ledgerTrouble == nil else { return [] }
        _ = nextDecisionID()
        senders[name, default: SenderState()].attempt = SenderState.Attempt(change: change, step: .sent)
        news.append(.senderChange(change, outcome: nil))
        return [.change(change)]
    }

    private mutating func tellOnce(_ index: Int, _ name: PoolID, _ event: () -> JournalEvent) -> [Effect] {
        guard poolRules[name]?[index]?.wasTold == false else { return [] }
        poolRules[name]?[index]?.wasTold = true
        return [.report(event())]
    }

    // MARK: Answers

    /// A change was accepted, or came back with a fault.
    mutating func senderChanged(
        _ change: SenderChange, _ result: Result<ChangeReceipt, Fault>, at now: Instant
    ) -> [Effect] {
        guard let attempt = senders[change.pool]?.attempt, attempt.change == change, attempt.step == .sent else {
            return []
        }
        switch result {
        case .success(let receipt):
            let wait: Duration = .seconds(1)
            let step: SenderState.Attempt.Step =
                receipt.operation.map { .processing($0, since: now, next: now + wait, wait: wait) }
                ?? .confirming(since: now)
            senders[change.pool]?.attempt?.step = step
            return []
        case .failure(let fault): return changeFailed(change, fault, at: now)
        }
    }

    private mutating func changeFailed(_ change: SenderChange, _ fault: Fault, at now: Instant) -> [Effect] {
        // Whether it may be sent again is the platform's to say.
        if !fault.isRepeatable { senders[change.pool]?.excluded[change.sender.id] = now + Guard.restMin }
        if fault.mayHaveTakenEffect {
            senders[change.pool]?.attempt?.step = .unclear(since: now)
            let rest = fault.isRepeatable ? "" : ", after which it is left alone for \(Guard.restMin.spokenText)"
            return [.report(Wording.senderChangeFailed(change, fault.summary + rest, isUnclear: true))]
        }
        if fault.kind == .missing {
            switch change.action {
            case .remove:
                end(change, outcome: fault.summary, at: now)
                return [.report(Wording.senderAlreadyRemoved(change, "the platform does not know it there"))]
            case .restore:
                senders[change.pool]?.removed.removeAll { $0.sender.id == change.sender.id }
                end(change, outcome: fault.summary, at: now)
                return [.report(Wording.senderChangeFailed(change, fault.summary, isFinal: true))]
            }
        }
        return fail(change, fault.summary, atLeast: fault.retryAfter ?? .zero, at: now)
    }

    /// It came to nothing, and is judged anew after a while.
    mutating func fail(
        _ change: SenderChange, _ reason: String, atLeast: Duration = .zero, at now: Instant
    ) -> [Effect] {
        end(change, outcome: "failed: \(reason)", at: now)
        return noteFailure(of: change, reason, atLeast: atLeast, at: now)
    }

    /// Its operation failed, perhaps half-way: a look at the members tells what came of it.
    mutating func operationFailed(_ change: SenderChange, _ reason: String, at now: Instant) -> [Effect] {
        senders[change.pool]?.attempt?.step = .unclear(since: now)
        return noteFailure(of: change, reason, at: now)
    }

    private mutating func noteFailure(
        of change: SenderChange, _ reason: String, atLeast: Duration = .zero, at now: Instant
    ) -> [Effect] {
        let failures = senders[change.pool]?.failures ?? 0
        let wait = max(atLeast, min(Guard.senderRetryFirst * (1 << min(failures, 10)), Guard.senderRetryMax))
        senders[change.pool]?.failures = failures + 1
        senders[change.pool]?.retryAt = now + wait
        return [.report(Wording.senderChangeFailed(change, reason, retryIn: wait))]
    }

    private mutating func end(_ change: SenderChange, outcome: String, at now: Instant) {
        senders[change.pool]?.attempt = nil
        senders[change.pool]?.freshAfter = now
        news.append(.senderChange(change, outcome: outcome))
    }

    mutating func succeed(_ change: SenderChange, at now: Instant) -> [Effect] {
        end(change, outcome: "done", at: now)
        senders[change.pool]?.failures = 0
        senders[change.pool]?.retryAt = nil
        switch change.action {
        case .remove:
            senders[change.pool]?.removed.append(
                SenderState.Removed(
                    sender: change.sender, platformPool: change.platformPool, rule: change.rule,
                    decision: change.decision, at: now))
        case .restore:
            senders[change.pool]?.removed.removeAll { $0.sender.id == change.sender.id }
            senders[change.pool]?.excluded[change.sender.id] = now + Guard.restMin
        }
        return [.report(Wording.senderChanged(change, policy.rule(change.rule), mode: .enforce))]
    }

    // MARK: Looks

    /// A fresh look at the members: what was done is confirmed, and what others did is seen.
    mutating func settleSenders(
        _ name: PoolID, _ roster: PoolRoster, requestedAt: Instant, at now: Instant
    ) -> [Effect] {
        guard let state = senders[name], !state.isBlank else { return [] }
        senders[name]?.excluded = state.excluded.filter { $0.value > now }
        var effects: [Effect] = []
        if let attempt = state.attempt {
            let isThere = roster.present.contains(attempt.change.sender.id)
            effects +=
                attempt.change.platformPool == roster.pool.id
                ? settle(attempt, isThere, requestedAt, at: now) : drop(attempt, at: now)
        }
        for removed in state.removed
        where removed.platformPool == roster.pool.id && roster.present.contains(removed.sender.id) {
            // Just after its removal the list may still show it; while it is being restored it is ours.
            guard requestedAt - removed.at > policy.overrideGrace,
                senders[name]?.attempt?.change.sender.id != removed.sender.id,
                senders[name]?.removed.contains(removed) == true
            else { continue }
            senders[name]?.removed.removeAll { $0.sender.id == removed.sender.id }
            let isRespected = (policy.rule(removed.rule)?.onOverride ?? policy.onOverride) == .respect
            if isRespected { senders[name]?.excluded[removed.sender.id] = now + policy.overrideFor }
            let until = isRespected ? now + policy.overrideFor : nil
            effects.append(.report(Wording.senderOverride(removed, name, until: until)))
        }
        return effects
    }

    /// The name means another pool now, whose members tell nothing of what was asked of the first.
    private mutating func drop(_ attempt: SenderState.Attempt, at now: Instant) -> [Effect] {
        switch attempt.step {
        case .sent, .processing: return []
        case .confirming, .unclear:
            let reason = "pool \(attempt.change.pool) means another pool of the platform now"
            end(attempt.change, outcome: "not known: \(reason)", at: now)
            return [.report(Wording.senderChangeFailed(attempt.change, reason, isFinal: true))]
        }
    }

    private mutating func settle(
        _ attempt: SenderState.Attempt, _ isThere: Bool, _ requestedAt: Instant, at now: Instant
    ) -> [Effect] {
        let change = attempt.change
        let isDone = isThere == (change.action == .restore)
        switch attempt.step {
        case .sent, .processing: return []
        case .confirming(let since):
            guard requestedAt >= since else { return [] }
            if isDone { return succeed(change, at: now) }
            guard requestedAt - since >= Guard.effectMax else { return [] }
            return fail(change, "it was accepted, and the pool does not show it", at: now)
        case .unclear(let since):
            guard requestedAt >= since else { return [] }
            switch (change.action, isDone) {
            // Somebody put it back, which is what was wanted.
            case (.restore, true): return succeed(change, at: now)
            // Ours or another's: what is not known to be ours is not put back.
            case (.remove, true):
                end(change, outcome: "gone, by whom is not known", at: now)
                return [
                    .report(
                        Wording.senderAlreadyRemoved(
                            change, "it is gone, and the platform has not confirmed our request"))
                ]
            case (_, false):
                guard requestedAt - change.sentAt >= Guard.effectMax else { return [] }
                end(change, outcome: "not done", at: now)
                let earliest = now + Guard.senderRetryFirst
                let planned = senders[change.pool]?.retryAt ?? earliest
                senders[change.pool]?.retryAt = max(planned, earliest)
                return []
            }
        }
    }
}

import Guard
import Journal
import Ledger
import Model
import Policy
import Reporting

/// Performs effects: polls and pauses immediately, others once their decision is durable.
extension GuardLoop {
    mutating func step(_ event: Event, reply: (@Sendable (OrderReply) -> Void)? = nil) {
        telemetry.note(event, at: now)
        perform(warden.handle(event, at: now), reply: reply)
    }

    /// - Parameter isRetry: false for the effects of a failed write, which do not trigger another write.
    mutating func perform(
        _ effects: [Effect], reply: (@Sendable (OrderReply) -> Void)? = nil, isRetry: Bool = true
    ) {
        // Log first: after a crash, the event is reported twice rather than never.
        for case .report(let event) in effects { log(event.entry, of: warden.workspace(of: event)) }
        var deferred: [Deferred] = []
        for effect in effects {
            switch effect {
            case .report: break
            case .record(let record):
                if surroundings.ledger != nil { pendingRecords += warden.entries(for: record) }
            case .ready: announceReady()
            case .poll(let target): poll(target)
            case .reply(let order, let entry, let outcome):
                if let reply { deferred += deliver(OrderReply(outcome, order, entry), to: reply) }
            case .replyToMute(let order, let outcome):
                if let reply { deferred += deliver(OrderReply(outcome, order), to: reply) }
            case .send(let intent):
                // A start that is not durable could be sent twice after a crash; a pause is sent regardless.
                if intent.action == .pause { send(intent) } else { deferred.append(.send(intent)) }
            case .change(let change): deferred.append(.change(change))
            }
        }
        let records = takeRecords()
        if surroundings.ledger == nil {
            for one in deferred { proceed(one) }
        } else {
            carryOut(writes.add(records, waiters: deferred, isRetry: isRetry, at: now))
        }
    }

    /// Replies to an order: a refusal at once, an acceptance once it is durable, because people rely on it.
    private mutating func deliver(_ answer: OrderReply, to reply: @escaping @Sendable (OrderReply) -> Void)
        -> [Deferred]
    {
        guard answer.accepted else {
            reply(answer)
            return []
        }
        if surroundings.ledger != nil { limitWait(for: answer, reply) }
        return [.reply(answer, to: reply)]
    }

    /// Logs an event with its workspace and the mode, and stores it.
    ///
    /// - Parameter workspace: nil, which stands for the first, if the event concerns no single workspace.
    mutating func log(_ event: JournalEvent, of workspace: Workspace? = nil) {
        telemetry.note(event)
        var event = event
        let workspace = workspace ?? warden.policy.workspace
        let general: [JournalField: String] = [
            .workspace: workspace.name.text, .provider: workspace.provider.rawValue,
            .mode: warden.policy.mode.rawValue,
        ]
        event.fields.merge(general) { own, _ in own }
        surroundings.journal.report(event)
        route(event)
        if surroundings.ledger != nil { pendingRecords.append(LedgerEntry(workspace.name, .event(event, at: now))) }
    }

    // MARK: The ledger

    mutating func carryOut(_ actions: [PendingWrites<Deferred>.Action]) {
        for action in actions {
            switch action {
            case .write(let batch, let number): write(batch, number: number)
            case .proceed(let deferred): proceed(deferred)
            case .refuse(let deferred): refuse(deferred)
            case .report(let failure):
                storageFailure = failure.map { StorageState.Failure(reason: $0, since: storageFailure?.since ?? now) }
                telemetry.note(.recorded(failure: failure), at: now)
                perform(warden.handle(.recorded(failure: failure), at: now), isRetry: failure == nil)
            }
        }
    }

    /// The decision is durable: sends the request, if the newest data still justifies it.
    private mutating func proceed(_ deferred: Deferred) {
        switch deferred {
        case .reply(let answer, let reply): reply(answer)
        // It is stored but not sent, so the next start evaluates it again.
        case .send where isStopping, .change where isStopping: break
        case .send(let intent):
            guard warden.mayLeave(intent, at: now) else { return fail(.send(intent), GuardLoop.outdated) }
            send(intent)
        case .change(let change):
            guard warden.stillStands(change) else { return fail(.change(change), GuardLoop.outdated) }
            let (executor, workspace) = (executor, warden.workspace(of: .pool(change.pool)))
            actionsInFlight += 1
            start { .event(await executor.carryOut(change, in: workspace)) }
        }
    }

    private static let outdated = "the data behind the decision changed before the request was sent"

    private mutating func refuse(_ deferred: Deferred) { fail(deferred, "the ledger cannot be written") }

    /// Replies to an order after the longest wait, unless it has been replied to before.
    private mutating func limitWait(for answer: OrderReply, _ reply: @escaping @Sendable (OrderReply) -> Void) {
        let limit = surroundings.orderAnswersWithin
        var late = answer
        late.message +=
            "; the ledger has not stored this within \(limit.policyText), so a restart now would lose it"
        start { [late, realTime = surroundings.realTime] in
            try? await realTime.sleep(for: limit)
            if !Task.isCancelled { reply(late) }
            return .replied
        }
    }

    /// Replies to the orders that still wait for the ledger, for the shutdown.
    mutating func abandonWaiters() {
        for case .reply(var answer, let reply) in writes.takeWaiters() {
            answer.message += "; the daemon stops before the ledger has stored this, so the next start may not know it"
            reply(answer)
        }
    }

    private mutating func fail(_ deferred: Deferred, _ reason: String) {
        let fault = Fault(.unreachable, reason, mayHaveTakenEffect: false)
        switch deferred {
        case .reply(var answer, let reply):
            answer.message += "; the ledger cannot be written, so a restart would lose this"
            reply(answer)
        case .send(let intent): step(.answered(intent, .failure(fault), jitter: 1))
        case .change(let change): step(.changed(change, .failure(fault)))
        }
    }

    /// Starts a step of the ledger's maintenance if one is due.
    mutating func maintainLedger() {
        guard let ledger = surroundings.ledger, let due = maintenance.due(at: now), due <= now else { return }
        maintenance.begin()
        let at = now
        start {
            do throws(LedgerError) {
                return .maintained(.success(try await ledger.maintain(at: at)))
            } catch {
                return .maintained(.failure(error))
            }
        }
    }

    mutating func noteMaintenance(_ result: Result<LedgerUpkeep, LedgerError>) {
        maintenance.end(result, at: now)
        if case .failure(let error) = result { carryOut(writes.failed(error.message, at: now)) }
    }

    // MARK: Requests

    private mutating func send(_ intent: Intent) {
        actionsInFlight += 1
        let (executor, workspace) = (executor, warden.workspace(of: .stats(intent.campaign)))
        start { .event(await executor.act(intent, in: workspace)) }
    }

    /// Starts a poll, with the counters to read of a campaign, or the current query or operation for a pool.
    private mutating func poll(_ target: Target) {
        guard !isStopping else { return }
        let (executor, workspace) = (executor, warden.workspace(of: target))
        var (query, operation): (RosterQuery?, OperationID?) = (nil, nil)
        var extras: Set<ExtraCounter> = []
        switch target {
        case .pool(let name): query = warden.rosterQuery(of: name, at: now)
        case .operation(let name): operation = warden.operation(of: name)
        case .stats(let id): extras = warden.extraCounters(of: id)
        case .pools, .accounts: break
        }
        start { [query, operation, extras] in
            .event(
                await executor.poll(target, in: workspace, query: query, operation: operation, extras: extras))
        }
    }
}

import AsyncAlgorithms
package import Guard
package import Journal
package import Ledger
package import Model
package import Policy
import Providers
import ServiceLifecycle
import Synchronization

/// Drives the guard: carries its effects out, and tells it what comes of them.
///
/// One loop owns the guard. Requests run beside it, each ending in one event for the loop; nothing is shared.
package struct GuardService: Service, CustomStringConvertible {
    /// Its name alone: whoever logs a service must not print what it holds.
    package let description = "GuardService"

    /// What may happen to the loop.
    private enum Input: Sendable {
        case event(Event)
        /// The alarm that the loop had set rang.
        case alarm
        case reload(Reload, by: String?, answer: @Sendable (ReloadOutcome) -> Void)
        case question(Question)
    }

    /// The outcome of reading the policy anew.
    package enum Reload: Sendable {
        case loaded(CheckedPolicy, Platforms, JournalEvent)
        case refused(JournalEvent)
    }

    /// What the service needs of the world around it.
    package struct Surroundings: Sendable {
        package var journal: Journal
        package var notifier: ServiceNotifier
        package var time: any TimeSource
        /// A number within 0…1, new at each call.
        package var random: @Sendable () -> Double
        /// Where orders and questions come in.
        package var desk: ControlDesk
        /// Reads the policy anew.
        package var reload: @Sendable () async -> Reload
        /// What the wall clock shows, which may be set; nil where ``time`` is all there is.
        package var wallClock: (@Sendable () -> Instant)?
        /// Where the guard's memory is kept; nil where it is to live and die with the process.
        package var ledger: Ledger?

        package init(
            journal: Journal, notifier: ServiceNotifier, time: any TimeSource, random: @escaping @Sendable () -> Double,
            desk: ControlDesk = ControlDesk(), ledger: Ledger? = nil, reload: @escaping @Sendable () async -> Reload
        ) {
            self.journal = journal
            self.notifier = notifier
            self.time = time
            self.random = random
            self.desk = desk
            self.reload = reload
            self.ledger = ledger
        }
    }

    /// The longest random delay of the first poll, and so of all, so that several daemons do not ask in step.
    private static let jitterMax: Duration = .milliseconds(500)
    /// The loop looks around at least this often, whatever it waits for.
    private static let idleMax: Duration = .seconds(60)

    /// A clock that differs by less has drifted, not been set.
    private static let clockStepMin: Duration = .seconds(2)
    /// Samples are kept together with those that come within this time, but not too many at once: what is urgent is not
    /// to wait for them.
    private static let keepWithin: Duration = .seconds(1)
    private static let unkeptMax = 64
    /// Decisions and actions that could not be kept yet; older ones are given up.
    private static let backlogMax = 1000
    /// The ledger's maintenance: how often it is called when it has nothing to do, and when it has, so that what has
    /// come in meanwhile goes first.
    private static let maintenanceInterval: Duration = .seconds(5)
    private static let maintenancePause: Duration = .milliseconds(20)

    /// As it begins; the loop takes it, so that there is one of it.
    private let warden: Handover<Guard>
    private let platforms: Platforms
    private let surroundings: Surroundings

    /// - Parameter warden: the guard as it begins, or goes on where an earlier process left off.
    package init(warden: Guard, platforms: Platforms, surroundings: Surroundings) {
        self.warden = Handover(warden)
        self.platforms = platforms
        self.surroundings = surroundings
    }

    /// Guards until a graceful shutdown is asked for; then ends every request in flight.
    package func run() async throws {
        let inputs = AsyncChannel<Input>()
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await order in surroundings.desk.orders {
                    switch order {
                    case .reload(let asker, let answer):
                        await inputs.send(.reload(await surroundings.reload(), by: asker, answer: answer))
                    case .question(let question): await inputs.send(.question(question))
                    }
                }
            }
            await loop(inputs, &group)
            surroundings.desk.orders.finish()
            group.cancelAll()
        }
    }

    private func loop(_ inputs: AsyncChannel<Input>, _ group: inout DiscardingTaskGroup) async {
        let time = surroundings.time
        guard let warden = warden.take() else { return }
        let longest = min(warden.policy.poll.stats.min / 20, GuardService.jitterMax)
        try? await time.sleep(until: time.now + longest * surroundings.random())
        var state = LoopState(
            warden: warden, platforms: platforms, startedAt: time.now,
            watchdogInterval: surroundings.notifier.watchdogInterval)
        var alarm = Alarm()
        defer { alarm.cancel() }
        step(.started, &state, inputs, &group)
        rearm(&alarm, state, inputs)
        for await input in inputs.cancelOnGracefulShutdown() {
            switch input {
            case .event(let event): step(event, &state, inputs, &group)
            case .alarm:
                alarm.rang()
                keepRest(&state)
                maintainLedger(&state)
                if let deadline = state.warden.nextDeadline, deadline <= time.now {
                    step(.tick, &state, inputs, &group)
                }
            case .reload(let reload, let asker, let answer):
                answer(adopt(reload, by: asker, &state, inputs, &group))
            case .question(.metrics(let answer)): answer(metrics(state))
            case .question(.status(let answer)): answer(state.warden.status(at: surroundings.time.now))
            case .question(.explain(let subject, let answer)):
                answer(Explained(subject, state.warden, at: surroundings.time.now))
            case .question(.order(let order, let answer)): step(.ordered(order), &state, inputs, &group, reply: answer)
            }
            rearm(&alarm, state, inputs)
            checkClock(&state, inputs, &group)
            ping(&state)
        }
        surroundings.notifier.stopping()
        tell(
            JournalEvent(
                .daemonStopping, "stopping: campaigns stay as they are, and nobody guards them until the next start"),
            &state)
        keepRest(&state)
        keepSamples(&state)
    }

    /// What the loop keeps beside the guard.
    private struct LoopState {
        var warden: Guard
        var platforms: Platforms
        var startedAt: Instant
        var watchdogInterval: Duration?
        var pingedAt = ContinuousClock.now
        var status = ""
        var isReady = false
        var backlog: [LedgerRecord] = []
        /// What is to be kept before the next event is taken in.
        var unkept: [LedgerRecord] = []
        /// What is to be kept before long, and since when the first of it waits.
        var samples: [LedgerRecord] = []
        var samplesSince: Instant?
        var ledgerFailed = false
        /// When the ledger's next step of maintenance is due; nil for at once.
        var maintenanceAt: Instant?
        var clockAhead: Duration = .zero
        var telemetry = Telemetry()
    }

    private func step(
        _ event: Event, _ state: inout LoopState, _ inputs: AsyncChannel<Input>, _ group: inout DiscardingTaskGroup,
        reply: (@Sendable (OrderReply) -> Void)? = nil
    ) {
        let platforms = state.platforms
        state.telemetry.note(event, at: surroundings.time.now)
        let effects = state.warden.handle(event, at: surroundings.time.now)
        // Told first: after a crash in between it is told once more, rather than never.
        for case .report(let event) in effects { tell(event, &state) }
        let isKept = keepUrgent(effects, &state)
        defer { keepRest(&state) }
        for effect in effects {
            switch effect {
            case .record, .report: break
            case .reply(var answer):
                if !isKept, answer.accepted {
                    answer.message += "; the ledger cannot be written, so a restart would forget it"
                }
                reply?(answer)
            case .ready: announceReady(&state)
            case .poll(let target):
                let look = look(at: target, state.warden, platforms)
                group.addTask { await inputs.send(.event(.observed(await look()))) }
            case .send(let intent):
                // A start that is not on disk might be sent twice; a pause must go out whatever happens.
                guard isKept || intent.action == .pause else {
                    let fault = Fault(.unreachable, "the ledger cannot be written", mayHaveTakenEffect: false)
                    step(.answered(intent, .failure(fault), jitter: 1), &state, inputs, &group)
                    continue
                }
                let workspace = state.warden.workspace(of: .stats(intent.campaign))
                group.addTask { await inputs.send(.event(await act(intent, in: workspace, platforms))) }
            case .change(let change):
                guard isKept else {
                    let fault = Fault(.unreachable, "the ledger cannot be written", mayHaveTakenEffect: false)
                    step(.changed(change, .failure(fault)), &state, inputs, &group)
                    continue
                }
                let workspace = state.warden.workspace(of: .pool(change.pool))
                group.addTask { await inputs.send(.event(await carryOut(change, in: workspace, platforms))) }
            }
        }
    }

    /// Tells the journal, for which workspace and in which mode, too.
    private func tell(_ event: JournalEvent, _ state: inout LoopState) {
        state.telemetry.note(event)
        let policy = state.warden.policy
        var event = event
        let workspace = state.warden.workspace(of: event)
        let general: [JournalField: String] = [
            .workspace: workspace.name.text, .provider: workspace.provider.rawValue, .mode: policy.mode.rawValue,
        ]
        event.fields.merge(general) { own, _ in own }
        surroundings.journal.report(event)
        if surroundings.ledger != nil { state.unkept.append(.event(event, at: surroundings.time.now)) }
    }

    /// Keeps a decision and its action, with the state that they make, before anything is sent; false where that failed.
    ///
    /// What nothing that is sent depends on is kept once it has been sent.
    private func keepUrgent(_ effects: [Effect], _ state: inout LoopState) -> Bool {
        guard surroundings.ledger != nil else { return true }
        var records: [LedgerRecord] = []
        for case .record(let record) in effects {
            if record.canWait {
                if state.samples.isEmpty { state.samplesSince = surroundings.time.now }
                state.samples.append(record)
            } else {
                records.append(record)
            }
        }
        if state.unkept.contains(where: \.isUrgent) {
            records = state.unkept + records
            state.unkept = []
        }
        guard records.contains(where: \.isUrgent) else {
            state.unkept += records
            return !state.ledgerFailed
        }
        return write(records, &state)
    }

    private func keepRest(_ state: inout LoopState) {
        let records = state.unkept
        state.unkept = []
        _ = write(records, &state)
        let areDue = state.samplesSince.map { surroundings.time.now - $0 >= GuardService.keepWithin } ?? false
        if areDue || state.samples.count >= GuardService.unkeptMax { keepSamples(&state) }
    }

    private func keepSamples(_ state: inout LoopState) {
        let samples = state.samples
        (state.samples, state.samplesSince) = ([], nil)
        _ = write(samples, &state)
    }

    /// Writes to the ledger, with what could not be written before; false where that failed, or is failing.
    private func write(_ records: [LedgerRecord], _ state: inout LoopState) -> Bool {
        guard let ledger = surroundings.ledger else { return true }
        guard !records.isEmpty else { return !state.ledgerFailed }
        do throws(LedgerError) {
            try ledger.write(state.backlog + records, at: surroundings.time.now)
            state.backlog = []
            if state.ledgerFailed {
                state.ledgerFailed = false
                tellKept(failure: nil, &state)
            }
            return true
        } catch {
            state.backlog = Array((state.backlog + records.filter(\.isStory)).suffix(GuardService.backlogMax))
            state.ledgerFailed = true
            tellKept(failure: error.message, &state)
            return false
        }
    }

    /// One bounded step of the ledger's maintenance, where it is due.
    private func maintainLedger(_ state: inout LoopState) {
        guard let ledger = surroundings.ledger else { return }
        let now = surroundings.time.now
        if let due = state.maintenanceAt, now < due { return }
        do throws(LedgerError) {
            let hasMore = try ledger.maintain(at: now)
            state.maintenanceAt = now + (hasMore ? GuardService.maintenancePause : GuardService.maintenanceInterval)
        } catch {
            state.maintenanceAt = now + GuardService.maintenanceInterval
            state.ledgerFailed = true
            tellKept(failure: error.message, &state)
        }
    }

    /// Tells the guard how keeping went; what it answers is only told and kept, so nothing is lost by not waiting.
    private func tellKept(failure: String?, _ state: inout LoopState) {
        state.telemetry.note(.recorded(failure: failure), at: surroundings.time.now)
        let effects = state.warden.handle(.recorded(failure: failure), at: surroundings.time.now)
        for case .report(let event) in effects { tell(event, &state) }
        guard failure == nil, let ledger = surroundings.ledger else { return }
        let records = effects.compactMap { if case .record(let record) = $0 { record } else { nil } }
        do throws(LedgerError) {
            try ledger.write(records, at: surroundings.time.now)
        } catch {
            state.ledgerFailed = true
        }
    }

    // MARK: Requests

    /// The look as it is to be made, with what the guard wants to know at this time.
    private func look(
        at target: Target, _ warden: Guard, _ platforms: Platforms
    ) -> @Sendable () async -> Observation {
        let time = surroundings.time
        let workspace = warden.workspace(of: target)
        var (query, operation): (RosterQuery?, OperationID?) = (nil, nil)
        switch target {
        case .pool(let name): query = warden.rosterQuery(of: name, at: time.now)
        case .operation(let name): operation = warden.operation(of: name)
        case .stats, .pools, .accounts: break
        }
        return { [query, operation] in
            let askedAt = time.now
            // An answer is as old as its request, not as the wait before that.
            let departure = Departure()
            let result = await Departure.$current.withValue(departure) {
                () async -> Result<Observation.Reading, Fault> in
                do throws(Fault) {
                    return .success(
                        try await platforms.look(at: target, in: workspace, query: query, operation: operation))
                } catch {
                    return .failure(error)
                }
            }
            return Observation(target: target, requestedAt: departure.instant ?? askedAt, result: result)
        }
    }

    private func act(_ intent: Intent, in workspace: WorkspaceName, _ platforms: Platforms) async -> Event {
        let result: Result<ActionAnswer, Fault>
        do throws(Fault) {
            result = .success(try await platforms.act(intent, in: workspace))
        } catch {
            result = .failure(error)
        }
        return .answered(intent, result, jitter: surroundings.random())
    }

    private func carryOut(
        _ change: SenderChange, in workspace: WorkspaceName, _ platforms: Platforms
    ) async -> Event {
        do throws(Fault) {
            return .changed(change, .success(try await platforms.carryOut(change, in: workspace)))
        } catch {
            return .changed(change, .failure(error))
        }
    }

    // MARK: Orders

    private func adopt(
        _ reload: Reload, by asker: String?, _ state: inout LoopState, _ inputs: AsyncChannel<Input>,
        _ group: inout DiscardingTaskGroup
    ) -> ReloadOutcome {
        surroundings.notifier.reloading()
        var event: JournalEvent
        var adopted: CheckedPolicy?
        switch reload {
        case .refused(let refusal): event = refusal
        case .loaded(let policy, _, _) where policy.workspace.name != state.warden.policy.workspace.name:
            // What is kept is kept under the workspace's name.
            event = JournalEvent(
                .policyRefused,
                "policy refused, the one in use goes on: it is for workspace \(policy.workspace.name), and this daemon "
                    + "guards \(state.warden.policy.workspace.name); restart the service to change that")
        case .loaded(let policy, let platforms, let loaded):
            (event, adopted, state.platforms) = (loaded, policy, platforms)
        }
        event.fields[.by] = asker
        tell(event, &state)
        if let adopted { step(.reloaded(adopted), &state, inputs, &group) }
        surroundings.notifier.ready(status: state.warden.summary)
        return ReloadOutcome(accepted: adopted != nil, message: event.message)
    }

    private func metrics(_ state: LoopState) -> String {
        DaemonMetrics.text(
            state.warden.status(at: surroundings.time.now), state.telemetry, policy: state.warden.policy,
            startedAt: state.startedAt, ledgerBytes: surroundings.ledger?.size, journal: surroundings.journal.tally)
    }

    // MARK: Clock

    /// Time runs evenly for the guard, whatever is done to the clock; that it was set is told.
    private func checkClock(
        _ state: inout LoopState, _ inputs: AsyncChannel<Input>, _ group: inout DiscardingTaskGroup
    ) {
        guard let wallClock = surroundings.wallClock else { return }
        let ahead = wallClock() - surroundings.time.now
        let change = ahead - state.clockAhead
        guard change > GuardService.clockStepMin || change < .zero - GuardService.clockStepMin else { return }
        state.clockAhead = ahead
        step(.clockSet(ahead: ahead), &state, inputs, &group)
    }

    // MARK: Systemd

    private func announceReady(_ state: inout LoopState) {
        state.isReady = true
        state.status = state.warden.summary
        tell(JournalEvent(.daemonReady, "ready: \(state.status)"), &state)
        surroundings.notifier.ready(status: state.status)
    }

    /// The loop that does the work says itself that it is alive, at most once a second.
    private func ping(_ state: inout LoopState) {
        let now = ContinuousClock.now
        let elapsed = state.pingedAt.duration(to: now)
        guard elapsed >= min(state.watchdogInterval ?? .seconds(1), .seconds(1)) else { return }
        state.pingedAt = now
        if state.watchdogInterval != nil { surroundings.notifier.watchdog() } else { surroundings.notifier.retry() }
        let status = state.warden.summary
        guard state.isReady, status != state.status else { return }
        state.status = status
        surroundings.notifier.status(status)
    }

    private func rearm(_ alarm: inout Alarm, _ state: LoopState, _ inputs: AsyncChannel<Input>) {
        let time = surroundings.time
        var deadline = time.now + min(state.watchdogInterval ?? GuardService.idleMax, GuardService.idleMax)
        if let next = state.warden.nextDeadline { deadline = min(deadline, next) }
        if let since = state.samplesSince { deadline = min(deadline, since + GuardService.keepWithin) }
        if surroundings.ledger != nil { deadline = min(deadline, state.maintenanceAt ?? time.now) }
        alarm.set(for: deadline, time) { await inputs.send(.alarm) }
    }
}

/// Holds a value until somebody takes it.
private final class Handover<Value: Sendable>: Sendable {
    private let value: Mutex<Value?>

    init(_ value: Value) { self.value = Mutex(value) }

    func take() -> Value? { value.withLock { $0.take() } }
}

/// One alarm, owned by the loop: it rings at the earliest time that it was set for.
private struct Alarm {
    private var deadline: Instant?
    private var task: Task<Void, Never>?

    mutating func set(for deadline: Instant, _ time: any TimeSource, ring: @escaping @Sendable () async -> Void) {
        if let armed = self.deadline, armed <= deadline { return }
        task?.cancel()
        self.deadline = deadline
        task = Task {
            do {
                try await time.sleep(until: deadline)
            } catch {
                return
            }
            await ring()
        }
    }

    mutating func rang() {
        (deadline, task) = (nil, nil)
    }

    mutating func cancel() {
        task?.cancel()
    }
}

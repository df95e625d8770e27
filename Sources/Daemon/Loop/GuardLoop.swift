import Guard
import Journal
import Ledger
import Model
import Notifications
import Policy
import Reporting

/// The daemon's loop as a value: passes inputs to the guard, and turns its effects into requests, writes and answers.
///
/// It never waits: operations that take time are returned as ``Work``, and each ends in another input.
struct GuardLoop {
    /// An input of the loop.
    enum Input: Sendable {
        case event(Event)
        /// The alarm for ``GuardLoop/deadline`` rang.
        case alarm
        case reload(GuardService.Reload, by: String?, answer: @Sendable (ReloadOutcome) -> Void)
        case question(Question)
        /// The write of a batch ended; `failure` is the reason if it failed.
        case stored(Int, failure: String?)
        /// What was sent, and what happened to receivers.
        case notified(NotifierNews)
        /// The write of a batch has hung for this long.
        case stalled(Int, for: Duration)
        case maintained(Result<LedgerUpkeep, LedgerError>)
        /// The longest wait for the reply to an order is over.
        case replied
        /// The daemon must stop: it starts nothing new, and waits for requests in flight.
        case stopping
        /// The time for requests in flight is over.
        case stopped
    }

    /// An operation that takes time and ends in an input.
    typealias Work = @Sendable () async -> Input

    /// A batch for the ledger; batches are stored in order.
    struct Write: Sendable {
        var batch: LedgerBatch
        var number: Int
    }

    /// An effect that waits until its decision is durable.
    enum Deferred: Sendable {
        case send(Intent)
        case change(SenderChange)
        case reply(OrderReply, to: @Sendable (OrderReply) -> Void)
    }

    /// The longest time between two turns of the loop.
    private static let idleMax: Duration = .seconds(60)

    let surroundings: GuardService.Surroundings
    var warden: Guard
    var executor: RequestExecutor
    var writes = PendingWrites<Deferred>()
    /// The records of the current event so far, stored in one transaction.
    var pendingRecords: [LedgerEntry] = []
    var maintenance = MaintenancePace()
    var telemetry = Telemetry()
    var router: NotificationRouter
    /// The reason why nothing can be stored, and since when; nil while the ledger can be written.
    var storageFailure: StorageState.Failure?
    /// The number of requests in flight that change something.
    var actionsInFlight = 0
    private(set) var isStopping = false
    /// True once `daemon.ready` was reported.
    private(set) var isReady = false
    private var isStopped = false
    private let startedAt: Instant
    private var status: ServiceStatus
    private var clockSteps = ClockSteps()
    private var work: [Work] = []
    private var batches: [Write] = []

    init(warden: Guard, platforms: Platforms, surroundings: GuardService.Surroundings) {
        self.surroundings = surroundings
        self.warden = warden
        executor = RequestExecutor(platforms: platforms, time: surroundings.time, random: surroundings.random)
        startedAt = surroundings.time.now
        status = ServiceStatus(surroundings.notifier)
        router = NotificationRouter(startedAt: startedAt)
        router.adopt(warden.policy.receivers)
    }

    var now: Instant { surroundings.time.now }

    // MARK: Input and output

    mutating func take(_ input: Input) {
        switch input {
        case .event(let event): take(event)
        // Whatever is due is decided after the restart.
        case .alarm where isStopping: break
        case .alarm:
            carryOut(writes.wake(at: now))
            maintainLedger()
            if let deadline = warden.nextDeadline, deadline <= now { step(.tick) }
        case .reload(let reload, let asker, let answer): answer(adopt(reload, by: asker))
        case .question(let question): self.answer(question)
        case .notified(let news): take(news)
        case .stored(let number, let failure): carryOut(writes.finished(number, failure: failure, at: now))
        case .stalled(let number, let duration):
            carryOut(writes.stalled(number, for: duration))
            let since = now - duration
            if let failure = storageFailure, since < failure.since {
                storageFailure = .init(reason: failure.reason, since: since)
            }
        case .maintained(let result): noteMaintenance(result)
        case .replied: break
        case .stopping:
            isStopping = true
            status.stopping()
        case .stopped: isStopped = true
        }
        checkClock()
        status.ping { warden.summary }
    }

    private mutating func take(_ event: Event) {
        switch event {
        case .answered, .changed: actionsInFlight -= 1
        // The next start polls again.
        case .polled where isStopping: return
        case .started, .tick, .polled, .sampled, .hinted, .reloaded, .recorded, .ordered, .orderedTogether,
            .muteOrdered, .clockSet,
            .recalled, .joined:
            break
        }
        step(event)
    }

    /// True if a stopping daemon has nothing left to wait for, or the time is over.
    var isDone: Bool { isStopped || isStopping && actionsInFlight == 0 && !writes.hasWaiters }

    /// When the alarm must ring if no input arrives before.
    var deadline: Instant {
        let idle = now + min(status.watchdogInterval ?? GuardLoop.idleMax, GuardLoop.idleMax)
        var deadlines = [idle, warden.nextDeadline, writes.deadline].compactMap { $0 }
        if surroundings.ledger != nil, let due = maintenance.due(at: now) { deadlines.append(due) }
        return deadlines.min() ?? idle
    }

    mutating func takeWork() -> [Work] {
        defer { work = [] }
        return work
    }

    mutating func takeWrites() -> [Write] {
        defer { batches = [] }
        return batches
    }

    mutating func start(_ work: @escaping Work) { self.work.append(work) }

    mutating func write(_ batch: LedgerBatch, number: Int) { batches.append(Write(batch: batch, number: number)) }

    /// Ends the loop; returns the remaining records.
    mutating func stop() -> Write? {
        if !isStopping { status.stopping() }
        isStopping = true
        log(
            JournalEvent(
                .daemonStopping, "stopping: campaigns stay as they are, and nothing watches them until the next start"))
        carryOut(writes.add(takeRecords(), at: now))
        abandonWaiters()
        let more = takeWrites().flatMap(\.batch.entries)
        let rest = writes.drain(at: now)?.entries ?? []
        return more.isEmpty && rest.isEmpty ? nil : Write(batch: LedgerBatch(more + rest, at: now), number: 0)
    }

    // MARK: Questions

    private mutating func answer(_ question: Question) {
        switch question {
        case .metrics(let answer):
            answer(
                MetricsSnapshot(
                    status: warden.status(at: now), telemetry: telemetry, policy: warden.policy, startedAt: startedAt,
                    ledgerBytes: maintenance.bytes, journal: surroundings.journal.tally,
                    isReady: health.problems.isEmpty, renderedAt: surroundings.wallClock?() ?? now,
                    notifications: surroundings.notifications?.tallies))
        case .health(let answer): answer(health)
        case .status(let answer): answer(warden.status(at: now))
        case .explain(let subject, let answer): answer(Explained(subject, warden, at: now))
        case .workspaces(let answer): answer(warden.policy.workspaces.map(\.name))
        // The daemon could not finish another order. Without an answer, the client is told that the daemon is stopping.
        case .order(let order, _) where isStopping && order.act != .pause: break
        case .order(let order, let answer):
            step(.ordered(order), reply: answer)
            if order.act == .watch { recallSamples() }
        case .orders(let batch, _) where isStopping && batch.act != .pause: break
        case .orders(let batch, let answer): carryOut(batch, answer)
        case .storage(let answer):
            answer(StorageState(at: now, failure: storageFailure, unstored: writes.unstored))
        }
    }

    private mutating func adopt(_ reload: GuardService.Reload, by asker: String?) -> ReloadOutcome {
        status.reloading()
        var event: JournalEvent
        var adopted: CheckedPolicy?
        switch reload {
        case .refused(let refusal): event = refusal
        case .loaded(let policy, _, _, _) where policy.workspace.name != warden.policy.workspace.name:
            // Records that concern no single workspace are stored under the first workspace's name.
            event = JournalEvent(
                .policyRefused,
                "policy refused, the policy in use stays in use: it is for workspace \(policy.workspace.name), and "
                    + "this daemon watches \(warden.policy.workspace.name); restart the "
                    + "service to change the workspace")
        case .loaded(let policy, let platforms, let loaded, let past):
            if let past { step(.joined(past)) }
            (event, adopted, executor.platforms) = (loaded.event(warden.inUse(policy)), policy, platforms)
            router.adopt(policy.receivers)
            surroundings.notifications?.adopt(policy, platforms.endpoints)
        }
        event.fields[.by] = asker
        log(event)
        if let adopted {
            step(.reloaded(adopted))
            recallSamples()
        } else {
            perform([])
        }
        status.reloaded(warden.summary)
        return ReloadOutcome(accepted: adopted != nil, message: event.message)
    }

    /// Reads the stored samples needed by windows that a reload added.
    mutating func recallSamples() {
        let missing = warden.missingSamples(at: now)
        guard !missing.isEmpty, let reader = surroundings.ledger?.queries else { return }
        start {
            var samples: [CampaignID: [(at: Instant, stats: CampaignStats)]] = [:]
            for campaign in missing {
                // If they cannot be read, the windows fill up with new samples, as with a new ledger.
                samples[campaign.campaign] =
                    (try? await reader.samples(
                        of: campaign.campaign, campaign.workspace.text, since: campaign.since)) ?? []
            }
            return .event(.recalled(samples))
        }
    }

    /// Reports a change of the wall clock; the guard itself runs on monotonic time.
    private mutating func checkClock() {
        guard let wallClock = surroundings.wallClock, let offset = clockSteps.note(wallClock() - now) else { return }
        step(.clockSet(ahead: offset))
    }

    mutating func announceReady() {
        let summary = warden.summary
        log(JournalEvent(.daemonReady, "ready: \(summary)"))
        status.ready(summary)
        isReady = true
    }
}

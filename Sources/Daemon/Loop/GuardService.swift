import AsyncAlgorithms
package import Guard
package import Journal
package import Ledger
package import Model
package import Notifications
package import Policy
import Providers
import ServiceLifecycle
import Threads

/// Runs the guard: performs its effects and feeds their results back to it.
///
/// One loop owns the guard. Requests and ledger writes run concurrently, and each ends in one input for the loop.
package struct GuardService: Service, CustomStringConvertible {
    /// The type's name only, because libraries log services and must not print their contents.
    package let description = "GuardService"

    /// The outcome of reading the policy.
    package enum Reload: Sendable {
        /// With the stored state of workspaces that the policy adds; nil if it adds none.
        case loaded(CheckedPolicy, Platforms, LoadReport, Memory?)
        case refused(JournalEvent)
    }

    /// The dependencies of the service.
    package struct Surroundings: Sendable {
        package var journal: Journal
        package var notifier: ServiceNotifier
        package var time: any TimeSource
        /// Returns a new random number in 0…1.
        package var random: @Sendable () -> Double
        /// Receives orders and questions.
        package var control: ControlChannel
        /// Reads the policy.
        package var reload: @Sendable (ReloadScope) async -> Reload
        /// The wall clock, which can be set; nil if there is only ``time``.
        package var wallClock: (@Sendable () -> Instant)?
        /// For waits for disks and people, which take real time even if ``time`` is simulated.
        package var realTime: any TimeSource = SteadyTime(startingAt: Instant(milliseconds: 0))
        /// Stores the guard's state; nil if the state is lost when the process ends.
        package var ledger: (any LedgerStore)?
        /// Sends notifications; nil if there are none.
        package var notifications: Notifier?
        /// Runs the loop and its requests; nil for the threads that all tasks share.
        package var executor: (any TaskExecutor)?
        /// After this long, a write counts as failed; well below the time for which operators wait.
        package var ledgerAnswersWithin: Duration = .seconds(10)
        /// After this long, an accepted order gets its reply even if it is not stored yet.
        package var orderAnswersWithin: Duration = .seconds(3)

        package init(
            journal: Journal, notifier: ServiceNotifier, time: any TimeSource, random: @escaping @Sendable () -> Double,
            control: ControlChannel = ControlChannel(), ledger: (any LedgerStore)? = nil,
            reload: @escaping @Sendable (ReloadScope) async -> Reload
        ) {
            self.journal = journal
            self.notifier = notifier
            self.time = time
            self.random = random
            self.control = control
            self.reload = reload
            self.ledger = ledger
        }
    }

    /// The longest random delay of the first poll, so that several daemons do not poll in step.
    private static let jitterMax: Duration = .milliseconds(500)
    /// The shortest time between two alarms, so that a deadline that no turn moves cannot take the thread from the
    /// connections.
    private static let restMin: Duration = .milliseconds(5)
    /// How long the shutdown waits for responses to requests that change something, and for replies to orders.
    package static let requestsMax: Duration = .seconds(1)
    /// How long the shutdown then waits for the ledger, even if the disk hangs.
    package static let drainMax: Duration = .milliseconds(500)

    /// The most reloads that wait; each reads the file as it is by then, so more are useless.
    private static let reloadsMax = 4

    private struct ReloadRequest: Sendable {
        var scope: ReloadScope
        var asker: String?
        var answer: @Sendable (ReloadOutcome) -> Void
    }

    private let warden: Handover<Guard>
    private let platforms: Platforms
    private let surroundings: Surroundings

    /// - Parameter warden: the guard in its initial state, or with the state that an earlier process stored.
    package init(warden: Handover<Guard>, platforms: Platforms, surroundings: Surroundings) {
        self.warden = warden
        self.platforms = platforms
        self.surroundings = surroundings
    }

    /// Runs until a graceful shutdown; then waits a little for requests in flight, and stores the remaining records.
    package func run() async throws {
        let time = surroundings.time
        let longest = warden.peek { min($0.policy.poll.stats.min / 20, GuardService.jitterMax) }
        guard let longest else { return }
        try? await time.sleep(until: time.now + longest * surroundings.random())
        let inputs = AsyncChannel<GuardLoop.Input>()
        // The loop sends one batch at a time, and one more at the end, so none is dropped.
        let (batches, writes) = AsyncStream.makeStream(of: GuardLoop.Write.self, bufferingPolicy: .bufferingOldest(4))
        let (drained, drain) = AsyncStream.makeStream(of: Never.self)
        await withTaskExecutorPreference(surroundings.executor) {
            await withDiscardingTaskGroup { group in
                group.addTask { await forwardRequests(to: inputs) }
                group.addTask {
                    await store(batches, inputs)
                    drain.finish()
                }
                await runLoop(inputs, writes, &group)
                inputs.finish()
                _ = await bounded(by: GuardService.drainMax) { for await _ in drained {} }
                surroundings.control.requests.finish()
                group.cancelAll()
            }
        }
    }

    private func runLoop(
        _ inputs: AsyncChannel<GuardLoop.Input>, _ writes: AsyncStream<GuardLoop.Write>.Continuation,
        _ group: inout DiscardingTaskGroup
    ) async {
        guard var loop = takeLoop() else { return }
        var alarm = Alarm()
        defer { alarm.cancel() }
        func start(_ work: [GuardLoop.Work]) {
            for work in work { group.addTask { await inputs.send(await work()) } }
        }
        func turn(_ input: GuardLoop.Input) {
            loop.take(input)
            start(loop.takeWork())
            for write in loop.takeWrites() { writes.yield(write) }
            if loop.isStopping { return }
            var deadline = loop.deadline
            if case .alarm = input { deadline = max(deadline, surroundings.time.now + GuardService.restMin) }
            alarm.set(for: deadline, surroundings.time, on: surroundings.executor) { await inputs.send(.alarm) }
        }
        group.addTask {
            try? await gracefulShutdown()
            await inputs.send(.stopping)
            try? await surroundings.realTime.sleep(for: GuardService.requestsMax)
            await inputs.send(.stopped)
        }
        turn(.event(.started))
        for await input in inputs {
            if case .alarm = input { alarm.rang() }
            turn(input)
            if loop.isDone { break }
        }
        if let last = loop.stop() { writes.yield(last) }
        writes.finish()
    }

    private func takeLoop() -> GuardLoop? {
        warden.take().map { GuardLoop(warden: $0, platforms: platforms, surroundings: surroundings) }
    }

    /// Passes orders and questions to the loop; reloads read files, so they run separately.
    private func forwardRequests(to inputs: AsyncChannel<GuardLoop.Input>) async {
        let (reloads, queue) = AsyncStream.makeStream(
            of: ReloadRequest.self, bufferingPolicy: .bufferingOldest(GuardService.reloadsMax))
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await request in reloads {
                    let reload = await surroundings.reload(request.scope)
                    await inputs.send(.reload(reload, by: request.asker, answer: request.answer))
                }
            }
            for await request in surroundings.control.requests {
                switch request {
                case .reload(let scope, let asker, let answer):
                    guard case .dropped = queue.yield(ReloadRequest(scope: scope, asker: asker, answer: answer)) else {
                        continue
                    }
                    answer(ReloadOutcome(accepted: false, message: "too many reloads are waiting; try again"))
                case .notifier(let news): await inputs.send(.notified(news))
                case .question(let question): await inputs.send(.question(question))
                }
            }
            queue.finish()
        }
    }

    /// Writes the batches to the ledger, in order.
    private func store(_ batches: AsyncStream<GuardLoop.Write>, _ inputs: AsyncChannel<GuardLoop.Input>) async {
        guard let ledger = surroundings.ledger else { return }
        let limit = surroundings.ledgerAnswersWithin
        for await write in batches {
            let failure = await withDiscardingTaskGroup { group -> String? in
                group.addTask {
                    try? await surroundings.realTime.sleep(for: limit)
                    if !Task.isCancelled { await inputs.send(.stalled(write.number, for: limit)) }
                }
                defer { group.cancelAll() }
                do throws(LedgerError) {
                    try await ledger.append(write.batch)
                    return nil
                } catch {
                    return error.message
                }
            }
            await inputs.send(.stored(write.number, failure: failure))
        }
    }
}

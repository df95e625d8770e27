import AsyncAlgorithms
package import Guard
package import Journal
package import Ledger
package import Model
package import Policy
import Providers
import ServiceLifecycle

/// Drives the guard: carries its effects out, and reports back what comes of them.
///
/// One loop owns the guard. Requests, and writes to the ledger, run beside it, each ending in one input for the loop.
package struct GuardService: Service, CustomStringConvertible {
    /// Its name alone: whoever logs a service must not print what it holds.
    package let description = "GuardService"

    /// The outcome of reading the policy again.
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
        package var control: ControlChannel
        /// Reads the policy again.
        package var reload: @Sendable () async -> Reload
        /// What the wall clock shows, which may be set; nil where ``time`` is all there is.
        package var wallClock: (@Sendable () -> Instant)?
        /// Where the guard's memory is stored; nil where it lives and dies with the process.
        package var ledger: (any LedgerStore)?
        /// A ledger that does not answer for so long counts as failing: well below the time for which operators wait.
        package var ledgerAnswersWithin: Duration = .seconds(10)

        package init(
            journal: Journal, notifier: ServiceNotifier, time: any TimeSource, random: @escaping @Sendable () -> Double,
            control: ControlChannel = ControlChannel(), ledger: (any LedgerStore)? = nil,
            reload: @escaping @Sendable () async -> Reload
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

    /// The longest random delay of the first poll, and so of all, so that several daemons do not ask in step.
    private static let jitterMax: Duration = .milliseconds(500)
    /// How long the end waits for the ledger: the process is to be gone within two seconds, hanging disk or not.
    private static let drainMax: Duration = .milliseconds(700)

    /// Reloads that wait for one that takes long; each reads the file as it is by then, so more are of no use.
    private static let reloadsMax = 4

    private struct ReloadRequest: Sendable {
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

    /// Guards until a graceful shutdown is asked for; then stores what is left, and ends every request in flight.
    package func run() async throws {
        let time = surroundings.time
        let longest = warden.peek { min($0.policy.poll.stats.min / 20, GuardService.jitterMax) }
        guard let longest else { return }
        try? await time.sleep(until: time.now + longest * surroundings.random())
        let inputs = AsyncChannel<GuardLoop.Input>()
        // The loop hands over one batch at a time, and one more at the end: none is ever dropped.
        let (batches, writes) = AsyncStream.makeStream(of: GuardLoop.Write.self, bufferingPolicy: .bufferingOldest(4))
        let (drained, drain) = AsyncStream.makeStream(of: Never.self)
        await withDiscardingTaskGroup { group in
            group.addTask { await forwardRequests(to: inputs) }
            group.addTask {
                await store(batches, inputs)
                drain.finish()
            }
            await runLoop(inputs, writes, &group)
            inputs.finish()
            await bounded(by: GuardService.drainMax) { for await _ in drained {} }
            surroundings.control.requests.finish()
            group.cancelAll()
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
            alarm.set(for: loop.deadline, surroundings.time) { await inputs.send(.alarm) }
        }
        turn(.event(.started))
        for await input in inputs.cancelOnGracefulShutdown() {
            if case .alarm = input { alarm.rang() }
            turn(input)
        }
        if let last = loop.stop() { writes.yield(last) }
        writes.finish()
    }

    private func takeLoop() -> GuardLoop? {
        warden.take().map { GuardLoop(warden: $0, platforms: platforms, surroundings: surroundings) }
    }

    /// Takes orders and questions to the loop; a reload, which reads files, keeps none of them waiting.
    private func forwardRequests(to inputs: AsyncChannel<GuardLoop.Input>) async {
        let (reloads, queue) = AsyncStream.makeStream(
            of: ReloadRequest.self, bufferingPolicy: .bufferingOldest(GuardService.reloadsMax))
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await request in reloads {
                    let reload = await surroundings.reload()
                    await inputs.send(.reload(reload, by: request.asker, answer: request.answer))
                }
            }
            for await request in surroundings.control.requests {
                switch request {
                case .reload(let asker, let answer):
                    guard case .dropped = queue.yield(ReloadRequest(asker: asker, answer: answer)) else { continue }
                    answer(ReloadOutcome(accepted: false, message: "too many reloads are waiting; try again"))
                case .question(let question): await inputs.send(.question(question))
                }
            }
            queue.finish()
        }
    }

    /// Gives the ledger one batch after the other, in their order.
    private func store(_ batches: AsyncStream<GuardLoop.Write>, _ inputs: AsyncChannel<GuardLoop.Input>) async {
        guard let ledger = surroundings.ledger else { return }
        let limit = surroundings.ledgerAnswersWithin
        for await write in batches {
            let failure = await withDiscardingTaskGroup { group -> String? in
                // In real time, as it is a real disk, however fast the guard's time runs.
                group.addTask {
                    try? await Task.sleep(for: limit)
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

/// Waits for something that ends when its task is cancelled, but no longer than that.
package func bounded(by limit: Duration, _ work: @escaping @Sendable () async -> Void) async {
    await withTaskGroup(of: Void.self) { group in
        group.addTask { await work() }
        group.addTask { try? await Task.sleep(for: limit) }
        await group.next()
        group.cancelAll()
    }
}

import ArgumentParser
import AsyncHTTPClient
import Daemon
import Glibc
import Guard
import Journal
import Ledger
import Logging
import Model
import NIOPosix
import Policy
import Providers
import ServiceLifecycle
import Simulator
import UnixSignals

/// `sendwarden demo`: runs the daemon against a simulated platform for half a minute.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show the guard at work on a simulated platform, in half a minute.",
        discussion: """
            Runs the daemon and a simulated sending platform in one process, connected over HTTP, for eight simulated \
            hours. There is a healthy campaign, one with a bad list, a launch that must wait for its pool, and one \
            that can never fit. The demo needs no root, no key and no network. --keep saves the policy and the ledger, \
            for trying status, explain, history, backtest and report.
            The same emails bounce in every run. When the guard polls depends on the machine's speed, so the number of \
            emails before a pause differs slightly from run to run.
            Exits with 69 if it cannot listen, 73 if the folder of --keep exists, 77 if it cannot be written.

            Example: sendwarden demo --keep demo && sendwarden explain camp_badlist --ledger demo/ledger.sqlite \
            --policy demo/policy.yaml
            """)

    @Option(help: "Simulated seconds per second, 60 to 3600.")
    var speed = 1200.0

    @Option(help: ArgumentHelp("Save the policy and the ledger in this new folder.", valueName: "folder"))
    var keep: String?

    @Option(help: "Seed of the random numbers, which select the emails that bounce.")
    var seed: UInt64 = 1

    func validate() throws {
        guard (60...3600).contains(speed) else { throw ValidationError("--speed \(speed) is outside 60 to 3600.") }
    }

    func run() async throws {
        let description = try DemoWorld.description()
        guard let start = description.start else { throw ExitCode.software }
        if let keep { try DemoCommand.create(keep) }
        StandardOutput.write(
            "Simulating eight hours at \(Int(speed)) times real time; nothing leaves this machine.\n")
        let time = SteadyTime(startingAt: start, speed: speed)
        let threads = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let urls = AsyncStream.makeStream(of: String.self)
        let server = SimulatorServer(
            World(description, seed: seed, at: start), time: time, host: "127.0.0.1", port: 0, group: threads,
            onListening: { url in
                urls.continuation.yield(url)
                urls.continuation.finish()
            })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { urls.continuation.finish() }
                try await server.run()
            }
            guard let url = await urls.stream.first(where: { _ in true }) else {
                StandardError.write("error: cannot listen on 127.0.0.1: the demo needs a free port")
                throw ExitCode.unavailable
            }
            do {
                try await guardWorld(at: url, until: start + DemoWorld.length, time, threads)
            } catch {
                await server.stop()
                throw error
            }
            await server.stop()
            try await group.waitForAll()
        }
        let end = min(time.now, start + DemoWorld.length)
        guard end >= start + DemoWorld.length else {
            StandardOutput.write("\nStopped at \(end.wholeMinutes), before the end, so there is no comparison.")
            return
        }
        StandardOutput.write(
            "\n" + DemoTable.text(guarded: server.world, unguarded: try DemoWorld.unguarded(seed: seed)))
        guard let keep else { return }
        let ledger = "--ledger \(keep)/ledger.sqlite"
        StandardOutput.write(
            """

            Saved in \(keep). Try:
              sendwarden status \(ledger) --policy \(keep)/policy.yaml
              sendwarden explain camp_badlist \(ledger) --policy \(keep)/policy.yaml
              sendwarden history \(ledger)
              sendwarden backtest \(keep)/policy.yaml \(ledger)
              sendwarden report \(ledger) --policy \(keep)/policy.yaml
            """)
    }

    private static func create(_ folder: String) throws {
        guard mkdir(folder, 0o700) != 0 else { return }
        let code = errno
        guard code == EEXIST else {
            StandardError.write("error: cannot create folder \(folder): \(String(cString: strerror(code)))")
            throw ExitCode.noPermission
        }
        StandardError.write("error: \(folder) exists; give --keep a new folder, or delete this one")
        throw ExitCode.cannotCreate
    }

    /// The ledger in the folder of `--keep`, with the policy beside it; nil without `--keep`.
    private func openLedger(
        _ policy: CheckedPolicy, _ url: String, at now: Instant
    ) async throws -> (any LedgerStore)? {
        guard let keep else { return nil }
        do throws(LedgerError) {
            let text = Array((DemoWorld.policy(url: url) + "\n").utf8)
            let descriptor = open("\(keep)/policy.yaml", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
            guard descriptor >= 0, write(descriptor, text, text.count) == text.count, close(descriptor) == 0 else {
                throw LedgerError(
                    code: .noPermission,
                    message: "cannot write \(keep)/policy.yaml: \(String(cString: strerror(errno)))")
            }
            return try await LedgerLocation("\(keep)/ledger.sqlite").open(LedgerScope(policy), at: now).store
        } catch {
            StandardError.write("error: \(error.message)")
            throw ExitCode(error)
        }
    }

    /// Runs the unchanged daemon against the simulator until the end of the demo.
    private func guardWorld(
        at url: String, until end: Instant, _ time: SteadyTime, _ threads: MultiThreadedEventLoopGroup
    ) async throws {
        let outcome = PolicyLoader.load(SourceFile(name: "demo", text: DemoWorld.policy(url: url)))
        guard let policy = outcome.policy else { throw ExitCode.software }
        let ledger = try await openLedger(policy, url, at: time.now)
        let connections = Connections(.shared(threads))
        let platform = LeadterraClient(
            connections: connections, url: url, key: APIKey(try DemoWorld.description().key),
            gate: RequestGate(perSecond: policy.poll.budget.perSecond, time: time), timeout: policy.poll.timeout,
            time: time, random: { Double.random(in: 0...1) })
        let service = GuardService(
            warden: Handover(Guard(policy: policy, at: time.now)),
            platforms: Platforms([
                policy.workspace.name: Platform(campaigns: platform, volumes: platform, accounts: platform)
            ]),
            surroundings: .init(
                journal: Journal(format: .text, time: time, writeLine: StandardOutput.write),
                notifier: ServiceNotifier(), time: time, random: { Double.random(in: 0...1) }, ledger: ledger,
                reload: { _ in preconditionFailure("the demo never reloads") }))
        let services = ServiceGroup(
            configuration: .init(
                services: [.init(service: service), .init(service: EndOfTime(end: end, time: time))]
                    .map { (configuration: ServiceGroupConfiguration.ServiceConfiguration) in
                        var configuration = configuration
                        configuration.successTerminationBehavior = .gracefullyShutdownGroup
                        return configuration
                    },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: .silent))
        let result: Result<Void, any Error>
        do {
            result = .success(try await services.run())
        } catch {
            result = .failure(error)
        }
        try? await connections.shutdown()
        await ledger?.close()
        try result.get()
    }
}

/// Ends, and with it the service group, at the end of the demo.
private struct EndOfTime: Service {
    let end: Instant
    let time: SteadyTime

    func run() async throws {
        try? await cancelWhenGracefulShutdown { try await time.sleep(until: end) }
    }
}

extension Instant {
    fileprivate var wholeMinutes: String { "\(date) \(clockTime)" }
}

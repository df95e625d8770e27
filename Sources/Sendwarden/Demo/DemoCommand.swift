import ArgumentParser
import AsyncHTTPClient
import Daemon
import Guard
import Journal
import Logging
import Model
import NIOPosix
import Policy
import Providers
import ServiceLifecycle
import Simulator
import UnixSignals

/// `sendwarden demo`: the whole program on a simulated platform, in half a minute.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "See the guard at work on a simulated platform, in half a minute.",
        discussion: """
            Runs the daemon and a simulated sending platform in one process, over real HTTP, through eight hours of \
            made-up time: a healthy campaign, one with a bad list, a launch that has to wait for the pool, and one \
            that can never fit. Needs no root, no key and no network.

            Example: sendwarden demo
            """)

    @Option(help: "Simulated seconds in a second, 60 to 3600.")
    var speed = 1200.0

    @Option(help: "What chance begins with: the same seed, the same mails bounce.")
    var seed: UInt64 = 1

    func validate() throws {
        guard (60...3600).contains(speed) else { throw ValidationError("--speed \(speed) is outside 60 to 3600.") }
    }

    func run() async throws {
        let description = try DemoWorld.description()
        guard let start = description.start else { throw ExitCode.software }
        StandardOutput.write(
            "Eight hours of a simulated platform at \(Int(speed)) times real time; nothing leaves this machine.\n")
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
                StandardError.write("error: cannot listen on 127.0.0.1; the demo needs a free port there")
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
            StandardOutput.write("\nStopped at \(end.wholeMinutes), before the end: no comparison.")
            return
        }
        StandardOutput.write(
            "\n" + DemoTable.text(guarded: server.world, unguarded: try DemoWorld.unguarded(seed: seed)))
    }

    /// Runs the daemon as it is, against the simulator, until the time is up.
    private func guardWorld(
        at url: String, until end: Instant, _ time: SteadyTime, _ threads: MultiThreadedEventLoopGroup
    ) async throws {
        let outcome = PolicyLoader.load(SourceFile(name: "demo", text: DemoWorld.policy(url: url)))
        guard let policy = outcome.policy else { throw ExitCode.software }
        let http = HTTPClient(
            eventLoopGroupProvider: .shared(threads), configuration: PlatformFactory.clientConfiguration)
        let platform = LeadterraClient(
            http: http, url: url, key: APIKey(try DemoWorld.description().key),
            gate: RequestGate(perSecond: policy.poll.budget.perSecond, time: time), timeout: policy.poll.timeout,
            time: time, random: { Double.random(in: 0...1) })
        let service = GuardService(
            warden: Guard(policy: policy, at: time.now), platform: platform,
            surroundings: .init(
                journal: Journal(format: .text, time: time, writeLine: StandardOutput.write),
                notifier: ServiceNotifier(), time: time, random: { Double.random(in: 0...1) },
                reload: { preconditionFailure("the demo never reloads") }))
        let services = ServiceGroup(
            configuration: .init(
                services: [.init(service: service), .init(service: EndOfTime(end: end, time: time))]
                    .map { (configuration: ServiceGroupConfiguration.ServiceConfiguration) in
                        var configuration = configuration
                        configuration.successTerminationBehavior = .gracefullyShutdownGroup
                        return configuration
                    },
                gracefulShutdownSignals: [.sigterm, .sigint], logger: .silent))
        do {
            try await services.run()
        } catch {
            try? await http.shutdown()
            throw error
        }
        try? await http.shutdown()
    }
}

/// Ends when the demo's time is up, and the group with it.
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

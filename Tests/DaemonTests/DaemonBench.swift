import AsyncAlgorithms
import AsyncHTTPClient
import Daemon
import Foundation
import Guard
import Journal
import Ledger
import Logging
import Model
import NIOPosix
import Notifications
import Policy
import Providers
import ServiceLifecycle
import Simulator
import TestSupport
import Threads
import Testing

/// Runs the daemon's service over HTTP on a simulated world, faster than real time.
struct DaemonBench {
    /// Must never appear in any output.
    static let key = "sk_live_NeverShownInAnyLog7Q2x"
    static let twilioKey = "AC_bench:NeverShownInAnyLog8R3y"

    let server: SimulatorServer
    let journal: Lines
    let time: SteadyTime
    let url: String
    let control: ControlChannel
    let notifier: Notifier
    fileprivate let folder: TemporaryFolder

    var events: [[String: String]] {
        journal.all.map { (try? JSONDecoder().decode([String: String].self, from: Data($0.utf8))) ?? [:] }
    }

    func count(_ kind: EventKind) -> Int { events.count { $0["SENDWARDEN_EVENT"] == kind.rawValue } }

    func status(_ campaign: String) -> String? {
        server.world.campaign(CampaignID(unchecked: campaign))?.status.rawValue
    }

    /// Waits until the condition holds; the test fails if the simulated time is over first.
    func wait(
        upTo limit: Duration, every step: Duration = .seconds(20), sourceLocation: SourceLocation = #_sourceLocation,
        until condition: () -> Bool
    ) async throws {
        let end = time.now + limit
        while !condition() {
            guard time.now <= end else {
                Issue.record(
                    "it did not come to that:\n\(journal.all.joined(separator: "\n"))", sourceLocation: sourceLocation)
                return
            }
            try await time.sleep(until: time.now + step)
        }
    }

    func pass(_ duration: Duration) async throws { try await time.sleep(until: time.now + duration) }

    /// Writes the policy file and reloads it.
    func reload(_ policy: String, workspace: String = "bench", quick: Bool = false) async throws {
        _ = try folder.write("policy.yaml", DaemonBench.policy(policy, url: url, workspace: workspace, quick: quick))
        _ = await control.reload(by: nil)
    }

    private static func policy(
        _ rest: String, url: String, workspace: String = "bench", twilio: Bool = false, quick: Bool = false
    ) -> String {
        let own = "{name: \(workspace), provider: leadterra, url: \"\(url)\", credential: key}"
        let other = "{name: twilio, provider: twilio_comms, url: \"\(url)\", credential: twilio}"
        return """
            version: 1
            \(rest.hasPrefix("mode:") || rest.contains("\nmode:") ? "" : "mode: enforce")
            \(twilio ? "workspaces: [\(own), \(other)]" : "workspace: \(own)")
            poll: {stats: \(quick ? "200ms" : "1m"), pools: \(quick ? "200ms" : "1m"), budget: 1200/min, timeout: 2s}
            \(rest)
            """
    }

    static func run<Result: Sendable>(
        world: String, policy: String, speed: Double = 600, twilio: Bool = false, quick: Bool = false,
        ledger: (any LedgerStore)? = nil, ledgerAnswersWithin: Duration = .seconds(10),
        orderAnswersWithin: Duration = .seconds(30),
        beforeReload: @escaping @Sendable () async -> Void = {},
        _ body: (DaemonBench) async throws -> Result
    ) async throws -> Result {
        let keyed = "key: \(key)\n" + world
        let start = try WorldFile.parse(keyed, name: "world").start ?? Instant(milliseconds: 1_796_000_000_000)
        let time = SteadyTime(startingAt: start, speed: speed)
        return try await withSimulator(keyed, time: time) { url, server in
            let folder = try TemporaryFolder()
            _ = try folder.write("key", key)
            _ = try folder.write("twilio", twilioKey)
            let path = try folder.write(
                "policy.yaml", DaemonBench.policy(policy, url: url, twilio: twilio, quick: quick))
            let connections = Connections(.singleton)
            let factory = PlatformFactory(
                connections: connections, time: time, credentialsDirectory: folder.path,
                random: { Double.random(in: 0...1) })
            let outcome = PolicyLoader.load(try PolicyFile.read(path))
            guard let checked = outcome.policy else {
                throw PolicyRefused(messages: outcome.diagnostics.map(\.message))
            }
            let lines = Lines()
            let control = ControlChannel()
            let reloader = PolicyReloader(
                path: path, factory: factory, files: BlockingWork("test", threads: 1, unfinishedMax: 16))
            _ = try await reloader.load()
            var surroundings = GuardService.Surroundings(
                journal: Journal(format: .json, time: time, writeLine: lines.add), notifier: ServiceNotifier(),
                time: time, random: { Double.random(in: 0...1) }, control: control, ledger: ledger,
                reload: { scope in
                    await beforeReload()
                    return await reloader.reload(scope, from: ledger?.queries, at: time.now)
                })
            let courierHTTP = HTTPClient(
                eventLoopGroupProvider: .singleton, configuration: PlatformFactory.clientConfiguration)
            let notifier = Notifier(
                courier: Courier(courierHTTP, .singletonMultiThreadedEventLoopGroup, timeout: .seconds(2)),
                link: GuardLink(control, ledger: ledger?.queries, time: time), time: time,
                random: { Double.random(in: 0...1) })
            let platforms = try factory.platforms(for: checked)
            notifier.adopt(checked, platforms.endpoints)
            surroundings.notifications = notifier
            surroundings.ledgerAnswersWithin = ledgerAnswersWithin
            surroundings.orderAnswersWithin = orderAnswersWithin
            let service = GuardService(
                warden: Handover(Guard(policy: checked, at: time.now)), platforms: platforms,
                surroundings: surroundings)
            let group = ServiceGroup(
                configuration: .init(
                    services: [.init(service: notifier), .init(service: service)],
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                ))
            let bench = DaemonBench(
                server: server, journal: lines, time: time, url: url, control: control, notifier: notifier,
                folder: folder)
            let result = try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                let result = try await body(bench)
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
                return result
            }
            try await courierHTTP.shutdown()
            try await connections.shutdown()
            if lines.all.contains(where: { $0.contains("NeverShown") }) { throw KeyWasShown() }
            return result
        }
    }

    struct KeyWasShown: Error {}
    struct PolicyRefused: Error {
        var messages: [String]
    }
}

import ArgumentParser
import Glibc
import Journal
import Logging
import Model
import NIOCore
import NIOPosix
import ServiceLifecycle
import Simulator
import UnixSignals

/// `sendwarden simulate`: serves a simulated workspace over HTTP.
struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Serve a simulated sending platform.",
        discussion: """
            Serves the platform's API over HTTP for a simulated world: campaigns that send and bounce, pools with a \
            daily volume, people who start and pause campaigns, and faults on demand. The first line on stdout is the \
            base URL. Without --world it serves the demo's world.

            In addition to the API it serves GET and DELETE /simulator/requests, GET /simulator/world, and POST and \
            DELETE /simulator/faults.
            Exits with 0 on SIGTERM or Ctrl-C, 65 if the world is not valid, 66 if it does not exist, 69 if it cannot \
            listen, 77 without permission to read the world.

            Example: sendwarden simulate --listen 127.0.0.1:8025 --world config/examples/world.yaml --speed 60
            """)

    @Option(help: ArgumentHelp("The address to listen on; port 0 selects a free port.", valueName: "host:port"))
    var listen = "127.0.0.1:0"

    @Option(help: ArgumentHelp("The world to simulate, a YAML file.", valueName: "file"))
    var world: String?

    @Option(help: "Simulated seconds per second, 0.01 to 100000.")
    var speed = 1.0

    @Option(help: "Seed of the random numbers; with the same seed, the same emails bounce.")
    var seed: UInt64 = 1

    private struct Address {
        var host: String
        var port: Int
    }

    private var address: Address? {
        guard let colon = listen.lastIndex(of: ":"), let port = UInt16(listen[listen.index(after: colon)...]) else {
            return nil
        }
        let host = listen[..<colon].trimmingPrefix("[")
        return Address(host: String(host.last == "]" ? host.dropLast() : host), port: Int(port))
    }

    func validate() throws {
        guard let address, !address.host.isEmpty else {
            throw ValidationError("'\(listen)' is not an address; write HOST:PORT, such as 127.0.0.1:8025.")
        }
        guard (0.01...100_000).contains(speed) else {
            throw ValidationError("--speed \(speed) is outside 0.01 to 100000.")
        }
    }

    func run() async throws {
        guard let address else { throw ExitCode.validationFailure }
        let description = try loadWorld()
        let wall = SteadyTime.fromWallClock()
        let time = SteadyTime(startingAt: description.start ?? wall.now, speed: speed)
        let server = SimulatorServer(
            World(description, seed: seed, at: time.now), time: time, host: address.host, port: address.port,
            group: MultiThreadedEventLoopGroup(numberOfThreads: 1),
            onListening: { url in
                StandardOutput.write(url)
                StandardError.write("serving \(description.campaigns.count) campaigns; key: \(description.key)")
                if let key = description.twilio.keys.first, !description.twilio.pools.isEmpty {
                    StandardError.write("serving \(description.twilio.pools.count) Twilio pools; key: \(key)")
                }
            })
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: ServerService(server: server))],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: .silent))
        do {
            try await group.run()
        } catch {
            StandardError.write("error: cannot listen on \(listen): \(SimulateCommand.reason(error))")
            throw ExitCode.unavailable
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? IOError else { return "no such host or address" }
        let text = String(cString: strerror(error.errnoCode))
        switch error.errnoCode {
        case EADDRINUSE: return "\(text); choose another port, or port 0 for a free one"
        case EACCES: return "\(text); ports below 1024 need root"
        default: return text
        }
    }

    private func loadWorld() throws -> WorldDescription {
        do throws(WorldFileError) {
            guard let world else { return try DemoWorld.description() }
            return try WorldFile.read(world)
        } catch {
            StandardError.write("error: \(error.message)")
            switch error.code {
            case .missing: throw ExitCode.noInput
            case .noPermission: throw ExitCode.noPermission
            case .unusable: throw ExitCode.dataError
            }
        }
    }
}

/// Runs a simulator in a service group.
private struct ServerService: Service {
    let server: SimulatorServer

    func run() async throws { try await server.run() }
}

extension Logger {
    /// Discards what libraries log: everything that matters to users is an event.
    static var silent: Logger { Logger(label: "sendwarden") { _ in SwiftLogNoOpLogHandler() } }
}

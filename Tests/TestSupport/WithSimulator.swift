package import Model
import NIOPosix
package import Simulator

/// Runs a simulator on a free port while `body` runs.
package func withSimulator<Result: Sendable>(
    _ worldFile: String, seed: UInt64 = 1, time: (any TimeSource)? = nil,
    _ body: (_ url: String, _ server: SimulatorServer) async throws -> Result
) async throws -> Result {
    let description = try WorldFile.parse(worldFile, name: "world")
    let time = time ?? SteadyTime(startingAt: description.start ?? Instant(milliseconds: 1_796_000_000_250))
    let urls = AsyncStream.makeStream(of: String.self)
    let server = SimulatorServer(
        World(description, seed: seed, at: time.now), time: time, host: "127.0.0.1", port: 0,
        group: .singleton, onListening: { urls.continuation.yield($0) })
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            defer { urls.continuation.finish() }
            try await server.run()
        }
        guard let url = await urls.stream.first(where: { _ in true }) else { throw SimulatorDidNotListen() }
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(url, server)) } catch { result = .failure(error) }
        await server.stop()
        try await group.waitForAll()
        return try result.get()
    }
}

package struct SimulatorDidNotListen: Error {}

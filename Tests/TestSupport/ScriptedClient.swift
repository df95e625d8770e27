import AsyncHTTPClient
package import Model
import NIOPosix
package import Providers

/// What a client needs besides its key.
package struct ClientParts: Sendable {
    package var connections: Connections
    package var url: String
    package var gate: RequestGate
    package var timeout: Duration
    package var time: any TimeSource
}

/// Runs `body` with a client of a scripted server.
///
/// - Parameters:
///   - perSecond: the request budget; by default, it is never used up.
///   - client: creates the client.
package func withScriptedServer<Client, Result: Sendable>(
    limits: ConnectionSlots.Limits = .init(), perSecond: Double = 100_000, timeout: Duration = .seconds(30),
    time: any TimeSource = SteadyTime(startingAt: Instant(milliseconds: 1_796_000_000_000)),
    _ script: @escaping @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply, client: (ClientParts) -> Client,
    _ body: (Client, ScriptedServer) async throws -> Result
) async throws -> Result {
    try await ScriptedServer.run(script) { url, server in
        let connections = Connections(.singleton)
        let gate = RequestGate(perSecond: perSecond, limits: limits, time: time)
        let parts = ClientParts(connections: connections, url: url, gate: gate, timeout: timeout, time: time)
        let result: Swift.Result<Result, any Error>
        do { result = .success(try await body(client(parts), server)) } catch { result = .failure(error) }
        try await connections.shutdown()
        return try result.get()
    }
}

/// Waits for a condition that is certain to become true.
package func settle(until condition: () -> Bool) async throws {
    while !condition() { try await Task.sleep(for: .milliseconds(2)) }
}

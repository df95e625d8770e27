package import AsyncHTTPClient
import NIOCore

/// The connections of each lane, apart from each other: polls that hang occupy none that a pause needs.
package struct Connections: Sendable {
    let polls: HTTPClient
    let starts: HTTPClient
    let pauses: HTTPClient

    /// Connections for a daemon; ended by ``shutdown()``.
    package init(_ eventLoops: HTTPClient.EventLoopGroupProvider) {
        func client() -> HTTPClient {
            HTTPClient(eventLoopGroupProvider: eventLoops, configuration: Connections.configuration)
        }
        (polls, starts, pauses) = (client(), client(), client())
    }

    /// One pool for everything, for a command that asks a few questions; whoever made it shuts it down.
    package init(all http: HTTPClient) { (polls, starts, pauses) = (http, http, http) }

    package func shutdown() async throws {
        try await pauses.shutdown()
        try await starts.shutdown()
        try await polls.shutdown()
    }

    subscript(_ lane: RequestPriority) -> HTTPClient {
        switch lane {
        case .pause: pauses
        case .start: starts
        case .poll: polls
        }
    }

    /// How requests are made: TLS verified, nothing followed, nothing unpacked, nothing left open for long.
    ///
    /// The pool's own bound never counts, as the gate's slots do: in the pool's queue, a request would spend its timeout.
    package static var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5)), decompression: .disabled)
        configuration.httpVersion = .http1Only
        // Above all slots of all workspaces, should they share a host.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 8192
        // Below the 60 s after which many load balancers close a connection, so that we close it first.
        configuration.connectionPool.idleTimeout = .seconds(30)
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }
}

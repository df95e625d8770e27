package import AsyncHTTPClient
import NIOCore

/// Separate connections for each lane, so that polls that hang cannot block a pause.
package struct Connections: Sendable {
    let polls: HTTPClient
    let starts: HTTPClient
    let pauses: HTTPClient

    /// Connections for the daemon; call ``shutdown()`` at the end.
    package init(_ eventLoops: HTTPClient.EventLoopGroupProvider) {
        func client() -> HTTPClient {
            HTTPClient(eventLoopGroupProvider: eventLoops, configuration: Connections.configuration)
        }
        (polls, starts, pauses) = (client(), client(), client())
    }

    /// One client for all lanes, for commands that send a few requests; the caller shuts it down.
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

    /// Verifies TLS, follows no redirects, decompresses nothing, and closes unused connections early.
    ///
    /// The pool's own limit is never reached: ``ConnectionSlots`` limits requests before their timeout starts.
    package static var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow, timeout: .init(connect: .seconds(5)), decompression: .disabled)
        configuration.httpVersion = .http1Only
        // Above the slots of all workspaces together, which may share a host.
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 8192
        // Many load balancers close unused connections after 60 s; close them first.
        configuration.connectionPool.idleTimeout = .seconds(30)
        configuration.connectionPool.retryConnectionEstablishment = false
        return configuration
    }
}

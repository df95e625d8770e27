import NIOCore
import NIOPosix

/// Listens on a free port of 127.0.0.1.
enum ScriptedListener {
    /// Serves while `body` runs.
    ///
    /// - Parameter handler: makes the handler of a connection, on the connection's event loop.
    static func run<Result: Sendable>(
        _ handler: @escaping @Sendable () -> some ChannelHandler, body: (_ port: Int) async throws -> Result
    ) async throws -> Result {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(handler())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(channel.localAddress?.port ?? 0))
        } catch {
            result = .failure(error)
        }
        try await channel.close()
        return try result.get()
    }
}

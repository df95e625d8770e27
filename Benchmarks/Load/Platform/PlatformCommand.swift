import ArgumentParser
import Dispatch
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Plays a trace: a platform that responds almost at once and records every request.
struct PlatformCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "platform", abstract: "Serve a trace through the platform's API and record the requests.")

    @Argument(help: "The trace, as JSON.")
    var trace: String

    @Option(help: "The loopback port to listen on.")
    var port = 8099

    func run() async throws {
        let trace = try JSONDecoder().decode(Trace.self, from: Data(contentsOf: URL(filePath: trace)))
        let shared = SharedPlatform(TracedPlatform(trace))
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: true)
                    try channel.pipeline.syncOperations.addHandler(PlatformHandler(shared))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        print("listening on http://127.0.0.1:\(channel.localAddress?.port ?? port)")
        try await channel.closeFuture.get()
    }
}

/// The platform that all connections share.
final class SharedPlatform: Sendable {
    private let platform: Mutex<TracedPlatform>

    init(_ platform: TracedPlatform) { self.platform = Mutex(platform) }

    func answer(_ method: String, _ path: Substring) -> (TracedPlatform.Answer, campaign: Int?) {
        let now = DispatchTime.now().uptimeNanoseconds
        return platform.withLock { $0.answer(method, path, at: now) }
    }

    func recordResponse(_ campaign: Int) {
        let now = DispatchTime.now().uptimeNanoseconds
        platform.withLock { $0.recordResponse(campaign, at: now) }
    }
}

/// One connection.
private final class PlatformHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let platform: SharedPlatform
    private var head: HTTPRequestHead?

    init(_ platform: SharedPlatform) { self.platform = platform }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            answer(head, context)
        }
    }

    private func answer(_ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let path = request.uri.prefix { $0 != "?" }
        let (answer, campaign) = platform.answer(request.method.rawValue, path)
        guard case .json(let status, let text) = answer else {
            context.close(promise: nil)
            return
        }
        var head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status))
        head.headers.add(name: "Content-Type", value: "application/json")
        head.headers.add(name: "Content-Length", value: "\(text.utf8.count)")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: text)))), promise: nil)
        let written = context.eventLoop.makePromise(of: Void.self)
        if let campaign {
            let platform = platform
            written.futureResult.whenSuccess { platform.recordResponse(campaign) }
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
        if !request.isKeepAlive { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

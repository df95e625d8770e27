import Foundation
package import NIOCore
import NIOPosix
import Synchronization

/// A server on a real socket that responds to each request with the raw bytes that a test's script returns.
package final class ScriptedServer: Sendable {
    package struct Request: Sendable {
        /// The number of the connection, from 1.
        package var connection: Int
        /// `GET /path`.
        package var line: String
        package var head: String
        package var body: String
    }

    package enum Reply: Sendable {
        case bytes(String)
        /// Sent after a delay.
        case late(String, TimeAmount)
        /// The connection is closed after these bytes.
        case cut(String)
        /// Nothing until ``release(_:)``.
        case held
    }

    private struct State {
        var connections = 0
        package var requests: [Request] = []
        var held: [any Channel] = []
    }

    private let state = Mutex(State())
    private let script: @Sendable (Request) -> Reply

    private init(_ script: @escaping @Sendable (Request) -> Reply) { self.script = script }

    package var requests: [Request] { state.withLock { $0.requests } }
    package var heldCount: Int { state.withLock { $0.held.count } }

    /// Responds to every held request.
    package func release(_ bytes: String) {
        let held = state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for channel in held { channel.writeAndFlush(ByteBuffer(string: bytes), promise: nil) }
    }

    /// A response on a connection that stays open.
    package static func answer(_ status: String, _ body: String, _ headers: String...) -> String {
        let lines = ["HTTP/1.1 \(status)", "Content-Length: \(body.utf8.count)"] + headers
        return lines.joined(separator: "\r\n") + "\r\n\r\n" + body
    }

    package static func ok(_ body: String) -> String { answer("200 OK", body) }

    /// Serves on a free port while `body` runs.
    package static func run<Result: Sendable>(
        _ script: @escaping @Sendable (Request) -> Reply,
        _ body: (_ url: String, ScriptedServer) async throws -> Result
    ) async throws -> Result {
        let server = ScriptedServer(script)
        return try await ScriptedListener.run {
            Handler(server)
        } body: { port in
            try await body("http://127.0.0.1:\(port)", server)
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let server: ScriptedServer
        private var number = 0
        private var received = ""

        init(_ server: ScriptedServer) { self.server = server }

        func channelActive(context: ChannelHandlerContext) {
            number = server.state.withLock { state in
                state.connections += 1
                return state.connections
            }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += String(buffer: unwrapInboundIn(data))
            while let request = take() {
                server.state.withLock { $0.requests.append(request) }
                let channel = context.channel
                switch server.script(request) {
                case .bytes(let text): channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
                case .late(let text, let wait):
                    channel.eventLoop.scheduleTask(in: wait) {
                        channel.writeAndFlush(ByteBuffer(string: text), promise: nil)
                    }
                case .cut(let text):
                    channel.writeAndFlush(ByteBuffer(string: text)).whenComplete { _ in channel.close(promise: nil) }
                case .held: server.state.withLock { $0.held.append(channel) }
                }
            }
        }

        /// The next complete request in the received bytes.
        private func take() -> Request? {
            guard let end = received.range(of: "\r\n\r\n") else { return nil }
            let head = String(received[..<end.lowerBound])
            let length =
                head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
                .flatMap { Int($0.split(separator: " ").last ?? "") } ?? 0
            let rest = received[end.upperBound...].utf8
            guard rest.count >= length else { return nil }
            let body = String(decoding: rest.prefix(length), as: UTF8.self)
            received = String(decoding: rest.dropFirst(length), as: UTF8.self)
            let line = head.split(separator: "\r\n").first.map(String.init) ?? ""
            return Request(
                connection: number, line: line.split(separator: " ").prefix(2).joined(separator: " "), head: head,
                body: body)
        }
    }
}

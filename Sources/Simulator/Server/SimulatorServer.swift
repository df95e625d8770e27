import FoundationEssentials
import HTTPTypes
import HummingbirdCore
import Logging
package import Model
import NIOCore
package import NIOPosix
import ServiceLifecycle
import Synchronization

/// Serves a world over HTTP, in the time that its source shows.
package final class SimulatorServer: Sendable {
    private let api: Mutex<SimulatedAPI>
    private let running = Mutex<ServiceGroup?>(nil)
    private let time: any TimeSource
    private let host: String
    private let port: Int
    private let group: MultiThreadedEventLoopGroup
    private let onListening: @Sendable (_ url: String) -> Void

    /// - Parameters:
    ///   - port: 0 lets the system choose one.
    ///   - onListening: told the base URL once requests are answered.
    package init(
        _ world: World, time: any TimeSource, host: String, port: Int, group: MultiThreadedEventLoopGroup,
        onListening: @escaping @Sendable (_ url: String) -> Void
    ) {
        api = Mutex(SimulatedAPI(world))
        self.time = time
        self.host = host
        self.port = port
        self.group = group
        self.onListening = onListening
    }

    /// The world as it is now.
    package var world: World { api.withLock { $0.world } }

    /// How often each method was called on the simulated API, faults included.
    package var requestCounts: [String: Int] {
        api.withLock { api in api.records.reduce(into: [:]) { $0[$1.method, default: 0] += 1 } }
    }

    /// Serves until a graceful shutdown of its task, or ``stop()``; throws where it cannot listen.
    ///
    /// Never cancel it: a connection that was just accepted would be lost in a way that NIO ends the process for.
    package func run() async throws {
        let server = try HTTPServerBuilder.http1().buildServer(
            configuration: .init(address: .hostname(host, port: port)), eventLoopGroup: group,
            logger: Logger(label: "simulator") { _ in SwiftLogNoOpLogHandler() },
            responder: { request, writer, _ in
                let writer = consume writer
                try await self.respond(to: request, writer)
            },
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? self.port
                let host = self.host.contains(":") ? "[\(self.host)]" : self.host
                self.onListening("http://\(host):\(port)")
            })
        let group = ServiceGroup(
            configuration: .init(
                services: [.init(service: server)], logger: Logger(label: "simulator") { _ in SwiftLogNoOpLogHandler() }
            ))
        running.withLock { $0 = group }
        try await group.run()
    }

    /// Ends ``run()``: what is being answered is answered, what was to be late is cut.
    package func stop() async {
        await running.withLock { $0 }?.triggerGracefulShutdown()
    }

    @concurrent
    private func respond(to request: Request, _ writer: consuming ResponseWriter) async throws {
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: SimulatedAPI.bodyBytesMax)
        } catch is NIOTooManyBytesError {
            try await writer.writeResponse(HTTPResponse(status: .contentTooLarge, headerFields: [.connection: "close"]))
            return
        }
        let query = request.uri.queryParameters
        let asked = SimulatedAPI.Request(
            method: request.method.rawValue, path: request.uri.path,
            query: Dictionary(
                query.map { (String($0.key), String($0.value)) }, uniquingKeysWith: { first, _ in first }),
            token: SimulatorServer.token(request.headers[.authorization]),
            basic: SimulatorServer.basic(request.headers[.authorization]), body: Array(body.readableBytesView))
        let answer = api.withLock { $0.answer(asked, at: time.now) }
        try await send(answer, writer)
    }

    private static func token(_ authorization: String?) -> String? {
        guard let authorization, authorization.hasPrefix("Bearer ") else { return nil }
        return String(authorization.dropFirst("Bearer ".count))
    }

    private static func basic(_ authorization: String?) -> String? {
        guard let authorization, authorization.hasPrefix("Basic "),
            let data = Data(base64Encoded: String(authorization.dropFirst("Basic ".count)))
        else { return nil }
        return String(data: data, encoding: .utf8)
    }

    /// Thrown to make the server drop the connection.
    private struct Cut: Error {}

    @concurrent
    private func send(_ answer: SimulatedAPI.Answer, _ writer: consuming ResponseWriter) async throws {
        let bytes = Array(answer.body.utf8)
        var head = HTTPResponse(status: .init(code: answer.status))
        head.headerFields[.contentType] = answer.contentType
        head.headerFields[.contentLength] = String(bytes.count)
        for (name, value) in answer.headers {
            if let name = HTTPField.Name(name) { head.headerFields[name] = value }
        }
        switch answer.delivery {
        case .whole: break
        case .late(let wait): try await delay(wait)
        case .lost: throw Cut()
        case .stalls, .cut:
            head.headerFields[.date] = time.now.httpDate
            let half = ByteBuffer(bytes: bytes.prefix(bytes.count / 2))
            try await writer.write(
                response: head,
                body: ResponseBody(contentLength: bytes.count) { body in
                    try await body.write(half)
                    if case .stalls(let wait) = answer.delivery {
                        try await self.delay(wait)
                        try await body.write(ByteBuffer(bytes: bytes.dropFirst(bytes.count / 2)))
                        try await body.finish(nil)
                    } else {
                        throw Cut()
                    }
                })
            return
        }
        head.headerFields[.date] = time.now.httpDate
        try await writer.write(response: head, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    /// Waits, but not beyond the server's end.
    private func delay(_ wait: Duration) async throws {
        try await cancelWhenGracefulShutdown { try await self.time.sleep(until: self.time.now + wait) }
    }
}

import FoundationEssentials
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
package import Model
import NIOCore
package import NIOPosix
import ServiceLifecycle
import Synchronization

/// Serves a world over HTTP, by the clock of its time source.
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
    ///   - onListening: called with the base URL once the server accepts requests.
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

    /// The current world.
    package var world: World { api.withLock { $0.world } }

    /// The number of requests to the simulated APIs by method, including those with faults.
    package var requestCounts: [String: Int] {
        api.withLock { api in api.records.reduce(into: [:]) { $0[$1.method, default: 0] += 1 } }
    }

    /// The number of requests for the path, without its query.
    package func requestCount(_ path: String) -> Int {
        api.withLock { api in api.records.count { $0.path == path } }
    }

    /// Serves until a graceful shutdown of its task, or ``stop()``; throws if it cannot listen.
    ///
    /// Never cancel it: NIO ends the process if a connection that was just accepted is lost.
    package func run() async throws {
        let logger = Logger(label: "simulator") { _ in SwiftLogNoOpLogHandler() }
        let responder = router().buildResponder()
        let server = try HTTPServerBuilder.http1().buildServer(
            configuration: .init(address: .hostname(host, port: port)), eventLoopGroup: group, logger: logger,
            responder: { request, writer, channel in
                let writer = consume writer
                let response = try await SimulatorServer.respond(request, responder, channel, logger)
                try await writer.write(response: response.head, body: response.body)
            },
            onServerRunning: { channel in
                let port = channel.localAddress?.port ?? self.port
                let host = self.host.contains(":") ? "[\(self.host)]" : self.host
                self.onListening("http://\(host):\(port)")
            })
        let group = ServiceGroup(configuration: .init(services: [.init(service: server)], logger: logger))
        running.withLock { $0 = group }
        try await group.run()
    }

    /// Ends ``run()``: requests in flight are answered, and delayed answers are cut off.
    package func stop() async {
        await running.withLock { $0 }?.triggerGracefulShutdown()
    }

    // MARK: Routing

    /// Passes the request's method by the router, which matches only paths, because a path supports several methods.
    private struct Context: RequestContext {
        var coreContext: CoreRequestContextStorage
        var method = HTTPRequest.Method.get

        init(source: ApplicationRequestContextSource) { coreContext = .init(source: source) }
    }

    /// Answers the paths that no route matches.
    private struct Unmatched: RouterMiddleware {
        let server: SimulatorServer

        @concurrent
        func handle(
            _ request: Request, context: Context, next: @concurrent (Request, Context) async throws -> Response
        ) async throws -> Response {
            try await server.answer(request, nil, context)
        }
    }

    private func router() -> Router<Context> {
        let router = Router(context: Context.self)
        for route in Route.allCases {
            router.on(route.path, method: .get) { request, context in
                try await self.answer(request, route, context)
            }
        }
        // Added last, it applies to unmatched paths only.
        router.add(middleware: Unmatched(server: self))
        return router
    }

    @concurrent
    private static func respond(
        _ request: Request, _ responder: RouterResponder<Context>, _ channel: any Channel, _ logger: Logger
    ) async throws -> Response {
        var context = Context(source: .init(channel: channel, logger: logger))
        context.method = request.method
        var head = request.head
        head.method = .get
        return try await responder.respond(to: Request(head: head, body: request.body), context: context)
    }

    @concurrent
    private func answer(_ request: Request, _ route: Route?, _ context: Context) async throws -> Response {
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: SimulatedAPI.bodyBytesMax)
        } catch is NIOTooManyBytesError {
            return Response(status: .contentTooLarge, headers: [.connection: "close"])
        }
        let parameters = context.parameters.map { (String($0.key), String($0.value)) }
        let query = request.uri.queryParameters.map { (String($0.key), String($0.value)) }
        let simulated = SimulatedRequest(
            method: context.method.rawValue, path: request.uri.path, route: route,
            parameters: Dictionary(parameters, uniquingKeysWith: { first, _ in first }),
            query: Dictionary(query, uniquingKeysWith: { first, _ in first }),
            token: SimulatorServer.token(request.headers[.authorization]),
            basic: SimulatorServer.basic(request.headers[.authorization]), body: Array(body.readableBytesView))
        let answer = api.withLock { $0.answer(simulated, at: time.now) }
        return try await response(answer)
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

    /// Thrown to make the server close the connection.
    private struct Cut: Error {}

    private func response(_ answer: SimulatedAPI.Answer) async throws -> Response {
        let bytes = Array(answer.body.utf8)
        var headers = HTTPFields()
        headers[.contentType] = answer.contentType
        headers[.contentLength] = String(bytes.count)
        for (name, value) in answer.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        switch answer.delivery {
        case .whole, .stalls, .cut: break
        case .late(let wait): try await delay(wait)
        case .lost: throw Cut()
        }
        headers[.date] = time.now.httpDate
        return Response(status: .init(code: answer.status), headers: headers, body: body(bytes, answer.delivery))
    }

    private func body(_ bytes: [UInt8], _ delivery: SimulatedAPI.Delivery) -> ResponseBody {
        let half = ByteBuffer(bytes: bytes.prefix(bytes.count / 2))
        switch delivery {
        case .whole, .late, .lost: return ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        case .stalls(let wait):
            return ResponseBody(contentLength: bytes.count) { body in
                try await body.write(half)
                try await self.delay(wait)
                try await body.write(ByteBuffer(bytes: bytes.dropFirst(bytes.count / 2)))
                try await body.finish(nil)
            }
        case .cut:
            return ResponseBody(contentLength: bytes.count) { body in
                try await body.write(half)
                throw Cut()
            }
        }
    }

    /// Waits, but not beyond the server's shutdown.
    private func delay(_ wait: Duration) async throws {
        try await cancelWhenGracefulShutdown { try await self.time.sleep(until: self.time.now + wait) }
    }
}

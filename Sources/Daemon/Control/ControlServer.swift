import FoundationEssentials
import Glibc
import Guard
import HTTPTypes
import HummingbirdCore
package import Journal
package import Ledger
import Logging
import Model
import NIOCore
package import NIOPosix
import ServiceLifecycle

/// Answers operators and scrapers over HTTP, on a Unix socket or on a loopback port.
///
/// What is read, and how long it may take, is bounded. A server that cannot listen says so and leaves the guard to its work.
package struct ControlServer: Service {
    package enum Address: Sendable {
        /// For the owner and the group, who may give orders.
        case socket(path: String)
        /// For everyone on this machine, who may only read metrics.
        case loopback(host: String, port: Int)
    }

    private static let bodyBytesMax = 64 * 1024

    private let address: Address
    private let desk: ControlDesk
    private let journal: Journal
    private let threads: MultiThreadedEventLoopGroup
    private let story: Story?
    private let past = PastThreads()
    private let connections = ControlConnections()
    private let questions = QuestionGate()

    /// The ledger that the daemon writes, for questions about the past.
    package struct Story: Sendable {
        package var reader: LedgerReader
        package var workspace: String

        package init(reader: LedgerReader, workspace: String) {
            self.reader = reader
            self.workspace = workspace
        }
    }

    package init(
        _ address: Address, desk: ControlDesk, journal: Journal, threads: MultiThreadedEventLoopGroup,
        story: Story? = nil
    ) {
        self.story = story
        self.address = address
        self.desk = desk
        self.journal = journal
        self.threads = threads
    }

    package func run() async throws {
        do {
            try await server().run()
        } catch {
            journal.report(
                JournalEvent(
                    .controlFailed, "cannot listen on \(name): \(reason(error)); campaigns are guarded all the same",
                    fields: [.reason: reason(error)]))
            try? await gracefulShutdown()
        }
    }

    private var name: String {
        switch address {
        case .socket(let path): path
        case .loopback(let host, let port): "\(host):\(port)"
        }
    }

    private func reason(_ error: any Error) -> String {
        (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
    }

    private func server() throws -> any Service {
        let bind: BindAddress =
            switch address {
            case .socket(let path): .unixDomainSocket(path: path)
            case .loopback(let host, let port): .hostname(host, port: port)
            }
        return try HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [ConnectionHandlerInstaller(connections)],
                httpDecoderConfiguration: .init(
                    maxHeaderFieldSize: 8192, maxHeaderListSize: 16384, maxHeaderFieldCount: 64))
        ).buildServer(
            configuration: .init(address: bind),
            eventLoopGroup: threads, logger: Logger(label: "control") { _ in SwiftLogNoOpLogHandler() },
            responder: { request, writer, channel in
                let writer = consume writer
                try await respond(to: request, writer, from: channel)
            },
            onServerRunning: { _ in
                // Made for nobody but us, it is opened to the group once it is there.
                if case .socket(let path) = address { chmod(path, 0o660) }
            })
    }

    @concurrent
    private func respond(to request: Request, _ writer: consuming ResponseWriter, from channel: any Channel)
        async throws
    {
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: ControlServer.bodyBytesMax)
        } catch is NIOTooManyBytesError {
            try await writer.writeResponse(HTTPResponse(status: .contentTooLarge, headerFields: [.connection: "close"]))
            return
        }
        let answer = await answer(request.method, request.uri, body, channel)
        var head = HTTPResponse(status: answer.status)
        head.headerFields[.contentType] = answer.type
        head.headerFields[.contentLength] = String(answer.body.utf8.count)
        try await writer.write(response: head, body: ResponseBody(byteBuffer: ByteBuffer(string: answer.body)))
    }

    private struct Answer: Sendable {
        var status: HTTPResponse.Status
        var type = "application/json"
        var body: String

        static func refusal(_ status: HTTPResponse.Status, _ reason: String) -> Answer {
            Answer(status: status, body: "{\"error\":\(JSONText.quoted(reason))}\n")
        }
    }

    private func answer(
        _ method: HTTPRequest.Method, _ uri: URI, _ body: ByteBuffer, _ channel: any Channel
    ) async -> Answer {
        let path = uri.path
        let ending = Answer.refusal(.serviceUnavailable, "the daemon is ending")
        switch (path, address) {
        case ("/metrics", _):
            guard method == .get else { return .refusal(.methodNotAllowed, "\(path) is for GET") }
            guard let text = await ask(channel, { await desk.metrics() }) else { return ending }
            return Answer(status: .ok, type: "text/plain; version=0.0.4; charset=utf-8", body: text)
        case ("/v1/status", .socket):
            guard method == .get else { return .refusal(.methodNotAllowed, "\(path) is for GET") }
            guard let status = await ask(channel, { await desk.status() }) else { return ending }
            return ControlServer.json(status, .ok)
        case ("/v1/explain", .socket):
            guard method == .get else { return .refusal(.methodNotAllowed, "\(path) is for GET") }
            return await explain(uri, channel) ?? ending
        case ("/v1/history", .socket):
            guard method == .get else { return .refusal(.methodNotAllowed, "\(path) is for GET") }
            return await history(uri)
        case ("/v1/orders", .socket):
            guard method == .post else { return .refusal(.methodNotAllowed, "\(path) is for POST") }
            guard let wanted = try? ReadableJSON.value(OrderRequest.self, from: Data(body.readableBytesView)) else {
                return .refusal(.badRequest, "the body is no order; it is an object with act and campaign")
            }
            guard let reply = await desk.obey(wanted.order(by: await Peer.name(channel) ?? "someone")) else {
                return ending
            }
            return ControlServer.json(reply, reply.accepted ? .ok : .conflict)
        case ("/v1/reload", .socket):
            guard method == .post else { return .refusal(.methodNotAllowed, "\(path) is for POST") }
            guard let outcome = await desk.reload(by: await Peer.name(channel)) else { return ending }
            return ControlServer.json(outcome, outcome.accepted ? .ok : .unprocessableContent)
        default: return .refusal(.notFound, "there is no \(path) here")
        }
    }

    /// A question for the loop; nil where the daemon ends first, or the connection has.
    private func ask<Reply: Sendable>(
        _ channel: any Channel, _ question: @Sendable () async -> Reply?
    ) async -> Reply? {
        await questions.ask(isWanted: { channel.isActive }, question)
    }

    private func explain(_ uri: URI, _ channel: any Channel) async -> Answer? {
        guard let subject = uri.queryParameters["subject"].map(String.init) else {
            return .refusal(.badRequest, "say what is to be explained: ?subject=")
        }
        guard var explained = await ask(channel, { await desk.explain(subject) }) else { return nil }
        // Without its story, as from a ledger that cannot be read, it is an answer all the same.
        if let story,
            let whole = try? await past.ask({ [explained] in
                var whole = explained
                try whole.addStory(subject, from: story.reader, story.workspace)
                return whole
            })
        {
            explained = whole
        }
        return ControlServer.json(explained, explained.isFound ? .ok : .notFound)
    }

    private func history(_ uri: URI) async -> Answer {
        guard let story else {
            return .refusal(.notFound, "this daemon keeps no ledger, so it has no history; see the journal")
        }
        let filter = HistoryQuery.filter(uri.queryParameters)
        do {
            let answer = try await past.ask {
                ControlServer.json(try story.reader.events(story.workspace, filter), .ok)
            }
            return answer
                ?? .refusal(
                    .serviceUnavailable,
                    "\(PastThreads.questionsMax) history queries are already running; try again in a few seconds")
        } catch {
            let reason = (error as? LedgerError)?.message ?? "the daemon is ending"
            return .refusal(.internalServerError, reason)
        }
    }

    private static func json(_ value: some Encodable, _ status: HTTPResponse.Status) -> Answer {
        guard let text = try? ReadableJSON.text(value) else {
            return .refusal(.internalServerError, "the answer cannot be written as JSON")
        }
        return Answer(status: status, body: text + "\n")
    }
}

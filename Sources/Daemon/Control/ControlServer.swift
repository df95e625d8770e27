import FoundationEssentials
import Gateway
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
package import Notifications
import Reporting
import ServiceLifecycle
import Threads

/// Serves operators and scrapers over HTTP, on a Unix socket or a loopback port.
///
/// Sizes and times of requests are bounded. If the server cannot listen, it reports this, and the guard continues.
package struct ControlServer: Service {
    package enum Address: Sendable {
        /// Accessible to the owner and the group, who may give orders.
        case socket(path: String)
        /// Accessible to every user of this machine; serves only metrics and probes.
        case loopback(host: String, port: Int)
    }

    private static let bodyBytesMax = 64 * 1024

    /// A reload that reads for longer is answered before its outcome is known.
    private static let reloadWithin: Duration = .seconds(8)

    let address: Address
    private let control: ControlChannel
    let journal: Journal
    private let threads: MultiThreadedEventLoopGroup
    private let ledger: LedgerQuestions?
    private let notifications: Notifier?
    /// Looks up user names; a directory service that hangs blocks only this thread.
    private let names = BlockingWork("users", threads: 1, unfinishedMax: 16)
    /// Moves, checks and removes the socket's file.
    let socketWork = BlockingWork("control-socket", threads: 1, unfinishedMax: 16)
    private let connections = ListenerConnections()
    private let questions = QuestionGate()

    /// - Parameters:
    ///   - ledger: the daemon's ledger, for the history; nil without one.
    ///   - notifications: sends test messages; nil if there is no notifier.
    package init(
        _ address: Address, control: ControlChannel, journal: Journal, threads: MultiThreadedEventLoopGroup,
        ledger: (any LedgerQueries)? = nil, ledgerAnswersWithin: Duration = .seconds(5),
        notifications: Notifier? = nil
    ) {
        self.address = address
        self.control = control
        self.journal = journal
        self.threads = threads
        self.notifications = notifications
        self.ledger = ledger.map { LedgerQuestions($0, answerWithin: ledgerAnswersWithin) }
    }

    package func run() async throws {
        switch address {
        case .socket(let path): await serve(on: SocketFile(path))
        case .loopback(let host, let port):
            do {
                try await server(.hostname(host, port: port)).run()
            } catch {
                reportFailure(reason(error))
                try? await gracefulShutdown()
            }
        }
    }

    private var name: String {
        switch address {
        case .socket(let path): path
        case .loopback(let host, let port): "\(host):\(port)"
        }
    }

    func reportFailure(_ reason: String) {
        journal.report(
            JournalEvent(
                .controlFailed, "cannot listen on \(name): \(reason); campaigns are still watched",
                fields: [.reason: reason]))
    }

    func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case SocketAddressError.unixDomainSocketPathTooLong: String(cString: strerror(ENAMETOOLONG))
        default: "the address cannot be used"
        }
    }

    /// - Parameter onRunning: is called once the address is bound, and before a connection is answered.
    func server(_ bind: BindAddress, onRunning: @escaping @Sendable () async -> Void = {}) throws -> any Service {
        try HTTPServerBuilder.http1(
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
            onServerRunning: { _ in await onRunning() })
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
        if let name = HTTPField.Name(HistoryQuery.unstoredHeader), answer.unstored > 0 {
            head.headerFields[name] = String(answer.unstored)
        }
        try await writer.write(response: head, body: ResponseBody(byteBuffer: ByteBuffer(string: answer.body)))
    }

    private struct Answer: Sendable {
        var status: HTTPResponse.Status
        var type = "application/json"
        var body: String
        /// Events that belong here and are not stored yet.
        var unstored = 0

        static func refusal(_ status: HTTPResponse.Status, _ reason: String) -> Answer {
            Answer(status: status, body: "{\"error\":\(JSONText.quoted(reason))}\n")
        }
    }

    private func answer(
        _ method: HTTPRequest.Method, _ uri: URI, _ body: ByteBuffer, _ channel: any Channel
    ) async -> Answer {
        guard let path = ControlPath(rawValue: uri.path), isServed(path) else {
            return .refusal(.notFound, "\(uri.path) does not exist")
        }
        guard method == path.method else {
            return .refusal(.methodNotAllowed, "\(path.rawValue) supports only \(path.method.rawValue)")
        }
        let ending = Answer.refusal(.serviceUnavailable, "the daemon is stopping")
        switch path {
        case .index: return Answer(status: .ok, type: "text/html; charset=utf-8", body: ControlPage.text)
        case .health, .readiness:
            let verdict = await Probe(control).verdict(path == .readiness)
            return Answer(
                status: verdict.isGood ? .ok : .serviceUnavailable, type: "text/plain; charset=utf-8",
                body: verdict.text + "\n")
        case .metrics:
            guard let text = await ask(channel, { await control.metrics() }) else { return ending }
            return Answer(status: .ok, type: "text/plain; version=0.0.4; charset=utf-8", body: text)
        case .status:
            guard let status = await ask(channel, { await control.status() }) else { return ending }
            return ControlServer.json(status, .ok)
        case .explain: return await explain(uri, channel) ?? ending
        case .history: return await history(uri, channel) ?? ending
        case .orders: return await order(body, channel) ?? ending
        case .orderBatch: return await orderBatch(body, channel) ?? ending
        case .notificationTest: return await testNotification(uri)
        case .reload:
            return await reload(by: await Peer.name(channel, names)) ?? ending
        }
    }

    private func isServed(_ path: ControlPath) -> Bool {
        switch address {
        case .socket: true
        case .loopback: [.index, .metrics, .health, .readiness].contains(path)
        }
    }

    private func order(_ body: ByteBuffer, _ channel: any Channel) async -> Answer? {
        guard let wanted = try? ReadableJSON.value(OrderRequest.self, from: Data(body.readableBytesView)) else {
            return .refusal(.badRequest, "the body is not an order; send an object with act and campaign")
        }
        if let fault = wanted.fault { return .refusal(.badRequest, fault) }
        let person = await Peer.name(channel, names) ?? "someone"
        guard let reply = await control.obey(wanted.order(by: person)) else { return nil }
        return ControlServer.json(reply, reply.accepted ? .ok : .conflict)
    }

    private func orderBatch(_ body: ByteBuffer, _ channel: any Channel) async -> Answer? {
        guard let wanted = try? ReadableJSON.value(OrderBatchRequest.self, from: Data(body.readableBytesView)) else {
            return .refusal(
                .badRequest, "the body is not an order; send an object with act, and campaigns, labels or all")
        }
        if let fault = wanted.fault { return .refusal(.badRequest, fault) }
        let person = await Peer.name(channel, names) ?? "someone"
        guard let reply = await control.obey(wanted.batch(by: person)) else { return nil }
        let isAccepted = reply.refusal == nil && reply.replies.allSatisfy(\.accepted)
        return ControlServer.json(reply, isAccepted ? .ok : .conflict)
    }

    /// Asks the loop; nil if the daemon or the connection ends first.
    private func ask<Reply: Sendable>(
        _ channel: any Channel, _ question: @Sendable () async -> Reply?
    ) async -> Reply? {
        await questions.ask(isWanted: { channel.isActive }, question)
    }

    private func explain(_ uri: URI, _ channel: any Channel) async -> Answer? {
        guard let subject = uri.queryParameters["subject"].map(String.init) else {
            return .refusal(.badRequest, "the query parameter 'subject' is missing")
        }
        guard var explained = await ask(channel, { await control.explain(subject) }) else { return nil }
        if let ledger, uri.queryParameters["history"] != "none" {
            guard let workspaces = await ask(channel, { await control.workspaces() }),
                // Query this before the ledger, so that an event stored in between is in both rather than in neither.
                let storage = await ask(channel, { await control.storage() })
            else { return nil }
            do throws(LedgerQuestions.Failure) {
                let asked = explained
                explained = try await ledger.ask { ledger throws(LedgerError) in
                    var explained = asked
                    try await explained.addHistory(subject, from: ledger, workspaces)
                    return explained
                }
                await explained.addUnstored(subject, storage, workspaces)
            } catch {
                await explained.addUnstored(subject, storage, workspaces)
                let reason = storage.text(error)
                // Only the ledger knows whether the decision exists.
                if explained.dependsOnLedger(subject) { return .refusal(.serviceUnavailable, reason) }
                explained.incomplete = ["events and decisions that are only in the ledger are missing here: \(reason)"]
            }
        }
        return ControlServer.json(explained, explained.isFound ? .ok : .notFound)
    }

    private func testNotification(_ uri: URI) async -> Answer {
        guard let name = uri.queryParameters["receiver"].map(String.init) else {
            return .refusal(.badRequest, "the query parameter 'receiver' is missing")
        }
        let outcome = await NotificationTest(notifications).run(name)
        return ControlServer.json(outcome, outcome.isKnown ? .ok : .notFound)
    }

    private func reload(by person: String?) async -> Answer? {
        switch await bounded(by: ControlServer.reloadWithin, { await control.reload(by: person) }) {
        case .some(let outcome?): ControlServer.json(outcome, outcome.accepted ? .ok : .unprocessableContent)
        case .some(nil): nil
        case nil:
            .refusal(
                .serviceUnavailable,
                "the policy is not read after \(ControlServer.reloadWithin.policyText); the reload continues, and the "
                    + "journal reports its outcome; check the disk that holds the policy")
        }
    }

    private func history(_ uri: URI, _ channel: any Channel) async -> Answer? {
        guard let ledger else {
            return .refusal(.notFound, "this daemon has no ledger, so it has no history; see the journal")
        }
        guard var workspaces = await ask(channel, { await control.workspaces() }) else { return nil }
        let filter = HistoryQuery.filter(uri.queryParameters)
        guard let storage = await ask(channel, { await control.storage() }) else { return nil }
        do throws(LedgerQuestions.Failure) {
            // What happened in a workspace remains known after it left the policy.
            let stored = try await ledger.ask { ledger throws(LedgerError) in try await ledger.workspaces() }
            workspaces += stored.map { WorkspaceName($0) }.filter { !workspaces.contains($0) }
            if let name = uri.queryParameters["workspace"].map({ WorkspaceName(String($0)) }) {
                guard workspaces.contains(name) else {
                    return .refusal(.notFound, "this daemon has no workspace \(name)")
                }
                workspaces = [name]
            }
            let entries = try await ledger.ask { [workspaces] ledger throws(LedgerError) in
                try await ledger.history(of: workspaces, filter)
            }
            var answer = ControlServer.json(entries, .ok)
            answer.unstored = await storage.unstoredEvents(of: workspaces, filter)
            return answer
        } catch {
            return .refusal(error.isPassing ? .serviceUnavailable : .internalServerError, storage.text(error))
        }
    }

    private static func json(_ value: some Encodable, _ status: HTTPResponse.Status) -> Answer {
        guard let text = try? ReadableJSON.text(value) else {
            return .refusal(.internalServerError, "cannot encode the response as JSON")
        }
        return Answer(status: status, body: text + "\n")
    }
}

extension ControlPath {
    fileprivate var method: HTTPRequest.Method {
        switch self {
        case .index, .metrics, .health, .readiness, .status, .explain, .history: .get
        case .orders, .orderBatch, .reload, .notificationTest: .post
        }
    }
}

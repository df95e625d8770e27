import HTTPTypes
import HummingbirdCore
import NIOCore

/// Answers requests.
extension WebServer {
    /// The login form is the only body, with a token of at most 4 KiB.
    private static let bodyBytesMax = 8 * 1024

    @concurrent
    func respond(to request: Request, _ writer: consuming ResponseWriter, from channel: any Channel) async throws {
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: WebServer.bodyBytesMax)
        } catch is NIOTooManyBytesError {
            try await writer.writeResponse(HTTPResponse(status: .contentTooLarge, headerFields: [.connection: "close"]))
            return
        }
        let route = WebRoute(request.uri)
        if let reply = refusal(request, route) { return try await write(reply, request.method, writer) }
        switch route {
        case .events where request.method == .get: try await stream(writer, channel)
        case .events: try await write(.plain(.ok, ""), request.method, writer)
        case .login: try await write(login(request, body), request.method, writer)
        case .style: try await write(Assets.style, request.method, writer)
        case .script: try await write(Assets.script, request.method, writer)
        case .overview, .campaign, .decisions:
            let reply = if let route { await pages.reply(route) } else { WebPages.missing }
            try await write(reply, request.method, writer)
        case nil: try await write(WebPages.missing, request.method, writer)
        }
    }

    @concurrent
    private func write(
        _ reply: WebReply, _ method: HTTPRequest.Method, _ writer: consuming ResponseWriter
    ) async throws {
        var head = reply.head
        head.headerFields[.contentLength] = String(reply.body.utf8.count)
        if method == .head { return try await writer.writeResponse(head) }
        try await writer.write(response: head, body: ResponseBody(byteBuffer: ByteBuffer(string: reply.body)))
    }

    /// Why the request is not answered; nil if it is.
    private func refusal(_ request: Request, _ route: WebRoute?) -> WebReply? {
        // A second Host header could be the one that a proxy checks.
        guard hosts.accepts(request.head.authority), request.headers[values: HTTPField.Name.host].isEmpty else {
            return .plain(
                .misdirectedRequest,
                "this server does not answer to that host name; use an IP address or localhost, or start the daemon "
                    + "with --web-host NAME")
        }
        let isLogin = route == .login && access.token != nil
        guard request.method == .get || request.method == .head || (isLogin && request.method == .post) else {
            var reply = WebReply.plain(.methodNotAllowed, "only GET and HEAD are supported")
            reply.fields[.allow] = isLogin ? "GET, HEAD, POST" : "GET, HEAD"
            return reply
        }
        switch route {
        // They contain nothing about campaigns, and the login form needs them.
        case .style, .script: return nil
        case .login: return access.token == nil ? WebPages.missing : nil
        case .overview, .campaign, .decisions, .events, nil:
            guard let token = access.token, !isAuthorized(request, token) else { return nil }
            var reply =
                route == .events ? WebReply.plain(.unauthorized, "a token is needed") : LoginView.reply(.unauthorized)
            reply.fields[.wwwAuthenticate] = "Bearer"
            return reply
        }
    }

    private func isAuthorized(_ request: Request, _ token: AccessToken) -> Bool {
        if let header = request.headers[.authorization] {
            let parts = header.split(separator: " ", maxSplits: 1)
            return parts.count == 2 && parts[0].lowercased() == "bearer" && token.matches(parts[1])
        }
        return request.headers[values: .cookie].contains { header in
            header.split(separator: ";").contains { item in
                let pair = item.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                return pair.count == 2 && pair[0] == Sessions.cookie && sessions.isOpen(pair[1])
            }
        }
    }

    // MARK: Login

    private func login(_ request: Request, _ body: ByteBuffer) -> WebReply {
        guard request.method == .post, let token = access.token else { return LoginView.reply(.ok) }
        let form = URI("/?" + String(buffer: body)).queryParameters
        guard let given = form["token"], token.matches(given) else {
            return LoginView.reply(.unauthorized, hasFailed: true)
        }
        var reply = WebReply.plain(.seeOther, "logged in")
        reply.fields[.location] = "/"
        // A proxy with TLS shows in the page's origin.
        let isSecure = HTTPField.Name("Origin").flatMap { request.headers[$0] }?.hasPrefix("https://") ?? false
        reply.fields[.setCookie] =
            "\(Sessions.cookie)=\(sessions.open()); Path=/; Max-Age=\(Sessions.lifetime.components.seconds); HttpOnly; "
            + "SameSite=Strict" + (isSecure ? "; Secure" : "")
        return reply
    }

    // MARK: Events

    /// Sends the version of the guard's state whenever it changes.
    @concurrent
    private func stream(_ writer: consuming ResponseWriter, _ channel: any Channel) async throws {
        guard let (id, versions) = feed.open() else {
            var reply = WebReply.plain(.serviceUnavailable, "too many event streams are open")
            reply.fields[.retryAfter] = "10"
            return try await write(reply, .get, writer)
        }
        defer { feed.close(id) }
        channel.closeFuture.whenComplete { [feed] _ in feed.close(id) }
        var head = WebReply.plain(.ok, "").head
        head.headerFields[.contentType] = ConnectionHandler.streamType
        var body = try await writer.writeHead(head)
        // After how many milliseconds a browser opens the stream again.
        try await body.write(ByteBuffer(string: "retry: 3000\n\n"))
        for await version in versions {
            try await body.write(ByteBuffer(string: "event: version\ndata: \(version)\n\n"))
        }
        try await body.finish(nil)
    }
}

extension HTTPField.Name {
    /// The codec moves the first Host header into the request's authority.
    fileprivate static let host = HTTPField.Name("Host") ?? .connection
}

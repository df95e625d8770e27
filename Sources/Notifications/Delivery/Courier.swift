package import AsyncHTTPClient
package import Model
package import NIOCore
package import Policy

/// Sends one message to one receiver, in the receiver's form.
package struct Courier: Sendable {
    private let poster: HTTPPoster
    private let group: any EventLoopGroup
    private let mailTimeout: Duration

    /// - Parameters:
    ///   - timeout: for one HTTP request, up to the end of its response.
    ///   - mailTimeout: for handing over one email.
    package init(
        _ http: HTTPClient, _ group: any EventLoopGroup, timeout: Duration = HTTPPoster.timeoutDefault,
        mailTimeout: Duration = .seconds(30)
    ) {
        (poster, self.group, self.mailTimeout) = (HTTPPoster(http, timeout: timeout), group, mailTimeout)
    }

    package func send(
        _ items: [OutboxItem], to receiver: Receiver, _ endpoint: ReceiverEndpoints.Endpoint?, at now: Instant
    ) async -> Outbox.Outcome {
        let message = NotificationMessage(items, to: receiver.name, at: now)
        switch receiver.channel {
        case .webhook(let webhook):
            guard let endpoint else { return Courier.unknown }
            let body = WebhookBody.text(message, webhook)
            return await poster.post(body, to: endpoint.url.text, endpoint.authorization)
        case .alertmanager:
            return await send(items.map { AlertBook.alert(for: $0, at: now) }, endpoint)
        case .email(let email):
            // The same for a message that is sent again.
            let id = "\(items.first?.id ?? 0).\(items.count).\((items.first?.at ?? now).milliseconds)"
            let mail = MailMessage(
                from: email.from, to: email.to,
                subject: "[sendwarden] \(message.priority.word): \(message.title)", body: message.text, at: now, id: id)
            return await SMTPClient(host: email.host, port: email.port, group: group, within: mailTimeout).send(mail)
        }
    }

    /// Sends alerts to an Alertmanager.
    package func send(_ alerts: [Alert], _ endpoint: ReceiverEndpoints.Endpoint?) async -> Outbox.Outcome {
        guard let endpoint else { return Courier.unknown }
        var base = endpoint.url.text
        while base.hasSuffix("/") { base.removeLast() }
        return await poster.post(AlertBook.body(alerts), to: base + "/api/v2/alerts", endpoint.authorization)
    }

    func ping(_ url: WebURL, _ method: Heartbeat.Method) async -> String? { await poster.ping(url, method) }

    /// Whether the receiver's server responds; sends no message.
    ///
    /// - Returns: nil if it does, otherwise the reason.
    package func probe(_ receiver: Receiver, _ endpoint: ReceiverEndpoints.Endpoint?) async -> String? {
        if case .email(let email) = receiver.channel {
            let client = SMTPClient(
                host: email.host, port: email.port, group: group, within: min(mailTimeout, .seconds(10)))
            switch await client.send(nil) {
            case .sent, .partlySent: return nil
            case .failed(let reason, _), .refused(let reason): return reason
            }
        }
        guard let endpoint else { return "its URL is not known" }
        return await probe(endpoint.url)
    }

    package func probe(_ url: WebURL) async -> String? {
        switch await poster.probe(url) {
        case .success: nil
        case .failure(let fault): fault.summary
        }
    }

    private static let unknown = Outbox.Outcome.failed("its URL is not known")
}

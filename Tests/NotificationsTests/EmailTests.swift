import AsyncHTTPClient
import Model
import NIOPosix
import Notifications
import Policy
import Providers
import TestSupport
import Testing

/// Emails over a real socket.
@Suite struct EmailTests {
    private func send(
        to recipients: String = "[ops@acme.example]", _ items: [OutboxItem] = [ReceiverBench.item(1)],
        timeout: Duration = .seconds(30),
        _ script: @escaping @Sendable (String) -> String? = { _ in nil }
    ) async throws -> (Outbox.Outcome, ScriptedMailServer) {
        try await ScriptedMailServer.run(script) { port, server in
            let policy = try ReceiverBench.policy(
                "  - {name: mail, email: {to: \(recipients), from: guard@acme.example, server: '127.0.0.1:\(port)'}}")
            let http = HTTPClient(eventLoopGroupProvider: .singleton)
            let courier = Courier(http, .singletonMultiThreadedEventLoopGroup, mailTimeout: timeout)
            let outcome = await courier.send(items, to: policy.receivers[0], nil, at: ReceiverBench.start)
            try await http.shutdown()
            return (outcome, server)
        }
    }

    @Test func aMessageIsHandedOver() async throws {
        let (outcome, server) = try await send(to: "[ops@acme.example, dev@acme.example]")
        #expect(outcome == .sent)
        #expect(
            server.received.filter { $0.hasPrefix("MAIL") || $0.hasPrefix("RCPT") } == [
                "MAIL FROM:<guard@acme.example>", "RCPT TO:<ops@acme.example>", "RCPT TO:<dev@acme.example>",
            ])
        #expect(server.message.contains("Subject: [sendwarden] warning: m"))
        #expect(server.message.last == "00:53Z warning: m")
    }

    /// Neither a header, nor a command, nor an early end of the message.
    @Test func aNameFromOutsideStaysInTheMessage() async throws {
        let hostile = "paused \"x\r\nBcc: evil@example.com\r\n.\r\nRCPT TO:<evil@example.com>\r\n"
        let (outcome, server) = try await send([ReceiverBench.item(1, .campaignPaused, hostile)])
        #expect(outcome == .sent)
        #expect(server.received.count { $0.hasPrefix("RCPT") } == 1)
        #expect(!server.received.contains { $0.hasPrefix("Bcc") })
        #expect(server.received.count { $0 == "." } == 1)
    }

    @Test(arguments: [
        ("CONNECT", "554 no", Outbox.Outcome.refused("the mail server replied 554 no to the connection")),
        ("CONNECT", "garbage", .failed("the mail server sent no valid reply")),
        ("MAIL", "451 later", .failed("the mail server replied 451 later to MAIL FROM")),
        ("RCPT", "550 unknown", .refused("the mail server replied 550 unknown to recipient ops@acme.example")),
        ("DATA", "452 full", .failed("the mail server replied 452 full to DATA")),
        (".", "550 spam\u{7}", .refused("the mail server replied 550 spam  to the message")),
    ])
    func refusals(_ command: String, _ reply: String, _ expected: Outbox.Outcome) async throws {
        let (outcome, _) = try await send { $0.hasPrefix(command) ? reply : nil }
        #expect(outcome == expected)
    }

    @Test func anOldServerIsGreetedWithHELO() async throws {
        let (outcome, server) = try await send { $0.hasPrefix("EHLO") ? "502 what?" : nil }
        #expect(outcome == .sent && server.received.contains { $0.hasPrefix("HELO ") })
    }

    @Test func someRecipientsAreRefused() async throws {
        let (outcome, _) = try await send(to: "[ops@acme.example, gone@acme.example]") {
            $0.contains("gone@") && $0.hasPrefix("RCPT") ? "550 unknown" : nil
        }
        #expect(outcome == .partlySent("the mail server replied 550 unknown to recipient gone@acme.example"))
    }

    @Test(arguments: ["CONNECT", "EHLO", "DATA", "."])
    func aServerThatNeverAnswersIsGivenUp(_ command: String) async throws {
        let (outcome, _) = try await send(timeout: .milliseconds(300)) { $0.hasPrefix(command) ? "" : nil }
        #expect(outcome == .failed("the mail server did not respond within 300ms"))
    }

    @Test func anEndlessReplyIsGivenUp() async throws {
        let (outcome, _) = try await send {
            $0 == "CONNECT" ? String(repeating: "220-x\r\n", count: 4000) + "220 x" : nil
        }
        #expect(outcome == .failed("the mail server sent no valid reply"))
    }
}

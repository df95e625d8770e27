import AsyncHTTPClient
import Foundation
import Model
import NIOPosix
import Notifications
import Policy
import Providers
import TestSupport
import Testing

/// Messages over real sockets: statuses, deadlines, redirects, and what must not be shown.
@Suite struct CourierTests {
    static let secret = "NeverShownT000B000"

    private func withCourier<Result: Sendable>(
        timeout: Duration = .seconds(10), _ body: (Courier) async throws -> Result
    ) async throws -> Result {
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: Connections.configuration)
        let result: Swift.Result<Result, any Error>
        do {
            let courier = Courier(http, .singletonMultiThreadedEventLoopGroup, timeout: timeout)
            result = .success(try await body(courier))
        } catch {
            result = .failure(error)
        }
        try await http.shutdown()
        return try result.get()
    }

    private func send(
        _ reply: ScriptedServer.Reply, timeout: Duration = .seconds(10)
    ) async throws -> (Outbox.Outcome, [ScriptedServer.Request]) {
        try await ScriptedServer.run({ _ in reply }) { url, server in
            let text = "  - {name: hook, webhook: {url: '\(url)/services/\(Self.secret)'}}"
            let policy = try ReceiverBench.policy(text)
            let endpoints = try ReceiverEndpoints(policy, credentialsDirectory: nil)
            let outcome = try await withCourier(timeout: timeout) { courier in
                await courier.send(
                    [ReceiverBench.item(1)], to: policy.receivers[0], endpoints["hook"], at: ReceiverBench.start)
            }
            return (outcome, server.requests)
        }
    }

    @Test func aMessageIsPostedAsJSON() async throws {
        let (outcome, requests) = try await send(.bytes(ScriptedServer.ok("ok")))
        #expect(outcome == .sent && requests.count == 1)
        #expect(requests[0].line == "POST /services/\(Self.secret)")
        #expect(requests[0].head.contains("application/json"))
        #expect(try ReceiverBench.json(requests[0].body)["receiver"] as? String == "hook")
    }

    @Test(arguments: [
        ("301 Moved", Outbox.Outcome.failed("HTTP 301: redirects are not followed")), ("400 Bad", .refused("HTTP 400")),
        ("404 Gone", .failed("HTTP 404")), ("413 Large", .refused("HTTP 413")), ("500 Oops", .failed("HTTP 500")),
    ])
    func statuses(_ status: String, _ expected: Outbox.Outcome) async throws {
        let reply = ScriptedServer.answer(status, "secret text", "Location: http://127.0.0.1:1/elsewhere")
        let (outcome, requests) = try await send(.bytes(reply))
        #expect(outcome == expected && requests.count == 1)
    }

    @Test func aNamedWaitIsRead() async throws {
        let (outcome, _) = try await send(.bytes(ScriptedServer.answer("429 Slow", "", "Retry-After: 120")))
        #expect(outcome == .failed("HTTP 429", retryAfter: .seconds(120)))
    }

    @Test func aReceiverThatNeverAnswersIsGivenUp() async throws {
        let (outcome, requests) = try await send(.held, timeout: .milliseconds(300))
        #expect(outcome == .failed("request timed out") && requests.count == 1)
    }

    @Test func aDripOrAFloodOfBytesEnds() async throws {
        let drip = "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nx"
        #expect(try await send(.bytes(drip), timeout: .milliseconds(300)).0 == .failed("request timed out"))
        let flood = ScriptedServer.answer("200 OK", String(repeating: "x", count: 4 << 20))
        #expect(try await send(.bytes(flood)).0 == .sent)
    }

    @Test func tokensAreSentAndNeverDescribed() async throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("token", "NeverShownToken")
        _ = try folder.write("pair", "user:NeverShownPassword")
        try await ScriptedServer.run({ _ in .bytes(ScriptedServer.ok("")) }) { url, server in
            _ = try folder.write("url", "\(url)/hooks/\(Self.secret)\n")
            let policy = try ReceiverBench.policy(
                """
                  - {name: a, webhook: {url_file: \(folder.path)/url, credential_file: \(folder.path)/token}}
                  - {name: b, webhook: {url_credential: url, credential: pair}}
                """)
            let endpoints = try ReceiverEndpoints(policy, credentialsDirectory: folder.path)
            try await withCourier { courier in
                for receiver in policy.receivers {
                    let items = [ReceiverBench.item(1, to: receiver.name)]
                    let outcome = await courier.send(
                        items, to: receiver, endpoints[receiver.name], at: ReceiverBench.start)
                    #expect(outcome == .sent)
                }
            }
            #expect(server.requests[0].head.contains("Authorization: Bearer NeverShownToken"))
            #expect(server.requests[1].head.contains("Authorization: Basic "))
            #expect(server.requests.allSatisfy { $0.line == "POST /hooks/\(Self.secret)" })
            for text in ["\(endpoints)", String(reflecting: endpoints), "\(policy)"] {
                #expect(!text.contains("NeverShown"))
            }
        }
    }

    @Test func aFileWithoutAURLIsRefused() throws {
        let folder = try TemporaryFolder()
        for (text, reason) in [
            ("NeverShownNoURL", "must start with https://"), ("http://example.com/NeverShown", "unencrypted"),
            ("https://u:NeverShown@h/x", "cannot contain a user"),
        ] {
            let path = try folder.write("url", text)
            let policy = try ReceiverBench.policy("  - {name: a, webhook: {url_file: \(path)}}")
            let error = #expect(throws: CredentialError.self) {
                try ReceiverEndpoints(policy, credentialsDirectory: nil)
            }
            #expect(error?.message.contains(reason) == true && error?.message.contains("NeverShown") == false)
        }
        let policy = try ReceiverBench.policy("  - {name: a, webhook: {url_file: /nonexistent/url}}")
        let error = #expect(throws: CredentialError.self) { try ReceiverEndpoints(policy, credentialsDirectory: nil) }
        #expect(error?.message == "/nonexistent/url: no such file; put the receiver's URL into it, mode 0600")
    }

    @Test func aProbeDoesNotUseThePath() async throws {
        try await ScriptedServer.run({ _ in .bytes("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n") }) { url, server in
            let policy = try ReceiverBench.policy("  - {name: a, webhook: {url: '\(url)/services/\(Self.secret)'}}")
            let endpoints = try ReceiverEndpoints(policy, credentialsDirectory: nil)
            let reason = try await withCourier { await $0.probe(policy.receivers[0], endpoints["a"]) }
            #expect(reason == nil && server.requests.map(\.line) == ["HEAD /"])
        }
    }
}

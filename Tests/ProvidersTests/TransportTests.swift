import AsyncHTTPClient
import Model
import NIOCore
import NIOPosix
import Providers
import TestSupport
import Testing

/// Behavior on the wire: lanes, connections, and unusual responses.
@Suite(.timeLimit(.minutes(2))) struct TransportTests {
    static let stats = ScriptedServer.ok(#"{"sent":10,"delivered":9,"bounced":1}"#)
    static let paused = ScriptedServer.ok(#"{"status":"paused"}"#)

    private static func id(_ text: String) -> CampaignID { CampaignID(unchecked: text) }

    private func run<Result: Sendable>(
        limits: ConnectionSlots.Limits = .init(), timeout: Duration = .seconds(30),
        _ script: @escaping @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply,
        _ body: (LeadterraClient, ScriptedServer) async throws -> Result
    ) async throws -> Result {
        try await withScriptedServer(
            limits: limits, timeout: timeout, script, client: ClientBench.leadterra(key: "sk_test"), body)
    }

    // MARK: Slow requests

    @Test func pollsThatHangBlockNeitherActionsNorFastPolls() async throws {
        try await run { request in
            if request.line.contains("slow") { return .held }
            return .bytes(request.line.hasPrefix("POST") ? Self.paused : Self.stats)
        } _: { client, server in
            _ = try await client.stats(of: Self.id("fast"))
            let answered = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<300 {
                    group.addTask { try await client.stats(of: Self.id("slow_\(number)")).sent == 10 }
                }
                // Three quarters of 256; the others wait for a slot.
                try await settle { server.heldCount == 192 }
                _ = try await client.stats(of: Self.id("fast"))
                _ = try await client.pause(Self.id("a"), firstSentAt: Instant(milliseconds: 0))
                _ = try await client.start(Self.id("a"), firstSentAt: Instant(milliseconds: 0))
                #expect(server.heldCount == 192)
                server.release(Self.stats)
                try await settle { server.heldCount == 108 }
                server.release(Self.stats)
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(answered == 300)
        }
    }

    @Test func pausesThatHangBlockNoStart() async throws {
        try await run(limits: .init(pauses: 3)) { request in
            request.line.hasSuffix("pause") ? .held : .bytes(Self.paused)
        } _: { client, server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<5 {
                    group.addTask {
                        _ = try await client.pause(Self.id("c_\(number)"), firstSentAt: Instant(milliseconds: 0))
                    }
                }
                try await settle { server.heldCount == 3 }
                _ = try await client.start(Self.id("a"), firstSentAt: Instant(milliseconds: 0))
                server.release(Self.paused)
                try await settle { server.heldCount == 2 }
                server.release(Self.paused)
                try await group.waitForAll()
            }
        }
    }

    @Test func theTimeoutStartsWhenTheRequestIsSent() async throws {
        // With one connection, the polls together take longer than the timeout, but none does alone.
        try await run(limits: .init(polls: 1), timeout: .seconds(1)) { _ in
            .late(Self.stats, .milliseconds(300))
        } _: { client, server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<6 { group.addTask { _ = try await client.stats(of: Self.id("c_\(number)")) } }
                try await group.waitForAll()
            }
            #expect(server.requests.count == 6)
        }
    }

    @Test func aCancelledWaiterReleasesItsPlace() async throws {
        try await run(limits: .init(polls: 1)) { request in
            request.line.contains("slow") ? .held : .bytes(Self.stats)
        } _: { client, server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await client.stats(of: Self.id("slow")) }
                try await settle { server.heldCount == 1 }
                let fault = await withTaskGroup(of: Fault?.self) { waiting in
                    waiting.addTask {
                        await ClientBench.fault { () throws(Fault) in try await client.stats(of: Self.id("late")) }
                    }
                    waiting.cancelAll()
                    return await waiting.next() ?? nil
                }
                #expect(fault?.summary == "request cancelled before it was sent" && fault?.mayHaveTakenEffect == false)
                server.release(Self.stats)
                try await group.waitForAll()
                _ = try await client.stats(of: Self.id("next"))
                #expect(!server.requests.contains { $0.line.contains("late") })
            }
        }
    }

    // MARK: Connections

    @Test func anActionNeverReusesAConnection() async throws {
        // The server closes each connection after its response, without announcing it.
        try await run { request in
            request.line.hasPrefix("POST") ? .cut(Self.paused) : .bytes(Self.stats)
        } _: { client, server in
            for _ in 0..<20 {
                _ = try await client.pause(Self.id("a"), firstSentAt: Instant(milliseconds: 0))
                _ = try await client.start(Self.id("a"), firstSentAt: Instant(milliseconds: 0))
                _ = try await client.stats(of: Self.id("a"))
            }
            let actions = server.requests.filter { $0.line.hasPrefix("POST") }
            #expect(Set(actions.map(\.connection)).count == 40)
            #expect(actions.allSatisfy { $0.head.lowercased().contains("connection: close") })
            // Polls reuse their connection.
            #expect(Set(server.requests.filter { $0.line.hasPrefix("GET") }.map(\.connection)).count == 1)
        }
    }

    // MARK: Unusual responses

    struct Unusual: Sendable, CustomTestStringConvertible {
        var bytes: String
        var kind: Fault.Kind?
        var mayHaveTakenEffect = false
        var testDescription: String { String(bytes.prefix(60).split(separator: "\r\n").first ?? "") }
    }

    static let unusual: [Unusual] =
        [
            "400 Bad Request", "405 Method Not Allowed", "409 Conflict", "410 Gone", "422 Unprocessable", "423 Locked",
            "425 Too Early",
        ]
        .map { Unusual(bytes: ScriptedServer.answer($0, "{}"), kind: .refused) }
        + ["401 Unauthorized", "403 Forbidden"].map {
            Unusual(bytes: ScriptedServer.answer($0, ""), kind: .unauthorized)
        }
        + ["408 Request Timeout", "500 Oops", "502 Bad Gateway", "503 Unavailable", "504 Gateway Timeout", "599 Other"]
        .map { Unusual(bytes: ScriptedServer.answer($0, "<html>"), kind: .unreachable, mayHaveTakenEffect: true) }
        + ["301 Moved", "302 Found", "307 Temporary", "304 Not Modified", "600 Other", "999 Other"]
        .map {
            Unusual(
                bytes: ScriptedServer.answer($0, "", "Location: http://127.0.0.1:1/"), kind: .unexpected,
                mayHaveTakenEffect: true)
        } + [
            Unusual(bytes: ScriptedServer.answer("404 Not Found", "{}"), kind: .missing),
            Unusual(bytes: ScriptedServer.answer("429 Slow Down", "{}"), kind: .throttled),
            Unusual(bytes: ScriptedServer.answer("503 Unavailable", "{}", "Retry-After: 7"), kind: .throttled),
            Unusual(bytes: ScriptedServer.answer("200 OK", ""), kind: .unexpected, mayHaveTakenEffect: true),
            Unusual(bytes: "HTTP/1.1 204 No Content\r\n\r\n", kind: .unexpected, mayHaveTakenEffect: true),
            Unusual(
                bytes: ScriptedServer.answer("200 OK", "<html></html>", "Content-Type: text/html"), kind: .unexpected,
                mayHaveTakenEffect: true),
            Unusual(
                bytes: ScriptedServer.answer("202 Accepted", #"{"id":"another","status":"paused"}"#), kind: .unexpected,
                mayHaveTakenEffect: true),
            Unusual(bytes: "nonsense\r\n\r\n", kind: .unexpected, mayHaveTakenEffect: true),
            // Interim responses are ignored.
            Unusual(bytes: "HTTP/1.1 100 Continue\r\n\r\n" + paused, kind: nil),
            Unusual(bytes: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + paused, kind: nil),
        ]

    @Test(arguments: unusual)
    func unusualResponsesToActionsAreClassified(_ unusual: Unusual) async throws {
        try await run { _ in
            .bytes(unusual.bytes)
        } _: { client, server in
            let faults = [
                await ClientBench.fault { () throws(Fault) in
                    try await client.pause(Self.id("a"), firstSentAt: Instant(milliseconds: 0))
                },
                await ClientBench.fault { () throws(Fault) in
                    try await client.start(Self.id("b"), firstSentAt: Instant(milliseconds: 0))
                },
            ]
            for fault in faults {
                // The start is held back if the pause received a Retry-After.
                #expect(fault?.kind == unusual.kind, "\(fault?.summary ?? "-")")
                #expect(fault?.mayHaveTakenEffect ?? false == unusual.mayHaveTakenEffect)
            }
            #expect(server.requests.count == (unusual.kind == .throttled ? 1 : 2))
        }
    }

    // MARK: Retry-After

    @Test func aPausesRetryAfterAppliesToPollsAndStartsOnly() async throws {
        try await run { request in
            request.line.contains("busy") || request.line.hasPrefix("GET")
                ? .bytes(ScriptedServer.answer("429 Slow Down", "", "Retry-After: 3600")) : .bytes(Self.paused)
        } _: { client, server in
            let now = Instant(milliseconds: 0)
            let busy = await ClientBench.fault { () throws(Fault) in
                try await client.pause(Self.id("busy"), firstSentAt: now)
            }
            #expect(busy?.kind == .throttled && busy?.retryAfter == .seconds(3600))
            _ = try await client.pause(Self.id("other"), firstSentAt: now)
            let poll = await ClientBench.fault { () throws(Fault) in try await client.stats(of: Self.id("a")) }
            let start = await ClientBench.fault { () throws(Fault) in
                try await client.start(Self.id("a"), firstSentAt: now)
            }
            #expect(poll?.kind == .throttled && start?.kind == .throttled)
            // The same pause may be retried.
            _ = await ClientBench.fault { () throws(Fault) in try await client.pause(Self.id("busy"), firstSentAt: now)
            }
            #expect(server.requests.map(\.line.last) == ["e", "e", "e"])
        }
    }

    @Test(arguments: ["99999999999999999999", "5000"])
    func anExcessiveRetryAfterIsAnHour(_ text: String) async throws {
        try await run { _ in
            .bytes(ScriptedServer.answer("503 Busy", "", "Retry-After: \(text)"))
        } _: { client, _ in
            let fault = await ClientBench.fault { () throws(Fault) in try await client.pools() }
            #expect(fault?.kind == .throttled && fault?.retryAfter == .seconds(3600))
        }
    }
}

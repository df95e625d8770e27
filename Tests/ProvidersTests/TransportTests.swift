import AsyncHTTPClient
import Model
import NIOCore
import NIOPosix
import Providers
import TestSupport
import Testing

/// What happens on the wire: lanes, connections, and what odd answers mean.
@Suite(.timeLimit(.minutes(2))) struct TransportTests {
    static let stats = ScriptedServer.ok(#"{"sent":10,"delivered":9,"bounced":1}"#)
    static let paused = ScriptedServer.ok(#"{"status":"paused"}"#)

    private static func id(_ text: String) -> CampaignID { CampaignID(unchecked: text) }

    private func run<Result: Sendable>(
        limits: ConnectionSlots.Limits = .init(), timeout: Duration = .seconds(30),
        _ script: @escaping @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply,
        _ body: (LeadterraClient, ScriptedServer) async throws -> Result
    ) async throws -> Result {
        try await ScriptedServer.run(script) { url, server in
            let connections = Connections(.singleton)
            let time = SteadyTime(startingAt: Instant(milliseconds: 1_796_000_000_000))
            let gate = RequestGate(perSecond: 100_000, limits: limits, time: time)
            let client = LeadterraClient(
                connections: connections, url: url, key: APIKey("sk_test"), gate: gate, timeout: timeout, time: time,
                random: { 0 })
            let result: Swift.Result<Result, any Error>
            do { result = .success(try await body(client, server)) } catch { result = .failure(error) }
            try await connections.shutdown()
            return try result.get()
        }
    }

    /// Waits for something that is bound to happen.
    private func settle(until condition: () -> Bool) async throws {
        while !condition() { try await Task.sleep(for: .milliseconds(2)) }
    }

    // MARK: Slow neighbours

    @Test func pollsThatHangStopNeitherActionsNorQuickPolls() async throws {
        try await run { request in
            if request.line.contains("slow") { return .held }
            return .bytes(request.line.hasPrefix("POST") ? Self.paused : Self.stats)
        } _: { client, server in
            _ = try await client.stats(of: Self.id("fast"))
            let answered = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<300 {
                    group.addTask { try await client.stats(of: Self.id("slow_\(number)")).sent == 10 }
                }
                // Three quarters of 256: the others wait for a slot.
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

    @Test func pausesThatHangStopNoStart() async throws {
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

    @Test func theTimeoutCountsFromTheDeparture() async throws {
        // One connection: together the polls wait longer than the timeout, each by itself does not.
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

    @Test func whoIsCancelledWhileItWaitsForASlotLeavesNothingBehind() async throws {
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

    @Test func anActionNeverUsesAConnectionThatLayIdle() async throws {
        // The server closes each connection after its answer, without a word of it in the answer.
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
            // Polls use theirs again.
            #expect(Set(server.requests.filter { $0.line.hasPrefix("GET") }.map(\.connection)).count == 1)
        }
    }

    // MARK: Odd answers

    struct Odd: Sendable, CustomTestStringConvertible {
        var bytes: String
        var kind: Fault.Kind?
        var mayHaveTakenEffect = false
        var testDescription: String { String(bytes.prefix(60).split(separator: "\r\n").first ?? "") }
    }

    static let odd: [Odd] =
        [
            "400 Bad Request", "405 Method Not Allowed", "409 Conflict", "410 Gone", "422 Unprocessable", "423 Locked",
            "425 Too Early",
        ]
        .map { Odd(bytes: ScriptedServer.answer($0, "{}"), kind: .refused) }
        + ["401 Unauthorized", "403 Forbidden"].map { Odd(bytes: ScriptedServer.answer($0, ""), kind: .unauthorized) }
        + ["408 Request Timeout", "500 Oops", "502 Bad Gateway", "503 Unavailable", "504 Gateway Timeout", "599 Odd"]
        .map { Odd(bytes: ScriptedServer.answer($0, "<html>"), kind: .unreachable, mayHaveTakenEffect: true) }
        + ["301 Moved", "302 Found", "307 Temporary", "304 Not Modified", "600 Odd", "999 Odd"]
        .map {
            Odd(
                bytes: ScriptedServer.answer($0, "", "Location: http://127.0.0.1:1/"), kind: .unexpected,
                mayHaveTakenEffect: true)
        } + [
            Odd(bytes: ScriptedServer.answer("404 Not Found", "{}"), kind: .missing),
            Odd(bytes: ScriptedServer.answer("429 Slow Down", "{}"), kind: .throttled),
            Odd(bytes: ScriptedServer.answer("503 Unavailable", "{}", "Retry-After: 7"), kind: .throttled),
            Odd(bytes: ScriptedServer.answer("200 OK", ""), kind: .unexpected, mayHaveTakenEffect: true),
            Odd(bytes: "HTTP/1.1 204 No Content\r\n\r\n", kind: .unexpected, mayHaveTakenEffect: true),
            Odd(
                bytes: ScriptedServer.answer("200 OK", "<html></html>", "Content-Type: text/html"), kind: .unexpected,
                mayHaveTakenEffect: true),
            Odd(
                bytes: ScriptedServer.answer("202 Accepted", #"{"id":"another","status":"paused"}"#), kind: .unexpected,
                mayHaveTakenEffect: true),
            Odd(bytes: "nonsense\r\n\r\n", kind: .unexpected, mayHaveTakenEffect: true),
            // An interim answer is none.
            Odd(bytes: "HTTP/1.1 100 Continue\r\n\r\n" + paused, kind: nil),
            Odd(bytes: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + paused, kind: nil),
        ]

    @Test(arguments: odd)
    func anActionsOddAnswerIsWhatItIs(_ odd: Odd) async throws {
        try await run { _ in
            .bytes(odd.bytes)
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
                // A start waits where the pause earned a Retry-After.
                #expect(fault?.kind == odd.kind, "\(fault?.summary ?? "-")")
                #expect(fault?.mayHaveTakenEffect ?? false == odd.mayHaveTakenEffect)
            }
            #expect(server.requests.count == (odd.kind == .throttled ? 1 : 2))
        }
    }

    // MARK: Retry-After

    @Test func whatAPauseEarnsHoldsUpPollsAndNoOtherPause() async throws {
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
            // The same pause may be tried again.
            _ = await ClientBench.fault { () throws(Fault) in try await client.pause(Self.id("busy"), firstSentAt: now)
            }
            #expect(server.requests.map(\.line.last) == ["e", "e", "e"])
        }
    }

    @Test(arguments: ["99999999999999999999", "5000"])
    func aRetryAfterBeyondAllBoundsIsAnHour(_ text: String) async throws {
        try await run { _ in
            .bytes(ScriptedServer.answer("503 Busy", "", "Retry-After: \(text)"))
        } _: { client, _ in
            let fault = await ClientBench.fault { () throws(Fault) in try await client.pools() }
            #expect(fault?.kind == .throttled && fault?.retryAfter == .seconds(3600))
        }
    }
}

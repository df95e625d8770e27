import AsyncHTTPClient
import Model
import NIOPosix
import Providers
import TestSupport
import Testing

/// The Twilio client against raw responses.
@Suite(.timeLimit(.minutes(2))) struct TwilioTransportTests {
    static let pool = PoolID(unchecked: "comms_senderpool_0" + String(repeating: "a", count: 25))
    static let sender = SenderID(unchecked: "comms_sender_0" + String(repeating: "a", count: 25))
    static let operation = OperationID(unchecked: "comms_operation_0" + String(repeating: "a", count: 25))

    private func run<Result: Sendable>(
        limits: ConnectionSlots.Limits = .init(), timeout: Duration = .seconds(30),
        _ script: @escaping @Sendable (ScriptedServer.Request) -> ScriptedServer.Reply,
        _ body: (TwilioCommsClient, ScriptedServer) async throws -> Result
    ) async throws -> Result {
        try await withScriptedServer(
            limits: limits, timeout: timeout, script, client: ClientBench.twilio(key: "AC:token"), body)
    }

    @Test func aListsRetryAfterAppliesToChangesOfMembers() async throws {
        try await run { _ in
            .bytes(ScriptedServer.answer("429 Busy", "", "Retry-After: 60"))
        } _: { client, server in
            let list = await ClientBench.fault { () throws(Fault) in
                var pages = client.pools()
                return try await pages.next()
            }
            #expect(list?.kind == .throttled && list?.retryAfter == .seconds(60))
            let removal = await ClientBench.fault { () throws(Fault) in
                try await client.remove(Self.sender, from: Self.pool)
            }
            // It was not sent, so it had no effect.
            #expect(removal?.kind == .throttled && removal?.mayHaveTakenEffect == false)
            #expect(server.requests.count == 1)
        }
    }

    @Test func listsThatHangBlockNoChange() async throws {
        try await run(limits: .init(polls: 2)) { request in
            request.line.hasPrefix("GET") ? .held : .bytes("HTTP/1.1 204 No Content\r\n\r\n")
        } _: { client, server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<5 {
                    group.addTask {
                        var pages = client.pools()
                        _ = try await pages.next()
                    }
                }
                try await settle { server.heldCount == 2 }
                let receipt = try await client.remove(Self.sender, from: Self.pool)
                #expect(receipt.operation == nil)
                for round in 1...3 {
                    try await settle { server.heldCount == (round == 3 ? 1 : 2) }
                    server.release(ScriptedServer.ok(#"{"senderPools":[]}"#))
                }
                try await group.waitForAll()
            }
        }
    }

    /// The connection stays open, but the response is missing or incomplete.
    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"])
    func aHalfOpenConnectionTimesOut(_ bytes: String) async throws {
        try await run(timeout: .milliseconds(200)) { _ in
            .bytes(bytes)
        } _: { client, server in
            let read = await ClientBench.fault { () throws(Fault) in try await client.pool(Self.pool) }
            #expect(read?.kind == .unreachable && read?.summary == "request timed out")
            let change = await ClientBench.fault { () throws(Fault) in
                try await client.remove(Self.sender, from: Self.pool)
            }
            #expect(change?.kind == .unreachable && change?.mayHaveTakenEffect == true)
            #expect(server.requests.count { $0.line.hasPrefix("DELETE") } == 1)
        }
    }

    @Test func anOversizedResponseIsNotReadCompletely() async throws {
        let chunk = "100000\r\n" + String(repeating: "[", count: 1 << 20) + "\r\n"
        let endless = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + String(repeating: chunk, count: 10)
        try await run { _ in
            .bytes(endless)
        } _: { client, _ in
            let fault = await ClientBench.fault { () throws(Fault) in try await client.pool(Self.pool) }
            #expect(fault?.kind == .unexpected && fault?.summary == "response is larger than 8 MiB")
        }
    }

    @Test func missingCountersAreUnknown() async throws {
        let body = #"{"id":"\#(Self.operation)","status":"PROCESSING","stats":{"queued":null}}"#
        try await run { _ in
            .bytes(ScriptedServer.ok(body))
        } _: { client, _ in
            let operation = try await client.operation(Self.operation)
            #expect(operation.status == .processing)
            #expect(operation.total == nil && operation.failed == nil && operation.queued == nil)
        }
    }

    @Test func aLoopOfTwoTokensIsAFault() async throws {
        // Two tokens that lead to each other.
        try await run { request in
            let next = request.line.contains("pageToken=b") ? "a" : "b"
            return .bytes(ScriptedServer.ok(#"{"senderPools":[],"pagination":{"next":"\#(next)"}}"#))
        } _: { client, server in
            let fault = await ClientBench.fault { () throws(Fault) in
                var pages = client.pools()
                while try await pages.next() != nil {}
            }
            #expect(fault?.summary == "page token repeats")
            #expect(server.requests.count == 3)
        }
    }

    @Test(arguments: ["202 Accepted", "200 OK", "204 No Content"])
    func aResponseToAChangeNeedsNoBody(_ status: String) async throws {
        let header = "operation-id: \(Self.operation)"
        let bytes =
            status.hasPrefix("204")
            ? "HTTP/1.1 \(status)\r\n\(header)\r\n\r\n" : ScriptedServer.answer(status, "", header)
        try await run { _ in
            .bytes(bytes)
        } _: { client, _ in
            let receipt = try await client.remove(Self.sender, from: Self.pool)
            #expect(receipt.operation == Self.operation)
        }
    }
}

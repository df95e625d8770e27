import Model
import Providers
import Synchronization
import TestSupport
import Testing

/// How often the list of replies is read, and how long its count is used.
@Suite(.timeLimit(.minutes(2))) struct RepliesPaceTests {
    private static let camp = CampaignID(unchecked: "c")
    private static let minute = Duration.seconds(60)

    /// A platform whose responses a test sets, and the client's time.
    private final class Bench: Sendable {
        struct State {
            var replied = 1
            var unsubscribes = 1
            /// Served instead of the list.
            var fault: String?
        }

        let state = Mutex(State())
        let time = ManualTime()

        func answer(_ line: String) -> ScriptedServer.Reply {
            let state = state.withLock { $0 }
            if line.contains("/stats") {
                return .bytes(
                    ScriptedServer.ok(#"{"sent":100,"delivered":90,"bounced":0,"replied":\#(state.replied)}"#))
            }
            if let fault = state.fault { return .bytes(fault) }
            let entries = (0..<max(state.replied, state.unsubscribes)).map {
                #"{"id":\#($0),"classification":"\#($0 < state.unsubscribes ? "unsubscribe" : "interested")"}"#
            }
            return .bytes(ScriptedServer.ok("[\(entries.joined(separator: ","))]"))
        }

        func set(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }
    }

    /// The count that a poll returns.
    private enum Poll: Equatable {
        /// The list was read for it.
        case read(Int?)
        /// The list was not read.
        case retained(Int?)
    }

    /// Runs `body` with the bench and a poll, which follows the one before after a time.
    private func run(
        _ body: (Bench, _ poll: (Duration) async throws -> Poll) async throws -> Void
    ) async throws {
        let bench = Bench()
        try await withScriptedServer(
            timeout: .seconds(30), time: bench.time, { bench.answer($0.line) },
            client: ClientBench.leadterra(key: "sk_test")
        ) { client, server in
            func reads() -> Int { server.requests.count { $0.line.contains("/replies") } }
            try await body(bench) { wait in
                bench.time.advance(by: wait)
                let before = reads()
                let stats = try await client.stats(of: Self.camp, with: [.unsubscribed])
                return reads() > before ? .read(stats.unsubscribed) : .retained(stats.unsubscribed)
            }
        }
    }

    @Test func theListIsReadAgainAfterANewReplyButNotBeforeFiveMinutes() async throws {
        try await run { bench, poll async throws in
            #expect(try await poll(.zero) == .read(1))
            bench.set { ($0.replied, $0.unsubscribes) = (3, 3) }
            for _ in 1..<5 { #expect(try await poll(Self.minute) == .retained(1)) }
            #expect(try await poll(Self.minute) == .read(3))
            #expect(try await poll(Self.minute * 6) == .retained(3))
        }
    }

    @Test func itIsReadAgainAfterHalfAnHourAnyway() async throws {
        try await run { bench, poll async throws in
            #expect(try await poll(.zero) == .read(1))
            // A lead that had replied before unsubscribes.
            bench.set { $0.unsubscribes = 2 }
            for _ in 1..<6 { #expect(try await poll(Self.minute * 5) == .retained(1)) }
            #expect(try await poll(Self.minute * 5) == .read(2))
        }
    }

    @Test func aFailedReadMakesItUnknownUntilTheNext() async throws {
        try await run { bench, poll async throws in
            #expect(try await poll(.zero) == .read(1))
            bench.set { ($0.replied, $0.fault) = (2, ScriptedServer.answer("503 Unavailable", "")) }
            #expect(try await poll(Self.minute * 5) == .read(nil))
            #expect(try await poll(Self.minute * 4) == .retained(nil))
            bench.set { $0.fault = nil }
            #expect(try await poll(Self.minute) == .read(1))
        }
    }

    @Test func aPlatformThatAsksToWaitIsNotAskedAgainAndTheCountAges() async throws {
        try await run { bench, poll async throws in
            #expect(try await poll(.zero) == .read(1))
            // The response of another workspace's list closes the gate; the stats pass before it does.
            bench.set { ($0.replied, $0.fault) = (2, ScriptedServer.answer("429 Too Many", "", "Retry-After: 60")) }
            #expect(try await poll(Self.minute * 5) == .read(nil))
        }
    }

    @Test func aSlowListDelaysTheStatsByTheTimeoutAtMost() async throws {
        let body = ScriptedServer.ok(#"{"sent":100,"delivered":90,"bounced":0,"replied":1}"#)
        try await withScriptedServer(
            timeout: .seconds(3), { $0.line.contains("/stats") ? .bytes(body) : .held },
            client: ClientBench.leadterra(key: "sk_test")
        ) { client, _ in
            let start = ContinuousClock.now
            let stats = try await client.stats(of: Self.camp, with: [.unsubscribed])
            #expect(stats.sent == 100 && stats.unsubscribed == nil)
            #expect(stats.unsubscribedGap == "the list of replies cannot be read: request timed out")
            #expect(start.duration(to: .now) < .seconds(20))
        }
    }

    /// Without budget, the list is not requested; the next poll may try again.
    @Test func aListThatWaitsForTheBudgetDoesNotHoldTheStats() async throws {
        let time = ManualTime()
        let body = ScriptedServer.ok(#"{"sent":100,"delivered":90,"bounced":0,"replied":0}"#)
        try await withScriptedServer(
            perSecond: 0.1, timeout: .seconds(3), time: time,
            { .bytes($0.line.contains("/stats") ? body : ScriptedServer.ok("[]")) },
            client: ClientBench.leadterra(key: "sk_test")
        ) { client, server in
            // The bucket starts with two tokens.
            _ = try await client.stats(of: Self.camp)
            var stats = try await client.stats(of: Self.camp, with: [.unsubscribed])
            #expect(stats.sent == 100 && stats.unsubscribed == nil)
            #expect(stats.unsubscribedGap?.hasSuffix("request cancelled before it was sent") == true)
            time.advance(by: .seconds(20))
            stats = try await client.stats(of: Self.camp, with: [.unsubscribed])
            #expect(stats.unsubscribed == 0)
            #expect(server.requests.count { $0.line.contains("/replies") } == 1)
        }
    }
}

import AsyncHTTPClient
import Model
import NIOPosix
import Providers
import Simulator
import Synchronization
import TestSupport
import Testing

/// Unsubscribes are counted in the list of a campaign's replies, and only if that list is known to be complete.
@Suite(.timeLimit(.minutes(2))) struct RepliesTests {
    private static let camp = CampaignID(unchecked: "c")

    // MARK: The simulated platform

    /// A campaign whose replies have all arrived, and how many of them are unsubscribes.
    private func run(
        shapes: String = "{}", faults: String = "[]",
        _ body: (LeadterraClient, SimulatorServer, _ unsubscribes: Int) async throws -> Void
    ) async throws {
        let world = """
            start: 2026-12-01T09:00:00Z
            shapes: \(shapes)
            faults: \(faults)
            pools: [{id: p, capacity: 5000}]
            campaigns:
              - {id: c, pool: p, status: running, leads: 300, rate: 36000, reply_rate: 50%, unsubscribe_share: 20%}
              - {id: d, pool: p, leads: 300}
            """
        let time = ManualTime(try #require(Instant(rfc3339: "2026-12-01T09:00:00Z")))
        try await withSimulator(world, time: time) { url, server in
            time.advance(by: .seconds(6 * 3600))
            let http = HTTPClient(eventLoopGroupProvider: .singleton)
            let client = LeadterraClient(
                connections: Connections(all: http), url: url, key: APIKey(ClientBench.key),
                gate: RequestGate(perSecond: 1000, time: time), timeout: .seconds(30), time: time, random: { 0 })
            let result: Result<Void, any Error>
            do {
                // The world advances with the first request.
                _ = try await client.pools()
                let unsubscribes = server.world.unsubscribes(of: Self.camp)
                #expect((15...50).contains(unsubscribes))
                result = .success(try await body(client, server, unsubscribes))
            } catch {
                result = .failure(error)
            }
            try await http.shutdown()
            try result.get()
        }
    }

    @Test(arguments: [
        "{}", "{replies: data}", "{replies: replies}", "{replies: replies, pagination: has_more}",
        "{replies: replies, pagination: cursor}", "{replies: replies, pagination: pages}",
    ])
    func everyFormatIsCounted(_ shapes: String) async throws {
        try await run(shapes: shapes) { client, server, unsubscribes in
            let stats = try await client.stats(of: Self.camp, with: [.unsubscribed])
            #expect(stats.unsubscribed == unsubscribes && stats.unsubscribedGap == nil)
            #expect(server.requestCount("/v1/replies") == 1)
            // The same response is used for the next polls.
            #expect(try await client.stats(of: Self.camp, with: [.unsubscribed]).unsubscribed == unsubscribes)
            #expect(server.requestCount("/v1/replies") == 1)
        }
    }

    @Test(arguments: [
        "{}", "{replies: data}", "{replies: replies}", "{replies: replies, pagination: has_more}",
        "{replies: replies, pagination: cursor}", "{replies: replies, pagination: pages}",
    ])
    func aTruncatedListIsUnknown(_ shapes: String) async throws {
        try await run(shapes: shapes, faults: "[{kind: truncated_list, endpoint: replies}]") { client, _, _ in
            let stats = try await client.stats(of: Self.camp, with: [.unsubscribed])
            #expect(stats.unsubscribed == nil && stats.sent == 300)
            // Without pagination, the number of replies gives it away.
            let isPaged = shapes.contains("replies: replies")
            let gap = isPaged ? "is incomplete" : "has fewer entries than there are leads that replied"
            #expect(stats.unsubscribedGap == "the list of replies \(gap)")
        }
    }

    @Test func aPageThatDoesNotShowWhetherItIsTheLastIsUnknown() async throws {
        try await run(shapes: "{replies: replies, pagination: size}") { client, _, _ in
            let stats = try await client.stats(of: Self.camp, with: [.unsubscribed])
            #expect(stats.unsubscribed == nil && stats.unsubscribedGap == "the list of replies is incomplete")
        }
    }

    @Test(arguments: [
        ("no_classification", "a reply has no classification"),
        ("error_500", "the list of replies cannot be read: HTTP 500 internal_error"),
        ("not_found", "the list of replies cannot be read: HTTP 404 campaign_not_found"),
        ("unauthorized", "the list of replies cannot be read: HTTP 401 authentication_failed"),
        ("html", "the list of replies cannot be read: response is not JSON"),
        ("huge", "the list of replies cannot be read: response is larger than 2 MiB"),
        ("cut", "the list of replies cannot be read: connection closed unexpectedly"),
        ("throttle_seconds", "the list of replies cannot be read: HTTP 429 rate_limited"),
        (
            "wrong_shape",
            "the list of replies cannot be read: response does not match the API documentation"
        ), ("wrong_types", "the list of replies cannot be read: field \"data\" does not match the API documentation"),
    ])
    func aListThatCannotBeReadCostsNoSample(_ kind: String, _ gap: String) async throws {
        try await run(faults: "[{kind: \(kind), endpoint: replies}]") { client, _, _ in
            let stats = try await client.stats(of: Self.camp, with: [.unsubscribed])
            #expect(stats.sent == 300 && stats.unsubscribed == nil)
            #expect(stats.unsubscribedGap == gap)
        }
    }

    @Test func otherClassificationsAreNoUnsubscribes() async throws {
        try await run(faults: "[{kind: unknown_classification, endpoint: replies}]") { client, _, _ async throws in
            #expect(try await client.stats(of: Self.camp, with: [.unsubscribed]).unsubscribed == 0)
        }
    }

    @Test func withoutARuleTheyAreNotRead() async throws {
        try await run { client, server, _ in
            let stats = try await client.stats(of: Self.camp)
            #expect(stats.unsubscribed == nil && stats.unsubscribedGap == nil)
            // A draft has none.
            let draft = try await client.stats(of: CampaignID(unchecked: "d"), with: [.unsubscribed])
            #expect(draft.unsubscribed == 0 && draft.provesDraft)
            #expect(server.requestCount("/v1/replies") == 0)
        }
    }

    // MARK: Formats

    private static func entry(_ id: String?, _ classification: String, _ more: String = "") -> String {
        let id = id.map { #""id":\#($0),"# } ?? ""
        return #"{\#(id)"classification":"\#(classification)"\#(more)}"#
    }

    private static let two = #"[{"id":"r1","classification":"unsubscribe"},{"id":"r2","classification":"interested"}]"#

    static let lists: [(body: String, count: Int?)] = [
        (two, 1), (#"{"data":\#(two)}"#, 1), (#"{"replies":\#(two),"pagination":{"hasMore":false}}"#, 1),
        (#"{"replies":\#(two),"pagination":{"has_more":false,"total":2,"next":null}}"#, 1),
        (#"{"replies":\#(two),"pagination":{"next_cursor":null}}"#, 1),
        (#"{"replies":\#(two),"pagination":{"pages":1}}"#, 1), (#"{"replies":\#(two),"pagination":{"total":2}}"#, 1),
        (#"{"replies":\#(two),"pagination":{"total":2,"hasMore":true}}"#, nil),
        (#"{"replies":\#(two),"pagination":{"hasMore":false,"nextCursor":"x"}}"#, nil),
        (#"{"replies":\#(two),"pagination":{"total":3}}"#, nil),
        (#"{"replies":\#(two),"pagination":{"total":1}}"#, nil),
        (#"{"replies":\#(two),"pagination":{"total":"2"}}"#, nil),
        (#"{"replies":\#(two),"pagination":{"totalPages":2}}"#, nil),
        (#"{"replies":\#(two),"pagination":{"hasMore":0}}"#, nil), (#"{"replies":\#(two),"pagination":{}}"#, nil),
        (#"{"replies":\#(two),"pagination":{"last":true}}"#, nil), (#"{"replies":\#(two),"pagination":null}"#, nil),
        (#"{"replies":\#(two),"pagination":[]}"#, nil), (#"{"replies":\#(two)}"#, 1),
        // The same fields next to the list.
        (#"{"data":\#(two),"hasMore":true}"#, nil), (#"{"data":\#(two),"total":2}"#, 1),
        // Ids make replies distinct; without them, each entry counts.
        ("[\(entry("1", "unsubscribe")),\(entry("1", "unsubscribe")),\(entry("2", "interested"))]", 1),
        ("[\(entry(nil, "unsubscribe")),\(entry(nil, "unsubscribe"))]", 2),
        ("[\(entry(nil, "Unsubscribe")),\(entry("null", "bounce"))]", 1),
        // A reply to another campaign, because the filter had no effect.
        ("[\(entry("1", "unsubscribe", #","campaignId":"b""#)),\(entry("2", "bounce")),\(entry("3", "bounce"))]", 0),
        // Fewer replies than leads that replied, or more unsubscribes than deliveries.
        ("[\(entry("1", "unsubscribe"))]", nil), ("[]", nil),
        ("[\((1...91).map { entry("\($0)", "unsubscribe") }.joined(separator: ","))]", nil),
        (#"[{"id":"r1","classification":null},{"id":"r2","classification":"interested"}]"#, nil),
        (#"[{"id":"r1","classification":7},{"id":"r2","classification":"interested"}]"#, nil),
        // Longer than the accepted list.
        ("[\(Array(repeating: "{}", count: 10_001).joined(separator: ","))]", nil),
    ]

    @Test(arguments: lists) func aListIsCountedOnlyIfItIsComplete(_ body: String, _ count: Int?) async throws {
        let stats = #"{"sent":100,"delivered":90,"bounced":0,"replied":2}"#
        try await withScriptedServer(
            { .bytes(ScriptedServer.ok($0.line.contains("/replies") ? body : stats)) },
            client: ClientBench.leadterra(key: "sk_test")
        ) { client, server in
            let stats = try await client.stats(of: Self.camp, with: [.unsubscribed])
            #expect(stats.unsubscribed == count && (stats.unsubscribedGap == nil) == (count != nil))
            #expect(server.requests.map(\.line).last == "GET /v1/replies?campaignId=c")
        }
    }
}

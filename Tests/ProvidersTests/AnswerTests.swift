import AsyncHTTPClient
import Model
import NIOPosix
import Providers
import TestSupport
import Testing

/// The age of responses, the server's clock, and contradictory counters.
@Suite(.timeLimit(.minutes(2))) struct AnswerTests {
    private func run<Result: Sendable>(
        time: any TimeSource, perSecond: Double = 1000, _ bytes: String,
        _ body: (LeadterraClient) async throws -> Result
    ) async throws -> Result {
        try await withScriptedServer(
            perSecond: perSecond, time: time, { _ in .bytes(bytes) }, client: ClientBench.leadterra(key: "sk_test")
        ) { client, _ in
            try await body(client)
        }
    }

    // MARK: Age

    @Test func aResponseIsAsOldAsItsRequestWithoutTheWait() async throws {
        let time = ManualTime()
        let start = time.now
        try await run(time: time, perSecond: 0.1, ScriptedServer.ok(#"{"sent":1,"status":"running"}"#)) { client in
            // The bucket starts with two tokens; none is left for a poll.
            for _ in 0..<2 { _ = try await client.start(CampaignID(unchecked: "a"), firstSentAt: start) }
            let departure = Departure()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await Departure.$current.withValue(departure) {
                        _ = try await client.stats(of: CampaignID(unchecked: "a"))
                    }
                }
                for second in 1...10 {
                    while time.sleeperCount == 0 { await Task.yield() }
                    #expect(departure.instant == nil)
                    time.advance(by: second == 10 ? .milliseconds(1100) : .seconds(1))
                }
                try await group.waitForAll()
            }
            #expect(departure.instant == start + .milliseconds(10_100))
        }
    }

    @Test func aListIsAsOldAsItsFirstRequest() {
        let departure = Departure()
        departure.note(Instant(milliseconds: 5))
        departure.note(Instant(milliseconds: 9))
        #expect(departure.instant == Instant(milliseconds: 5))
    }

    // MARK: The server's clock

    static let dates: [(headers: String, seconds: Int64?)] = [
        // A response at 10:00:05 to a request that was first sent a minute before.
        ("Date: Tue, 01 Dec 2026 10:00:05 GMT", -55),
        // Clocks may differ by hours.
        ("Date: Tue, 01 Dec 2026 15:00:00 GMT", 5 * 3600 - 60),
        ("Date: Tue, 01 Dec 2099 10:00:05 GMT", nil), ("Date: Thu, 01 Jan 1970 00:00:00 GMT", nil),
        ("Date: yesterday", nil), ("Date: 2026-12-01T10:00:05Z", nil), ("X-Date: none", nil),
    ]

    @Test(arguments: dates)
    func serverTimeComesFromAPlausibleDate(_ headers: String, _ seconds: Int64?) async throws {
        let now = try #require(Instant(rfc3339: "2026-12-01T10:00:00Z"))
        let bytes = ScriptedServer.answer("200 OK", #"{"status":"paused"}"#, headers)
        try await run(time: ManualTime(now), bytes) { client in
            let answer = try await client.pause(CampaignID(unchecked: "a"), firstSentAt: now - .seconds(60))
            #expect(answer.serverTimeAtRequest == seconds.map { now + .seconds($0) })
        }
    }

    // MARK: Counters

    struct Counters: Sendable {
        var body: String
        /// `sent` and by how much it was raised; nil if the response is unusable.
        var sent: Int?
        var adjustedBy: Int?
        var summary = ""
    }

    static let counters = [
        Counters(body: #"{"sent":480,"delivered":471,"bounced":9}"#, sent: 480),
        Counters(body: #"{"sent":99,"delivered":100,"bounced":0}"#, sent: 100, adjustedBy: 1),
        Counters(body: #"{"sent":0,"delivered":50}"#, sent: 50, adjustedBy: 50),
        Counters(
            body: #"{"sent":0,"delivered":51}"#,
            summary: "counters contradict each other: sent 0, delivered 51"),
        // 5 % of resolved.
        Counters(body: #"{"sent":9400,"delivered":9900,"bounced":100}"#, sent: 9900, adjustedBy: 500),
        Counters(
            body: #"{"sent":9399,"delivered":9900,"bounced":100}"#,
            summary: "counters contradict each other: sent 9399, delivered 9900"),
        Counters(
            body: #"{"sent":100,"delivered":700,"bounced":600}"#,
            summary: "counters contradict each other: sent 100, delivered 700, bounced 600"),
        Counters(body: #"{"sent":10,"bounced":30}"#, sent: 30, adjustedBy: 20),
        // An email that bounces late counts in both.
        Counters(body: #"{"sent":1000,"delivered":1000,"bounced":200}"#, sent: 1000),
        Counters(body: #"{"delivered":5}"#),
    ]

    @Test(arguments: counters)
    func smallDifferencesBetweenCountersAreAdjusted(_ counters: Counters) async throws {
        try await run(time: SteadyTime(startingAt: Instant(milliseconds: 0)), ScriptedServer.ok(counters.body)) {
            client in
            do throws(Fault) {
                let stats = try await client.stats(of: CampaignID(unchecked: "a"))
                #expect(stats.sent == counters.sent && stats.adjustedBy == counters.adjustedBy)
                #expect(counters.summary == "")
            } catch {
                #expect(error.kind == .unexpected)
                #expect(error.summary == counters.summary)
            }
        }
    }

    @Test func countersOfAnotherCampaignAreAFault() async throws {
        let bytes = ScriptedServer.ok(#"{"campaignId":"b","sent":1}"#)
        try await run(time: SteadyTime(startingAt: Instant(milliseconds: 0)), bytes) { client in
            let fault = await ClientBench.fault { () throws(Fault) in
                try await client.stats(of: CampaignID(unchecked: "a"))
            }
            #expect(fault?.kind == .unexpected)
        }
    }

    static let volumes: [(String, Int?, String?)] = [
        (#""remainingVolume":400,"remainingToday":120"#, nil, "remainingVolume 400 and remainingToday 120 differ"),
        (#""remainingVolume":400,"remainingToday":400"#, 400, nil), (#""remainingToday":120"#, 120, nil),
        (#""remainingVolume":0,"remainingToday":null"#, 0, nil),
    ]

    @Test(arguments: volumes)
    func contradictoryVolumesAreUnknown(_ fields: String, _ volume: Int?, _ contradiction: String?) async throws {
        let bytes = ScriptedServer.ok(#"[{"id":"p","dailyCapacity":500,\#(fields)}]"#)
        try await run(time: SteadyTime(startingAt: Instant(milliseconds: 0)), bytes) { client in
            let pool = try #require(try await client.pools().first)
            #expect(pool.remainingVolume == volume && pool.contradiction == contradiction)
            #expect(pool.dailyCapacity == 500)
        }
    }
}

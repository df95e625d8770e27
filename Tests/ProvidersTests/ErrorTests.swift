import Model
import Providers
import Simulator
import Testing

/// Documented errors in every format, and undocumented responses.
@Suite struct ErrorTests {
    static let bodies = ["nested", "flat", "code", "html", "empty"]

    @Test(arguments: bodies)
    func anUnknownCampaignIsMissing(_ body: String) async throws {
        let fault = try await ClientBench.run(shapes: "{errors: \(body)}") { client, _ in
            await ClientBench.fault { () throws(Fault) in try await client.stats(of: CampaignID(unchecked: "camp_9")) }
        }
        #expect(fault?.kind == .missing)
        let showsCode = !["html", "empty"].contains(body)
        #expect(fault?.code == (showsCode ? "campaign_not_found" : nil))
        #expect(fault?.summary == (showsCode ? "HTTP 404 campaign_not_found" : "HTTP 404"))
    }

    @Test(arguments: bodies)
    func aWrongKeyIsUnauthorized(_ body: String) async throws {
        let fault = try await ClientBench.run(shapes: "{errors: \(body)}", key: "sk_test_another") { client, _ in
            await ClientBench.fault { () throws(Fault) in try await client.pools() }
        }
        #expect(fault?.kind == .unauthorized)
    }

    @Test func aCampaignWithoutStepsIsRefused() async throws {
        let fault = try await ClientBench.run { client, server in
            let now = server.world.now
            return await ClientBench.fault { () throws(Fault) in
                try await client.start(CampaignID(unchecked: "camp_stepless"), firstSentAt: now)
            }
        }
        #expect(fault?.code == "no_sequence_steps")
    }

    static let strange: [(String, Fault.Kind, String)] = [
        ("error_500", .unreachable, "HTTP 500 internal_error"), ("error_503", .unreachable, "HTTP 503 unavailable"),
        ("html", .unexpected, "response is not JSON"), ("empty", .unexpected, "response is empty"),
        ("wrong_types", .unexpected, "does not match the API documentation"),
        ("wrong_shape", .unexpected, "does not match the API documentation"),
        ("huge", .unexpected, "larger than 1 MiB"), ("cut", .unreachable, "connection closed"),
        ("lost", .unreachable, "connection closed"),
        ("slow", .unreachable, "request timed out"), ("stall", .unreachable, "request timed out"),
        ("unauthorized", .unauthorized, "HTTP 401"), ("not_found", .missing, "HTTP 404"),
        ("throttle_seconds", .throttled, "HTTP 429"), ("throttle_date", .throttled, "HTTP 429"),
        ("throttle_bare", .throttled, "HTTP 429"),
    ]

    /// Short only for faults that must time out.
    private func timeout(_ kind: String) -> Duration {
        ["slow", "stall"].contains(kind) ? .milliseconds(300) : .seconds(30)
    }

    @Test(arguments: strange)
    func faultsHaveTheRightKindAndSummary(_ kind: String, _ expected: Fault.Kind, _ summary: String) async throws {
        let rules = "[{kind: \(kind), wait: 20s}]"
        try await ClientBench.run(faults: rules, timeout: timeout(kind)) { client, server in
            let now = server.world.now
            let faults = [
                await ClientBench.fault { () throws(Fault) in try await client.stats(of: ClientBench.camp) },
                await ClientBench.fault { () throws(Fault) in try await client.pause(ClientBench.camp, firstSentAt: now)
                },
            ]
            for fault in faults {
                #expect(fault?.kind == expected)
                let isClosed =
                    expected == .throttled && fault?.summary == "the platform's Retry-After is in effect"
                #expect(fault?.summary.contains(summary) == true || isClosed, "\(fault?.summary ?? "-")")
                #expect(fault.map { !"\($0)".contains(ClientBench.key) } == true)
            }
        }
    }

    /// True if the action may have taken effect.
    @Test(arguments: [
        ("lost", true), ("cut", true), ("slow", true), ("html", true), ("error_500", true), ("unauthorized", false),
        ("not_found", false), ("throttle_seconds", false),
    ])
    func faultsTellWhetherAnActionMayHaveTakenEffect(_ kind: String, _ expected: Bool) async throws {
        let fault = try await ClientBench.run(faults: "[{kind: \(kind)}]", timeout: timeout(kind)) {
            client, server in
            let now = server.world.now
            return await ClientBench.fault { () throws(Fault) in
                try await client.pause(ClientBench.camp, firstSentAt: now)
            }
        }
        #expect(fault?.mayHaveTakenEffect == expected)
    }

    // MARK: Retries

    @Test func aReadIsRetriedAfterAShortOutage() async throws {
        try await ClientBench.run(faults: "[{kind: error_500, times: 2}]") { client, server in
            _ = try await client.stats(of: ClientBench.camp)
            #expect(server.requestCounts == ["GET": 3])
        }
    }

    @Test func readsAreNotRetriedDuringALongOutage() async throws {
        try await ClientBench.run(faults: "[{kind: error_500}]") { client, server in
            for _ in 0..<5 {
                _ = await ClientBench.fault { () throws(Fault) in try await client.stats(of: ClientBench.camp) }
            }
            // Three attempts for the first read, one for each after that.
            #expect(server.requestCounts == ["GET": 7])
        }
    }

    @Test(arguments: ["lost", "error_500", "cut"])
    func anActionIsSentOnce(_ kind: String) async throws {
        try await ClientBench.run(faults: "[{kind: \(kind)}]") { client, server in
            let now = server.world.now
            _ = await ClientBench.fault { () throws(Fault) in
                try await client.start(ClientBench.draft, firstSentAt: now)
            }
            #expect(server.requestCounts == ["POST": 1])
        }
    }

    @Test(arguments: [("throttle_seconds", 20...20), ("throttle_date", 19...21), ("throttle_bare", 2...60)])
    func onlyPausesAreSentWhileRetryAfterIsInEffect(_ kind: String, _ wait: ClosedRange<Int>) async throws {
        try await ClientBench.run(faults: "[{kind: \(kind), wait: 20s, times: 1}]") { client, server in
            let first = await ClientBench.fault { () throws(Fault) in try await client.stats(of: ClientBench.camp) }
            let seconds = Int((first?.retryAfter ?? .zero).seconds.rounded())
            #expect(wait.contains(seconds))
            let now = server.world.now
            for _ in 0..<3 {
                let poll = await ClientBench.fault { () throws(Fault) in try await client.pools() }
                let start = await ClientBench.fault { () throws(Fault) in
                    try await client.start(ClientBench.draft, firstSentAt: now)
                }
                #expect(poll?.kind == .throttled)
                #expect(start?.kind == .throttled)
                let answer = try await client.pause(ClientBench.camp, firstSentAt: now)
                #expect(answer.status == .paused)
            }
            #expect(server.requestCounts == ["GET": 1, "POST": 3])
        }
    }
}

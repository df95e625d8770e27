import Model
import Providers
import Simulator
import Testing

/// Every documented response format gives the guard the same data.
@Suite struct DocumentedShapeTests {
    @Test(arguments: ["reference", "concepts", "guide", "quickstart"])
    func poolsAreRead(_ shape: String) async throws {
        let pools = try await ClientBench.run(shapes: "{pools: \(shape)}") { client, _ in try await client.pools() }
        let pool = try #require(pools.first)
        #expect(pools.count == 1)
        #expect(pool.id.text == "pool_a")
        #expect(pool.dailyCapacity == 2000)
        #expect(pool.remainingVolume == 1340)
        #expect(pool.senderCount == 4)
        #expect((pool.resetAt != nil) == (shape == "concepts"))
        #expect(pool.activeSenderCount == (shape == "concepts" ? 2 : nil))
        #expect(pool.senderAccountIDs?.count == (shape == "reference" ? 4 : nil))
    }

    @Test(arguments: ["array", "data"])
    func accountsAreRead(_ shape: String) async throws {
        let accounts = try await ClientBench.run(shapes: "{accounts: \(shape)}") { client, _ in
            try await client.accounts()
        }
        #expect(accounts.map(\.status) == [.active, .active, .warming, .paused])
    }

    @Test func statsAreRead() async throws {
        let stats = try await ClientBench.run { client, _ in try await client.stats(of: ClientBench.camp) }
        #expect(
            stats
                == CampaignStats(
                    totalEnrolled: 500, sent: 480, delivered: 471, bounced: 9, replied: 0, queued: 20, openRate: 0,
                    replyRate: 0))
        #expect(stats.resolved == 480)
    }

    @Test func aDraftIsRecognized() async throws {
        let stats = try await ClientBench.run { client, _ in try await client.stats(of: ClientBench.draft) }
        #expect(stats.provesDraft)
        #expect(stats.totalEnrolled == 10)
    }

    @Test(arguments: ["flat", "wrapped"])
    func aPauseIsReadInBothFormats(_ shape: String) async throws {
        try await ClientBench.run(shapes: "{pause: \(shape)}") { client, server in
            let before = server.world.now
            let answer = try await client.pause(ClientBench.camp, firstSentAt: before)
            #expect(answer.status == .paused)
            let pausedAt = try #require(answer.pausedAt)
            #expect(pausedAt >= before - .seconds(1))
            #expect(server.world.campaign(ClientBench.camp)?.status == .paused)
            // A second pause has no effect and returns the time of the first one.
            let again = try await client.pause(ClientBench.camp, firstSentAt: before)
            #expect(again.pausedAt == pausedAt)
            // A draft stays a draft.
            #expect(try await client.pause(ClientBench.draft, firstSentAt: before).status == .draft)
        }
    }

    @Test(arguments: ["flat", "wrapped"])
    func aStartIsReadInBothFormats(_ shape: String) async throws {
        try await ClientBench.run(shapes: "{start: \(shape)}") { client, server in
            let answer = try await client.start(ClientBench.draft, firstSentAt: server.world.now)
            #expect(answer.status == .running)
            #expect(answer.startedAt != nil)
            #expect(server.world.campaign(ClientBench.draft)?.status == .running)
        }
    }

    @Test func theServersClockIsReadFromTheResponse() async throws {
        try await ClientBench.run { client, server in
            let answer = try await client.pause(ClientBench.camp, firstSentAt: server.world.now)
            let there = try #require(answer.serverTimeAtRequest)
            #expect(abs((there - server.world.now).seconds) < 3)
        }
    }

    @Test func aStartWithoutLeadsIsRefusedOrAccepted() async throws {
        let refused = try await ClientBench.run { client, server in
            let now = server.world.now
            return await ClientBench.fault { () throws(Fault) in
                try await client.start(ClientBench.empty, firstSentAt: now)
            }
        }
        #expect(refused?.kind == .refused)
        #expect(refused?.code == "no_leads_enrolled")
        let answer = try await ClientBench.run(shapes: "{no_leads: run}") { client, server in
            try await client.start(ClientBench.empty, firstSentAt: server.world.now)
        }
        #expect(answer.status == .running)
    }
}

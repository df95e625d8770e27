import Model
import Simulator
import Testing

/// The simulated world behaves as the platform is documented and observed to.
@Suite struct WorldTests {
    static let start = Instant(milliseconds: 1_796_000_000_000)

    private func world(_ text: String, seed: UInt64 = 1) throws -> World {
        World(try WorldFile.parse(text, name: "world"), seed: seed, at: Self.start)
    }

    private static let camp = CampaignID(unchecked: "c")

    @Test func theSameSeedGivesTheSameWorld() throws {
        let text = """
            pools: [{id: p, capacity: 5000}]
            campaigns: [{id: c, pool: p, status: running, leads: 900, rate: 400, bounce_rate: 10%, steps: 2, delay: 1h}]
            """
        var (once, often) = (try world(text), try world(text))
        once.advance(to: Self.start + .seconds(10_000))
        for second in stride(from: 0, through: 10_000, by: 7) { often.advance(to: Self.start + .seconds(second)) }
        often.advance(to: Self.start + .seconds(10_000))
        #expect(once.stats(of: Self.camp) == often.stats(of: Self.camp))
        var another = try world(text, seed: 2)
        another.advance(to: Self.start + .seconds(10_000))
        #expect(another.stats(of: Self.camp) != once.stats(of: Self.camp))
    }

    @Test func emailsInTransitAreCountedAfterAPause() throws {
        var world = try world(
            """
            transit: 60s
            bounce_lag: 5m
            pools: [{id: p, capacity: 5000}]
            campaigns: [{id: c, pool: p, status: running, leads: 900, rate: 3600, bounce_rate: 20%}]
            """)
        world.advance(to: Self.start + .seconds(120))
        world.pause(Self.camp, at: world.now)
        let atPause = try #require(world.stats(of: Self.camp))
        world.advance(to: Self.start + .seconds(3600))
        let later = try #require(world.stats(of: Self.camp))
        #expect((later.sent ?? 0) > (atPause.sent ?? 0))
        #expect((later.bounced ?? 0) > (atPause.bounced ?? 0))
        #expect(later.queued == atPause.queued)
        #expect(later.resolved == later.sent)
        world.advance(to: Self.start + .seconds(7200))
        #expect(world.stats(of: Self.camp)?.sent == later.sent)
    }

    @Test func aResumedCampaignContinuesWhereItStopped() throws {
        var world = try world(
            "pools: [{id: p, capacity: 5000}]\ncampaigns: [{id: c, pool: p, status: running, leads: 100, rate: 3600}]")
        world.advance(to: Self.start + .seconds(50))
        world.pause(Self.camp, at: world.now)
        world.advance(to: Self.start + .seconds(500))
        world.start(Self.camp, at: world.now)
        world.advance(to: Self.start + .seconds(1000))
        #expect(world.stats(of: Self.camp)?.sent == 100)
        #expect(world.stats(of: Self.camp)?.queued == 0)
    }

    @Test func aDraftHasOnlyLeads() throws {
        var world = try world("pools: [{id: p, capacity: 500}]\ncampaigns: [{id: c, pool: p, leads: 80}]")
        world.advance(to: Self.start + .seconds(500))
        #expect(
            world.stats(of: Self.camp)
                == CampaignStats(
                    totalEnrolled: 80, sent: 0, delivered: 0, bounced: 0, replied: 0, queued: 0, openRate: 0,
                    replyRate: 0))
        world.pause(Self.camp, at: world.now)
        #expect(world.campaign(Self.camp)?.status == .draft)
    }

    @Test func anExhaustedPoolWaitsForMidnight() throws {
        var world = try world(
            """
            start: 2026-12-01T22:00:00Z
            pools: [{id: p, capacity: 300, used: 200}]
            campaigns: [{id: c, pool: p, status: running, leads: 350, rate: 600}]
            """)
        world.advance(to: world.startedAt + .seconds(7100))
        #expect(world.pools[0].remaining == 0)
        #expect(world.stats(of: Self.camp)?.sent == 100)
        #expect(world.stats(of: Self.camp)?.queued == 250)
        world.advance(to: world.startedAt + .seconds(3 * 3600))
        #expect(world.stats(of: Self.camp)?.sent == 350)
        #expect(world.pools[0].remaining == 50)
    }

    @Test func aRollingWindowFreesVolumeAfterADay() throws {
        var world = try world(
            """
            pools: [{id: p, capacity: 100, window: rolling}]
            campaigns: [{id: c, pool: p, status: running, leads: 250, rate: 50}]
            """)
        world.advance(to: Self.start + .seconds(86_000))
        #expect(world.stats(of: Self.camp)?.sent == 100)
        world.advance(to: Self.start + .seconds(86_400 + 3600))
        // The volume of one hour of yesterday is free again and was used.
        #expect((130...170).contains(world.stats(of: Self.camp)?.sent ?? 0))
    }

    @Test func onlyActiveSendersSend() throws {
        var world = try world(
            """
            pools: [{id: p, capacity: 5000, active: 1, warming: 2, paused: 1}]
            campaigns: [{id: c, pool: p, status: running, leads: 900, rate: 3600}]
            acts: [{at: 100s, do: status, account: sa_1, status: paused}]
            """)
        world.advance(to: Self.start + .seconds(900))
        #expect((90...101).contains(world.stats(of: Self.camp)?.sent ?? 0))
    }

    @Test func theBounceRateIsAsDescribed() throws {
        var world = try world(
            """
            pools: [{id: p, capacity: 50000}]
            campaigns: [{id: c, pool: p, status: running, leads: 20000, rate: 36000, bounce_rate: 2%, turns_bad: {after: 10000, bounce_rate: 30%}}]
            """)
        while (world.stats(of: Self.camp)?.sent ?? 0) < 10_000 { world.advance(to: world.now + .seconds(10)) }
        let before = try #require(world.stats(of: Self.camp)?.bounced)
        #expect((150...260).contains(before))
        world.advance(to: world.now + .seconds(7200))
        let after = try #require(world.stats(of: Self.camp)?.bounced)
        #expect((2700...3300).contains(after - before))
    }

    @Test func actsHappenAtTheirTimes() throws {
        var world = try world(
            """
            pools: [{id: p, capacity: 5000}]
            campaigns: [{id: c, pool: p, leads: 10, rate: 36000}]
            acts:
              - {at: 10s, do: start, campaign: c}
              - {at: 1h, do: enroll, campaign: c, leads: 5}
              - {at: 2h, do: reset, campaign: c}
            """)
        world.advance(to: Self.start + .seconds(9))
        #expect(world.campaign(Self.camp)?.status == .draft)
        world.advance(to: Self.start + .seconds(3000))
        #expect(world.stats(of: Self.camp)?.sent == 10)
        world.advance(to: Self.start + .seconds(7000))
        #expect(world.stats(of: Self.camp)?.sent == 15)
        world.advance(to: Self.start + .seconds(7300))
        #expect(world.stats(of: Self.camp)?.sent == 0)
    }

    @Test(arguments: [
        ("campaigns: []", "pools"), ("pools: [{id: p}]\ncampaign: []", "campaign"),
        ("pools: [{id: p, capacity: many}]", "pools[0].capacity"),
        ("pools: [{id: p, window: weekly}]", "midnight, rolling"),
        ("pools: [{id: p}]\ncampaigns: [{id: c, pool: q}]", "q"),
        ("pools: [{id: p}]\nfaults: [{kind: flood}]", "error_500"),
        ("pools: [{id: p}]\nacts: [{at: 5 minutes, do: start, campaign: c}]", "acts[0].at"), ("pools: {", "line"),
        ("pools: [{id: p}]\ncampaigns: [{id: c, pool: p, leads: 9, sent: 5}]", "draft"),
    ])
    func anInvalidWorldIsRefusedWithTheReason(_ text: String, _ fragment: String) {
        let error = #expect(throws: WorldFileError.self) { try WorldFile.parse(text, name: "world.yaml") }
        #expect(error?.message.hasPrefix("world.yaml: ") == true)
        #expect(error?.message.contains(fragment) == true, "\(error?.message ?? "")")
    }
}

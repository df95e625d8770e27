import Model
import Policy
import Testing

@testable import Guard

/// Counters that did not come from a poll, and hints.
@Suite struct SampleAndHintTests {
    static let rule = "rules:\n  - {name: bounces, when: bounceRate > 5% and resolved >= 50, then: pause}\n"
    static let poll = "poll: {stats: {min: 10s, max: 5m}, pools: {min: 20s, max: 10m}}\n"
    static let campaign = CampaignID(unchecked: "camp_1")

    private func sample(
        _ bench: GuardBench, sent: Int, bounced: Int, campaign: CampaignID = campaign, measured: Duration = .zero
    ) -> Event {
        let stats = CampaignStats(
            totalEnrolled: 1000, sent: sent, delivered: sent - bounced, bounced: bounced, replied: 0,
            queued: 1000 - sent)
        return .sampled(
            CampaignSample(campaign: campaign, stats: stats, measuredAt: bench.now + measured, source: .gate))
    }

    // MARK: Samples

    @Test func aSampleCountsForRulesAndIsStored() throws {
        var bench = try GuardBench(Self.rule)
        bench.handle(sample(bench, sent: 100, bounced: 10))
        #expect(bench.sent().map(\.action) == [.pause])
        let isStored = bench.records.contains {
            if case .sample(Self.campaign, let stats, _) = $0 { stats.sent == 100 } else { false }
        }
        #expect(isStored && bench.warden.campaigns[0].samples.latest?.stats.sent == 100)
    }

    @Test func aSampleKeepsStatsFresh() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 10, bounced: 0)
        for minute in 1...8 {
            bench.wait(.seconds(60))
            bench.handle(sample(bench, sent: 10 + minute, bounced: 0))
        }
        #expect(!bench.warden.campaigns[0].samples.isStale && !bench.reported().contains(.campaignStale))
        bench.wait(.seconds(300))
        bench.fail(.stats(Self.campaign), Fault(.unreachable, "HTTP 503"))
        #expect(bench.warden.campaigns[0].samples.isStale)
        bench.handle(sample(bench, sent: 19, bounced: 0))
        #expect(bench.reported().last == .campaignFresh)
    }

    @Test func anOldSampleIsAsOldAsItsMeasurement() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 10, bounced: 0)
        bench.wait(.seconds(2 * 3600))
        bench.fail(.stats(Self.campaign), Fault(.unreachable, "HTTP 503"))
        #expect(bench.reported().contains(.campaignStale))
        let stats = CampaignStats(totalEnrolled: 1000, sent: 100, delivered: 50, bounced: 50, queued: 900)
        let old = CampaignSample(
            campaign: Self.campaign, stats: stats, measuredAt: bench.now - .seconds(3600), source: .imported)
        bench.handle(.sampled(old))
        #expect(bench.warden.campaigns[0].samples.age(at: bench.now) == .seconds(3600))
        #expect(bench.warden.campaigns[0].samples.isStale && bench.sent() == [] && bench.reported() == [])
    }

    @Test func aSampleDoesNotAnswerAPoll() throws {
        var bench = try GuardBench(Self.rule)
        #expect(bench.polled().contains(.stats(Self.campaign)))
        bench.handle(sample(bench, sent: 10, bounced: 0))
        bench.wait(.seconds(180))
        #expect(!bench.polled().contains(.stats(Self.campaign)), "the first poll is still awaited")
        #expect(!bench.isReady || bench.warden.planner.unanswered.contains(.stats(Self.campaign)))
        bench.see(sent: 11, bounced: 0)
        bench.wait(.seconds(60))
        #expect(bench.polled().contains(.stats(Self.campaign)))
    }

    @Test func aSampleDoesNotAffectAPIHealth() throws {
        var bench = try GuardBench(Self.rule)
        bench.fail(.stats(Self.campaign), Fault(.unreachable, "HTTP 503"))
        _ = bench.reported()
        bench.handle(sample(bench, sent: 10, bounced: 0))
        #expect(bench.warden.apiFailure(of: WorkspaceName("bench")) == .unreachable && bench.reported() == [])
        bench.see(sent: 11, bounced: 0)
        #expect(bench.warden.apiFailure(of: WorkspaceName("bench")) == nil)
    }

    @Test func anOlderSampleShowsNothingNew() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 200, bounced: 0)
        bench.handle(sample(bench, sent: 100, bounced: 10, measured: .seconds(-1)))
        #expect(bench.sent() == [] && bench.warden.campaigns[0].samples.latest?.stats.sent == 200)
    }

    @Test func aSampleInTheFutureDoesNotBlockPolls() throws {
        var bench = try GuardBench(Self.rule)
        bench.handle(sample(bench, sent: 100, bounced: 0, measured: .seconds(3600)))
        bench.wait(.seconds(60))
        bench.see(sent: 200, bounced: 50)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func aSampleOfAnUnknownCampaignIsIgnored() throws {
        var bench = try GuardBench(Self.rule)
        let before = bench.records.count
        bench.handle(sample(bench, sent: 100, bounced: 10, campaign: CampaignID(unchecked: "camp_9")))
        #expect(bench.sent() == [] && bench.reported() == [] && bench.records.count == before)
    }

    // MARK: Hints

    /// A bench that was polled once and waits for the next poll.
    private func polled() throws -> GuardBench {
        var bench = try GuardBench(Self.poll + Self.rule)
        bench.see(sent: 10, bounced: 0)
        bench.seePool(remaining: 1000)
        bench.wait(.seconds(15))
        for target in bench.polled() where target == .stats(Self.campaign) { bench.see(sent: 10, bounced: 0) }
        return bench
    }

    @Test func aHintPollsAtOnceOncePerShortestInterval() throws {
        var bench = try polled()
        let target = Target.stats(Self.campaign)
        bench.wait(.seconds(11))
        _ = bench.polled()
        bench.see(sent: 10, bounced: 0)
        bench.wait(.seconds(11))
        _ = bench.polled()
        bench.handle(.hinted(target))
        #expect(bench.polled() == [target])
        bench.handle(.hinted(target))
        #expect(bench.polled() == [], "its answer is awaited")
        bench.see(sent: 10, bounced: 0)
        bench.handle(.hinted(target))
        #expect(bench.polled() == [], "it was polled less than 10s ago")
        bench.wait(.milliseconds(9900))
        _ = bench.polled()
        bench.handle(.hinted(target))
        #expect(bench.polled() == [])
        bench.wait(.milliseconds(60))
        bench.handle(.hinted(target))
        #expect(bench.polled() == [target])
    }

    @Test func aHintConcludesNothing() throws {
        var bench = try polled()
        bench.wait(.seconds(11))
        _ = (bench.polled(), bench.reported())
        let (records, before) = (bench.records.count, bench.warden.campaigns[0].samples.latest)
        bench.handle(.hinted(.stats(Self.campaign)))
        #expect(bench.records.count == records && bench.reported() == [] && bench.sent() == [])
        #expect(bench.warden.campaigns[0].samples.latest == before)
    }

    @Test func aHintAboutAPoolPollsItAtOnceWithinItsInterval() throws {
        var bench = try polled()
        _ = bench.polled()
        bench.handle(.hinted(GuardBench.pools))
        bench.wait(.seconds(4))
        #expect(!bench.polled().contains(GuardBench.pools), "it was polled less than 20s ago")
        bench.wait(.seconds(2))
        #expect(bench.polled().contains(GuardBench.pools))
        bench.seePool(remaining: 1000)
        bench.wait(.seconds(60))
        #expect(!bench.polled().contains(GuardBench.pools))
        bench.handle(.hinted(GuardBench.pools))
        bench.wait(.zero)
        #expect(bench.polled().contains(GuardBench.pools))
    }

    @Test func anUnknownTargetIsIgnored() throws {
        var bench = try polled()
        _ = bench.polled()
        let unknown: [Target] = [
            .stats(CampaignID(unchecked: "camp_9")), .pools(WorkspaceName("elsewhere")),
            .accounts(WorkspaceName("elsewhere")), .pool(PoolID(unchecked: "pool_z")),
            .operation(PoolID(unchecked: "pool_z")),
        ]
        for target in unknown { bench.handle(.hinted(target)) }
        bench.wait(.zero)
        #expect(bench.polled() == [])
    }
}

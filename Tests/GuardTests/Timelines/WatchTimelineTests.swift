import Guard
import Model
import Policy
import Reporting
import Testing

/// Campaigns that people order to watch are guarded like those of the policy.
@Suite struct WatchTimelineTests {
    static let rules = """
        defaults: {labels: {team: sales}}
        rules:
          - {name: bounces, when: bounceRate > 5% and resolved >= 50, then: pause, campaigns: {team: sales}}
        """

    private func watch(_ campaign: Int, pool: String? = nil, labels: [String: String] = [:]) -> Watch {
        Watch(
            CampaignID(unchecked: "camp_\(campaign)"), pool: pool.map { PoolID(unchecked: $0) }, labels: labels,
            by: "anna (uid 1000, pid 7)")
    }

    private func target(_ campaign: Int) -> Target { .stats(CampaignID(unchecked: "camp_\(campaign)")) }

    private func entry(_ campaign: Int, _ bench: GuardBench) -> CampaignEntry? {
        bench.warden.policy.campaign(CampaignID(unchecked: "camp_\(campaign)"))
    }

    /// A bench that watches camp_1 of the policy and camp_7 of an order.
    private func watching() throws -> GuardBench {
        var bench = try GuardBench(Self.rules)
        let reply = try bench.order(.watch, 7, watch: watch(7))
        #expect(reply.accepted && reply.message.contains("until a person ends it"))
        return bench
    }

    @Test func aWatchedCampaignIsPolledAndPaused() throws {
        var bench = try watching()
        #expect(bench.polled().contains(target(7)))
        bench.see(7, sent: 100, bounced: 10)
        let intent = try #require(bench.sent().first)
        #expect(intent.action == .pause && intent.campaign.text == "camp_7")
    }

    @Test func itHasTheDefaultsAndItsOwnLabels() throws {
        var bench = try GuardBench(Self.rules)
        _ = try bench.order(.watch, 7, watch: watch(7, pool: "pool_a", labels: ["region": "north"]))
        let seventh = try #require(entry(7, bench))
        #expect(seventh.labels == ["team": "sales", "region": "north"] && seventh.pool?.text == "pool_a")
        #expect(seventh.origin == .order(by: "anna (uid 1000, pid 7)"))
    }

    @Test func theWatchSurvivesARestartAndAReload() throws {
        var bench = try watching()
        try bench.restart(Self.rules)
        bench.wait(.seconds(60))
        #expect(entry(7, bench) != nil && bench.polled().contains(target(7)))
        try bench.reload(Self.rules + "\nstale_after: 10m")
        #expect(entry(7, bench) != nil)
        #expect(!bench.reported().contains(.watchChanged), "the list is the same")
        try bench.restart(Self.rules)
        bench.see(7, sent: 100, bounced: 10)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func timersOfOthersSurviveAWatch() throws {
        let rules = Self.rules.replacing("then: pause", with: "for: 5m, then: pause")
        var bench = try GuardBench(rules)
        for _ in 0..<4 {
            bench.see(sent: 100, bounced: 10)
            bench.wait(.seconds(60))
        }
        _ = try bench.order(.watch, 7, watch: watch(7))
        for _ in 0..<2 {
            bench.see(sent: 100, bounced: 10)
            bench.wait(.seconds(60))
        }
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func unwatchEndsIt() throws {
        var bench = try watching()
        #expect(try bench.order(.unwatch, 7).accepted)
        #expect(entry(7, bench) == nil)
        _ = bench.polled()
        bench.wait(.seconds(3600))
        #expect(!bench.polled().contains(target(7)))
        try bench.restart(Self.rules)
        #expect(entry(7, bench) == nil)
    }

    /// The pause of a campaign that nobody watches any more is still confirmed, and known when it is watched again.
    @Test func aPauseUnderWayIsFinishedAndRemembered() throws {
        var bench = try watching()
        bench.see(7, sent: 100, bounced: 10)
        let intent = try #require(bench.sent().first)
        #expect(try bench.order(.unwatch, 7).message.contains("stays paused"))
        bench.confirmPause(intent)
        #expect(bench.reported().last == .campaignPaused)
        _ = try bench.order(.watch, 7, watch: watch(7))
        bench.see(7, sent: 100, bounced: 10)
        #expect(bench.sent() == [])
        #expect(bench.warden.campaigns[CampaignID(unchecked: "camp_7")]?.state == .paused)
    }

    @Test func thePolicysOwnEntryWins() throws {
        var bench = try GuardBench(Self.rules)
        let reply = try bench.order(.watch, 1, watch: watch(1, labels: ["team": "other"]))
        #expect(reply.accepted && reply.message.contains("already watched"))
        #expect(entry(1, bench)?.origin == .policy && entry(1, bench)?.labels == ["team": "sales"])
        #expect(try bench.order(.unwatch, 1).message.contains("still watched"))
        #expect(try !bench.order(.unwatch, 1).accepted, "only the policy lists it now")
    }

    /// A campaign that is both listed and ordered stays watched when the policy drops it.
    @Test func anOrderOutlivesTheEntry() throws {
        var bench = try GuardBench(Self.rules, campaigns: 2)
        _ = try bench.order(.watch, 2, watch: watch(2))
        _ = bench.reported()
        try bench.reload(Self.rules, campaigns: 1)
        #expect(entry(2, bench)?.isOrdered == true && bench.reported() == [])
        try bench.restart(Self.rules, campaigns: 1)
        #expect(entry(2, bench)?.isOrdered == true)
    }

    @Test func aReloadReportsWhatItAddsAndRemoves() throws {
        var bench = try GuardBench(Self.rules, campaigns: 2)
        try bench.reload(Self.rules, campaigns: 1)
        let removed = try #require(bench.events.last { $0.kind == .watchChanged })
        #expect(removed.message == "watching 1 campaign; no longer watched: camp_2" && removed.priority == .notice)
        try bench.reload(Self.rules, campaigns: 3)
        let added = try #require(bench.events.last { $0.kind == .watchChanged })
        #expect(added.message == "watching 3 campaigns; newly watched: camp_2, camp_3" && added.priority == .info)
    }

    @Test func aWatchThatThePolicyCannotTakeUpIsReported() throws {
        var bench = try GuardBench(Self.rules)
        var wanted = watch(7)
        wanted.workspace = WorkspaceName("bench")
        _ = try bench.order(.watch, 7, watch: wanted)
        let renamed = try renamedPolicy()
        bench.handle(.reloaded(renamed))
        let event = try #require(bench.events.last { $0.kind == .watchRefused })
        #expect(event.message.contains("camp_7") && event.message.contains("no workspace bench"))
        #expect(entry(7, bench) == nil)
        try bench.reload(Self.rules)
        #expect(entry(7, bench) != nil, "the order is not forgotten")
    }

    private func renamedPolicy() throws -> CheckedPolicy {
        var policy = try GuardBench.policy(Self.rules)
        policy.workspaces[0].name = WorkspaceName("other")
        for index in policy.campaigns.indices { policy.campaigns[index].workspace = WorkspaceName("other") }
        return policy
    }

    @Test func whatCannotBeWatchedIsRefusedWithTheReason() throws {
        var bench = try GuardBench(Self.rules)
        var elsewhere = watch(7)
        elsewhere.workspace = WorkspaceName("nowhere")
        let reply = try bench.order(.watch, 7, watch: elsewhere)
        #expect(!reply.accepted && reply.message.contains("no workspace nowhere"))
        #expect(entry(7, bench) == nil)
        let unknown = try bench.order(.unwatch, 9)
        #expect(!unknown.accepted)
    }

    /// A second order replaces labels and pool, and keeps the campaign's state.
    @Test func anotherOrderReplacesTheLabels() throws {
        var bench = try watching()
        bench.see(7, sent: 100, bounced: 10)
        bench.confirmPause(try #require(bench.sent().first))
        let reply = try bench.order(.watch, 7, watch: watch(7, labels: ["team": "support"]))
        #expect(reply.message.hasPrefix("still watching"))
        #expect(entry(7, bench)?.labels == ["team": "support"])
        #expect(bench.warden.campaigns[CampaignID(unchecked: "camp_7")]?.state == .paused)
    }
}

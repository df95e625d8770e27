import Guard
import Model
import Policy
import Reporting
import Testing

/// The campaigns that an order by labels is about.
@Suite struct OrderSelectionTests {
    private static let policy = """
        version: 1
        mode: enforce
        workspace: {name: bench, provider: leadterra, credential: key}
        campaigns:
          - {id: camp_1, pool: pool_a, labels: {team: sales, land: de}}
          - {id: camp_2, pool: pool_a, labels: {team: sales}}
          - {id: camp_3, pool: pool_a}
        launches: [{campaign: camp_2}, {campaign: camp_3}]
        rules: [{name: bounces, when: bounceRate > 5% and resolved >= 50, then: pause}]
        """

    private func selected(_ bench: GuardBench, _ act: Order.Act, _ labels: [String: String] = [:]) -> [String] {
        bench.warden.selected(.labelled(labels), for: act).map(\.text)
    }

    @Test func labelsMustAllMatch() throws {
        let outcome = PolicyLoader.load(SourceFile(name: "p", text: Self.policy))
        var bench = GuardBench(try #require(outcome.policy))
        #expect(selected(bench, .pause) == ["camp_1", "camp_2", "camp_3"])
        #expect(selected(bench, .pause, ["team": "sales"]) == ["camp_1", "camp_2"])
        #expect(selected(bench, .pause, ["team": "sales", "land": "de"]) == ["camp_1"])
        #expect(selected(bench, .pause, ["team": "ops"]) == [])
        // Orders by labels leave out what they have nothing to do with.
        #expect(selected(bench, .hold) == ["camp_2", "camp_3"])
        #expect(selected(bench, .release) == [] && selected(bench, .resume) == [])
        #expect(try bench.order(.hold, 3).accepted)
        #expect(selected(bench, .release) == ["camp_3"])
        bench.see(1, sent: 100, bounced: 10)
        bench.confirmPause(try #require(bench.sent().first))
        #expect(selected(bench, .resume, ["team": "sales"]) == ["camp_1"])
        let named = [3, 1, 3, 9].map { CampaignID(unchecked: "camp_\($0)") }
        #expect(bench.warden.selected(.named(named), for: .resume).map(\.text) == ["camp_3", "camp_1", "camp_9"])
    }

    @Test func watchesBeginAndEndTogether() throws {
        var bench = try GuardBench("rules: [{name: a, when: sent > 5000, then: pause}]")
        let ids = (1...4).map { CampaignID(unchecked: "camp_\($0)") }
        let pool = PoolID(unchecked: "pool_a")
        let watches = ids.map { id in
            Order(.watch, id, by: "anna", watch: Watch(id, pool: pool, labels: ["team": "sales"], by: "anna"))
        }
        bench.handle(.orderedTogether(watches))
        #expect(bench.replies.map(\.accepted) == [true, true, true, true])
        #expect(bench.warden.policy.campaigns.map(\.id) == ids)
        // The policy lists camp_1 itself, without labels.
        #expect(selected(bench, .unwatch, ["team": "sales"]) == ["camp_2", "camp_3", "camp_4"])
        bench.handle(.orderedTogether(ids.dropLast().map { Order(.unwatch, $0, by: "anna") }))
        #expect(bench.warden.policy.campaigns.map(\.id.text) == ["camp_1", "camp_4"])
        bench.handle(.orderedTogether([4, 9].map { Order(.unwatch, CampaignID(unchecked: "camp_\($0)"), by: "anna") }))
        #expect(bench.replies.suffix(2).map(\.accepted) == [true, false])
    }

    @Test func everyOrderHasItsReply() throws {
        var bench = try GuardBench("rules: [{name: a, when: sent > 5000, then: pause}]", campaigns: 3)
        for number in 1...3 { bench.see(number, sent: 100, bounced: 0) }
        _ = bench.reported()
        let ids = ["camp_1", "camp_9", "camp_3"].map { CampaignID(unchecked: $0) }
        bench.handle(.orderedTogether(ids.map { Order(.pause, $0, by: "anna") }))
        #expect(bench.replies.map(\.campaign) == ids && bench.replies.map(\.accepted) == [true, false, true])
        #expect(bench.sent().map(\.campaign.text) == ["camp_1", "camp_3"])
        #expect(bench.reported() == [.orderAccepted, .orderRefused, .orderAccepted])
    }
}

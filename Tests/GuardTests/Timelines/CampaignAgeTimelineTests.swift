import Guard
import Model
import Policy
import Reporting
import Testing

/// The age of a campaign counts from its first sample, whatever happens to the process and the policy.
@Suite struct CampaignAgeTimelineTests {
    private static let day = Duration.seconds(86400)
    private static let rule =
        "rules:\n  - {name: first-days, when: age(campaign) < 2d and bounceRate > 2%, then: pause}"
    private static let other = "rules:\n  - {name: b, when: bounceRate > 50%, then: pause}"

    private func age(_ bench: GuardBench, _ campaign: Int = 1) -> Duration? {
        bench.warden.campaigns[CampaignID(unchecked: "camp_\(campaign)")]?.samples.campaignAge(at: bench.now)
    }

    @Test func itCountsFromTheFirstGoodSample() throws {
        var bench = try GuardBench(Self.rule)
        bench.wait(Self.day)
        bench.fail(.stats(CampaignID(unchecked: "camp_1")), Fault(.unreachable, "HTTP 503"))
        #expect(age(bench) == nil)
        bench.see(sent: 100, bounced: 0)
        #expect(age(bench) == .zero)
        bench.wait(Self.day)
        bench.see(sent: 200, bounced: 1)
        #expect(age(bench) == Self.day + .milliseconds(50))
    }

    @Test func theRuleAppliesInTheFirstDaysOnly() throws {
        var young = try GuardBench("mode: enforce\n" + Self.rule)
        young.see(sent: 100, bounced: 0)
        young.wait(Self.day)
        young.see(sent: 200, bounced: 10)
        #expect(young.sent().map(\.action) == [.pause])
        var old = try GuardBench("mode: enforce\n" + Self.rule)
        old.see(sent: 100, bounced: 0)
        old.wait(Self.day * 2)
        old.see(sent: 200, bounced: 10)
        #expect(old.sent().isEmpty)
    }

    @Test func aRestartKeepsIt() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 100, bounced: 0)
        for hour in 1...3 {
            bench.wait(.seconds(3600))
            try bench.restart(Self.rule, after: .seconds(60))
            bench.see(sent: 100 + hour, bounced: 0)
            let known = try #require(age(bench))
            #expect(known >= .seconds(3660 * hour) && known < .seconds(3661 * hour))
        }
    }

    @Test func aCampaignThatLeavesThePolicyKeepsIt() throws {
        var bench = try GuardBench(Self.rule, campaigns: 2)
        for campaign in 1...2 { bench.see(campaign, sent: 100, bounced: 0) }
        bench.wait(Self.day)
        try bench.reload(Self.rule)
        bench.wait(Self.day)
        try bench.reload(Self.rule, campaigns: 2)
        #expect(try #require(age(bench, 2)) >= Self.day * 2)
        // Also if the process restarts meanwhile.
        try bench.reload(Self.rule)
        try bench.restart(Self.rule)
        #expect(age(bench, 2) == nil)
        bench.wait(Self.day)
        try bench.reload(Self.rule, campaigns: 2)
        #expect(try #require(age(bench, 2)) >= Self.day * 3)
    }

    @Test func otherRulesDoNotMatter() throws {
        var bench = try GuardBench(Self.other)
        bench.see(sent: 100, bounced: 0)
        bench.wait(Self.day * 3)
        try bench.reload("mode: enforce\n" + Self.rule)
        bench.see(sent: 200, bounced: 20)
        #expect(bench.sent().isEmpty)
        #expect(try #require(age(bench)) >= Self.day * 3)
    }

    @Test func restartedCountersDoNotRestartIt() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 1000, bounced: 0)
        bench.wait(Self.day)
        for sent in [10, 20, 30, 40] {
            bench.see(sent: sent, bounced: 0)
            bench.wait(.seconds(60))
        }
        #expect(bench.reported().contains(.statsReset))
        #expect(try #require(age(bench)) >= Self.day)
    }

    @Test func anExplanationShowsIt() throws {
        var bench = try GuardBench(Self.rule)
        bench.see(sent: 100, bounced: 0)
        bench.wait(.seconds(3600))
        let explanation = bench.warden.explanation(of: CampaignID(unchecked: "camp_1"), at: bench.now)
        let rows = try #require(explanation?.rules.first?.tree).rows()
        #expect(rows.contains { $0.text.contains("age(campaign)") && $0.value.contains("1h") }, "\(rows)")
    }

    /// Memory of a version without it: the oldest stored sample counts, or else the latest.
    @Test func anOlderLedgerGivesTheOldestSample() throws {
        var bench = try GuardBench(Self.rule)
        let start = bench.now
        for hour in 0..<3 {
            bench.see(sent: 100 + hour, bounced: 0)
            bench.wait(.seconds(3600))
        }
        var stored = StoredMemory()
        for record in bench.records { try stored.store(record) }
        var memory = stored.memory
        #expect(memory.campaigns.map(\.firstAt) == [start + .milliseconds(50)])
        for index in memory.campaigns.indices { memory.campaigns[index].firstAt = nil }
        let policy = try GuardBench.policy(Self.rule)
        func firstAt(_ memory: Memory) -> Instant? {
            Guard(policy: policy, memory: memory, at: bench.now).campaigns[0].samples.firstAt
        }
        #expect(firstAt(memory) == start + .milliseconds(50))
        memory.samples = [:]
        #expect(firstAt(memory).map { $0 > start + .seconds(3600) } == true)
        // Outside the loaded window.
        memory.firstSamples = [CampaignID(unchecked: "camp_1"): start - Self.day]
        #expect(firstAt(memory) == start - Self.day)
        #expect(firstAt(Memory()) == nil)
        memory.firstSamples = [CampaignID(unchecked: "camp_1"): bench.now + Self.day]
        memory.campaigns = []
        #expect(firstAt(memory) == bench.now)
    }
}

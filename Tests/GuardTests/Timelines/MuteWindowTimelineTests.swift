import Guard
import Model
import Policy
import Reporting
import Testing

/// Maintenance windows: mutes by labels, for a planned time.
@Suite struct MuteWindowTimelineTests {
    private static let hour = Duration.seconds(3600)
    private static let sales = ["team": "sales"]
    private static let rules = """
        rules:
          - {name: bounces, when: bounceRate > 5% and resolved >= 50, then: pause}
          - {name: replies, when: replied > 900, then: pause}
          - {name: sent, when: sent > 5000, then: alert}
        """

    /// Campaigns `camp_1`, `camp_2`, … of the given teams.
    private static func policy(_ teams: String..., rules: String = rules) throws -> CheckedPolicy {
        let list = teams.enumerated().map { "  - {id: camp_\($0 + 1), pool: pool_a, labels: {team: \($1)}}\n" }.joined()
        let text = """
            version: 1
            mode: enforce
            workspace: {name: bench, provider: leadterra, credential: key}
            campaigns:
            \(list)\(rules)
            """
        let outcome = PolicyLoader.load(SourceFile(name: "bench", text: text))
        return try #require(outcome.policy, "\(outcome.diagnostics)")
    }

    private func bench(_ teams: String = "sales", _ more: String = "ops") throws -> GuardBench {
        var bench = GuardBench(try Self.policy(teams, more))
        for number in 1...2 { bench.see(number, sent: 40, bounced: 0) }
        _ = bench.reported()
        return bench
    }

    private func breach(_ bench: inout GuardBench, _ campaign: Int = 1) -> [String] {
        bench.see(campaign, sent: 100, bounced: 10)
        return bench.sent().map(\.campaign.text)
    }

    // MARK: In force

    @Test func aWindowMutesTheCampaignsWithItsLabelsUntilItsEnd() throws {
        var bench = try bench()
        let reply = try bench.order(.mute(from: nil, lasts: Self.hour), Self.sales, reason: "list migration")
        #expect(reply.accepted)
        #expect(
            reply.message.hasPrefix(
                "maintenance window 1: every rule that pauses is muted on campaigns with team=sales"))
        #expect(reply.message.hasSuffix("it covers 1 campaign now, and those that appear later"))
        let events = bench.reportedEvents()
        #expect(events.map(\.kind) == [.orderAccepted, .muteBegun])
        #expect(events[1].fields[.by] == "anna (uid 1000, pid 7)" && events[1].fields[.labels] == "team=sales")
        #expect(breach(&bench, 1) == [] && breach(&bench, 2) == ["camp_2"])
        bench.wait(Self.hour - .seconds(1))
        #expect(breach(&bench) == [])
        bench.wait(.seconds(1))
        #expect(bench.reported().contains(.muteEnded))
        #expect(breach(&bench) == ["camp_1"], "the rule fires, and pauses once the window is over")
    }

    @Test func aPlannedWindowBeginsByItself() throws {
        var bench = try bench()
        let start = bench.now + Self.hour
        #expect(try bench.order(.mute(from: start, lasts: Self.hour), Self.sales).accepted)
        #expect(bench.reported() == [.orderAccepted, .mutePlanned])
        let planned = bench.warden.status(at: bench.now).mutes
        #expect(planned?.map(\.isInForce) == [false] && planned?.first?.by == "anna (uid 1000, pid 7)")
        let next = bench.warden.explanation(of: CampaignID(unchecked: "camp_1"), at: bench.now)?.next ?? []
        #expect(next.contains { $0.hasPrefix("maintenance window 1 is planned from ") })
        bench.wait(Self.hour)
        #expect(
            bench.reported().contains(.muteBegun) && bench.warden.status(at: bench.now).mutes?.first?.isInForce == true)
        #expect(breach(&bench) == [])
        let rules = try #require(bench.warden.explanation(of: CampaignID(unchecked: "camp_1"), at: bench.now)?.rules)
        #expect(rules.first { $0.name == "bounces" }?.mutedBy == "anna (uid 1000, pid 7)")
        #expect(rules.first { $0.name == "sent" }?.mutedUntil == nil, "a rule that only alerts is not muted")
        bench.wait(Self.hour)
        #expect(breach(&bench) == ["camp_1"] && bench.warden.status(at: bench.now).mutes == nil)
    }

    @Test func beforeAPlannedWindowRulesPause() throws {
        var bench = try bench()
        #expect(try bench.order(.mute(from: bench.now + Self.hour, lasts: Self.hour)).accepted)
        #expect(breach(&bench) == ["camp_1"])
    }

    @Test func aWindowCanBeAboutOneRule() throws {
        var bench = try bench()
        #expect(try bench.order(.mute(from: nil, lasts: Self.hour), rule: "replies").accepted)
        #expect(breach(&bench) == ["camp_1"])
        let reply = try bench.order(.mute(from: nil, lasts: Self.hour), rule: "bounce")
        #expect(!reply.accepted && reply.message.hasSuffix("did you mean bounces?"), "\(reply.message)")
        #expect(try !bench.order(.mute(from: nil, lasts: Self.hour), rule: "sent").accepted)
    }

    @Test func campaignsThatAppearLaterAreCovered() throws {
        var bench = try bench()
        #expect(try bench.order(.mute(from: nil, lasts: Self.hour), Self.sales).accepted)
        bench.reload(try Self.policy("sales", "ops", "sales"))
        #expect(breach(&bench, 3) == [])
        let watch = Watch(
            CampaignID(unchecked: "camp_4"), pool: PoolID(unchecked: "pool_a"), labels: Self.sales, by: "bob")
        #expect(try bench.order(.watch, 4, watch: watch).accepted)
        #expect(breach(&bench, 4) == [])
        bench.wait(Self.hour)
        #expect(breach(&bench, 3) == ["camp_3"] && breach(&bench, 4) == ["camp_4"])
    }

    @Test func aCampaignThatLosesTheLabelIsNoLongerCovered() throws {
        var bench = try bench()
        #expect(try bench.order(.mute(from: nil, lasts: Self.hour), Self.sales).accepted)
        bench.reload(try Self.policy("ops", "ops"))
        #expect(breach(&bench) == ["camp_1"])
    }

    @Test func aPauseThatIsTriedAgainIsGivenUp() throws {
        var bench = try bench()
        bench.see(sent: 100, bounced: 10)
        let pause = try #require(bench.sent().first)
        #expect(try bench.order(.mute(from: nil, lasts: Self.hour), Self.sales).accepted)
        bench.answer(pause, .failure(Fault(.unreachable, "HTTP 503", mayHaveTakenEffect: false)))
        bench.wait(.seconds(600))
        #expect(bench.sent() == [] && bench.reported().contains(.campaignPauseAbandoned))
    }

    @Test func aRuleOnGroupsPausesOnlyOthers() throws {
        let rules = "rules: [{name: teams, on: group, by: pool, when: bounceRate > 5% and resolved >= 50, then: pause}]"
        var bench = GuardBench(try Self.policy("sales", "ops", rules: rules))
        #expect(try bench.order(.mute(from: nil, lasts: Self.hour), Self.sales).accepted)
        #expect(breach(&bench, 1) == [])
        #expect(breach(&bench, 2) == ["camp_2"])
        bench.wait(Self.hour)
        #expect(breach(&bench, 1) == ["camp_1"])
    }

    // MARK: Time

    @Test func aRestartKeepsWindows() throws {
        var bench = try bench()
        let policy = try Self.policy("sales", "ops")
        #expect(try bench.order(.mute(from: nil, lasts: Self.hour), Self.sales).accepted)
        #expect(try bench.order(.mute(from: bench.now + Self.hour * 2, lasts: Self.hour), ["team": "ops"]).accepted)
        _ = bench.reported()
        try bench.restart(policy)
        #expect(bench.warden.muteWindows.map(\.hasBegun) == [true, false])
        #expect(bench.reported().filter { $0 == .muteBegun } == [], "it was reported before")
        #expect(breach(&bench) == [])
        bench.wait(Self.hour)
        #expect(breach(&bench) == ["camp_1"])
        // The second one begins late, and ends as planned.
        try bench.restart(policy, after: Self.hour + .seconds(1800))
        #expect(bench.reported().contains(.muteBegun))
        #expect(!breach(&bench, 2).contains("camp_2"))
        bench.wait(.seconds(1800))
        #expect(breach(&bench, 2).contains("camp_2"))
    }

    @Test func aWindowThatPassedDuringAnOutageIsReported() throws {
        var bench = try bench()
        #expect(try bench.order(.mute(from: bench.now + Self.hour, lasts: Self.hour), Self.sales).accepted)
        _ = bench.reported()
        try bench.restart(try Self.policy("sales", "ops"), after: Self.hour * 3)
        let event = try #require(bench.reportedEvents().first { $0.kind == .muteEnded })
        #expect(event.message.contains("muted nothing") && bench.warden.muteWindows.isEmpty)
        #expect(breach(&bench) == ["camp_1"])
    }

    @Test func aPlannedWindowFollowsTheWallClock() throws {
        var bench = try bench()
        #expect(try bench.order(.mute(from: bench.now + Self.hour, lasts: Self.hour), Self.sales).accepted)
        bench.setClock(ahead: Self.hour)
        #expect(bench.reported().contains(.muteBegun) && breach(&bench) == [])
        // It does not last longer because the clock is set back.
        bench.setClock(ahead: .seconds(-86400))
        bench.wait(Self.hour)
        #expect(breach(&bench) == ["camp_1"])
    }

    @Test func aClockSetForwardEndsAWindow() throws {
        var bench = try bench()
        #expect(try bench.order(.mute(from: nil, lasts: Self.hour), Self.sales).accepted)
        bench.setClock(ahead: Self.hour * 2)
        #expect(bench.reported().contains(.muteEnded) && breach(&bench) == ["camp_1"])
    }

    // MARK: Cancelled

    @Test func unmuteCancelsWindowsAndMutes() throws {
        var bench = try bench("sales", "sales")
        #expect(try bench.order(.mute(from: nil, lasts: Self.hour), Self.sales).accepted)
        #expect(try bench.order(.mute, 2, for: Self.hour).accepted)
        _ = bench.reported()
        let reply = try bench.order(.unmute, Self.sales)
        #expect(reply.message == "maintenance window 1 is cancelled; 1 campaign is no longer muted", "\(reply.message)")
        #expect(bench.reported() == [.orderAccepted, .muteCancelled])
        #expect(breach(&bench, 1) == ["camp_1"] && breach(&bench, 2) == ["camp_2"])
        #expect(try !bench.order(.unmute, Self.sales).accepted)
    }

    @Test func aWiderWindowStays() throws {
        var bench = try bench()
        #expect(try bench.order(.mute(from: nil, lasts: Self.hour)).accepted)
        let reply = try bench.order(.unmute, Self.sales)
        #expect(!reply.accepted && reply.message.contains("maintenance window 1 stays"), "\(reply.message)")
        let one = try bench.order(.mute, 1, for: .zero)
        #expect(one.accepted && one.message.contains("maintenance window 1 still mutes it"), "\(one.message)")
        #expect(breach(&bench) == [])
        #expect(try bench.order(.unmute).accepted)
        #expect(breach(&bench) == ["camp_1"])
    }

    @Test func aCancelledWindowStaysCancelledAfterARestart() throws {
        var bench = try bench()
        #expect(try bench.order(.mute(from: nil, lasts: Self.hour), Self.sales).accepted)
        #expect(try bench.order(.unmute, Self.sales).accepted)
        try bench.restart(try Self.policy("sales", "ops"))
        #expect(breach(&bench) == ["camp_1"])
    }

    // MARK: Refused

    @Test func aWindowInThePastOrFarAheadIsRefused() throws {
        var bench = try bench()
        #expect(try !bench.order(.mute(from: bench.now - Self.hour * 2, lasts: Self.hour)).accepted)
        #expect(try !bench.order(.mute(from: bench.now + Self.hour * 24 * 400, lasts: Self.hour)).accepted)
        #expect(bench.reported() == [.orderRefused, .orderRefused])
        // One that has begun ends when it would have.
        #expect(try bench.order(.mute(from: bench.now - .seconds(1800), lasts: Self.hour), Self.sales).accepted)
        bench.wait(.seconds(1800))
        #expect(breach(&bench) == ["camp_1"])
    }

    @Test func thereIsALimit() throws {
        var bench = try bench()
        for _ in 0..<100 { #expect(try bench.order(.mute(from: nil, lasts: Self.hour)).accepted) }
        let reply = try bench.order(.mute(from: nil, lasts: Self.hour))
        #expect(!reply.accepted && reply.message.hasPrefix("100 maintenance windows are already planned"))
    }
}

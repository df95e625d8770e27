import Guard
import Model
import Policy
import Reporting
import Testing

/// Rules whose condition stays unknown because the platform leaves out a number.
@Suite struct MissingDataTimelineTests {
    static let minute = Duration.seconds(60)
    static let rule = "rules:\n  - {name: b, when: bounceRate > 5% and resolved >= 50, for: 2m, then: pause}"

    /// 1000 leads, of which `sent` were sent to; `lacking` is left out of the response.
    private static func stats(_ sent: Int, bounced: Int, lacking: Set<Counter> = []) -> CampaignStats {
        var stats = CampaignStats(
            totalEnrolled: 1000, sent: sent, delivered: sent - bounced, bounced: bounced, replied: 0,
            queued: 1000 - sent, openRate: 0, replyRate: 0)
        if lacking.contains(.bounced) { stats.bounced = nil }
        if lacking.contains(.delivered) { stats.delivered = nil }
        return stats
    }

    /// Polls once a minute; a fifth of the emails bounce.
    private func poll(
        _ bench: inout GuardBench, minutes: Int, from sent: Int = 100, campaign: Int = 1, lacking: Set<Counter>
    ) -> [JournalEvent] {
        for minute in 0..<minutes {
            let sent = sent + minute * 10
            bench.see(campaign, Self.stats(sent, bounced: sent / 5, lacking: lacking))
            bench.wait(Self.minute)
        }
        return bench.reportedEvents().filter { [.ruleNoData, .ruleDataRestored].contains($0.kind) }
    }

    @Test func aRuleWithoutDataIsReportedOnceAndItsEnd() throws {
        var bench = try GuardBench("mode: enforce\n" + Self.rule)
        #expect(poll(&bench, minutes: 5, lacking: [.bounced]) == [], "not for stale_after yet")
        let events = poll(&bench, minutes: 60, lacking: [.bounced])
        let event = try #require(events.first)
        #expect(events.count == 1 && event.kind == .ruleNoData && event.priority == .warning)
        #expect(event.message.hasPrefix("rule b cannot act on camp_1: its stats lack bounced (for 5m"))
        #expect(event.message.hasSuffix("conditions that read this are unknown and pause nothing"))
        #expect(event.fields[.missing] == "bounced" && event.fields[.rule] == "b")
        let status = bench.warden.status(at: bench.now)
        #expect(status.campaigns[0].rules[0].noData == "its stats lack bounced")
        #expect(status.campaigns[0].rules[0].noDataSince != nil)
        #expect(status.summary.contains("1 with rules that lack data"))
        let explanation = bench.warden.explanation(of: CampaignID(unchecked: "camp_1"), at: bench.now)
        #expect(explanation?.rules[0].noData?.hasPrefix("cannot act: its stats lack bounced (for 1h5m") == true)
        // The data is back, and the rule acts.
        let after = poll(&bench, minutes: 3, from: 700, lacking: [])
        #expect(after.map(\.kind) == [.ruleDataRestored])
        #expect(after[0].message.hasPrefix("rule b has data on camp_1 again after 1h5m"))
        #expect(bench.sent().map(\.action) == [.pause])
        #expect(bench.warden.status(at: bench.now).campaigns[0].rules[0].noData == nil)
    }

    @Test func aGapThatIsShorterIsNotReported() throws {
        var bench = try GuardBench(Self.rule)
        for _ in 0..<10 {
            #expect(poll(&bench, minutes: 4, from: 10, lacking: [.bounced]) == [])
            #expect(poll(&bench, minutes: 1, from: 40, lacking: []) == [])
        }
    }

    @Test func severalNumbersAreNamed() throws {
        var bench = try GuardBench(Self.rule)
        let events = poll(&bench, minutes: 10, lacking: [.bounced, .delivered])
        #expect(events.map { $0.fields[.missing] } == ["delivered, bounced"])
    }

    @Test func otherConditionsDoNotHideTheRuleThatLacksData() throws {
        var bench = try GuardBench(
            """
            rules:
              - {name: known, when: sent > 5000, then: pause}
              - {name: decided, when: bounceRate > 5% and sent > 5000, then: pause}
              - {name: alert, when: bounceRate > 5%, then: alert}
              - {name: lacks, when: bounceRate > 5% and sent > 50, then: pause}
              - {name: either, when: bounceRate > 5% or sent > 5000, then: pause, mode: observe}
            """)
        let events = poll(&bench, minutes: 10, lacking: [.bounced])
        #expect(events.map { $0.fields[.rule] } == ["alert", "lacks", "either"])
    }

    @Test func noEmailsAreNotMissingData() throws {
        var bench = try GuardBench(
            "rules:\n  - {name: b, when: bounceRate > 5% or replyRate > 50%, then: pause}\n"
                + "  - {name: w, when: bounceRate(1h) > 5%, then: pause}")
        for _ in 0..<30 {
            bench.see(
                1, CampaignStats(totalEnrolled: 1000, sent: 0, delivered: 0, bounced: 0, replied: 0, queued: 1000))
            bench.wait(Self.minute)
        }
        // It is sending, but nothing is resolved within the window.
        for _ in 0..<90 {
            bench.see(1, Self.stats(100, bounced: 1))
            bench.wait(Self.minute)
        }
        #expect(!bench.reported().contains(.ruleNoData))
    }

    @Test func aWindowThatBeginsInAGapIsReported() throws {
        var bench = try GuardBench("rules:\n  - {name: w, when: bounceRate(1h) > 50%, then: pause}")
        #expect(poll(&bench, minutes: 20, lacking: [.bounced]).map(\.kind) == [.ruleNoData])
        // Known since 40 minutes, and yet the window's start is not.
        #expect(poll(&bench, minutes: 40, from: 300, lacking: []) == [])
        #expect(bench.warden.status(at: bench.now).campaigns[0].rules[0].noData == "its stats lack bounced 1h ago")
        #expect(poll(&bench, minutes: 30, from: 700, lacking: []).map(\.kind) == [.ruleDataRestored])
    }

    @Test func missingPoolDataIsReported() throws {
        var bench = try GuardBench("rules:\n  - {name: p, when: pool.remainingVolume < 10, then: pause}")
        for _ in 0..<40 {
            bench.see(sent: 100, bounced: 0)
            bench.fail(GuardBench.pools, Fault(.unreachable, "HTTP 503"))
            bench.wait(Self.minute)
        }
        let event = try #require(bench.events.first { $0.kind == .ruleNoData })
        #expect(event.message.contains("cannot act on camp_1: pool.remainingVolume is unknown (for "))
        bench.seePool(remaining: 600)
        bench.see(sent: 100, bounced: 0)
        #expect(bench.reported().contains(.ruleDataRestored))
    }

    @Test func aProbationWithoutDataIsReported() throws {
        let rule = Self.rule.replacing(
            "then: pause}", with: "then: pause, resume: {after: 1h, probation: {sends: 500, when: bounceRate > 30%}}}")
        var bench = try GuardBench(rule)
        _ = poll(&bench, minutes: 3, lacking: [])
        bench.confirmPause(try #require(bench.sent().first))
        bench.wait(.seconds(3600))
        bench.see(1, Self.stats(130, bounced: 26))
        bench.confirmStart(try #require(bench.sent().first))
        let lost = poll(&bench, minutes: 20, from: 140, lacking: [.bounced])
        let messages = lost.map(\.message).sorted()
        #expect(messages.count == 2)
        #expect(messages.first?.hasPrefix("rule b cannot act on camp_1: its stats lack bounced") == true)
        #expect(
            messages.last?.hasPrefix("the probation of rule b cannot evaluate camp_1: its stats lack bounced (for 5m")
                == true)
        #expect(messages.last?.hasSuffix("it neither ends nor pauses the campaign") == true)
        try bench.restart(rule)
        #expect(poll(&bench, minutes: 20, from: 340, lacking: [.bounced]) == [], "it was reported")
        let back = poll(&bench, minutes: 1, from: 540, lacking: [])
        #expect(back.map(\.kind) == [.ruleDataRestored, .ruleDataRestored])
    }

    @Test func aRuleOnAPoolWithoutDataIsReported() throws {
        let rule = "rules:\n  - {name: low, on: pool, when: pool.remainingVolume < 10, then: alert}"
        var bench = try GuardBench(rule)
        func see(_ remaining: Int?, minutes: Int) {
            for _ in 0..<minutes {
                bench.seePool(remaining: remaining)
                bench.wait(Self.minute)
            }
        }
        see(nil, minutes: 5)
        #expect(bench.reported() == [], "not for stale_after yet")
        see(nil, minutes: 30)
        let events = bench.reportedEvents().filter { $0.kind == .ruleNoData }
        let event = try #require(events.first)
        #expect(events.count == 1 && event.fields[.pool] == "pool_a" && event.fields[.rule] == "low")
        #expect(event.message.hasPrefix("rule low cannot act on pool pool_a: pool.remainingVolume is unknown (for "))
        let status = bench.warden.status(at: bench.now).pools.flatMap(\.rules)
        #expect(status.map(\.noData) == ["pool.remainingVolume is unknown"])
        #expect(event.message.hasSuffix("conditions that read this are unknown and report nothing"))
        try bench.restart(rule)
        see(nil, minutes: 30)
        #expect(!bench.reported().contains(.ruleNoData), "it was reported")
        see(600, minutes: 1)
        #expect(bench.reported().contains(.ruleDataRestored))
    }

    @Test func aRestartReportsNothingAgain() throws {
        var bench = try GuardBench(Self.rule)
        #expect(poll(&bench, minutes: 3, lacking: [.bounced]) == [])
        // The time before the restart counts.
        try bench.restart(Self.rule)
        #expect(poll(&bench, minutes: 4, lacking: [.bounced]).map(\.kind) == [.ruleNoData])
        try bench.restart(Self.rule)
        #expect(poll(&bench, minutes: 20, lacking: [.bounced]) == [])
        #expect(bench.warden.status(at: bench.now).campaigns[0].rules[0].noData == "its stats lack bounced")
        try bench.restart(Self.rule)
        #expect(poll(&bench, minutes: 1, from: 300, lacking: []).map(\.kind) == [.ruleDataRestored])
    }

    @Test func aReloadReportsNothingAgain() throws {
        var bench = try GuardBench(Self.rule)
        #expect(poll(&bench, minutes: 10, lacking: [.bounced]).map(\.kind) == [.ruleNoData])
        try bench.reload(Self.rule.replacing("then: pause", with: "then: pause, severity: critical"))
        #expect(poll(&bench, minutes: 10, lacking: [.bounced]) == [])
    }

    @Test func aCampaignThatDoesNotRunIsNotReported() throws {
        var bench = try GuardBench(Self.rule)
        for _ in 0..<20 {
            bench.see(1, CampaignStats(totalEnrolled: 1000, sent: 0, delivered: 0, replied: 0, queued: 0))
            bench.wait(Self.minute)
        }
        #expect(!bench.reported().contains(.ruleNoData))
    }

    @Test func aMutedRuleIsReportedOnceItsMuteEnds() throws {
        var bench = try GuardBench("mode: enforce\n" + Self.rule)
        #expect(poll(&bench, minutes: 1, lacking: []) == [])
        #expect(try bench.order(.mute, rule: "b", for: .seconds(20 * 60)).accepted)
        #expect(poll(&bench, minutes: 19, from: 200, lacking: [.bounced]) == [])
        #expect(poll(&bench, minutes: 3, from: 400, lacking: [.bounced]).map(\.kind) == [.ruleNoData])
    }

    // MARK: Counters with a request of their own

    /// A campaign whose list of replies is incomplete, unless `unsubscribed` is given.
    private static func stats(_ sent: Int, unsubscribed: Int?) -> CampaignStats {
        var stats = Self.stats(sent, bounced: 0)
        stats.unsubscribed = unsubscribed
        if unsubscribed == nil { stats.unsubscribedGap = "the list of replies is incomplete" }
        return stats
    }

    private static let replies = """
        rules:
          - {name: pauses, when: unsubscribeRate > 2% and delivered >= 50, then: pause}
          - {name: alerts, when: unsubscribeRate > 1%, then: alert}
          - {name: team, on: group, by: pool, when: unsubscribeRate > 2%, then: pause, mode: observe}
          - {name: other, when: bounceRate > 5%, then: pause}
        """

    @Test func anIncompleteListIsReportedForEveryRuleThatReadsIt() throws {
        var bench = try GuardBench("mode: enforce\n" + Self.replies, campaigns: 2)
        for minute in 0..<60 {
            bench.see(1, Self.stats(100 + minute, unsubscribed: nil))
            bench.see(2, Self.stats(100 + minute, unsubscribed: 0))
            bench.wait(Self.minute)
        }
        let events = bench.reportedEvents().filter { $0.kind == .ruleNoData }
        #expect(events.map { $0.fields[.rule] } == ["team", "pauses", "alerts"])
        let onCampaign = events.dropFirst()
        #expect(onCampaign.allSatisfy { $0.fields[.campaign] == "camp_1" && $0.fields[.missing] == "unsubscribed" })
        #expect(onCampaign.allSatisfy { $0.fields[.reason] == "the list of replies is incomplete" })
        #expect(
            events[0].fields[.reason]
                == "1 campaign lacks data: camp_1, because the list of replies is incomplete")
        #expect(
            events[1].message.hasPrefix(
                "rule pauses cannot act on camp_1: its stats lack unsubscribed, because the list of replies is incomplete"
            ))
        #expect(bench.sent().isEmpty)
        try bench.restart("mode: enforce\n" + Self.replies, campaigns: 2)
        for campaign in 1...2 { bench.see(campaign, Self.stats(200, unsubscribed: 1)) }
        let restored = bench.reportedEvents().filter { $0.kind == .ruleDataRestored }
        #expect(restored.map { $0.fields[.rule] } == ["team", "pauses", "alerts"])
        bench.wait(Self.minute)
        bench.see(1, Self.stats(210, unsubscribed: 30))
        #expect(bench.sent().map(\.decision.cause.rule) == ["pauses"])
    }

    @Test func aGapThatNoRuleReadsIsNotReported() throws {
        var bench = try GuardBench("rules:\n  - {name: b, when: bounceRate > 5%, then: pause}")
        for minute in 0..<20 {
            bench.see(1, Self.stats(100 + minute, unsubscribed: nil))
            bench.wait(Self.minute)
        }
        #expect(!bench.reported().contains(.ruleNoData))
    }

    @Test func eachCampaignIsReported() throws {
        var bench = try GuardBench(Self.rule, campaigns: 2)
        let first = poll(&bench, minutes: 10, campaign: 1, lacking: [.bounced])
        let second = poll(&bench, minutes: 10, campaign: 2, lacking: [.bounced])
        #expect(first.map { $0.fields[.campaign] } == ["camp_1"])
        #expect(second.map { $0.fields[.campaign] } == ["camp_2"])
    }
}

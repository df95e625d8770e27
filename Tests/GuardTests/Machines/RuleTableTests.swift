import Foundation
import Model
import Policy
import Testing

@testable import Guard

/// The rules on one campaign, and its samples.
@Suite struct RuleTableTests {
    static let start = Instant(milliseconds: 1_796_000_000_000)
    static let rules = """
        rules:
          - {name: slow, when: bounced > 1, for: 2m, then: pause}
          - {name: fast, when: bounced > 5, then: alert}
          - {name: sure, when: bounceRate > 5%, confidence: 95%, then: pause}

        """

    private func at(_ seconds: Int) -> Instant { Self.start + .seconds(seconds) }

    private func set(_ more: String = rules) throws -> CampaignRules {
        try #require(RuleBook(try GuardBench.policy(more)).campaigns.first)
    }

    private func stats(_ sent: Int) -> CampaignStats {
        CampaignStats(totalEnrolled: 1000, sent: sent, delivered: sent, bounced: 0, replied: 0, queued: 0)
    }

    private func observe(_ table: inout RuleTable, _ truth: Truth, _ slot: Int, at seconds: Int) -> RuleState.Change? {
        table.observe(truth, ofSlot: slot, at: at(seconds), maxGap: .seconds(180))
    }

    @Test func rulesAreInPolicyOrder() throws {
        let table = RuleTable(try set())
        #expect(table.states.map(\.rule.name) == ["slow", "fast", "sure"])
        #expect(table.index(of: "fast") == 1 && table.index(of: "gone") == nil)
    }

    @Test func onlyAFiringPausingRuleIsABreach() throws {
        var table = RuleTable(try set())
        #expect(observe(&table, .yes, 0, at: 0) == .pending && !table.breaches(since: at(-1)))
        #expect(observe(&table, .yes, 1, at: 0) == .firing && !table.breaches(since: at(-1)), "it only alerts")
        #expect(observe(&table, .yes, 0, at: 120) == .firing)
        #expect(table.breaches(since: at(119)) && !table.breaches(since: at(120)), "since then")
        #expect(observe(&table, .no, 0, at: 180) == .cleared && !table.breaches(since: at(0)))
    }

    @Test func aPersonsMuteOutlastsTheBreach() throws {
        var table = RuleTable(try set())
        #expect(table.mute(of: "slow", at: at(0)) == nil && table.mute(of: "gone", at: at(0)) == nil)
        table.mute("slow", Mute(until: at(60), by: "anna"))
        #expect(table.mute(of: "slow", at: at(59))?.by == "anna" && table.mute(of: "slow", at: at(60)) == nil)
        table.mute(ofSlot: 1, until: at(60))
        #expect(table.mute(of: "fast", at: at(59)) == Mute(until: at(60), by: nil))
        #expect(table.mute(of: "fast", at: at(60)) == nil)
        _ = observe(&table, .no, 0, at: 1)
        _ = observe(&table, .no, 1, at: 1)
        #expect(table.mute(of: "slow", at: at(2)) != nil && table.mute(of: "fast", at: at(2)) == nil)
        table.mute("slow", nil)
        #expect(table.mute(of: "slow", at: at(2)) == nil && table.mutes.isEmpty)
    }

    @Test func aRuleIsArmedOnceAndCountsFromZeroAfterACounterRestart() throws {
        var table = RuleTable(try set())
        table.arm(at: CampaignStats(sent: 5), Counters(CampaignStats(sent: 5)))
        #expect(table.slot(2).armed == nil, "its counters are not known")
        table.arm(at: stats(10), Counters(stats(10)))
        table.arm(at: stats(20), Counters(stats(20)))
        #expect(table.slot(2).armed?.sent == 10 && table.slot(0).armed == nil)
        table.restart(slot: 2, at: stats(30), at(0))
        table.restart(slot: 0, at: stats(30), at(0))
        #expect(table.slot(2).armed?.sent == 30 && table.slot(0).armed == nil)
        table.countFromZero(since: at(0))
        #expect(table.slot(2).armed?.sent == 0)
    }

    @Test func aRestartedRuleHasNoEvidence() throws {
        var table = RuleTable(try set())
        _ = observe(&table, .yes, 1, at: 0)
        table.noteReported(ofSlot: 1)
        #expect(table.slot(1).state.wasReported)
        table.restart(slot: 1, at: stats(1), at(0))
        #expect(table.slot(1).state == RuleState())
    }

    @Test func aReloadKeepsUnchangedRulesAtAnyPosition() throws {
        var table = RuleTable(try set())
        _ = observe(&table, .yes, 1, at: 0)
        table.mute("fast", Mute(until: at(60), by: "anna"))
        table.adopt(
            try set(
                """
                rules:
                  - {name: fast, when: bounced > 5, then: alert, severity: critical}
                  - {name: slow, when: bounced > 2, for: 2m, then: pause}

                """))
        #expect(table.slot(0).state.isFiring && table.slot(1).state == RuleState())
        #expect(table.mute(of: "fast", at: at(1)) != nil, "a person's mute is of the name")
    }

    @Test func aRestartRestoresUnchangedRules() throws {
        var table = RuleTable(try set())
        _ = observe(&table, .yes, 0, at: 0)
        _ = observe(&table, .yes, 1, at: 0)
        table.arm(at: stats(10), Counters(stats(10)))
        let stored = try JSONDecoder().decode([RuleMemory].self, from: JSONEncoder().encode(table.memories))
        var after = RuleTable(try set(Self.rules.replacing("bounced > 5", with: "bounced > 6")))
        after.takeUp(stored, ["slow": Mute(until: at(60), by: "anna")], at: at(-10))
        guard case .pending(let since, _, let last) = after.slot(0).state.phase else { return #expect(Bool(false)) }
        #expect(since == at(-10) && last == at(-10), "no time ahead is believed")
        #expect(after.slot(1).state == RuleState() && after.slot(2).armed?.sent == 10)
        #expect(after.mute(of: "slow", at: at(0)) != nil)
    }

    // MARK: Samples

    private func samples() throws -> CampaignSamples { CampaignSamples(windows: try set().windows, at: at(0)) }

    private func take(_ samples: inout CampaignSamples, _ sent: Int, at seconds: Int, asked: Int? = nil) -> String {
        let sample = StatsSample(stats: stats(sent), at: at(seconds), requestedAt: at(asked ?? seconds))
        switch samples.take(sample, isFresh: true) {
        case .outdated: return "outdated"
        case .doubtful: return "doubtful"
        case .taken(let taken):
            let before = taken.previous?.stats.sent.map { " after \($0)" } ?? ""
            return (taken.restart == nil ? "taken" : "restarted") + before + (taken.freshAfter == nil ? "" : ", fresh")
        }
    }

    @Test func samplesAreTakenInTheOrderOfTheirRequests() throws {
        var samples = try samples()
        #expect(take(&samples, 100, at: 10) == "taken" && take(&samples, 100, at: 20) == "taken after 100")
        #expect(take(&samples, 200, at: 30, asked: 19) == "outdated" && samples.latest?.stats.sent == 100)
        #expect(take(&samples, 200, at: 30, asked: 20) == "taken after 100")
        #expect(samples.age(at: at(90)) == .seconds(60) && samples.age(at: at(0)) == .zero)
    }

    @Test func fallenCountersAreDoubtfulUntilTheyGrowOrStay() throws {
        var samples = try samples()
        _ = take(&samples, 100, at: 0)
        #expect(take(&samples, 10, at: 10) == "doubtful" && samples.isFallOpen)
        #expect(take(&samples, 100, at: 20) == "taken after 100" && !samples.isFallOpen, "a replica was behind")
        #expect(take(&samples, 10, at: 30) == "doubtful")
        #expect(take(&samples, 11, at: 89) == "doubtful", "a cache may be behind for a minute")
        #expect(take(&samples, 11, at: 90) == "restarted after 0" && !samples.isFallOpen)
        #expect(take(&samples, 3, at: 100) == "doubtful" && take(&samples, 3, at: 160) == "doubtful")
        #expect(take(&samples, 3, at: 161) == "restarted after 0", "three in a row are no accident")
    }

    @Test func staleAndMissingAreReportedOnce() throws {
        var samples = try samples()
        func becomesStale(_ seconds: Int) -> Bool { samples.becomesStale(after: .seconds(300), at: at(seconds)) }
        #expect(!becomesStale(300) && becomesStale(301) && !becomesStale(302), "counted from when it was first watched")
        #expect(take(&samples, 1, at: 400) == "taken, fresh" && !samples.isStale)
        func noteMissing() -> Bool { samples.noteMissing() }
        #expect(noteMissing() && !noteMissing() && !becomesStale(1000))
        _ = samples.note(Fault(.missing, "HTTP 404"), isUnusable: false)
        #expect(samples.lastFault == "HTTP 404")
        #expect(take(&samples, 2, at: 1000) == "taken after 1, fresh" && !samples.isMissing && samples.lastFault == nil)
    }
}

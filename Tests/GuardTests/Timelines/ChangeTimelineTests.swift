import Foundation
import Model
import Policy
import Reporting
import TestSupport
import Testing

@testable import Guard

/// Rules with `within`: what they count, from when, and what survives a restart.
@Suite struct ChangeTimelineTests {
    private static let minute = Duration.seconds(60)

    private static func rule(_ within: Int = 2000, when: String = "bounceRate > 5%", _ more: String = "") -> String {
        """
        rules:
          - name: change
            when: \(when)
            confidence: 95%
            within: \(within)
            then: pause
            resume: {after: 1h}
            \(more)

        """
    }

    /// A campaign whose first 1,000 emails are good, and whose further ones bounce in one of four cases.
    private static func stats(_ sent: Int, goodUntil: Int = 1000) -> CampaignStats {
        let bounced = sent / 100 + max(0, sent - goodUntil) / 4
        return CampaignStats(
            totalEnrolled: 20_000, sent: sent, delivered: sent - bounced, bounced: bounced, replied: 0,
            queued: 20_000 - sent, openRate: 0, replyRate: 0)
    }

    private func change(_ bench: GuardBench) -> ChangeState? { bench.warden.campaigns[0].rules.slot(0).change }

    /// The evidence without its times, which differ between two benches.
    private func figures(_ bench: GuardBench) -> [Double]? {
        guard let evidence = change(bench)?.evidence else { return nil }
        let detector = ChangeDetector(limit: 0.05, confidence: 0.95, within: 2000)
        return [detector.logEvidence(evidence), evidence.stretch.hits, evidence.stretch.trials]
    }

    /// Feeds samples of twenty emails each, a minute apart.
    private func feed(_ bench: inout GuardBench, _ range: StrideThrough<Int>) {
        for sent in range {
            bench.see(1, Self.stats(sent))
            bench.wait(Self.minute)
        }
    }

    @Test func aListThatTurnsBadIsFoundSoon() throws {
        var bench = try GuardBench(Self.rule())
        feed(&bench, stride(from: 0, through: 1000, by: 20))
        #expect(bench.sent() == [])
        feed(&bench, stride(from: 1020, through: 1100, by: 20))
        #expect(bench.sent().map(\.action) == [.pause])
        let firing = try #require(bench.events.first { $0.kind == .ruleFiring })
        #expect(firing.message.contains(" since 20"), "the time of the change is shown: \(firing.message)")
        #expect(
            firing.message.contains(" of 40000 needed for at most 5 % risk of a false alarm in 2000 emails)"),
            "\(firing.message)")
        #expect(!firing.message.contains("since armed"), "the good past is not shown: \(firing.message)")
    }

    /// The journal, `explain` and `status` say which figures the rule found, since when, and against which bound.
    @Test func theStatusSaysWhatItFound() throws {
        var bench = try GuardBench(Self.rule())
        feed(&bench, stride(from: 0, through: 1100, by: 20))
        let status = try #require(bench.warden.status(at: bench.now).campaigns.first?.rules.first)
        let text = try #require(status.evidence)
        #expect(status.state == .firing && text.hasPrefix("bounceRate 2"), "\(text)")
        #expect(text.contains(" > 5 % (") && text.contains(" since 2026-"), "\(text)")
        #expect(text.hasSuffix(" of 40000 needed for at most 5 % risk of a false alarm in 2000 emails)"), "\(text)")
    }

    @Test func theLifetimeTestFindsItLate() throws {
        var bench = try GuardBench(Self.rule().replacing("within: 2000", with: "severity: info"))
        feed(&bench, stride(from: 0, through: 1100, by: 20))
        #expect(bench.sent() == [])
    }

    @Test func bouncesBeforeItWasArmedDoNotCount() throws {
        var bench = try GuardBench(Self.rule())
        bench.see(sent: 500, bounced: 200)
        bench.wait(Self.minute)
        bench.see(sent: 520, bounced: 203)
        #expect(bench.sent() == [])
    }

    @Test func furtherPartsOfTheConditionMustHoldToo() throws {
        var bench = try GuardBench(Self.rule(when: "bounceRate > 5% and sent > 1090"))
        feed(&bench, stride(from: 0, through: 1080, by: 20))
        #expect(bench.sent() == [])
        feed(&bench, stride(from: 1100, through: 1100, by: 20))
        #expect(bench.sent().map(\.action) == [.pause])
    }

    // MARK: What counts

    @Test func aSampleCountsOnce() throws {
        var bench = try GuardBench(Self.rule())
        feed(&bench, stride(from: 0, through: 400, by: 20))
        let before = change(bench)?.evidence
        for _ in 0..<3 { bench.see(1, Self.stats(400)) }
        #expect(change(bench)?.evidence == before && before != ChangeEvidence())
    }

    @Test func anOlderSampleDoesNotCount() throws {
        var bench = try GuardBench(Self.rule())
        bench.see(sent: 100, bounced: 1)
        bench.wait(Self.minute)
        bench.see(sent: 200, bounced: 2)
        let before = change(bench)
        bench.seeLate(sent: 250, bounced: 50, requestedBefore: .seconds(30))
        #expect(change(bench) == before)
    }

    @Test func growthBackFromACorrectionDoesNotCountTwice() throws {
        var bench = try GuardBench(Self.rule())
        bench.see(sent: 0, bounced: 0)
        bench.see(sent: 300, bounced: 9)
        let before = change(bench)?.evidence
        for (sent, bounced) in [(280, 4), (290, 6), (300, 9), (280, 9), (300, 9)] {
            bench.see(sent: sent, bounced: bounced)
        }
        #expect(change(bench)?.evidence == before)
        bench.see(sent: 320, bounced: 10)
        var once = try GuardBench(Self.rule())
        for (sent, bounced) in [(0, 0), (300, 9), (320, 10)] { once.see(sent: sent, bounced: bounced) }
        #expect(figures(bench) == figures(once))
    }

    /// A platform may count an email as delivered first; its bounce then adds a hit without a trial.
    @Test func bouncesOfDeliveredEmailsWaitForFurtherEmails() throws {
        func stats(_ delivered: Int, _ bounced: Int) -> CampaignStats {
            CampaignStats(totalEnrolled: 1000, sent: delivered + bounced, delivered: delivered, bounced: bounced)
        }
        var (late, once) = (try GuardBench(Self.rule()), try GuardBench(Self.rule()))
        for (delivered, bounced) in [(0, 0), (100, 0), (95, 5)] { late.see(1, stats(delivered, bounced)) }
        for (delivered, bounced) in [(0, 0), (100, 0)] { once.see(1, stats(delivered, bounced)) }
        #expect(figures(late) == figures(once), "five hits of no trials are no evidence yet")
        late.see(1, stats(115, 5))
        once.see(1, stats(115, 5))
        #expect(figures(late) == figures(once))
    }

    @Test func missingCountersAreUnknown() throws {
        var bench = try GuardBench(Self.rule())
        feed(&bench, stride(from: 0, through: 100, by: 20))
        let before = change(bench)?.evidence
        bench.see(1, CampaignStats(totalEnrolled: 1000, sent: 200, delivered: 100, bounced: nil))
        #expect(change(bench)?.evidence == before)
        bench.see(1, Self.stats(200))
        #expect(change(bench)?.evidence != before)
    }

    // MARK: New starts

    @Test func aResumeRearmsIt() throws {
        var bench = try GuardBench(Self.rule())
        feed(&bench, stride(from: 0, through: 1060, by: 20))
        bench.see(1, Self.stats(1080))
        bench.confirmPause(try #require(bench.sent().first))
        bench.wait(.seconds(3600))
        bench.see(1, Self.stats(1080))
        bench.confirmStart(try #require(bench.sent().first))
        #expect(change(bench)?.evidence == ChangeEvidence())
        bench.wait(Self.minute)
        bench.see(1, Self.stats(1100))
        #expect(bench.sent() == [], "five of twenty since the resume")
        feed(&bench, stride(from: 1120, through: 1180, by: 20))
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func restartedCountersRearmItAtZero() throws {
        var bench = try GuardBench(Self.rule())
        feed(&bench, stride(from: 0, through: 500, by: 20))
        bench.see(sent: 10, bounced: 1)
        bench.wait(Self.minute)
        bench.see(sent: 20, bounced: 5)
        var fresh = try GuardBench(Self.rule())
        fresh.see(sent: 0, bounced: 0)
        fresh.see(sent: 20, bounced: 5)
        #expect(figures(bench) == figures(fresh))
    }

    @Test func countersThatNeverRestartedLeaveTheEvidence() throws {
        var (bench, steady) = (try GuardBench(Self.rule()), try GuardBench(Self.rule()))
        feed(&bench, stride(from: 0, through: 500, by: 20))
        feed(&steady, stride(from: 0, through: 500, by: 20))
        for sent in [100, 100, 100, 520] {
            bench.see(1, Self.stats(sent))
            bench.wait(Self.minute)
        }
        #expect(bench.events.contains { $0.kind == .statsRestored })
        steady.see(1, Self.stats(520))
        #expect(figures(bench) == figures(steady))
    }

    @Test(arguments: [(rule(2000, "severity: critical"), false), (rule(2001), true), (rule(2000), false)])
    func withinIsPartOfTheIdentity(_ newer: String, resets: Bool) throws {
        for isRestart in [false, true] {
            var bench = try GuardBench(Self.rule())
            feed(&bench, stride(from: 0, through: 400, by: 20))
            let before = change(bench)?.evidence
            if isRestart { try bench.restart(newer) } else { try bench.reload(newer) }
            bench.see(1, Self.stats(400))
            #expect(change(bench)?.evidence == (resets ? ChangeEvidence() : before), "restart \(isRestart)")
        }
    }

    // MARK: Storage

    /// However often the process restarts, the evidence equals that of a process that ran on.
    @Test(arguments: [1, 3, 7]) func aRestartCountsNoSampleTwiceAndNoneNever(_ every: Int) throws {
        var (bench, steady) = (try GuardBench(Self.rule()), try GuardBench(Self.rule()))
        for (number, sent) in stride(from: 0, through: 1020, by: 20).enumerated() {
            bench.see(1, Self.stats(sent))
            steady.see(1, Self.stats(sent))
            if number % every == every - 1 { try bench.restart(Self.rule(), after: Self.minute) }
            bench.wait(Self.minute)
            steady.wait(Self.minute)
            #expect(figures(bench) == figures(steady), "\(sent)")
        }
        #expect(steady.sent() == [] && bench.sent() == [])
        for sent in stride(from: 1040, through: 1100, by: 20) { bench.see(1, Self.stats(sent)) }
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func aRestartAfterRestartedCountersRecallsNoEarlierSample() throws {
        var (bench, steady) = (try GuardBench(Self.rule()), try GuardBench(Self.rule()))
        for sent in Array(stride(from: 0, through: 500, by: 50)) + [10, 20, 30, 40] {
            bench.see(1, Self.stats(sent))
            steady.see(1, Self.stats(sent))
            bench.wait(Self.minute)
            steady.wait(Self.minute)
        }
        try bench.restart(Self.rule())
        #expect(figures(bench) == figures(steady) && change(bench)?.evidence != ChangeEvidence())
    }

    /// The samples say the rest, so the state need not be stored with each of them.
    @Test func theStateIsStoredOnceInAHundredEmails() throws {
        var bench = try GuardBench(Self.rule())
        feed(&bench, stride(from: 0, through: 20, by: 20))
        let before = campaignRecords(bench)
        feed(&bench, stride(from: 25, through: 925, by: 5))
        let stored = campaignRecords(bench) - before
        #expect((9...10).contains(stored), "\(stored)")
    }

    private func campaignRecords(_ bench: GuardBench) -> Int {
        bench.records.count { if case .campaign = $0 { true } else { false } }
    }

    @Test func aClockSetBackDoesNotStopIt() throws {
        var bench = try GuardBench(Self.rule())
        feed(&bench, stride(from: 0, through: 400, by: 20))
        let state = try #require(change(bench))
        let earlier = bench.now - .seconds(7200)
        #expect(state.clamped(to: earlier).precedes(earlier) && !state.precedes(earlier))
    }

    @Test func recordsOfOlderVersionsHaveNoEvidence() throws {
        let test = try #require(try GuardBench.policy(Self.rule()).rules[0].condition.test)
        let counters = Counters(Self.stats(100))
        let state = try #require(ChangeState(test, from: counters, at: Instant(milliseconds: 5)))
        let identity = RuleIdentity(name: "change", fingerprint: "x")
        let memory = RuleMemory(identity, RuleState(), armed: Self.stats(100), change: state)
        let text = try JSONEncoder().encode(memory)
        #expect(try JSONDecoder().decode(RuleMemory.self, from: text) == memory)
        var fields = try #require(JSONSerialization.jsonObject(with: text) as? [String: Any])
        fields["change"] = nil
        let older = try JSONSerialization.data(withJSONObject: fields)
        #expect(try JSONDecoder().decode(RuleMemory.self, from: older).change == nil)
        #expect(ChangeState(test, from: Counters(CampaignStats(sent: 5)), at: Instant(milliseconds: 5)) == nil)
    }

    /// The size of the state in a campaign's record and in memory.
    @Test func theStateIsSmall() throws {
        var bench = try GuardBench(Self.rule())
        feed(&bench, stride(from: 0, through: 1000, by: 7))
        #expect(try JSONEncoder().encode(try #require(change(bench))).count < 450)
        #expect(MemoryLayout<ChangeState>.size <= 120)
    }

    // MARK: Forecast and replay

    @Test func theForecastFindsTheBreach() throws {
        var bench = try GuardBench("poll: {stats: {min: 10s, max: 10m}}\n" + Self.rule())
        feed(&bench, stride(from: 0, through: 1040, by: 20))
        let outlook = try #require(bench.warden.campaigns[0].outlook)
        #expect(outlook.rule == "change" && outlook.emails > 1 && outlook.emails < 100)
    }

    @Test func aBacktestFindsItToo() throws {
        let start = Instant(milliseconds: 1_796_000_000_000)
        func stop(_ rules: String) throws -> CampaignReplay.Stop? {
            let policy = try GuardBench.policy(rules)
            var replay = CampaignReplay(policy.campaigns[0], policy: policy)
            for (minute, sent) in stride(from: 0, through: 2000, by: 5).enumerated() {
                replay.observe(Self.stats(sent), at: start + .seconds(60 * minute))
            }
            return replay.stops.first
        }
        let change = try #require(try stop(Self.rule()))
        let lifetime = try #require(try stop(Self.rule().replacing("within: 2000", with: "severity: info")))
        #expect(change.sent > 1020 && change.sent < 1100 && lifetime.sent > 1250)
    }
}

import Guard
import Model
import Policy
import Reporting
import TestSupport
import Testing

/// A reload that adds a window reads the samples from before it from the ledger, as a restart would.
@Suite struct RecallTimelineTests {
    private static let before = "rules:\n  - {name: bad, when: 'bounceRate(1h) > 90%', then: pause}\n"
    private static let after = before + "  - {name: many, when: 'increase(bounced, 6h) >= 10', then: alert}\n"

    /// Three hours of samples, with twenty bounces in the first one.
    private func run(restartsCounters: Bool = false) throws -> GuardBench {
        var bench = try GuardBench(Self.before)
        for minute in stride(from: 0, through: 180, by: 5) {
            let sent = restartsCounters && minute >= 120 ? minute - 120 : minute * 10
            bench.see(sent: sent, bounced: restartsCounters && minute >= 120 ? 0 : min(20, minute / 3))
            bench.wait(.seconds(300))
        }
        return bench
    }

    private func recall(_ bench: inout GuardBench) {
        var samples: [CampaignID: [(at: Instant, stats: CampaignStats)]] = [:]
        for missing in bench.warden.missingSamples(at: bench.now) {
            samples[missing.campaign] = bench.records.compactMap { record in
                if case .sample(let id, let stats, let at) = record, id == missing.campaign, at >= missing.since {
                    (at, stats)
                } else {
                    nil
                }
            }
        }
        bench.handle(.recalled(samples))
    }

    @Test func aWindowThatAReloadAddsHasTheStoredSamples() throws {
        var bench = try run()
        #expect(bench.warden.missingSamples(at: bench.now).isEmpty)
        try bench.reload(Self.after)
        #expect(bench.warden.missingSamples(at: bench.now).map(\.since) == [bench.now - .seconds(6 * 3600)])
        recall(&bench)
        #expect(bench.warden.missingSamples(at: bench.now).isEmpty)
        _ = bench.reported()
        bench.see(sent: 1850, bounced: 20)
        #expect(bench.reported() == [.ruleFiring])
    }

    @Test(arguments: [false, true])
    func itEqualsARestart(_ restartsCounters: Bool) throws {
        var reloaded = try run(restartsCounters: restartsCounters)
        var restarted = reloaded
        try reloaded.reload(Self.after)
        recall(&reloaded)
        try restarted.restart(Self.after, after: .zero)
        for step in 1...3 {
            let sent = (restartsCounters ? 60 : 1800) + step * 10
            let bounced = (restartsCounters ? 0 : 20) + step
            reloaded.see(sent: sent, bounced: bounced)
            restarted.see(sent: sent, bounced: bounced)
            let increases = [reloaded, restarted].map {
                $0.warden.campaigns[0].samples.increase(of: .bounced, over: .seconds(6 * 3600))
            }
            #expect(increases[0] != nil && increases[0] == increases[1])
        }
    }

    /// A process that restarts while a replica lags knows what the campaign counted from before.
    @Test(arguments: [false, true])
    func aRestartRemembersWhatAReplicaThatReturnsRestores(_ restarts: Bool) throws {
        let rule = "rules:\n  - {name: b, when: bounceRate > 5% and resolved >= 50, then: pause, resume: {after: 1h}}\n"
        var bench = try GuardBench(rule)
        bench.see(sent: 600, bounced: 60)
        bench.confirmPause(try #require(bench.sent().first))
        bench.wait(.seconds(3600))
        bench.see(sent: 600, bounced: 60)
        bench.confirmStart(try #require(bench.sent().first))
        for sent in 601...640 {
            bench.wait(.seconds(60))
            bench.see(sent: sent, bounced: 60)
        }
        for (minute, sent) in [200, 200, 200, 400, 400, 645].enumerated() {
            bench.wait(.seconds(60))
            bench.see(sent: sent, bounced: sent / 50)
            if restarts, minute == 3 { try bench.restart(rule) }
        }
        bench.see(sent: 650, bounced: 60)
        #expect(bench.reported().contains(.statsRestored))
        for sent in 651...700 {
            bench.wait(.seconds(60))
            bench.see(sent: sent, bounced: 60)
        }
        #expect(bench.sent() == [], "none of 100 since the resume")
    }

    @Test func otherWindowsKeepTheirSamples() throws {
        var bench = try run()
        let before = bench.warden.campaigns[0].samples.increase(of: .resolved, over: .seconds(3600))
        try bench.reload(Self.after)
        bench.handle(.recalled([CampaignID(unchecked: "camp_1"): []]))
        #expect(bench.warden.campaigns[0].samples.increase(of: .resolved, over: .seconds(3600)) == before)
    }
}

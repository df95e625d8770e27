import Guard
import Model
import Policy
import Testing

/// A paused campaign that goes on so slowly, or is polled so often, that two samples in a row show hardly any growth.
@Suite struct SlowGrowthTimelineTests {
    /// A campaign that sends `count` emails in `every`, which is also the poll interval, just paused at 200 sent.
    private func paused(_ count: Int, every interval: Duration) throws -> GuardBench {
        var bench = try GuardBench(
            "poll: {stats: \(interval.policyText), budget: 1000/min}\n" + PauseEffectTimelineTests.rule)
        for sent in stride(from: 0, to: 200, by: count) {
            bench.see(sent: sent, bounced: 0)
            bench.wait(interval)
        }
        bench.see(sent: 200, bounced: 20)
        bench.confirmPause(try #require(bench.sent().first))
        return bench
    }

    /// Polls for this long; returns when another pause was sent, counted from here.
    private func secondPause(
        _ bench: inout GuardBench, every interval: Duration, within limit: Duration, sent: (Duration) -> Int
    ) -> Duration? {
        let start = bench.now
        while bench.now - start < limit {
            bench.wait(interval)
            bench.seePool(remaining: 1000)
            let sent = sent(bench.now - start)
            bench.see(sent: sent, bounced: 20 + (sent - 200) / 2)
            if !bench.sent().isEmpty { return bench.now - start }
        }
        return nil
    }

    @Test func aRestartWithinAMinuteIsPausedAgainWhilePolledEverySecond() throws {
        var bench = try paused(1, every: .seconds(1))
        let after = secondPause(&bench, every: .seconds(1), within: .seconds(300)) { elapsed in
            200 + max(0, Int(elapsed.seconds) - 30)
        }
        #expect(try #require(after) <= .seconds(130))
    }

    @Test func aSlowCampaignThatGoesOnIsPausedAgain() throws {
        var bench = try paused(4, every: .seconds(60))
        let after = secondPause(&bench, every: .seconds(60), within: .seconds(540)) { elapsed in
            200 + Int(elapsed.seconds / 15)
        }
        #expect(try #require(after) <= .seconds(300), "long before override_grace")
    }

    @Test func growthThatFadesIsInTransit() throws {
        var bench = try paused(1, every: .seconds(1))
        // Sixty emails, half of what remains each half minute.
        let after = secondPause(&bench, every: .seconds(1), within: .seconds(1200)) { elapsed in
            260 - Int((60 * pow(0.5, elapsed.seconds / 30)).rounded())
        }
        #expect(after == nil)
    }

    private func pow(_ base: Double, _ exponent: Double) -> Double {
        // Halving is precise enough for whole emails.
        var (result, rest) = (1.0, exponent)
        while rest >= 1 { (result, rest) = (result * base, rest - 1) }
        return result * (1 - rest * (1 - base))
    }
}

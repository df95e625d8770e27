@testable import Guard
import Model
import Policy
import Testing

/// Counters that only some platforms report.
@Suite struct OptionalCounterTests {
    private static let optional: Set<Counter> = [.hardBounced, .softBounced, .complained, .unsubscribed, .deferred]
    private static let hour = Duration.seconds(3600)

    private static func stats(_ sent: Int, _ complained: Int?) -> CampaignStats {
        CampaignStats(
            totalEnrolled: 1000, sent: sent, delivered: sent, bounced: 0, replied: 0, queued: 0, complained: complained)
    }

    private static func at(_ minute: Int) -> Instant { Instant(milliseconds: Int64(minute) * 60_000) }

    @Test(arguments: Counter.allCases) func everyCounterIsReadAndCounted(_ counter: Counter) {
        let stats = CampaignStats(
            totalEnrolled: 1, sent: 2, delivered: 3, bounced: 4, replied: 5, hardBounced: 6, softBounced: 7,
            complained: 8, unsubscribed: 9, deferred: 10)
        let counters = Counters(stats)
        var doubled = counters
        doubled.add(counters)
        #expect(counters[counter] > 0 && doubled[counter] == 2 * counters[counter])
        doubled.subtract(counters)
        #expect(doubled == counters)
        #expect(Counters(CampaignStats())[counter].isNaN && Counters.zero[counter] == 0)
        if counter != .resolved {
            doubled.add(5, to: counter)
            #expect(doubled[counter] == counters[counter] + 5)
        }
        let since = counters.counted(from: Counters(CampaignStats.zeroCounters))
        #expect(since == counters && Counters(stats.counted(from: .zeroCounters)) == counters)
    }

    @Test func windowsStoreThem() {
        let window = TimeWindow(Self.hour)
        var history = SampleHistory(windows: [CampaignRules.Window(window: window, counters: [.complained, .sent])])
        for minute in 0..<120 { history.append(Counters(Self.stats(minute * 10, minute)), at: Self.at(minute)) }
        #expect(history.increase(of: .complained, over: Self.hour) == Increase(amount: 60, covered: Self.hour))
        // The platform's counters restart.
        for minute in 120..<150 { history.append(Counters(Self.stats(minute - 120, 0)), at: Self.at(minute)) }
        #expect(history.increase(of: .complained, over: Self.hour)?.amount == 30)
    }

    @Test func aDraftIsProvenWithoutThem() {
        #expect(CampaignStats(sent: 0, delivered: 0, bounced: 0, replied: 0, queued: 0).provesDraft)
        #expect(!CampaignStats(sent: 0, delivered: 0, bounced: 0, replied: 0, queued: 0, complained: 1).provesDraft)
        #expect(CampaignStats(unsubscribed: 1).showsSending)
    }
}

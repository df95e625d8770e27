@testable import Guard
import Model
import Policy
import TestSupport
import Testing

/// Windows over counters, compared with a reference that stores every sample.
@Suite struct CounterWindowTests {
    private static func counters(_ sent: Int?, bounced: Int? = 0) -> Counters {
        Counters(CampaignStats(sent: sent, delivered: sent, bounced: bounced))
    }

    private static func history(_ window: Duration) -> SampleHistory {
        SampleHistory(windows: [CampaignRules.Window(window: TimeWindow(window), counters: Set(Counter.allCases))])
    }

    @Test func growthIsInterpolatedAtTheWindowsEdge() {
        var history = Self.history(.seconds(3600))
        // 10 emails per minute and a sample every 7 minutes: the window's edge is between two samples.
        for minute in stride(from: 0, through: 140, by: 7) {
            history.append(Self.counters(minute * 10), at: Instant(milliseconds: Int64(minute) * 60_000))
        }
        let increase = history.increase(of: .sent, over: .seconds(3600))
        #expect(increase == Increase(amount: 600, covered: .seconds(3600)))
    }

    @Test func largeCountersAndLongTimesStayExactEnough() {
        let window = Duration.seconds(90 * 86400)
        var history = Self.history(window)
        // A hundred million emails over half a year, on a counter that started at ten billion.
        for day in 0...180 {
            let sent = 10_000_000_000 + day * 555_555
            history.append(Self.counters(sent), at: Instant(milliseconds: Int64(day) * 86_400_000))
        }
        let increase = history.increase(of: .sent, over: window)
        #expect(increase?.covered == window)
        #expect(abs((increase?.amount ?? 0) - 90 * 555_555) < 100)
    }

    @Test func aVeryLongGapRestartsTheWindow() {
        let hour = Duration.seconds(3600)
        var history = Self.history(hour)
        history.append(Self.counters(100), at: Instant(milliseconds: 0))
        let later = Instant(milliseconds: 60 * 86_400_000)
        history.append(Self.counters(500), at: later)
        #expect(history.increase(of: .sent, over: hour) == nil)
        history.append(Self.counters(560), at: later + .seconds(600))
        #expect(history.increase(of: .sent, over: hour) == Increase(amount: 60, covered: .seconds(600)))
    }

    @Test func onlyNeededCountersAreStored() {
        var history = SampleHistory(windows: [
            CampaignRules.Window(window: TimeWindow(.seconds(3600)), counters: [.bounced])
        ])
        history.append(Counters(CampaignStats(sent: 10, delivered: 9, bounced: 1)), at: Instant(milliseconds: 0))
        history.append(Counters(CampaignStats(sent: 30, delivered: 25, bounced: 5)), at: Instant(milliseconds: 60_000))
        #expect(history.increase(of: .bounced, over: .seconds(3600))?.amount == 4)
        #expect(history.increase(of: .sent, over: .seconds(3600)) == nil)
        history.rearrange([CampaignRules.Window(window: TimeWindow(.seconds(3600)), counters: [.bounced, .sent])])
        #expect(
            history.increase(of: .bounced, over: .seconds(3600)) == nil, "a window without the counter restarts")
    }

    @Test func anUncoveredWindowUsesTheAvailableSamples() {
        var history = Self.history(.seconds(86400))
        history.append(Self.counters(100), at: Instant(milliseconds: 0))
        #expect(history.increase(of: .sent, over: .seconds(86400)) == nil)
        history.append(Self.counters(160), at: Instant(milliseconds: 600_000))
        #expect(history.increase(of: .sent, over: .seconds(86400)) == Increase(amount: 60, covered: .seconds(600)))
    }

    /// The changes that samples a minute apart show, and by how much `sent` grew within an hour.
    private static func changes(_ counts: [Int]) -> (changes: [UnbrokenCounters.Change], grown: Double?) {
        var history = Self.history(.seconds(3600))
        let changes = counts.enumerated().map { minute, count in
            history.append(Self.counters(count), at: Instant(milliseconds: Int64(minute) * 60_000))
        }
        return (changes, history.increase(of: .sent, over: .seconds(3600))?.amount)
    }

    @Test func aRestartedCounterGrowsFromItsFirstValue() {
        let (changes, grown) = Self.changes([100, 150, 200, 5, 30])
        #expect(changes == [.none, .none, .none, .restarted, .none])
        #expect(grown == 125, "100 before the restart, and 25 since its first sample")
    }

    @Test func countersThatReturnNeverRestarted() {
        let (changes, grown) = Self.changes([100, 200, 40, 41, 42, 200, 210])
        #expect(changes == [.none, .none, .restarted, .none, .none, .returned, .none])
        #expect(grown == 110, "the samples of the replica that lagged count for nothing")
        #expect(Self.changes([200, 40, 200, 40, 41, 200, 40, 200]).grown == 0, "however often they return")
        #expect(Self.changes([200, 90, 40, 205]).grown == 5, "also after a second fall")
    }

    @Test func countersThatGrowPastTheirOldValuesRestarted() {
        let (changes, grown) = Self.changes([200, 40, 90, 150, 230])
        #expect(changes == [.none, .restarted, .none, .none, .none])
        #expect(grown == 190)
    }

    @Test func growthDuringAnOutageIsNoReturn() {
        for (minutes, expected) in [(15, UnbrokenCounters.Change.returned), (16, .none)] {
            var history = Self.history(.seconds(86400))
            for (minute, count) in [100, 200, 40, 41].enumerated() {
                history.append(Self.counters(count), at: Instant(milliseconds: Int64(minute) * 60_000))
            }
            let at = Instant(milliseconds: Int64(3 + minutes) * 60_000)
            #expect(history.append(Self.counters(260), at: at) == expected)
            #expect(history.increase(of: .sent, over: .seconds(86400))?.amount == (minutes == 15 ? 160 : 320))
        }
        // 40 a minute since the restart: 115 in a minute may be growth.
        #expect(Self.changes([100, 200, 10, 50, 90, 205]).changes.last == UnbrokenCounters.Change.none)
    }

    /// Half an hour of a steady campaign before what follows.
    private static let steady = (0...30).map { 500 + $0 }

    @Test(arguments: [
        [100, 100, 100, 530], [40, 41, 300, 530], [100, 100, 300, 300, 531], [0, 0, 0, 120, 250, 400, 533],
        [10, 10, 10, 100, 200, 300, 400, 530], [200, 200, 200, 420, 529, 530],
    ])
    func countersThatReturnInStepsNeverRestarted(_ way: [Int]) {
        let (changes, grown) = Self.changes(Self.steady + way)
        let after = changes.dropFirst(Self.steady.count)
        #expect(after.first == .restarted && after.contains(.returned) && !after.dropFirst().contains(.restarted))
        #expect(grown == Double((way.last ?? 0) - 500))
    }

    /// On the way back, a window counts what the campaign can have sent, and not the steps.
    @Test func stepsCountForNothing() {
        let (changes, grown) = Self.changes(Self.steady + [100, 101, 102, 300, 301, 400])
        #expect(changes.suffix(6) == [.restarted, .none, .none, .stepped, .none, .stepped])
        #expect(grown == 33)
    }

    /// A counter that a step's sample lacks is no growth once it is there again.
    @Test func aStepCountsForNothingInCountersThatItLacks() {
        var history = Self.history(.seconds(3600))
        var minute: Int64 = 0
        func append(_ sent: Int, _ bounced: Int?) -> UnbrokenCounters.Change {
            minute += 1
            return history.append(Self.counters(sent, bounced: bounced), at: Instant(milliseconds: minute * 60_000))
        }
        for sent in Self.steady { _ = append(sent, sent / 10) }
        _ = append(100, 10)
        #expect(append(300, nil) == .stepped)
        #expect(append(301, 31) == .none)
        #expect(history.increase(of: .sent, over: .seconds(3600))?.amount == 31)
        #expect(history.increase(of: .bounced, over: .seconds(3600))?.amount == 3)
    }

    /// A campaign that sends as fast as before shows growth, however large its share of the old count.
    @Test func growthAtTheUsualPaceIsNoStep() {
        let (changes, grown) = Self.changes([0, 30, 60, 90, 120, 10, 40, 70, 100, 130])
        #expect(changes.suffix(5) == [.restarted, .none, .none, .none, .none])
        #expect(grown == 240)
    }

    @Test func aRestartIsSettledAfterADay() {
        var history = Self.history(.seconds(3600))
        for (minute, sent) in Self.steady.enumerated() {
            history.append(Self.counters(sent), at: Instant(milliseconds: Int64(minute) * 60_000))
        }
        let at = Instant(milliseconds: 31 * 60_000)
        #expect(history.append(Self.counters(100), at: at) == .restarted)
        history.append(Self.counters(110), at: at + .seconds(86400))
        #expect(history.isRestartOpen)
        #expect(history.append(Self.counters(530), at: at + .seconds(86401)) == .none)
        #expect(!history.isRestartOpen)
    }

    @Test func aReloadKeepsWhatAReturnRestores() {
        var history = Self.history(.seconds(3600))
        for (minute, count) in [100, 200, 40].enumerated() {
            history.append(Self.counters(count), at: Instant(milliseconds: Int64(minute) * 60_000))
        }
        history.rearrange([CampaignRules.Window(window: TimeWindow(.seconds(3600)), counters: [.sent])])
        #expect(history.append(Self.counters(203), at: Instant(milliseconds: 180_000)) == .returned)
        #expect(history.increase(of: .sent, over: .seconds(3600))?.amount == 103)
    }

    @Test func aSmallDecreaseIsNotAReset() {
        var history = Self.history(.seconds(3600))
        let resets = [
            history.append(Self.counters(200), at: Instant(milliseconds: 0)),
            history.append(Self.counters(198), at: Instant(milliseconds: 60_000)),
        ]
        #expect(resets == [.none, .none])
        #expect(history.increase(of: .sent, over: .seconds(3600))?.amount == 0)
    }

    @Test func missingFieldsAreUnknown() {
        var history = Self.history(.seconds(3600))
        history.append(Self.counters(100), at: Instant(milliseconds: 0))
        history.append(Self.counters(120, bounced: nil), at: Instant(milliseconds: 60_000))
        #expect(history.increase(of: .sent, over: .seconds(3600))?.amount == 20)
        #expect(history.increase(of: .bounced, over: .seconds(3600)) == nil)
        #expect(history.increase(of: .resolved, over: .seconds(3600)) == nil)
    }

    @Test(arguments: [7, 42, 1001, 77_777] as [UInt64])
    func matchesAReferenceThatStoresEverySample(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let window = Duration.seconds(6 * 3600)
        var history = Self.history(window)
        var samples: [(at: Instant, sent: Double)] = []
        var now = Instant(milliseconds: 0)
        var sent = 0
        for _ in 0..<3000 {
            now = now + .seconds(Int.random(in: 5...400, using: &generator))
            sent += Int.random(in: 0...6, using: &generator)
            history.append(Self.counters(sent), at: now)
            samples.append((now, Double(sent)))
            guard samples.count > 1 else { continue }
            let start = now - window
            let reference: Double
            if let after = samples.firstIndex(where: { $0.at >= start }), after > 0 {
                let (low, high) = (samples[after - 1], samples[after])
                let part = (start - low.at).seconds / (high.at - low.at).seconds
                reference = Double(sent) - (low.sent + (high.sent - low.sent) * part)
            } else {
                reference = Double(sent) - samples[0].sent
            }
            let increase = try #require(history.increase(of: .sent, over: window))
            // Samples are thinned to a 240th of the window, 90 s here; the error is at most what is sent in that time.
            #expect(abs(increase.amount - reference) <= 6)
        }
    }
}

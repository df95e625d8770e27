@testable import Guard
import Model
import Policy
import TestSupport
import Testing

/// Windows that end before the newest sample.
@Suite struct OffsetWindowTests {
    private static let hour = Duration.seconds(3600)
    private static let yesterday = TimeWindow(hour, offset: .seconds(86400))

    private static func history() -> SampleHistory {
        SampleHistory(windows: [CampaignRules.Window(window: yesterday, counters: [.sent])])
    }

    private static func counters(_ sent: Int) -> Counters { Counters(CampaignStats(sent: sent)) }

    private static func at(_ minute: Int) -> Instant { Instant(milliseconds: Int64(minute) * 60_000) }

    @Test func unknownUntilSamplesCoverTheWindow() {
        var history = Self.history()
        for minute in stride(from: 0, through: 1440, by: 10) {
            history.append(Self.counters(minute), at: Self.at(minute))
        }
        #expect(history.increase(of: .sent, over: Self.yesterday) == nil)
        history.append(Self.counters(1470), at: Self.at(1470))
        #expect(history.increase(of: .sent, over: Self.yesterday) == nil, "half of the window")
        history.append(Self.counters(1497), at: Self.at(1497))
        #expect(history.increase(of: .sent, over: Self.yesterday) == Increase(amount: 57, covered: .seconds(3420)))
        history.append(Self.counters(9000), at: Self.at(1530))
        #expect(history.increase(of: .sent, over: Self.yesterday) == Increase(amount: 60, covered: Self.hour))
    }

    /// The counters restart in between, which changes no window.
    @Test(arguments: [3, 1001, 77_777] as [UInt64])
    func matchesAReferenceThatStoresEverySample(_ seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var history = Self.history()
        var samples: [(at: Instant, sent: Double)] = []
        var now = Self.at(0)
        var (sent, before) = (0, 0)
        for number in 0..<4000 {
            now = now + .seconds(Int.random(in: 5...90, using: &generator))
            sent += Int.random(in: 0...3, using: &generator)
            if number == 2000 { before = sent }
            history.append(Self.counters(sent - before), at: now)
            samples.append((now, Double(sent)))
            func reference(_ time: Instant) -> Double? {
                guard let after = samples.firstIndex(where: { $0.at >= time }), after > 0 else { return nil }
                let (low, high) = (samples[after - 1], samples[after])
                return low.sent + (high.sent - low.sent) * ((time - low.at).seconds / (high.at - low.at).seconds)
            }
            let end = now - Self.yesterday.offset
            guard number % 7 == 0, let last = reference(end), let first = reference(end - Self.hour) else { continue }
            let increase = try #require(history.increase(of: .sent, over: Self.yesterday))
            // Samples are thinned to a 960th of 25 h, 94 s: each end is off by at most what is sent in that time.
            #expect(abs(increase.amount - (last - first)) <= 24)
            #expect(increase.covered == Self.hour)
        }
    }

    @Test func memoryIsBounded() {
        var history = Self.history()
        for minute in 0..<20_000 { history.append(Self.counters(minute), at: Self.at(minute)) }
        #expect(history.increase(of: .sent, over: Self.yesterday) == Increase(amount: 60, covered: Self.hour))
    }
}

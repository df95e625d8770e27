import Foundation
import Model
import Policy
import TestSupport
import Testing

@testable import Guard

/// The installed rule for lists that turn bad, in simulated days with late bounces.
@Suite struct QuietDaysTests {
    /// Lists that send for eight hours a day, sampled every ten minutes.
    private struct Days {
        static let step = 600.0
        var perHour: Int
        /// The latest a bounce comes; bounces come evenly until then.
        var latest: Double
        var rate: Double
        var turnsBad: (after: Int, rate: Double)?
        /// Without the counter of sent emails, the guard knows no quiet time.
        var isSentKnown = true
        /// Every day, no sample comes in these steps.
        var outage: Range<Int> = 0..<0

        /// The emails sent when the rule fires first; nil if it does not fire within so many days.
        func firing(
            _ days: Int, _ test: SequentialTest, _ detector: ChangeDetector, _ generator: inout SeededGenerator
        ) -> Int? {
            var (now, state) = (Instant(milliseconds: 1_796_000_000_000), ChangeState?.none)
            var (sent, delivered, bounced) = (0, 0, 0)
            var waiting: [Int: Int] = [:]
            for step in 0..<(days * 144) {
                now = now + .seconds(Days.step)
                bounced += waiting.removeValue(forKey: step) ?? 0
                for _ in 0..<(step % 144 < 48 ? perHour / 6 : 0) {
                    sent += 1
                    let chance = turnsBad.map { sent > $0.after ? $0.rate : rate } ?? rate
                    guard Double.random(in: 0..<1, using: &generator) < chance else {
                        delivered += 1
                        continue
                    }
                    let late = Int(Double.random(in: 0..<latest, using: &generator) / Days.step)
                    if late == 0 { bounced += 1 } else { waiting[step + late, default: 0] += 1 }
                }
                let stats = CampaignStats(sent: isSentKnown ? sent : nil, delivered: delivered, bounced: bounced)
                if outage.contains(step % 144) { continue }
                guard state != nil else {
                    state = ChangeState(test, from: Counters(stats), at: now)
                    continue
                }
                state?.count(Counters(stats), at: now, test, detector)
                if let state, detector.isEnough(logEvidence: detector.logEvidence(state.evidence)) { return sent }
            }
            return nil
        }
    }

    private func firings(_ lists: Int, _ days: Int, of kind: Days) throws -> [Int] {
        let rule = "rules:\n  - {name: change, when: bounceRate > 5%, confidence: 99%, within: 10000, then: pause}\n"
        let test = try #require(try GuardBench.policy(rule).rules[0].condition.test)
        let detector = try #require(test.detector)
        var generator = SeededGenerator(seed: 21)
        return (0..<lists).compactMap { _ in kind.firing(days, test, detector, &generator) }
    }

    /// Bounces up to six hours late, of which most come after the last email of the day.
    @Test(arguments: [60, 120, 300, 600]) func lateBouncesOfGoodListsAreNoChange(_ perHour: Int) throws {
        var kind = Days(perHour: perHour, latest: 6 * 3600, rate: 0.03)
        let fired = try firings(100, 5, of: kind).count
        #expect(fired <= 4, "at most one in a hundred, plus three standard deviations: \(fired)")
        kind.isSentKnown = false
        if perHour >= 300 { #expect(try firings(20, 5, of: kind).count > 15, "the night would be taken for a change") }
    }

    /// The outage begins ten minutes before the last email of the day, so no sample shows the quiet time.
    @Test func lateBouncesAfterAnOutageAreNoChange() throws {
        let kind = Days(perHour: 300, latest: 4.5 * 3600, rate: 0.031, outage: 47..<83)
        let fired = try firings(40, 5, of: kind).count
        #expect(fired <= 2, "\(fired) of 40")
    }

    /// Measured mean delays: 138 emails at 60 an hour and 148 at 300 with bounces within ten minutes; 345 and 965 with
    /// bounces up to six hours late.
    @Test(arguments: [(60, 600.0, 160.0), (300, 600.0, 200.0), (60, 6 * 3600.0, 420.0), (300, 6 * 3600.0, 1200.0)])
    func aChangeIsStillFound(_ perHour: Int, _ latest: Double, _ most: Double) throws {
        let kind = Days(perHour: perHour, latest: latest, rate: 0.01, turnsBad: (after: 1000, rate: 0.2))
        let delays = try firings(40, 8, of: kind).map { Double($0 - 1000) }
        let mean = delays.reduce(0, +) / Double(max(1, delays.count))
        #expect(delays.count == 40 && mean > 0 && mean < most, "\(delays.count) found, mean delay \(mean)")
    }
}

import Foundation
import Model
import Policy
import TestSupport
import Testing

@testable import Guard

/// Rules with `within` while nothing is sent and late bounces come by themselves.
@Suite struct QuietTimelineTests {
    private static let minute = Duration.seconds(60)
    private static let rule = """
        rules:
          - {name: change, when: bounceRate > 5%, confidence: 95%, within: 2000, then: pause}

        """

    private func stats(_ sent: Int?, delivered: Int, bounced: Int) -> CampaignStats {
        CampaignStats(totalEnrolled: 20_000, sent: sent, delivered: delivered, bounced: bounced, queued: 9000)
    }

    private func change(_ bench: GuardBench) -> ChangeState? { bench.warden.campaigns[0].rules.slot(0).change }

    /// ln of the evidence.
    private func level(_ bench: GuardBench) -> Double? {
        let detector = ChangeDetector(limit: 0.05, confidence: 0.95, within: 2000)
        return change(bench).map { detector.logEvidence($0.evidence) }
    }

    /// A day of 600 emails, of which 60 wait for their outcomes in the end.
    private func evening() throws -> GuardBench {
        var bench = try GuardBench(Self.rule)
        for sent in stride(from: 0, through: 600, by: 20) {
            bench.see(1, stats(sent, delivered: max(0, sent - 60 - sent / 50), bounced: sent / 50))
            bench.wait(Self.minute)
        }
        return bench
    }

    /// The bounces that wait come one by one, ten minutes apart.
    private func night(_ bench: inout GuardBench, sent: (Int) -> Int?, _ bounces: Int = 60) {
        for number in 1...bounces {
            bench.wait(.seconds(600))
            bench.see(1, stats(sent(number), delivered: 528, bounced: 12 + number))
        }
    }

    @Test func lateBouncesOfAQuietNightAreNoChange() throws {
        var bench = try evening()
        night(&bench, sent: { _ in 600 })
        #expect(bench.sent() == [])
        // The skipped bounces do not count in the morning either.
        for sent in stride(from: 620, through: 800, by: 20) {
            bench.see(1, stats(sent, delivered: sent - 72, bounced: 72))
            bench.wait(Self.minute)
        }
        #expect(bench.sent() == [])
    }

    @Test(arguments: [true, false]) func theSameBouncesAreAChangeWhileEmailsAreSent(_ isSentKnown: Bool) throws {
        var bench = try evening()
        night(&bench, sent: { isSentKnown ? 600 + $0 : nil })
        #expect(bench.sent().map(\.action) == [.pause], "without the counter of sent emails, every bounce counts")
    }

    @Test func aListThatTurnsBadInTheMorningIsFound() throws {
        var bench = try evening()
        night(&bench, sent: { _ in 600 }, 40)
        for (number, sent) in stride(from: 620, through: 760, by: 20).enumerated() {
            bench.see(1, stats(sent, delivered: 528 + 15 * number, bounced: 52 + 5 * number))
            bench.wait(Self.minute)
        }
        #expect(bench.sent().map(\.action) == [.pause])
    }

    /// Each email is followed by its bounce long after; there is never more than one at a time.
    @Test func slowCampaignsAreFound() throws {
        var (slow, fast) = (try evening(), try evening())
        for number in 1...20 {
            for (sent, bounced) in [(599, 11), (600, 11), (600, 11), (600, 12)] {
                slow.wait(.seconds(1800))
                slow.see(1, stats(sent + number, delivered: 528, bounced: bounced + number))
            }
            fast.wait(Self.minute)
            fast.see(1, stats(600 + number, delivered: 528, bounced: 12 + number))
            #expect(level(slow) == level(fast))
        }
        #expect(slow.sent().map(\.action) == [.pause])
    }

    /// A platform may accept many emails at once and report their outcomes over hours.
    @Test func outcomesOfAnEarlierBatchCount() throws {
        var bench = try evening()
        bench.see(1, stats(1600, delivered: 528, bounced: 12))
        for number in 1...30 {
            bench.wait(.seconds(600))
            bench.see(1, stats(1600, delivered: 528 + 7 * number, bounced: 12 + 3 * number))
        }
        #expect(bench.sent().map(\.action) == [.pause])
    }

    /// Deliveries that come late, too, show a rate; the bounces that come after the last of them do not.
    @Test func theQuietTimeBeginsAfterTheLastDelivery() throws {
        var bench = try evening()
        for number in 1...12 {
            bench.wait(.seconds(600))
            bench.see(1, stats(1000, delivered: 528 + 30 * number, bounced: 12 + number))
        }
        for number in 1...40 {
            bench.wait(.seconds(600))
            bench.see(1, stats(1000, delivered: 888, bounced: 24 + number))
        }
        #expect(bench.sent() == [])
    }

    // MARK: Storage

    @Test func aSampleIsSkippedOnce() throws {
        var bench = try evening()
        night(&bench, sent: { _ in 600 }, 30)
        let before = change(bench)?.evidence
        for _ in 0..<3 { bench.see(1, stats(600, delivered: 528, bounced: 42)) }
        #expect(change(bench)?.evidence == before && before != nil)
    }

    /// Bounces of emails that first counted as delivered leave no trials, and wait; too many are skipped.
    @Test func hitsWithoutTrialsAreSkippedToo() throws {
        var bench = try GuardBench(Self.rule)
        for sent in stride(from: 0, through: 600, by: 20) {
            bench.see(1, stats(sent, delivered: sent - sent / 50, bounced: sent / 50))
            bench.wait(Self.minute)
        }
        for number in 1...40 {
            bench.wait(.seconds(600))
            for _ in 0..<2 { bench.see(1, stats(600, delivered: 588 - number, bounced: 12 + number)) }
        }
        for sent in stride(from: 602, through: 760, by: 2) {
            bench.see(1, stats(sent, delivered: sent - 52, bounced: 52))
            bench.wait(Self.minute)
        }
        #expect(bench.sent() == [])
    }

    @Test func aRestartInTheNightChangesNothing() throws {
        var (bench, steady) = (try evening(), try evening())
        for number in 1...60 {
            bench.wait(.seconds(600))
            steady.wait(.seconds(600))
            bench.see(1, stats(600, delivered: 528, bounced: 12 + number))
            steady.see(1, stats(600, delivered: 528, bounced: 12 + number))
            if number % 7 == 0 { try bench.restart(Self.rule, after: .zero) }
            #expect(change(bench)?.evidence == change(steady)?.evidence, "bounce \(number)")
        }
        #expect(bench.sent() == [])
    }
}

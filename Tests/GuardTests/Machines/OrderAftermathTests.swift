import Model
import Policy
import Reporting
import Testing

@testable import Guard

/// The state after an order without a result.
@Suite struct OrderAftermathTests {
    @Test func aRefusedOrderedResumeKeepsTheAutomaticOne() throws {
        var bench = try GuardBench(CampaignBench.rule)
        bench.see(sent: 100, bounced: 10)
        bench.confirmPause(try #require(bench.sent().first))
        bench.wait(.seconds(3600))
        // The cooldown is over, but the stats are unavailable.
        bench.fail(.stats(CampaignID(unchecked: "camp_1")), Fault(.unreachable, "HTTP 503"))
        bench.wait(.seconds(10))
        #expect(try bench.order(.resume).accepted)
        bench.see(sent: 100, bounced: 10)
        let resume = try #require(bench.sent().first)
        bench.answer(resume, .failure(Fault(.refused, "HTTP 409")))
        #expect(bench.warden.campaigns[0].state == .paused)
        for _ in 0..<10 {
            bench.wait(.seconds(60))
            bench.see(sent: 100, bounced: 10)
        }
        #expect(bench.sent().map(\.action) == [.resume])
    }

    @Test func aPauseEndsAnEarlierOrderToStart() throws {
        var bench = try GuardBench(
            """
            launches:
              - {campaign: camp_1}
            rules:
              - {name: never, on: launch, when: totalEnrolled > 1, then: hold}

            """)
        bench.answerPolls([1: 100], remaining: 500)
        #expect(bench.sent() == [])
        _ = try bench.order(.release, force: true)
        bench.answerPolls([1: 100], remaining: 500)
        let start = try #require(bench.sent().first)
        _ = try bench.order(.pause)
        bench.answer(start, .failure(Fault(.throttled, "HTTP 429")))
        let pause = try #require(bench.sent().first)
        #expect(pause.action == .pause)
        bench.answer(pause, .success(ActionAnswer(status: .draft)))
        // Once the hold of the pause is lifted, the launch rules decide again.
        _ = try bench.order(.release)
        for _ in 0..<5 {
            bench.wait(.seconds(60))
            bench.answerPolls([1: 100], remaining: 500)
        }
        #expect(bench.sent() == [])
    }
}

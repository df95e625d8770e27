import Model
import Providers
import Testing

/// When a request may be sent, as transcripts of requests and decisions.
@Suite struct RequestLanesTests {
    static let start = Instant(milliseconds: 1_796_000_000_000)

    private func at(_ seconds: Double) -> Instant { Self.start + .milliseconds(Int64((seconds * 1000).rounded())) }

    private func lanes(_ perSecond: Double) -> RequestLanes { RequestLanes(perSecond: perSecond, at: Self.start) }

    /// How many requests of the lane are admitted immediately.
    private func burst(_ lanes: inout RequestLanes, _ lane: RequestPriority, at now: Instant) -> Int {
        var count = 0
        while count < 10_000, lanes.ask(lane, at: now) == .go { count += 1 }
        return count
    }

    @Test func pollsLeaveAReserveForStarts() {
        var lanes = lanes(2)
        #expect(burst(&lanes, .poll, at: at(0)) == 15)
        #expect(burst(&lanes, .start, at: at(0)) == 5)
        #expect(lanes.ask(.start, at: at(0)) == .wait(until: at(0.501)))
        #expect(lanes.ask(.poll, at: at(0)) == .wait(until: at(3.001)))
        #expect(lanes.ask(.start, ahead: 2, at: at(0)) == .wait(until: at(1.501)))
        // Waiting requests take no token.
        #expect(burst(&lanes, .start, at: at(1)) == 2)
    }

    @Test func pausesIgnoreRetryAfterAndTheBudget() {
        var lanes = lanes(1)
        #expect(burst(&lanes, .start, at: at(0)) == 10)
        lanes.close(for: .seconds(3600), at: at(0))
        #expect(lanes.ask(.start, at: at(1)) == .refused(retryAfter: .seconds(3599)))
        #expect(lanes.ask(.poll, at: at(1)) == .refused(retryAfter: .seconds(3599)))
        for _ in 0..<100 { #expect(lanes.ask(.pause, at: at(1)) == .go) }
        #expect(lanes.ask(.poll, at: at(3599.9)) == .refused(retryAfter: .milliseconds(100)))
        #expect(lanes.ask(.poll, at: at(3600)) == .go)
    }

    @Test func pausesTakeTokensFromOtherRequests() {
        var lanes = lanes(2)
        _ = burst(&lanes, .start, at: at(0))
        for _ in 0..<20 { #expect(lanes.ask(.pause, at: at(0)) == .go) }
        // Twenty tokens of debt at two per second, and one for the start.
        #expect(lanes.ask(.start, at: at(0)) == .wait(until: at(10.501)))
        #expect(lanes.ask(.start, at: at(10)) == .wait(until: at(10.501)))
        #expect(lanes.ask(.start, at: at(10.501)) == .go)
        // In one minute: the burst, and two per second.
        var left = 0
        for second in 11...60 { left += burst(&lanes, .start, at: at(Double(second))) }
        #expect(20 + 20 + 1 + left == 20 + 2 * 60)
    }

    @Test func pausesDelayPollsByHalfAMinuteAtMost() {
        var lanes = lanes(2)
        for _ in 0..<5000 { #expect(lanes.ask(.pause, at: at(0)) == .go) }
        #expect(lanes.ask(.start, at: at(0)) == .wait(until: at(30.501)))
        // A tiny budget allows a debt of a few requests.
        lanes = self.lanes(0.1)
        for _ in 0..<5000 { #expect(lanes.ask(.pause, at: at(0)) == .go) }
        #expect(lanes.ask(.start, at: at(0)) == .wait(until: at(60.001)))
    }

    @Test func aRetryAfterIsNeverShortenedAndIsLimited() {
        var lanes = lanes(2)
        lanes.close(for: .seconds(60), at: at(0))
        lanes.close(for: .seconds(5), at: at(1))
        #expect(lanes.ask(.poll, at: at(10)) == .refused(retryAfter: .seconds(50)))
        lanes.close(for: .seconds(30 * 86400), at: at(10))
        #expect(lanes.ask(.poll, at: at(10)) == .refused(retryAfter: RequestLanes.closedMax))
        lanes.close(for: .seconds(-5), at: at(10))
        #expect(lanes.ask(.poll, at: at(10)) == .refused(retryAfter: RequestLanes.closedMax))
    }

    @Test func changingTheRateKeepsTheState() {
        var lanes = lanes(2)
        _ = burst(&lanes, .start, at: at(0))
        for _ in 0..<4 { _ = lanes.ask(.pause, at: at(0)) }
        lanes.close(for: .seconds(2), at: at(0))
        for _ in 0..<10 { lanes.adjust(perSecond: 4, at: at(0)) }
        #expect(lanes.ask(.start, at: at(0)) == .refused(retryAfter: .seconds(2)))
        // A debt of four, and one token to take, at four per second.
        #expect(lanes.ask(.start, at: at(2)) == .go)
        #expect(burst(&lanes, .start, at: at(2)) == 3)
        // A lower rate has a smaller burst.
        lanes.adjust(perSecond: 1, at: at(100))
        #expect(burst(&lanes, .start, at: at(100)) == 10)
    }

    @Test func aClockThatStepsBackAddsNoTokens() {
        var lanes = lanes(1)
        _ = burst(&lanes, .start, at: at(100))
        #expect(burst(&lanes, .start, at: at(50)) == 0)
        #expect(burst(&lanes, .start, at: at(100)) == 0)
        #expect(burst(&lanes, .start, at: at(101)) == 1)
    }
}

import Guard
import Model
import Policy
import Reporting
import Testing

/// After a pause: emails in transit, restarts, counters that restart, and pauses without effect.
@Suite struct PauseEffectTimelineTests {
    static let rule = """
        rules:
          - {name: bounces, when: bounceRate > 5% and resolved >= 50, then: pause}
        """

    /// A campaign that sends one email per second, with a bounce rate of 10 %, just paused at 200 sent.
    private func paused(_ more: String = rule, poll: Int = 10) throws -> GuardBench {
        var bench = try GuardBench("poll: {stats: \(poll)s, budget: 1000/min}\n" + more)
        for sent in stride(from: 0, through: 200, by: 10) where sent < 200 {
            bench.see(sent: sent, bounced: 0)
            bench.wait(.seconds(10))
        }
        bench.see(sent: 200, bounced: 20)
        bench.confirmPause(try #require(bench.sent().first))
        _ = bench.reported()
        return bench
    }

    /// Answers every ten seconds, with the given numbers of emails sent since, half of which bounced.
    private func go(_ bench: inout GuardBench, from sent: Int, by step: Int, times: Int) {
        for count in 1...times {
            bench.wait(.seconds(10))
            bench.seePool(remaining: 1000)
            bench.see(sent: sent + step * count, bounced: 20 + step * count / 2)
        }
    }

    @Test func aPauseWithoutEffectIsRepeatedAndNotAttributedToAPerson() throws {
        var bench = try paused()
        var pauses = 1
        var kinds: [EventKind] = []
        var sent = 200
        var reportedAt: [Int] = []
        for second in 1...7200 / 10 {
            bench.wait(.seconds(10))
            sent += 10
            bench.see(
                1,
                CampaignStats(
                    totalEnrolled: 20000, sent: sent, delivered: sent - sent / 10, bounced: sent / 10, replied: 0,
                    queued: 20000 - sent))
            for intent in bench.sent() {
                #expect(intent.action == .pause)
                pauses += 1
                // According to the platform, it has been paused since the first.
                bench.answer(intent, .success(ActionAnswer(status: .paused, pausedAt: bench.now)))
            }
            let reported = bench.reported()
            if reported.contains(.campaignPauseIneffective) { reportedAt.append(second / 6) }
            kinds += reported
        }
        #expect(!kinds.contains(.campaignOverride))
        #expect(!kinds.contains(.campaignAlreadyPaused))
        #expect(pauses >= 30, "it is sent again and again")
        #expect(kinds.count { $0 == .campaignPauseFailed } == 1)
        // After three pauses, and then at doubling intervals.
        #expect(reportedAt.count >= 4 && reportedAt.count <= 6, "\(reportedAt)")
        #expect(try #require(reportedAt.first) <= 5)
        let status = bench.warden.status(at: bench.now).campaigns[0]
        #expect(status.rules.allSatisfy { $0.mutedUntil == nil })
    }

    @Test func aPauseEffectiveAtTheSecondAttemptIsOurs() throws {
        var bench = try paused()
        go(&bench, from: 200, by: 10, times: 8)
        let again = try #require(bench.sent().first)
        #expect(again.action == .pause && again.attempt == 2)
        bench.answer(again, .success(ActionAnswer(status: .paused, pausedAt: bench.now)))
        go(&bench, from: 280, by: 0, times: 30)
        #expect(bench.sent() == [])
        #expect(!bench.reported().contains(.campaignPauseIneffective))
    }

    @Test func emailsInTransitAreNotARestart() throws {
        var bench = try paused()
        // Emails of twenty seconds, at a falling rate.
        for (index, sent) in [208, 214, 218, 221, 223, 224, 225, 225, 226, 226, 226, 226, 226].enumerated() {
            bench.wait(.seconds(10))
            bench.see(sent: sent, bounced: 20 + index)
        }
        go(&bench, from: 226, by: 0, times: 80)
        #expect(bench.sent() == [])
        #expect(bench.reported() == [])
    }

    @Test func aRestartAfterAStandstillIsDetectedWithinTheGrace() throws {
        var bench = try paused("on_override: pause_again\n" + Self.rule)
        go(&bench, from: 200, by: 0, times: 8)
        #expect(bench.reported() == [])
        // Within thirty seconds, it sends three hundred emails, half of which bounce.
        go(&bench, from: 200, by: 100, times: 3)
        #expect(bench.reported().contains(.campaignOverride))
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func aRestartWithoutAStandstillIsPausedAgain() throws {
        var bench = try paused()
        // At once, more than can have been in transit.
        bench.wait(.seconds(10))
        bench.see(sent: 1200, bounced: 500)
        let again = try #require(bench.sent().first)
        #expect(again.action == .pause)
        #expect(!bench.reported().contains(.campaignOverride), "who did it is not known")
    }

    @Test func cachedCountersAreNotAStandstill() throws {
        // It sends continuously, and the counters are refreshed every seventy seconds.
        var bench = try GuardBench("poll: {stats: 5s, budget: 1000/min}\n" + Self.rule)
        func shown(_ second: Int) -> Int { second / 70 * 70 * 4 }
        func poll(_ second: Int, bounced: Int) {
            bench.wait(.seconds(5))
            bench.seePool(remaining: 1000)
            let sent = shown(second)
            bench.see(
                1,
                CampaignStats(
                    totalEnrolled: 9000, sent: sent, delivered: sent - bounced, bounced: bounced, replied: 0,
                    queued: 9000 - sent))
        }
        for second in stride(from: 0, to: 400, by: 5) { poll(second, bounced: 0) }
        var kinds: [EventKind] = []
        for second in stride(from: 400, to: 1800, by: 5) {
            poll(second, bounced: shown(second) / 3)
            for intent in bench.sent() { bench.confirmPause(intent) }
            kinds += bench.reported()
        }
        #expect(!kinds.contains(.campaignOverride))
        #expect(kinds.contains(.campaignPauseIneffective))
    }

    // MARK: Lagging replicas

    @Test func aReplicaBehindIsNotAStandstill() throws {
        var bench = try paused("on_override: pause_again\n" + Self.rule)
        // The pause has no effect, but a replica repeats a response from before it.
        go(&bench, from: 150, by: 0, times: 60)
        #expect(bench.reported() == [])
        bench.wait(.seconds(10))
        bench.see(sent: 800, bounced: 80)
        #expect(bench.sent().map(\.action) == [.pause])
        #expect(!bench.reported().contains(.campaignOverride), "the campaign may never have stopped")
    }

    @Test func aReplicaBehindThatCatchesUpIsNotARestart() throws {
        var bench = try paused()
        go(&bench, from: 200, by: 0, times: 40)
        go(&bench, from: 150, by: 0, times: 40)
        go(&bench, from: 200, by: 0, times: 40)
        #expect(bench.sent() == [])
        #expect(bench.reported() == [])
    }

    @Test func aPauseDuringALagIsNotARestart() throws {
        var bench = try GuardBench("poll: {stats: 10s, budget: 1000/min}\n" + Self.rule)
        go(&bench, from: 0, by: 10, times: 40)
        go(&bench, from: 300, by: 0, times: 2)
        _ = try bench.order(.pause)
        for intent in bench.sent() { bench.confirmPause(intent) }
        go(&bench, from: 300, by: 0, times: 70)
        _ = bench.reported()
        go(&bench, from: 400, by: 0, times: 5)
        #expect(bench.sent() == [])
        #expect(!bench.reported().contains(.campaignOverride))
    }

    @Test func aCountThatStaysLowerForADayIsACorrection() throws {
        var bench = try paused()
        go(&bench, from: 200, by: 0, times: 70)
        for _ in 1...150 {
            bench.wait(.seconds(600))
            bench.seePool(remaining: 1000)
            bench.see(sent: 150, bounced: 15)
        }
        _ = bench.reported()
        go(&bench, from: 150, by: 10, times: 4)
        #expect(bench.reported().contains(.campaignOverride))
    }

    @Test func emailsInTransitCanBeCountedLate() throws {
        var bench = try paused()
        go(&bench, from: 200, by: 0, times: 7)
        // Twelve emails a minute after the pause, then none.
        go(&bench, from: 212, by: 0, times: 40)
        #expect(bench.reported() == [])
        #expect(bench.sent() == [])
    }

    @Test func aBackdatedPauseWithoutEffectIsReported() throws {
        var bench = try GuardBench("poll: {stats: 10s, budget: 1000/min}\n" + Self.rule)
        var kinds: [EventKind] = []
        for second in stride(from: 0, to: 1800, by: 10) {
            bench.wait(.seconds(10))
            bench.see(
                1,
                CampaignStats(
                    totalEnrolled: 9000, sent: second, delivered: second - second / 5, bounced: second / 5, replied: 0,
                    queued: 9000 - second))
            for intent in bench.sent() {
                bench.answer(intent, .success(ActionAnswer(status: .paused, pausedAt: bench.now - .seconds(3600))))
            }
            kinds += bench.reported()
        }
        #expect(kinds.count { $0 == .campaignAlreadyPaused } == 1, "on transitions only")
        #expect((1...4).contains(kinds.count { $0 == .campaignPauseIneffective }))
    }

    @Test func aRespectedRestartMutesTheRule() throws {
        var bench = try paused()
        go(&bench, from: 200, by: 0, times: 70)
        go(&bench, from: 200, by: 10, times: 6)
        let reported = bench.events
        #expect(reported.map(\.kind) == [.campaignOverride])
        #expect(reported.first?.message.contains("restarted on the platform, not by Sendwarden") == true)
        #expect(bench.sent() == [])
    }

    @Test(arguments: ["respect", "pause_again"])
    func countersRestartedAfterAPauseDisableNothing(_ onOverride: String) throws {
        var bench = try paused("on_override: \(onOverride)\n" + Self.rule)
        go(&bench, from: 200, by: 0, times: 70)
        // The campaign starts again at 0, and half of its emails bounce.
        for step in 0...45 {
            bench.wait(.seconds(10))
            bench.see(sent: step * 4, bounced: step * 2)
        }
        let kinds = bench.reported()
        #expect(kinds.contains(.statsReset) && kinds.contains(.campaignOverride))
        #expect(bench.sent().map(\.action) == [.pause], "before the old count is passed")
    }

    @Test func anOrderedPauseWithoutEffectIsRepeated() throws {
        var bench = try GuardBench("poll: {stats: 10s, budget: 1000/min}\n" + Self.rule)
        for sent in stride(from: 0, through: 200, by: 10) {
            bench.see(sent: sent, bounced: 0)
            bench.wait(.seconds(10))
        }
        #expect(try bench.order(.pause).accepted)
        bench.confirmPause(try #require(bench.sent().first))
        for count in 1...8 {
            bench.wait(.seconds(10))
            bench.see(sent: 210 + 10 * count, bounced: 0)
        }
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func anObservedStandstillSurvivesARestart() throws {
        var bench = try paused("on_override: pause_again\n" + Self.rule)
        go(&bench, from: 200, by: 0, times: 70)
        try bench.restart("poll: {stats: 10s, budget: 1000/min}\non_override: pause_again\n" + Self.rule)
        go(&bench, from: 200, by: 10, times: 2)
        #expect(bench.reported().contains(.campaignOverride))
    }

    // MARK: Evaluation before a retry

    /// A failed pause that waits for its retry.
    private func failed(_ more: String = rule) throws -> GuardBench {
        var bench = try GuardBench(more)
        bench.see(sent: 100, bounced: 10)
        bench.answer(try #require(bench.sent().first), .failure(Fault(.refused, "HTTP 409")))
        _ = bench.reported()
        return bench
    }

    @Test(arguments: [
        ("relaxed", rule.replacing("> 5%", with: "> 50%")),
        ("deleted", "rules:\n  - {name: other, when: sent > 900, then: pause}"),
        ("off", rule.replacing("then: pause", with: "then: pause, mode: off")),
        ("observed", rule.replacing("then: pause", with: "then: pause, mode: observe")),
        ("an alert", rule.replacing("then: pause", with: "then: alert")),
        ("observe mode", "mode: observe\n" + rule),
    ])
    func aFailedPauseIsNotRetriedOnceItsReasonIsGone(_ name: String, _ policy: String) throws {
        var bench = try failed()
        try bench.reload(policy)
        for _ in 0..<10 {
            bench.wait(.seconds(60))
            bench.see(sent: 100, bounced: 10)
        }
        #expect(bench.sent() == [], "rule \(name)")
    }

    @Test func aFailedPauseIsNotRetriedAfterTheBreach() throws {
        var bench = try failed()
        bench.see(sent: 500, bounced: 10)
        bench.wait(.seconds(60))
        #expect(bench.sent() == [])
        let event = try #require(bench.events.last)
        #expect(event.kind == .campaignPauseAbandoned)
        #expect(event.message.contains("bounceRate > 5% and resolved >= 50 no longer holds"))
        // A later breach is a new one.
        bench.see(sent: 600, bounced: 100)
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func aFailedPauseOfAMutedRuleIsNotRetried() throws {
        var bench = try failed()
        #expect(try bench.order(.mute, rule: "bounces").accepted)
        bench.wait(.seconds(120))
        #expect(bench.sent() == [])
    }

    @Test func aFailedPauseIsRetriedWhileDataIsMissing() throws {
        var bench = try failed()
        for _ in 0..<20 {
            bench.wait(.seconds(60))
            bench.fail(.stats(CampaignID(unchecked: "camp_1")), Fault(.unreachable, "HTTP 500"))
            for intent in bench.sent() { bench.answer(intent, .failure(Fault(.unreachable, "HTTP 500"))) }
        }
        bench.wait(.seconds(60))
        #expect(bench.sent().map(\.action) == [.pause])
    }

    @Test func aRetriedPauseHasTheLatestEvidence() throws {
        var bench = try failed()
        bench.see(sent: 200, bounced: 40)
        bench.wait(.seconds(60))
        let again = try #require(bench.sent().first)
        bench.confirmPause(again)
        #expect(
            bench.events.last?.message.contains("bounceRate 20 % > 5 % (40 of 200 resolved emails bounced)") == true)
        #expect(bench.events.last?.fields[.value] == "0.2")
    }

    // MARK: Clocks

    @Test func aPauseStampedWithinThreeSecondsIsOurs() throws {
        var bench = try GuardBench(Self.rule.replacing("then: pause", with: "then: pause, resume: {after: 1h}"))
        bench.see(sent: 100, bounced: 10)
        let intent = try #require(bench.sent().first)
        bench.answer(
            intent,
            .success(
                ActionAnswer(status: .paused, pausedAt: bench.now - .seconds(3), serverTimeAtRequest: bench.now)))
        #expect(bench.reported().last == .campaignPaused)
        bench.wait(.seconds(3630))
        bench.see(sent: 100, bounced: 10)
        #expect(bench.sent().map(\.action) == [.resume])
    }

    @Test(arguments: [(-40, EventKind.campaignPaused), (-60, .campaignAlreadyPaused), (-30, .campaignPaused)])
    func aConsistentClockSkewIsLearned(_ offset: Int, _ expected: EventKind) throws {
        var bench = try GuardBench(Self.rule, campaigns: 6)
        var kinds: [EventKind] = []
        for campaign in 1...6 {
            bench.see(campaign, sent: 100, bounced: 10)
            let intent = try #require(bench.sent().first)
            // All but the last are forty seconds late.
            let seconds = campaign == 6 ? offset : -40
            bench.answer(
                intent,
                .success(
                    ActionAnswer(
                        status: .paused, pausedAt: bench.now + .seconds(seconds), serverTimeAtRequest: bench.now)))
            kinds += bench.reported().filter { $0 == .campaignPaused || $0 == .campaignAlreadyPaused }
        }
        #expect(kinds.prefix(2) == [.campaignAlreadyPaused, .campaignAlreadyPaused], "nothing is learnt yet")
        #expect(kinds.dropFirst(2).dropLast() == [.campaignPaused, .campaignPaused, .campaignPaused])
        #expect(kinds.last == expected)
    }

    @Test func inconsistentOffsetsAreNotLearned() throws {
        var bench = try GuardBench(Self.rule, campaigns: 8)
        for (campaign, seconds) in zip(1..., [-55, -40, -10, -40, -20, -40, -30, -40]) {
            bench.see(campaign, sent: 100, bounced: 10)
            let intent = try #require(bench.sent().first)
            bench.answer(
                intent, .success(ActionAnswer(status: .paused, pausedAt: bench.now + .seconds(seconds))))
        }
        // People pause at arbitrary times.
        #expect(!bench.reported().contains(.campaignPaused))
    }

    @Test func withoutSkewPeoplesPausesAreTheirs() throws {
        var bench = try GuardBench(Self.rule, campaigns: 5)
        for campaign in 1...4 {
            bench.see(campaign, sent: 100, bounced: 10)
            bench.confirmPause(try #require(bench.sent().first))
        }
        _ = bench.reported()
        bench.see(5, sent: 100, bounced: 10)
        let intent = try #require(bench.sent().first)
        bench.answer(intent, .success(ActionAnswer(status: .paused, pausedAt: bench.now - .seconds(4))))
        #expect(bench.reported().last == .campaignAlreadyPaused)
    }
}

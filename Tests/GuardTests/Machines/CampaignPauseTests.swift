import Model
import Policy
import Testing

@testable import Guard

/// A pause is sent until it is answered, is ours only if the response proves it, and is abandoned only for a reason.
@Suite struct CampaignPauseTests {
    static let rule = """
        rules:
          - {name: bounces, when: bounceRate > 5% and resolved >= 50, then: pause, resume: {after: 1h}}

        """
    static let begun = ["ran before", "bounces firing", "store decision", "store intent", "send pause 1"]

    private func pausing(_ more: String = rule) throws -> CampaignBench {
        var bench = try CampaignBench(more)
        #expect(bench.see(sent: 100, bounced: 10) == Self.begun)
        #expect(bench.machine.state == .pausing && bench.machine.pauseRetryAt == nil)
        return bench
    }

    // MARK: Answers

    @Test func aConfirmedPauseIsOursUntilTheCooldownEnds() throws {
        var bench = try pausing()
        bench.wait(1)
        let intent = try #require(bench.intent)
        let answer = ActionAnswer(status: .paused, pausedAt: bench.now)
        let result = bench.machine.pauseAnswered(intent, .success(answer), jitter: 1, in: bench.context)
        #expect(Transcript.words(result.effects) == ["paused"])
        #expect(result.stamp == bench.now && result.releasesVolume)
        #expect(bench.machine.state == .paused && bench.machine.resumeAt == bench.now + .seconds(3600))
        #expect(bench.machine.freshAfter == bench.now)
        // A repeated response finds no pause under way.
        let again = bench.machine.pauseAnswered(intent, .success(answer), jitter: 1, in: bench.context)
        #expect(again.effects.isEmpty && again.stamp == nil && !again.releasesVolume)
    }

    @Test func anAnswerToAnotherIntentChangesNothing() throws {
        var bench = try pausing()
        var other = try #require(bench.intent)
        other.attempt = 2
        #expect(try bench.answerPause(ActionAnswer(status: .paused, pausedAt: bench.now), to: other) == [])
        #expect(try bench.answerPause(.failure(Fault(.missing, "404")), to: other) == [])
        #expect(bench.machine.state == .pausing)
    }

    @Test func aPauseWithoutATimestampIsNotOurs() throws {
        var bench = try pausing()
        #expect(try bench.answerPause(ActionAnswer(status: .paused)) == ["paused"])
        #expect(bench.machine.state == .paused && bench.machine.resumeAt == nil)
    }

    @Test(arguments: [(0, CampaignState.paused), (5, .paused), (6, .pausedByAnother), (600, .pausedByAnother)])
    func anOlderPauseIsSomeoneElses(_ seconds: Int, _ state: CampaignState) throws {
        var bench = try pausing()
        let before = bench.now - .seconds(seconds)
        bench.wait(1)
        let words = try bench.answerPause(ActionAnswer(status: .paused, pausedAt: before))
        #expect(words == [state == .paused ? "paused" : "already paused"] && bench.machine.state == state)
    }

    @Test(arguments: [(-1, CampaignState.pausedByAnother), (0, .paused), (62, .paused), (63, .pausedByAnother)])
    func aLostAttemptExplainsAPauseWithinAMinute(_ seconds: Int, _ state: CampaignState) throws {
        var bench = try pausing()
        let first = bench.now
        bench.skew.note(.zero)
        bench.skew.note(.zero)
        bench.skew.note(.zero)
        #expect(try bench.answerPause(.failure(Fault(.unreachable, "timeout"))) == ["pause failed 1"])
        bench.wait(600)
        #expect(bench.retryPause() == ["store intent", "send pause 2"])
        // Timestamps are known to be exact to two seconds.
        let pausedAt = first + .seconds(seconds) - (seconds < 0 ? .seconds(2) : .zero)
        _ = try bench.answerPause(ActionAnswer(status: .paused, pausedAt: pausedAt))
        #expect(bench.machine.state == state)
    }

    /// A clock that is ahead makes our own pause look later than the attempt that had lost its response.
    @Test(arguments: [90, 300, 360]) func aTimestampAheadBlamesNobody(_ ahead: Int) throws {
        var bench = try pausing()
        let first = bench.now
        #expect(try bench.answerPause(.failure(Fault(.unreachable, "timeout"))) == ["pause failed 1"])
        bench.wait(600)
        #expect(bench.retryPause() == ["store intent", "send pause 2"])
        let answer = ActionAnswer(status: .paused, pausedAt: first + .seconds(ahead))
        #expect(try bench.answerPause(answer) == ["paused"], "perhaps ours")
        #expect(bench.machine.state == .paused && bench.machine.resumeAt == nil, "perhaps not")
    }

    @Test func aClockKnownToBeAheadExplainsItsTimestamps() throws {
        for (ahead, isOurs) in [(45, true), (90, true), (20, false)] {
            var bench = try pausing()
            for _ in 0..<3 { bench.skew.note(.seconds(45)) }
            let first = bench.now
            #expect(try bench.answerPause(.failure(Fault(.unreachable, "timeout"))) == ["pause failed 1"])
            if ahead == 90 {
                bench.wait(600)
                #expect(bench.retryPause() == ["store intent", "send pause 2"])
            } else {
                bench.wait(1)
                #expect(bench.retryPause() == ["store intent", "send pause 2"])
            }
            let answer = ActionAnswer(status: .paused, pausedAt: first + .seconds(ahead))
            #expect(try bench.answerPause(answer) == ["paused"])
            #expect((bench.machine.resumeAt != nil) == isOurs, "\(ahead)")
        }
    }

    @Test func otherStatusesAreNotAPause() throws {
        var bench = try pausing()
        #expect(try bench.answerPause(ActionAnswer(status: .running)) == ["pause failed 1"])
        bench.wait(1)
        #expect(bench.retryPause() == ["store intent", "send pause 2"])
        // The campaign has sent emails, so it is not a draft.
        #expect(try bench.answerPause(ActionAnswer(status: .draft)) == [])
        #expect(bench.machine.state == .pausing && bench.machine.pauseRetryAt == bench.now + .seconds(2))
    }

    @Test func aDraftHasNothingToPause() throws {
        var bench = try CampaignBench(Self.rule)
        #expect(bench.see(sent: 0) == ["ran before"], "emails are queued")
        bench = try CampaignBench(Self.rule)
        #expect(bench.see(CampaignBench.stats(sent: 0, bounced: 0, queued: 0)) == [])
        _ = bench.words(bench.machine.beginPause(bench.decision(), at: bench.now))
        #expect(try bench.answerPause(ActionAnswer(status: .draft)) == ["already paused"])
        #expect(bench.machine.state == .draft)
    }

    // MARK: Failures

    @Test func theBackoffDoublesUpToAMinuteWithJitter() throws {
        var bench = try pausing()
        let fault = Fault(.throttled, "HTTP 429", retryAfter: .seconds(900))
        for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
            _ = try bench.answerPause(.failure(fault), jitter: 1)
            #expect(bench.machine.pauseRetryAt == bench.now + .seconds(wait))
            bench.wait(wait - 1)
            #expect(bench.retryPause() == [], "not before its time")
            bench.wait(1)
            #expect(bench.retryPause().first == "store intent")
        }
        _ = try bench.answerPause(.failure(fault), jitter: 0)
        #expect(bench.machine.pauseRetryAt == bench.now + .seconds(30))
    }

    @Test func aFailureIsReportedAtDoublingIntervals() throws {
        var bench = try pausing()
        let start = bench.now
        var reports: [Int] = []
        for _ in 0..<1800 {
            if try !bench.answerPause(.failure(Fault(.refused, "HTTP 409"))).isEmpty {
                reports.append(Int((bench.now - start).seconds))
            }
            bench.wait(60)
            _ = bench.retryPause()
        }
        #expect(reports == [0, 300, 900, 2100, 4500, 9300, 18900, 38100, 59700, 81300, 102900])
    }

    @Test func aPauseOfAMissingCampaignIsAbandoned() throws {
        var bench = try pausing()
        #expect(try bench.answerPause(.failure(Fault(.missing, "HTTP 404"))) == ["pause failed 1 for good"])
        #expect(bench.machine.state == .unknown && bench.machine.pauseRetryAt == nil)
    }

    @Test func onlyALostResponseKeepsTheFirstAttemptsTime() throws {
        for (fault, isLost) in [(Fault(.unreachable, "timeout"), true), (Fault(.refused, "HTTP 409"), false)] {
            var bench = try pausing()
            let first = bench.now
            _ = try bench.answerPause(.failure(fault))
            bench.wait(10)
            _ = bench.retryPause()
            #expect(bench.intent?.firstSentAt == (isLost ? first : bench.now) && bench.intent?.sentAt == bench.now)
        }
    }

    // MARK: Review

    struct Objection: CustomTestStringConvertible, Sendable {
        var name: String
        var policy: String
        var expected: String
        var testDescription: String { name }
    }

    static let objections = [
        Objection(name: "observe mode", policy: "mode: observe\n" + rule, expected: "observeMode"),
        Objection(name: "rule removed", policy: "", expected: "ruleRemoved(\"bounces\")"),
        Objection(
            name: "rule observes", policy: rule.replacing("then:", with: "mode: observe, then:"),
            expected: "ruleRemoved(\"bounces\")"),
        Objection(
            name: "rule alerts", policy: "rules:\n  - {name: bounces, when: bounceRate > 5%, then: alert}\n",
            expected: "ruleRemoved(\"bounces\")"),
        Objection(
            name: "condition", policy: rule.replacing("5%", with: "50%"),
            expected: "conditionCleared(\"bounceRate > 50% and resolved >= 50\")"),
    ]

    @Test(arguments: objections) func aRetryIsAbandonedOnceItsReasonIsGone(_ objection: Objection) throws {
        var bench = try pausing()
        _ = try bench.answerPause(.failure(Fault(.unreachable, "timeout")))
        try bench.reload(objection.policy)
        bench.wait(1)
        let words = bench.retryPause()
        #expect(words.first?.hasPrefix("store outcome: abandoned: ") == true)
        #expect(words.last == "pause abandoned: \(objection.expected), may have taken effect")
        #expect(bench.machine.state == .unknown && bench.retryPause() == [])
    }

    @Test func aMutedRuleAbandonsARetryButUnknownStatsDoNot() throws {
        var bench = try pausing()
        _ = try bench.answerPause(.failure(Fault(.refused, "HTTP 409")))
        // Stale stats are unknown, which is not a reason to abandon.
        bench.wait(3600)
        #expect(bench.retryPause() == ["store intent", "send pause 2"])
        _ = try bench.answerPause(.failure(Fault(.refused, "HTTP 409")))
        bench.machine.mute("bounces", until: bench.now + .seconds(60), by: "anna")
        bench.wait(2)
        #expect(bench.retryPause().last == "pause abandoned: ruleMuted(\"bounces\", by: Optional(\"anna\"))")
    }

    @Test func anOrderedPauseIsSentWhateverTheRulesSay() throws {
        var bench = try CampaignBench("")
        _ = bench.words(bench.machine.beginPause(bench.decision(.order(CampaignBench.order(.pause))), at: bench.now))
        _ = try bench.answerPause(.failure(Fault(.unreachable, "timeout")))
        bench.wait(1)
        #expect(bench.retryPause() == ["store intent", "send pause 2"])
    }

    @Test func observeModeAbandonsAFailedPause() throws {
        var bench = try pausing()
        try bench.reload("mode: observe\n" + Self.rule)
        #expect(try bench.answerPause(.failure(Fault(.unreachable, "timeout"))) == ["pause failed 1 for good"])
        #expect(bench.machine.state == .unknown)
    }
}

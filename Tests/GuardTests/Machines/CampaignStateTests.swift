import Model
import Policy
import Testing

@testable import Guard

/// What the counters show about a campaign, its start, and a pause without effect.
@Suite struct CampaignStateTests {
    static let draft = CampaignBench.stats(sent: 0, bounced: 0, queued: 0)

    // MARK: Inference

    @Test func countersShowADraftThatStarts() throws {
        var bench = try CampaignBench("")
        #expect(bench.see(CampaignStats(totalEnrolled: 1000, sent: 0)) == [] && bench.machine.state == .unknown)
        #expect(bench.see(Self.draft) == [] && bench.machine.state == .draft)
        #expect(bench.see(sent: 1) == ["started"] && bench.machine.state == .running)
        #expect(bench.see(sent: 2) == [], "it is known to run")
    }

    @Test func growthShowsARunningCampaign() throws {
        var bench = try CampaignBench("")
        #expect(bench.see(sent: 100) == ["ran before"] && bench.machine.state == .unknown)
        bench.wait(60)
        #expect(bench.see(sent: 100) == ["ran before"] && bench.machine.state == .unknown)
        bench.wait(60)
        #expect(bench.see(sent: 101) == ["ran before"] && bench.machine.state == .running)
    }

    @Test func anOutdatedOrFallenSampleIsNotUsed() throws {
        var bench = try CampaignBench(CampaignBench.rule)
        _ = bench.see(sent: 100)
        #expect(bench.see(sent: 200, bounced: 100, askedBefore: .seconds(1)) == ["unusable"])
        #expect(bench.see(sent: 10, bounced: 9) == ["unusable"])
        #expect(bench.machine.samples.latest?.stats.sent == 100)
        bench.wait(60)
        #expect(bench.see(sent: 20, bounced: 9).first == "counters restarted")
    }

    @Test func aMissingCampaignAndItsReturnAreReportedOnce() throws {
        var bench = try CampaignBench("")
        let missing = Fault(.missing, "HTTP 404")
        #expect(bench.words(bench.machine.note(missing, in: bench.context)) == ["missing"])
        #expect(bench.words(bench.machine.note(missing, in: bench.context)) == [])
        bench.wait(900)
        #expect(bench.words(bench.machine.checkStale(in: bench.context)) == [], "it was reported as missing")
        #expect(bench.see(sent: 1) == ["fresh after 900s", "ran before"])
    }

    @Test func staleStatsAndTheirReturnAreReportedOnce() throws {
        var bench = try CampaignBench("")
        _ = bench.see(sent: 1)
        bench.wait(300)
        #expect(bench.words(bench.machine.checkStale(in: bench.context)) == [], "just not too old")
        bench.wait(1)
        #expect(bench.words(bench.machine.note(Fault(.unreachable, ""), in: bench.context)) == ["stale"])
        #expect(bench.words(bench.machine.checkStale(in: bench.context)) == [])
        #expect(bench.see(sent: 2).first == "fresh after 301s")
    }

    @Test func alternatingFailuresDegradeACampaign() throws {
        var bench = try CampaignBench("")
        var words: [String] = []
        for index in 0..<60 {
            bench.wait(10)
            if index.isMultiple(of: 2), index < 20 {
                words += bench.words(bench.machine.note(Fault(.unexpected, ""), in: bench.context))
            } else {
                words += bench.see(sent: 0)
            }
        }
        #expect(words.filter { $0 != "ran before" } == ["degraded 5 of 10", "steady"])
        // Throttling says nothing about the campaign.
        for _ in 0..<20 { words = bench.words(bench.machine.note(Fault(.throttled, ""), in: bench.context)) }
        #expect(bench.machine.samples.answers.unusableCount == 0)
    }

    @Test func aDayWithoutAnEmailIsReportedOnce() throws {
        var bench = try CampaignBench("")
        _ = bench.see(Self.draft)
        _ = bench.see(sent: 5)
        var words: [String] = []
        for _ in 0..<60 {
            bench.wait(3600)
            words += bench.see(sent: 5)
        }
        #expect(words == ["standstill for 86400s"])
        bench.wait(60)
        _ = bench.see(sent: 6)
        #expect(bench.machine.standstill.since == nil && !bench.machine.standstill.isReported)
    }

    @Test func samplesFromBeforeAnActionDemandNothing() throws {
        var bench = try CampaignBench.starting()
        bench.wait(10)
        bench.machine.confirmStart(at: bench.now)
        #expect(bench.see(sent: 100, bounced: 10, askedBefore: .milliseconds(1)) == ["bounces firing"])
        bench.wait(1)
        #expect(bench.see(sent: 100, bounced: 10).last == "send pause 1")
    }

    // MARK: Starts

    @Test(arguments: [
        (Fault(.refused, ""), CampaignState.draft), (Fault(.throttled, ""), .draft), (Fault(.unauthorized, ""), .draft),
        (Fault(.missing, ""), .draft), (Fault(.unreachable, ""), .starting), (Fault(.unexpected, ""), .starting),
        (Fault(.unreachable, "", mayHaveTakenEffect: false), .draft),
    ]) func aStartThatFailsMayHaveTakenEffect(_ fault: Fault, _ state: CampaignState) throws {
        var bench = try CampaignBench.starting()
        let intent = bench.intent
        #expect(bench.machine.startUnderWay == intent && bench.machine.lostStart == nil)
        bench.machine.startFailed(fault, isFinal: false, at: bench.now)
        #expect(bench.machine.startUnderWay == nil && bench.machine.state == state)
        #expect(bench.machine.lostStart == (state == .starting ? intent : nil))
        #expect(bench.see(sent: 1) == ["started"])
        #expect(bench.machine.state == (state == .starting ? .starting : .running))
    }

    @Test func theLostStartIsTheOneRemembered() throws {
        var bench = try CampaignBench.starting()
        let lost = bench.intent
        bench.machine.startFailed(Fault(.unreachable, ""), isFinal: false, at: bench.now)
        bench.wait(60)
        _ = bench.words(bench.machine.beginStart(bench.decision(.launchRulesPass), at: bench.now))
        #expect(bench.machine.startUnderWay == bench.intent && bench.machine.lostStart == nil)
        bench.machine.startFailed(Fault(.throttled, ""), isFinal: false, at: bench.now)
        #expect(bench.machine.lostStart == lost, "the second certainly had no effect")
        _ = bench.words(bench.machine.beginStart(bench.decision(.launchRulesPass), at: bench.now))
        bench.machine.startFailed(Fault(.unreachable, ""), isFinal: false, at: bench.now)
        #expect(bench.machine.lostStart == bench.intent)
        _ = bench.words(bench.machine.beginStart(bench.decision(.launchRulesPass), at: bench.now))
        bench.machine.startFailed(Fault(.missing, ""), isFinal: true, at: bench.now)
        #expect(bench.machine.lostStart == nil && bench.machine.state == .draft)
    }

    @Test func onlyAStartingCampaignCanFailToStart() throws {
        var bench = try CampaignBench.paused(CampaignBench.rule)
        bench.machine.startFailed(Fault(.refused, ""), isFinal: true, at: bench.now)
        #expect(bench.machine.state == .paused)
    }

    // MARK: Without effect

    /// Lets the pause settle and continues sending; returns the effects.
    private func goOn(_ bench: inout CampaignBench, _ sent: inout Int) -> [String] {
        for _ in 0..<20 {
            bench.wait(601)
            sent += 20
            let words = bench.see(sent: sent, bounced: sent / 10)
            if !words.isEmpty { return words }
        }
        return []
    }

    @Test func aPauseWithoutEffectIsRepeatedUntilSendingStops() throws {
        var (bench, sent) = (try CampaignBench.paused(CampaignBench.rule), 100)
        let resumeAt = bench.machine.resumeAt
        let expected = [
            ["pause uncertain", "store intent", "send pause 2"], ["store intent", "send pause 3"],
            ["pause ineffective", "store intent", "send pause 4"],
            ["pause ineffective", "store intent", "send pause 5"],
        ]
        for words in expected {
            #expect(goOn(&bench, &sent) == words)
            #expect(try bench.answerPause(ActionAnswer(status: .paused, pausedAt: bench.now)) == [])
            #expect(bench.machine.state == .paused)
        }
        #expect(bench.machine.resumeAt == nil, "what is still sending needs no resume")
        #expect(bench.standStill(minutes: 15, sent: sent, bounced: sent / 10) == ["pause effective"])
        #expect(bench.machine.resumeAt == resumeAt, "what was planned stays as it was")
    }

    @Test func aPauseThatIsNoLongerJustifiedIsNotRepeated() throws {
        var (bench, sent) = (try CampaignBench.paused(CampaignBench.rule), 100)
        try bench.reload("")
        #expect(goOn(&bench, &sent) == ["pause not repeated"] && bench.machine.state == .running)
    }

    @Test func anAbandonedRepetitionLeavesTheCampaignPaused() throws {
        var (bench, sent) = (try CampaignBench.paused(CampaignBench.rule), 100)
        _ = goOn(&bench, &sent)
        _ = try bench.answerPause(.failure(Fault(.refused, "")))
        try bench.reload("")
        bench.wait(1)
        #expect(
            bench.retryPause().last == "pause abandoned: ruleRemoved(\"bounces\")" && bench.machine.state == .paused)
    }

    @Test func growthAfterAStandstillIsARestart() throws {
        for (policy, word) in [("", "ruleMuted"), ("on_override: pause_again\n", "pausedAgain")] {
            var bench = try CampaignBench.paused(policy + CampaignBench.rule)
            #expect(bench.standStill(minutes: 15, sent: 100, bounced: 10) == [])
            bench.wait(60)
            let words = bench.see(sent: 160, bounced: 16)
            #expect(words.first == "overridden: \(word)")
            #expect(words.last == (policy.isEmpty ? words.first : "send pause 1"))
            #expect(bench.machine.state == (policy.isEmpty ? .running : .pausing))
        }
    }

    @Test func countersRestartedWithTheCampaignCountFromZero() throws {
        var bench = try CampaignBench.paused(CampaignBench.rule)
        #expect(bench.standStill(minutes: 15, sent: 100, bounced: 10) == [])
        bench.wait(60)
        #expect(bench.see(sent: 2, bounced: 0) == ["unusable"])
        bench.wait(60)
        let words = bench.see(sent: 6, bounced: 0)
        #expect(words == ["counters restarted", "bounces cleared"], "a replica may return in a few steps")
        for sent in [12, 18, 24, 30] {
            bench.wait(60)
            #expect(bench.see(sent: sent, bounced: 0) == [] && bench.machine.state == .paused)
        }
        bench.wait(60)
        #expect(bench.see(sent: 36, bounced: 4) == ["overridden: countedFromRestart"], "nothing else grows so often")
        bench.wait(60)
        #expect(bench.see(sent: 80, bounced: 4) == [] && bench.machine.state == .running, "4 of 80 would be no breach")
        bench.wait(60)
        #expect(bench.see(sent: 100, bounced: 8).first == "bounces firing", "4 of 64 since then")
    }

    @Test(arguments: [
        [40, 40, 40, 70, 100], [10, 10, 10, 40, 60, 80, 100], [49, 49, 49, 60, 75, 90, 100], [0, 0, 0, 0, 99, 100],
        [30, 45, 60, 80, 100], [40, 40, 40, 20, 20, 20, 20, 60, 100],
    ])
    func aReplicaThatReturnsInStepsIsNoRestartByAnother(_ way: [Int]) throws {
        for poll in [60, 300, 1200] {
            var bench = try CampaignBench.paused(CampaignBench.rule)
            #expect(bench.standStill(minutes: 15, sent: 100, bounced: 10) == [])
            for sent in way {
                bench.wait(poll)
                #expect(!bench.see(sent: sent, bounced: sent / 10).contains { $0.hasPrefix("overridden") }, "\(sent)")
                #expect(bench.machine.state == .paused, "nobody restarted it")
            }
            bench.wait(60)
            #expect(bench.see(sent: 130, bounced: 13).first == "overridden: ruleMuted", "somebody did")
        }
    }

    /// A pause of a campaign whose replica lags knows the old counts.
    @Test func aReplicaThatReturnsAfterAPauseIsNoSending() throws {
        var bench = try CampaignBench(CampaignBench.rule)
        for minute in 0...30 {
            _ = bench.see(sent: 1000 + minute, bounced: 0)
            bench.wait(60)
        }
        for _ in 0..<3 {
            _ = bench.see(sent: 400, bounced: 0)
            bench.wait(60)
        }
        let decision = bench.decision(.order(CampaignBench.order(.pause)))
        _ = bench.words(bench.machine.beginPause(decision, at: bench.now))
        #expect(try bench.answerPause(ActionAnswer(status: .paused, pausedAt: bench.now)) == ["paused"])
        #expect(bench.standStill(minutes: 20, sent: 400, bounced: 0) == [])
        for sent in [600, 800, 1034] {
            bench.wait(60)
            #expect(bench.see(sent: sent, bounced: 0).filter { $0 != "counters returned" } == [], "\(sent)")
            #expect(bench.machine.state == .paused)
        }
    }

    @Test func aReplicaThatLaggedLeavesNoTrace() throws {
        var bench = try CampaignBench(CampaignBench.rule)
        _ = bench.see(sent: 1000, bounced: 40)
        for _ in 0..<3 {
            for minute in 0..<4 {
                bench.wait(60)
                let words = bench.see(sent: 400, bounced: 0).filter { $0 != "ran before" }
                #expect(words == (minute < 2 ? ["unusable"] : minute == 2 ? ["counters restarted"] : []))
            }
            bench.wait(60)
            #expect(bench.see(sent: 1000, bounced: 40).contains("counters returned"))
        }
        #expect(bench.machine.samples.increase(of: .sent, over: .seconds(86400))?.amount ?? 0 == 0)
        #expect(bench.machine.samples.pace.perSecond == 0)
    }

    @Test func aReplicaThatLaggedIsNoRestartByAnother() throws {
        var bench = try CampaignBench.paused(CampaignBench.rule)
        #expect(bench.standStill(minutes: 15, sent: 100, bounced: 10) == [])
        for _ in 0..<3 {
            bench.wait(60)
            _ = bench.see(sent: 40, bounced: 2)
        }
        bench.wait(60)
        #expect(bench.see(sent: 100, bounced: 10).first == "counters returned")
        #expect(bench.machine.state == .paused, "nobody restarted it")
        bench.wait(60)
        #expect(bench.see(sent: 160, bounced: 16).first == "overridden: ruleMuted", "somebody did")
    }

    @Test func aFallIsProvenByTime() throws {
        var bench = try CampaignBench("")
        _ = bench.see(sent: 1000)
        for _ in 0..<20 {
            bench.wait(3)
            #expect(bench.see(sent: 400) == ["unusable"], "a cache may be behind for a minute")
        }
        bench.wait(3)
        #expect(bench.see(sent: 400).first == "counters restarted")
    }

    @Test func someoneElsesIneffectivePausesAreReportedAtTheThird() throws {
        var (bench, sent) = (try CampaignBench.pausedByAnother(CampaignBench.rule), 100)
        var words: [String] = []
        for _ in 0..<4 {
            words += goOn(&bench, &sent)
            if bench.machine.state == .running { words += bench.see(sent: sent + 1, bounced: sent / 10) }
            words += try bench.answerPause(ActionAnswer(status: .paused, pausedAt: bench.now - .seconds(300)))
        }
        #expect(words.count { $0 == "pause outlasted 3" } == 1 && !words.contains("pause outlasted 2"))
        #expect(!words.contains("already paused"), "it is reported once")
    }

    @Test func someoneElsesEffectivePauseEndsTheCount() throws {
        var (bench, sent) = (try CampaignBench.pausedByAnother(), 100)
        while bench.machine.outlasted == nil { _ = goOn(&bench, &sent) }
        _ = try bench.answerPause(ActionAnswer(status: .paused, pausedAt: bench.now - .seconds(300)))
        #expect(bench.machine.state == .pausedByAnother && bench.machine.outlasted?.pauses == 1)
        // The counters stood still for ten minutes before, so only twice that is a standstill.
        #expect(bench.standStill(minutes: 19, sent: sent, bounced: sent / 10) == [])
        #expect(bench.machine.outlasted != nil)
        _ = bench.standStill(minutes: 6, sent: sent, bounced: sent / 10)
        #expect(bench.machine.outlasted == nil)
    }
}

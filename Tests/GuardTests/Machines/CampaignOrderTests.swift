import Model
import Policy
import Testing

@testable import Guard

/// Orders to pause and to resume in every phase, and starts.
@Suite struct CampaignOrderTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var bench: @Sendable () throws -> CampaignBench
        var pause: String
        var pausesTo: CampaignState
        var resume: String
        var resumesTo: CampaignState
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "unknown", bench: { try CampaignBench("") }, pause: "pausing", pausesTo: .pausing,
            resume: "notPaused", resumesTo: .unknown),
        Case(
            name: "draft",
            bench: {
                var bench = try CampaignBench.starting()
                bench.machine.startFailed(Fault(.refused, ""), isFinal: true, at: bench.now)
                return bench
            }, pause: "pausingDraft", pausesTo: .pausing, resume: "neverRan", resumesTo: .draft),
        Case(
            name: "starting", bench: { try .starting() }, pause: "pausingOnceAnswered", pausesTo: .starting,
            resume: "startUnderWay", resumesTo: .starting),
        Case(
            name: "running",
            bench: {
                var bench = try CampaignBench.starting()
                bench.machine.confirmStart(at: bench.now)
                return bench
            }, pause: "pausing", pausesTo: .pausing, resume: "notPaused", resumesTo: .running),
        Case(
            name: "pausing",
            bench: {
                var bench = try CampaignBench(CampaignBench.rule)
                _ = bench.see(sent: 100, bounced: 10)
                return bench
            }, pause: "pausingOnceAnswered", pausesTo: .pausing, resume: "pauseUnderWay", resumesTo: .pausing),
        Case(
            name: "paused", bench: { try .paused(CampaignBench.rule) }, pause: "staysPaused(isStillSending: false)",
            pausesTo: .pausing, resume: "begins", resumesTo: .resuming),
        Case(
            name: "resuming", bench: { try .resuming() }, pause: "resumeCancelled", pausesTo: .pausing,
            resume: "begins", resumesTo: .resuming),
        Case(
            name: "resume sent", bench: { try .resumeSent() }, pause: "pausingOnceResumeAnswered",
            pausesTo: .resuming, resume: "resumeUnderWay", resumesTo: .resuming),
        Case(
            name: "paused by another", bench: { try .pausedByAnother() }, pause: "pausing", pausesTo: .pausing,
            resume: "begins", resumesTo: .resuming),
    ]

    private func resume(_ bench: inout CampaignBench, force: Bool = false) -> String {
        switch bench.machine.orderResume(CampaignBench.order(.resume, force: force), in: bench.context) {
        case .refused(let refusal): "\(refusal)"
        case .begins: "begins"
        }
    }

    private func pause(_ bench: inout CampaignBench) -> (acceptance: String, words: [String]) {
        let order = CampaignBench.order(.pause)
        let (acceptance, effects) = bench.machine.orderPause(bench.decision(.order(order)), at: bench.now)
        return ("\(acceptance)", bench.words(effects))
    }

    @Test(arguments: cases) func eachPhaseAnswersAnOrder(_ order: Case) throws {
        var bench = try order.bench()
        let (acceptance, words) = pause(&bench)
        #expect(acceptance == order.pause && bench.machine.state == order.pausesTo)
        let isSent = !acceptance.hasSuffix("Answered")
        #expect(words == (isSent ? ["store decision", "store intent", "send pause 1"] : []))
        bench = try order.bench()
        #expect(resume(&bench) == order.resume && bench.machine.state == order.resumesTo)
    }

    // MARK: Pauses that wait

    @Test func aPauseDuringAResumeKeepsTheCampaignPaused() throws {
        var bench = try CampaignBench.resuming()
        _ = pause(&bench)
        #expect(bench.words(bench.machine.pauseAsOrdered(at: bench.now)) == [])
        let pausedAt = bench.now - .seconds(3600)
        #expect(try bench.answerPause(ActionAnswer(status: .paused, pausedAt: pausedAt)) == ["still paused"])
        #expect(bench.machine.state == .paused && !bench.machine.awaitsResume && bench.machine.orderedPause == nil)
    }

    @Test func aPauseOfAPausedCampaignIsSentAndReportsTheAnswer() throws {
        let cases: [(pausedAfter: Int?, words: [String], state: CampaignState)] = [
            (-600, ["still paused"], .paused), (nil, ["still paused"], .paused),
            // Somebody had restarted it.
            (0, ["paused"], .paused),
            // Somebody had restarted and paused it.
            (-60, ["already paused"], .pausedByAnother),
        ]
        for (pausedAfter, words, state) in cases {
            var bench = try CampaignBench.paused(CampaignBench.rule)
            bench.wait(600)
            #expect(pause(&bench).words.last == "send pause 1")
            let pausedAt = pausedAfter.map { bench.now + .seconds($0) }
            #expect(try bench.answerPause(ActionAnswer(status: .paused, pausedAt: pausedAt)) == words)
            #expect(bench.machine.state == state && bench.machine.resumeAt == nil && !bench.machine.awaitsResume)
        }
    }

    @Test func aFailedPauseIsSentAtOnceForAPerson() throws {
        var bench = try CampaignBench(CampaignBench.rule)
        _ = bench.see(sent: 100, bounced: 10)
        _ = try bench.answerPause(.failure(Fault(.unreachable, "timeout")))
        bench.wait(0)
        #expect(pause(&bench).words.last == "send pause 1")
        // The lost attempt may have paused the campaign.
        #expect(try bench.answerPause(ActionAnswer(status: .paused, pausedAt: bench.now)) == ["paused"])
        guard case .paused(let pause) = bench.machine.phase else { return #expect(Bool(false)) }
        #expect(pause.resumeAt == nil && pause.decision.order?.by == "anna")
    }

    @Test func aPauseOrderedDuringAPauseBelongsToThePerson() throws {
        var bench = try CampaignBench(CampaignBench.rule)
        _ = bench.see(sent: 100, bounced: 10)
        _ = pause(&bench)
        #expect(bench.words(bench.machine.pauseAsOrdered(at: bench.now)) == [], "it is not answered")
        #expect(bench.machine.orderedPause != nil)
        _ = try bench.answerPause(ActionAnswer(status: .paused, pausedAt: bench.now))
        #expect(bench.words(bench.machine.pauseAsOrdered(at: bench.now)) == [])
        guard case .paused(let pause) = bench.machine.phase else { return #expect(Bool(false)) }
        #expect(pause.keptBy?.by == "anna" && pause.resumeAt == nil)
    }

    @Test func aPauseAfterAResumeIsSent() throws {
        var bench = try CampaignBench.resumeSent()
        _ = pause(&bench)
        #expect(bench.words(bench.machine.pauseAsOrdered(at: bench.now)) == [])
        _ = try bench.answerResume(.success(ActionAnswer(status: .running)))
        #expect(bench.words(bench.machine.pauseAsOrdered(at: bench.now)).last == "send pause 1")
    }

    @Test func aPauseAfterAResumeThatMayHaveTakenEffectIsSent() throws {
        var bench = try CampaignBench.resumeSent()
        _ = pause(&bench)
        _ = try bench.answerResume(.failure(Fault(.unreachable, "timeout")))
        #expect(bench.words(bench.machine.pauseAsOrdered(at: bench.now)).last == "send pause 1")
    }

    @Test func aPauseDuringAResumeOfSomeoneElsesPauseStaysTheirs() throws {
        var bench = try CampaignBench.pausedByAnother()
        #expect(resume(&bench) == "begins")
        #expect(pause(&bench).words.last == "send pause 1")
        let pausedAt = bench.now - .seconds(3600)
        #expect(try bench.answerPause(ActionAnswer(status: .paused, pausedAt: pausedAt)) == ["already paused"])
        #expect(bench.machine.state == .pausedByAnother)
    }

    @Test func aPauseDuringAStartWaitsForItsOutcome() throws {
        let cases: [(Fault?, CampaignState)] = [
            (nil, .running), (Fault(.refused, ""), .draft), (Fault(.unreachable, ""), .starting),
        ]
        for (fault, state) in cases {
            var bench = try CampaignBench.starting()
            _ = pause(&bench)
            if let fault {
                bench.machine.startFailed(fault, isFinal: false, at: bench.now)
            } else {
                bench.machine.confirmStart(at: bench.now)
            }
            #expect(bench.machine.state == state)
            #expect(bench.words(bench.machine.pauseAsOrdered(at: bench.now)).last == "send pause 1")
            #expect(bench.machine.orderedPause == nil)
        }
    }

    @Test func aLateStartIsPausedAlthoughAPauseFoundADraft() throws {
        var bench = try CampaignBench.starting()
        bench.machine.startFailed(Fault(.unreachable, "timeout"), isFinal: false, at: bench.now)
        #expect(pause(&bench).words.last == "send pause 1")
        bench.machine.launchHold = CampaignBench.order(.pause)
        #expect(try bench.answerPause(ActionAnswer(status: .draft)) == ["already paused"])
        #expect(bench.machine.state == .starting)
        #expect(bench.words(bench.machine.pauseAsOrdered(at: bench.now)) == [], "it is sent once")
        bench.machine.confirmStart(at: bench.now)
        #expect(bench.words(bench.machine.pauseAsOrdered(at: bench.now)).last == "send pause 1")
    }

    @Test func onlyAStartThatHasNotLeftIsWithdrawn() throws {
        var bench = try CampaignBench.starting()
        let start = try #require(bench.intent)
        var left = bench
        left.machine.departed = start
        var isWithdrawn = left.machine.withdrawStart()
        #expect(!isWithdrawn && left.machine.state == .starting)
        isWithdrawn = bench.machine.withdrawStart()
        #expect(isWithdrawn && bench.machine.state == .draft)
        isWithdrawn = bench.machine.withdrawStart()
        #expect(!isWithdrawn)
        var resuming = try CampaignBench.resumeSent()
        var resumeLeft = resuming
        resumeLeft.machine.departed = resuming.intent
        isWithdrawn = resumeLeft.machine.withdrawResume(at: bench.now)
        #expect(!isWithdrawn)
        isWithdrawn = resuming.machine.withdrawResume(at: resuming.now)
        #expect(isWithdrawn && resuming.machine.state == .paused)
    }

    // MARK: Resumes

    @Test func aFailedOrderLeavesThePauseUnchanged() throws {
        let benches = [try CampaignBench.paused(CampaignBench.rule), try .pausedByAnother()]
        for (before, state) in zip(benches, [CampaignState.paused, .pausedByAnother]) {
            var bench = before
            let due = bench.machine.resumeAt
            #expect(resume(&bench, force: true) == "begins")
            _ = bench.see(sent: 100, bounced: state == .paused ? 10 : 0)
            #expect(bench.evaluateResume().last == "send resume 1")
            #expect(try bench.answerResume(.failure(Fault(.refused, "no"))) == ["order: resume failed: no"])
            #expect(bench.machine.state == state && bench.machine.resumeAt == due)
        }
    }

    @Test func anOrderExpiresAfterAnHour() throws {
        var bench = try CampaignBench.paused(CampaignBench.rule)
        #expect(resume(&bench) == "begins")
        _ = bench.machine.resumeLacksStats(Fault(.unreachable, ""), in: bench.context)
        bench.wait(3599)
        #expect(bench.machine.advanceResume(in: bench.context).needsStats)
        bench.wait(1)
        let (effects, needsStats) = bench.machine.advanceResume(in: bench.context)
        #expect(Transcript.words(effects) == ["order: expired"] && !needsStats && bench.machine.state == .paused)
    }

    @Test func anOrderWhoseResumeMayHaveTakenEffectDoesNotExpire() throws {
        var bench = try CampaignBench.paused(CampaignBench.rule)
        _ = resume(&bench)
        _ = bench.evaluateResume()
        _ = try bench.answerResume(.failure(Fault(.unreachable, "timeout")))
        bench.wait(3600)
        #expect(bench.machine.advanceResume(in: bench.context).needsStats)
    }

    @Test func obstaclesRefuseAnOrderUnlessForced() throws {
        let other = "  - {name: replies, when: replied > 5, then: pause}\n"
        var bench = try CampaignBench.paused(CampaignBench.rule + other)
        var stats = CampaignBench.stats(sent: 100, bounced: 10)
        stats.replied = 6
        _ = bench.see(stats)
        #expect(resume(&bench).hasPrefix("obstacles") && bench.machine.state == .paused)
        #expect(resume(&bench, force: true) == "begins")
        #expect(bench.evaluateResume().last == "send resume 1")
        _ = try bench.answerResume(.success(ActionAnswer(status: .running)))
        #expect(bench.machine.rules.mute(of: "replies", at: bench.now)?.by == "anna")
    }

    @Test func anObstacleThatAppearsEndsTheOrder() throws {
        let other = "  - {name: replies, when: replied > 5, then: pause}\n"
        var bench = try CampaignBench.paused(CampaignBench.rule + other)
        #expect(resume(&bench) == "begins")
        var stats = CampaignBench.stats(sent: 100, bounced: 10)
        stats.replied = 6
        _ = bench.see(stats)
        #expect(bench.evaluateResume() == ["order: obstacles: replies"] && bench.machine.state == .paused)
    }
}

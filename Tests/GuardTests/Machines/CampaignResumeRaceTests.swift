import Model
import Policy
import Testing

@testable import Guard

/// Counters and responses that arrive while a resume is under way.
@Suite struct CampaignResumeRaceTests {
    private let running = Result<ActionAnswer, Fault>.success(ActionAnswer(status: .running))

    @Test func growthBeforeTheResponseDecidesNothing() throws {
        var bench = try CampaignBench.resumeSent()
        bench.wait(60)
        #expect(bench.see(sent: 101, bounced: 10) == [] && bench.machine.state == .resuming)
        #expect(try bench.answerResume(running).first == "resumed")
    }

    @Test func anOrderedResumeIsNotPausedAgain() throws {
        for isOrdered in [true, false] {
            var bench = try CampaignBench.resuming()
            if isOrdered {
                guard
                    case .begins = bench.machine.orderResume(
                        CampaignBench.order(.resume, force: true), in: bench.context)
                else { return #expect(Bool(false)) }
            }
            _ = bench.see(sent: 100, bounced: 10)
            bench.wait(60)
            let words = bench.see(sent: 101, bounced: 10)
            #expect(words.first == (isOrdered ? nil : "pause uncertain"))
            #expect(bench.machine.state == (isOrdered ? .resuming : .pausing))
        }
    }

    @Test func aSampleFromBeforeTheResumeProvesNothing() throws {
        var bench = try CampaignBench.resumeSent()
        bench.wait(10)
        _ = try bench.answerResume(running)
        #expect(bench.see(sent: 130, bounced: 13, askedBefore: .milliseconds(1)) == [])
        #expect(bench.see(sent: 130, bounced: 13).first == "relapsed")
    }

    @Test func theStartTimeOfALostAttemptIsOurs() throws {
        for isLost in [true, false] {
            var bench = try CampaignBench.paused(CampaignBench.rule)
            _ = bench.standStill(minutes: 14, sent: 100, bounced: 10)
            bench.wait(3600)
            _ = bench.machine.advanceResume(in: bench.context)
            _ = bench.see(sent: 100, bounced: 10)
            _ = bench.evaluateResume()
            let first = bench.now
            _ = try bench.answerResume(.failure(Fault(isLost ? .unreachable : .throttled, "")))
            bench.wait(60)
            _ = bench.machine.advanceResume(in: bench.context)
            #expect(bench.evaluateResume().last == "send resume 1")
            let words = try bench.answerResume(.success(ActionAnswer(status: .running, startedAt: first)))
            #expect(words.first == (isLost ? "resumed" : "overridden: ruleMuted"))
        }
    }
}

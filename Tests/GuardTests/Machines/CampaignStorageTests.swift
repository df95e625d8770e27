import Foundation
import Model
import Policy
import Testing

@testable import Guard

/// The stored state of a campaign, and how it continues from there.
@Suite struct CampaignStorageTests {
    private func restarted(_ before: CampaignBench, after seconds: Int) throws -> CampaignBench {
        let stored = try JSONEncoder().encode(before.machine.memory)
        let memory = try JSONDecoder().decode(CampaignMemory.self, from: stored)
        #expect(memory == before.machine.memory)
        var bench = before
        bench.wait(seconds)
        bench.machine = CampaignMachine(before.machine.entry, before.machine.rules.set, at: bench.now)
        bench.machine.takeUp(memory, grace: .seconds(600), at: bench.now)
        return bench
    }

    @Test func settledStateIsRestoredUnchanged() throws {
        var running = try CampaignBench.starting()
        running.machine.confirmStart(at: running.now)
        var draft = try CampaignBench.starting()
        draft.machine.startFailed(Fault(.refused, ""), isFinal: true, at: draft.now)
        for before in [
            try CampaignBench(""), draft, running, try .paused(CampaignBench.rule), try .pausedByAnother(),
        ] {
            let after = try restarted(before, after: 60)
            #expect(after.machine.phase == before.machine.phase)
            #expect(after.machine.storageMark == before.machine.storageMark)
        }
    }

    @Test func aStartUnderWayMayHaveTakenEffect() throws {
        let before = try CampaignBench.starting()
        let after = try restarted(before, after: 60)
        #expect(after.machine.startUnderWay == nil && after.machine.lostStart == before.intent)
        #expect(try restarted(after, after: 60).machine.lostStart == before.intent)
    }

    @Test func aPauseUnderWayIsSentAgainAndMayHaveTakenEffect() throws {
        var before = try CampaignBench(CampaignBench.rule)
        _ = before.see(sent: 100, bounced: 10)
        let sentAt = before.now
        var after = try restarted(before, after: 30)
        #expect(after.machine.pauseRetryAt == after.now)
        #expect(after.retryPause() == ["store intent", "send pause 2"])
        #expect(after.intent?.firstSentAt == sentAt && after.intent?.sentAt == after.now)
        #expect(try after.answerPause(ActionAnswer(status: .paused, pausedAt: sentAt)) == ["paused"])
    }

    @Test func aResumeUnderWayIsEvaluatedAgain() throws {
        for (before, isLost) in [(try CampaignBench.resuming(), false), (try .resumeSent(), true)] {
            var after = try restarted(before, after: 30)
            #expect(after.machine.resumeAt == after.now && after.machine.awaitsResume)
            #expect(after.machine.advanceResume(in: after.context).needsStats)
            guard case .resuming(let attempt) = after.machine.phase else { return #expect(Bool(false)) }
            #expect(attempt.mayHaveTakenEffect == isLost)
        }
    }

    @Test func timesInTheFutureAreClamped() throws {
        var before = try CampaignBench(CampaignBench.rule)
        _ = before.see(sent: 100, bounced: 10)
        var pausing = try restarted(before, after: -3600)
        #expect(pausing.machine.pauseRetryAt == pausing.now && pausing.machine.freshAfter <= pausing.now)
        #expect(pausing.machine.rules.states[0].state.firingSince == pausing.now)
        #expect(pausing.machine.samples.latest == nil, "a sample of the future is none")
        _ = pausing.retryPause()
        #expect((pausing.intent?.firstSentAt).map { $0 <= pausing.now } == true)
        let paused = try restarted(try CampaignBench.paused(CampaignBench.rule), after: -3600)
        guard case .paused(let pause) = paused.machine.phase else { return #expect(Bool(false)) }
        #expect(pause.standstill.settlesAt == paused.now + .seconds(600))
    }

    @Test func samplesAreRestoredUpToNow() throws {
        var bench = try CampaignBench(CampaignBench.rule)
        let stored = [10, 20, 30].map {
            (at: bench.now + .seconds($0), stats: CampaignBench.stats(sent: $0, bounced: 1))
        }
        bench.wait(20)
        bench.machine.samples.recall(stored, at: bench.now)
        #expect(bench.machine.samples.latest?.stats.sent == 20 && bench.machine.samples.age(at: bench.now) == .zero)
    }

    /// Every stored property changes the mark, except the newest counters, which are stored as samples.
    @Test func theMarkChangesWithTheStoredState() throws {
        var bench = try CampaignBench.paused(CampaignBench.rule)
        var marks: Set<Int> = [bench.machine.storageMark]
        bench.machine.mute("bounces", until: bench.now, by: "anna")
        marks.insert(bench.machine.storageMark)
        bench.machine.orderedPause = bench.decision()
        marks.insert(bench.machine.storageMark)
        bench.machine.freshAfter = bench.now + .seconds(1)
        marks.insert(bench.machine.storageMark)
        _ = bench.machine.note(Fault(.missing, ""), in: bench.context)
        marks.insert(bench.machine.storageMark)
        bench.machine.resumes.endProbation()
        bench.machine.rules.restart(slot: 0, at: CampaignStats(), bench.now)
        marks.insert(bench.machine.storageMark)
        #expect(marks.count == 6)
        var running = try CampaignBench.starting()
        running.machine.confirmStart(at: running.now)
        _ = running.see(sent: 10)
        let mark = running.machine.storageMark
        _ = running.see(sent: 20)
        #expect(running.machine.storageMark == mark)
    }

    // MARK: Table

    @Test func theTableIndexesCampaignsByPendingAction() throws {
        let policy = try GuardBench.policy(CampaignBench.rule, campaigns: 3)
        var table = CampaignTable(RuleBook(policy), at: Instant(milliseconds: 0))
        let decision = Decision(
            id: 1, at: Instant(milliseconds: 0), campaign: policy.campaigns[1].id, cause: .rule("bounces"),
            conditionText: nil, evidence: nil)
        #expect(table.takeChanges().isEmpty && table.earliestPause() == nil)
        table.update(1) { _ = $0.beginPause(decision, at: Instant(milliseconds: 0)) }
        #expect(table.withPause == [1] && table.takeChanges().map(\.id.text) == ["camp_2"])
        #expect(table.takeChanges().isEmpty, "handed out once")
        table.update(1) { _ in }
        #expect(table.takeChanges().isEmpty, "nothing changed")
        table.storeAll()
        #expect(table.takeChanges().count == 3)
        table.update(2) { $0.orderedPause = decision }
        #expect(table.withOrderedPause == [2])
        var bench = try CampaignBench(CampaignBench.rule)
        _ = bench.see(sent: 100, bounced: 10)
        table.update(1) { $0 = bench.machine }
        let result = Result<ActionAnswer, Fault>.failure(Fault(.refused, ""))
        let intent = try #require(bench.intent)
        table.update(1) { _ = $0.pauseAnswered(intent, result, jitter: 1, in: bench.context) }
        #expect(table.earliestPause() == bench.now + .seconds(1))
        bench = try CampaignBench.paused(CampaignBench.rule)
        table.update(1) { $0 = bench.machine }
        #expect(table.withPause == [] && table.earliestPause() == nil && table.awaitingResume == [1])
        let due = bench.now + .seconds(3600)
        #expect(table.earliestResume() == due)
        #expect(table.breaches(since: Instant(milliseconds: 0)) == (breaching: 1, running: 1))
    }
}

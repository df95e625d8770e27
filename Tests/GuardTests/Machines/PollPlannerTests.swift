import Model
import Policy
import Testing

@testable import Guard

/// When each target is polled, and which polls are in flight.
@Suite struct PollPlannerTests {
    static let start = Instant(milliseconds: 1_796_000_000_000)
    static let one = Target.stats(CampaignID(unchecked: "camp_1"))

    private func at(_ seconds: Double) -> Instant { Self.start + .milliseconds(Int64(seconds * 1000)) }

    private static let poll = "poll: {stats: {min: 10s, max: 100s}, pools: {min: 20s, max: 60s}, budget: 6000/min}\n"

    private func book(_ more: String = poll, campaigns: Int = 1) throws -> RuleBook {
        RuleBook(try GuardBench.policy(more, campaigns: campaigns))
    }

    @Test func everyTargetIsPolledAtOnceAndThenAfterItsResponse() throws {
        var planner = PollPlanner(try book(), at: at(0))
        #expect(planner.targetCount == 2 && planner.unanswered.count == 2 && planner.next == at(0))
        #expect(Set(planner.takeDue(at: at(0))) == [GuardBench.pools, Self.one])
        #expect(planner.takeDue(at: at(60)) == [], "no answer is in")
        planner.noteAnswer(GuardBench.pools)
        #expect(planner.unanswered.count == 2, "a failed poll is an answer, but no first one")
        planner.noteFirstAnswer(GuardBench.pools)
        #expect(planner.unanswered == [Self.one])
        #expect(planner.takeDue(at: at(119)) == [])
        #expect(planner.takeDue(at: at(120)) == [GuardBench.pools])
        #expect(planner.takeDue(at: at(899)) == [], "both are awaited")
        #expect(planner.takeDue(at: at(1000)).contains(Self.one), "an answer that never comes is not awaited forever")
    }

    @Test func aPoolsPollIsHastenedWithinItsInterval() throws {
        var planner = PollPlanner(try book(), at: at(0))
        _ = planner.takeDue(at: at(0))
        planner.noteAnswer(GuardBench.pools)
        planner.hasten(GuardBench.pools, to: at(5))
        #expect(planner.takeDue(at: at(19.9)) == [])
        #expect(planner.takeDue(at: at(20)) == [GuardBench.pools])
        planner.noteAnswer(GuardBench.pools)
        planner.hasten(GuardBench.pools, to: at(70))
        #expect(planner.takeDue(at: at(69)) == [] && planner.takeDue(at: at(70)) == [GuardBench.pools])
        planner.noteAnswer(GuardBench.pools)
        planner.hasten(GuardBench.pools, to: at(900))
        #expect(planner.takeDue(at: at(130)) == [GuardBench.pools], "later than planned changes nothing")
    }

    @Test func aHintPollsOutOfTurn() throws {
        var planner = PollPlanner(try book(), at: at(0))
        _ = planner.takeDue(at: at(0))
        #expect(planner.hint(Self.one, at: at(50)).isEmpty, "it is awaited")
        planner.noteAnswer(Self.one)
        #expect(planner.hint(Self.one, at: at(9.9)).isEmpty, "too soon")
        #expect(Transcript.words(planner.hint(Self.one, at: at(10))) == ["poll stats"])
        #expect(planner.hint(Self.one, at: at(30)).isEmpty, "it is awaited again")
        planner.noteAnswer(Self.one)
        #expect(planner.hint(.stats(CampaignID(unchecked: "camp_9")), at: at(200)).isEmpty)
    }

    @Test func aHintDelaysTheNextPoll() throws {
        var planner = PollPlanner(try book(), at: at(0))
        _ = planner.takeDue(at: at(0))
        planner.noteAnswer(Self.one)
        _ = planner.hint(Self.one, at: at(90))
        planner.noteAnswer(Self.one)
        #expect(!planner.takeDue(at: at(189)).contains(Self.one))
        #expect(planner.takeDue(at: at(190)).contains(Self.one))
    }

    @Test func aReloadKeepsPollsInFlightAndPlans() throws {
        let before = try book(campaigns: 2)
        var planner = PollPlanner(before, at: at(0))
        _ = planner.takeDue(at: at(0))
        _ = planner.takeDue(at: at(1))
        planner.noteAnswer(Self.one)
        planner.noteFirstAnswer(Self.one)
        let newer = PollPlanner(try book(campaigns: 3), adopting: planner, before, at: at(30))
        #expect(!newer.unanswered.contains(Self.one), "it was answered before")
        #expect(newer.unanswered.contains(.stats(CampaignID(unchecked: "camp_2"))), "it was not")
        #expect(newer.unanswered.contains(.stats(CampaignID(unchecked: "camp_3"))), "it is new")
        var reloaded = newer
        let due = reloaded.takeDue(at: at(30)) + reloaded.takeDue(at: at(31))
        #expect(due == [.stats(CampaignID(unchecked: "camp_3"))], "the others are awaited, or were polled")
        #expect(reloaded.takeDue(at: at(101)).contains(Self.one))
    }

    // MARK: Queue

    private func queue(campaigns: Int, _ more: String = poll) throws -> PollQueue {
        PollQueue(try GuardBench.policy(more, campaigns: campaigns).poll, campaigns: campaigns, at: at(0))
    }

    /// The campaigns polled in each second.
    private func run(_ queue: inout PollQueue, _ seconds: ClosedRange<Int>) -> [Int: [Int]] {
        var polls: [Int: [Int]] = [:]
        for second in seconds {
            for index in queue.take(at: at(Double(second))) { polls[index, default: []].append(second) }
        }
        return polls
    }

    @Test func urgentCampaignsArePolledMoreOften() throws {
        var queue = try queue(campaigns: 2)
        _ = run(&queue, 0...2)
        #expect(queue.interval(0) == .seconds(100) && queue.evenInterval == .seconds(10))
        queue.want(.seconds(20), 0)
        #expect(queue.interval(0) == .seconds(20) && queue.interval(1) == .seconds(100))
        queue.want(.seconds(1), 0)
        #expect(queue.interval(0) == .seconds(10), "not more often than the shortest interval")
        let polls = run(&queue, 3...202)
        #expect((19...21).contains(polls[0]?.count ?? 0) && polls[1]?.count == 2)
        queue.want(.seconds(1000), 0)
        #expect(queue.interval(0) == .seconds(100))
    }

    @Test func theBudgetIsSharedAndNoCampaignStarves() throws {
        let tight = "poll: {stats: {min: 5s, max: 100s}, pools: 10m, budget: 30/min}\n"
        var queue = try queue(campaigns: 20, tight)
        _ = run(&queue, 0...100)
        for index in 0..<20 { queue.want(.seconds(5), index) }
        #expect(queue.interval(0) > .seconds(30) && queue.interval(0) <= .seconds(100))
        let polls = run(&queue, 101...700)
        #expect(polls.count == 20 && polls.values.allSatisfy { $0.count >= 6 })
        #expect(polls.values.reduce(0) { $0 + $1.count } <= 300, "30 a minute")
    }

    @Test func aFixedIntervalIsNotChanged() throws {
        var queue = try queue(campaigns: 1, "poll: {stats: 60s}\n")
        _ = queue.take(at: at(0))
        queue.want(.seconds(5), 0)
        #expect(queue.interval(0) == .seconds(60))
        #expect(queue.take(at: at(59)) == [] && queue.take(at: at(60)) == [0])
    }

    @Test func thePlanReportsTheNextDueTime() throws {
        var planner = PollPlanner(try book("poll: {stats: 60s}\n"), at: at(0))
        _ = planner.takeDue(at: at(0))
        #expect(planner.next == at(60) && planner.perMinute > 0)
    }
}

import Model
import Policy
import Testing

@testable import Guard

/// One campaign machine with its policy, fed one event at a time.
struct CampaignBench {
    var machine: CampaignMachine
    private(set) var book: RuleBook
    var pools: PoolDirectory
    var skew = StampSkew()
    var isLedgerFailing = false
    var now = Instant(milliseconds: 1_796_000_000_000)
    private(set) var intent: Intent?
    private var decisions = 0

    init(_ more: String) throws {
        let policy = try GuardBench.policy(more)
        book = RuleBook(policy)
        machine = CampaignMachine(policy.campaigns[0], book.campaigns[0], at: now)
        pools = PoolDirectory(policy, at: now)
    }

    var context: CampaignContext {
        CampaignContext(book: book, pools: pools, skew: skew, isLedgerFailing: isLedgerFailing, now: now)
    }

    mutating func wait(_ seconds: Int) { now = now + .seconds(seconds) }

    mutating func reload(_ more: String) throws {
        let policy = try GuardBench.policy(more)
        book = RuleBook(policy)
        machine.adopt(policy.campaigns[0], book.campaigns[0])
    }

    /// The effects in words; stores the sent intent for its response.
    mutating func words(_ effects: [Effect]) -> [String] {
        for effect in effects { if case .send(let sent) = effect { intent = sent } }
        return Transcript.words(effects)
    }

    mutating func decision(_ cause: Decision.Cause = .rule("bounces")) -> Decision {
        decisions += 1
        return Decision(
            id: decisions, at: now, campaign: machine.entry.id, cause: cause, conditionText: nil, evidence: nil)
    }

    // MARK: Samples

    static func stats(sent: Int, bounced: Int, queued: Int? = nil) -> CampaignStats {
        CampaignStats(
            totalEnrolled: 1000, sent: sent, delivered: sent - bounced, bounced: bounced, replied: 0,
            queued: queued ?? 1000 - sent)
    }

    /// Takes a sample, evaluates the rules and begins each pause that they demand.
    mutating func see(sent: Int, bounced: Int = 0, askedBefore: Duration = .zero) -> [String] {
        see(Self.stats(sent: sent, bounced: bounced), askedBefore: askedBefore)
    }

    mutating func see(_ stats: CampaignStats, askedBefore: Duration = .zero) -> [String] {
        let result = machine.take(
            StatsSample(stats: stats, at: now, requestedAt: now - askedBefore), in: context)
        var seen = words(result.effects)
        guard result.isUsable else { return seen + ["unusable"] }
        if case .started(let isFirstPoll) = result.sign { seen.append(isFirstPoll ? "ran before" : "started") }
        let (effects, demands) = machine.evaluateRules(in: context)
        seen += words(effects)
        for demand in demands { seen += words(machine.beginPause(decision(demand.cause), at: now)) }
        let (proof, relapse) = machine.evaluateProbation(in: context)
        seen += words(proof)
        if let relapse { seen += words(machine.beginPause(decision(relapse.cause), at: now)) }
        return seen
    }

    // MARK: Answers

    mutating func answerPause(_ answer: ActionAnswer, to other: Intent? = nil) throws -> [String] {
        try answerPause(.success(answer), to: other)
    }

    mutating func answerPause(
        _ result: Result<ActionAnswer, Fault>, to other: Intent? = nil, jitter: Double = 1
    ) throws -> [String] {
        let intent = try #require(other ?? intent)
        return words(machine.pauseAnswered(intent, result, jitter: jitter, in: context).effects)
    }

    mutating func answerResume(_ result: Result<ActionAnswer, Fault>, to other: Intent? = nil) throws -> [String] {
        let intent = try #require(other ?? intent)
        return words(machine.resumeAnswered(intent, result, in: context).effects)
    }

    mutating func retryPause() -> [String] { words(machine.retryPause(in: context)) }

    /// Evaluates a resume on the known data and sends it unless something hinders it.
    mutating func evaluateResume() -> [String] {
        switch machine.evaluateResume(in: context) {
        case .waits(let effects): return words(effects)
        case .passes(let attempt, let rule):
            decisions += 1
            return words(machine.sendResume(attempt, rule, decision: decisions, in: context))
        }
    }

    /// A campaign that we paused after a breach and that stands still, an hour before its cooldown ends.
    static func paused(_ more: String) throws -> CampaignBench {
        var bench = try CampaignBench(more)
        #expect(bench.see(sent: 100, bounced: 10).last == "send pause 1")
        #expect(try bench.answerPause(ActionAnswer(status: .paused, pausedAt: bench.now)) == ["paused"])
        return bench
    }

    static func order(_ act: Order.Act, force: Bool = false) -> Order {
        Order(act, CampaignID(unchecked: "camp_1"), isForced: force, by: "anna")
    }
}

extension CampaignBench {
    static let rule = """
        rules:
          - name: bounces
            when: bounceRate > 5% and resolved >= 50
            then: pause
            resume: {after: 1h, probation: {sends: 50, when: bounceRate > 2% and resolved >= 20}, at_most: 2 per 7d}

        """
    static let poolID = PoolID(unchecked: "pool_a")

    /// Gives the pool volume for all remaining emails.
    mutating func seePool(remaining: Int = 5000) {
        let pool = SenderPool(id: Self.poolID, dailyCapacity: 5000, remainingVolume: remaining)
        _ = pools.observe(pools: [pool], of: WorkspaceName("bench"), requestedAt: now, at: now)
    }

    /// Lets the campaign stand still for a while, with a pool that could send.
    mutating func standStill(minutes: Int, sent: Int, bounced: Int) -> [String] {
        (0..<minutes).flatMap { _ in
            wait(60)
            seePool()
            return see(sent: sent, bounced: bounced)
        }
    }

    /// A campaign whose cooldown is over and whose fresh stats are requested.
    static func resuming(_ more: String = rule) throws -> CampaignBench {
        var bench = try paused(more)
        bench.wait(3600)
        #expect(bench.machine.advanceResume(in: bench.context).needsStats)
        return bench
    }

    /// Like ``resuming(_:)``, with the resume under way.
    static func resumeSent(_ more: String = rule) throws -> CampaignBench {
        var bench = try resuming(more)
        #expect(bench.see(sent: 100, bounced: 10) == [])
        #expect(bench.evaluateResume() == ["store decision", "store intent", "send resume 1"])
        return bench
    }

    /// A draft whose start is under way.
    static func starting(_ more: String = rule) throws -> CampaignBench {
        var bench = try CampaignBench(more)
        #expect(bench.see(stats(sent: 0, bounced: 0, queued: 0)) == [])
        let decision = bench.decision(.launchRulesPass)
        #expect(
            bench.words(bench.machine.beginStart(decision, at: bench.now))
                == ["store decision", "store intent", "send start 1"])
        return bench
    }

    static func pausedByAnother(_ more: String = rule) throws -> CampaignBench {
        var bench = try CampaignBench(more)
        _ = bench.see(sent: 100)
        _ = bench.words(bench.machine.beginPause(bench.decision(.order(order(.pause))), at: bench.now))
        let before = bench.now - .seconds(3600)
        #expect(try bench.answerPause(ActionAnswer(status: .paused, pausedAt: before)) == ["already paused"])
        return bench
    }
}

import Model
import Policy

/// The state of one rule on one running campaign.
struct RuleSlot: Sendable {
    /// What the rule counts from, and its evidence since.
    struct Arming: Codable, Hashable, Sendable {
        var counters: CampaignStats
        var change: ChangeState?
    }

    var state = RuleState()
    /// The counters at which a rule with a confidence was armed; nil before that, and for other rules.
    private(set) var armed: CampaignStats?
    var data = RuleData.complete
    /// Whether the probation after one of its pauses has the data that it needs.
    var probationData = RuleData.complete
    /// The evidence of a rule with `within` since it was armed; nil before that, and for other rules.
    private(set) var change: ChangeState?

    init() {}

    init(state: RuleState, armed: CampaignStats?, change: ChangeState?, data: RuleData) {
        (self.state, self.armed, self.change, self.data) = (state, armed, change, data)
    }

    /// Arms a rule with a confidence at the first sample that has every counter of its test.
    mutating func arm(_ test: SequentialTest?, at stats: CampaignStats, _ counters: Counters) {
        guard let test, armed == nil, !counters[test.hits].isNaN, !counters[test.trials].isNaN else { return }
        armed = stats
    }

    /// Counts the emails that a sample adds to the evidence of a rule with `within`.
    mutating func count(_ counters: Counters, at now: Instant, for running: CampaignRules.Running) {
        guard let test = running.test, let detector = running.detector, armed != nil else { return }
        change?.count(counters, at: now, test, detector)
        if change == nil { change = ChangeState(test, from: counters, at: now) }
    }

    /// Leaves a sample's growth out of the evidence of a rule with `within`.
    mutating func skip(to counters: Counters, at now: Instant, for running: CampaignRules.Running) {
        if let test = running.test { change?.skip(to: counters, at: now, test) }
    }

    /// Restarts the rule without evidence, counting from these counters.
    mutating func restart(_ test: SequentialTest?, at stats: CampaignStats, _ now: Instant) {
        state = RuleState()
        rearm(test, at: stats, now)
    }

    /// Counts from zero, because the platform's counters restarted at that time.
    mutating func countFromZero(_ test: SequentialTest?, since restart: Instant) {
        rearm(test, at: CampaignStats.zeroCounters, restart)
    }

    /// Nil before the rule is armed.
    var arming: Arming? { armed.map { Arming(counters: $0, change: change) } }

    /// Restores an earlier arming, because the counters had not restarted.
    mutating func undoRestart(to earlier: Arming) {
        if armed != nil { (armed, change) = (earlier.counters, earlier.change) }
    }

    private mutating func rearm(_ test: SequentialTest?, at stats: CampaignStats, _ now: Instant) {
        guard armed != nil else { return }
        armed = stats
        change = test.flatMap { $0.within == nil ? nil : ChangeState($0, from: Counters(stats), at: now) }
    }

    /// Updates the state with a sample's result.
    mutating func observe(
        _ truth: Truth, at now: Instant, for forClause: Rule.For, maxGap: Duration
    ) -> RuleState.Change? {
        state.observe(RuleState.Outcome(truth), at: now, for: forClause, maxGap: maxGap)
    }
}

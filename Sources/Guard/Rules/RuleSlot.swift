import Model
import Policy

/// Where one rule on running campaigns stands on one campaign.
struct RuleSlot: Sendable {
    var state = RuleState()
    /// What had been counted when a rule with a confidence was armed; nil before, and for other rules.
    private(set) var armed: CampaignStats?

    init() {}

    init(state: RuleState, armed: CampaignStats?) { (self.state, self.armed) = (state, armed) }

    /// Arms a rule with a confidence at the first counters that say all that its test reads.
    mutating func arm(_ test: SequentialTest?, at stats: CampaignStats, _ counters: Counters) {
        guard let test, armed == nil, !counters[test.hits].isNaN, !counters[test.trials].isNaN else { return }
        armed = stats
    }

    /// The rule counts from these counters, and has no evidence yet.
    mutating func restart(at stats: CampaignStats) {
        state = RuleState()
        if armed != nil { armed = stats }
    }

    /// The platform's counters restarted from zero.
    mutating func countFromZero() {
        if armed != nil { armed = CampaignStats.zeroCounters }
    }

    /// Takes in what a sample says of the condition.
    mutating func observe(
        _ truth: Truth, at now: Instant, for forClause: Rule.For, maxGap: Duration
    ) -> RuleState.Change? {
        state.observe(RuleState.Outcome(truth), at: now, for: forClause, maxGap: maxGap)
    }
}

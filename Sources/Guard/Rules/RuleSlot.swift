import Model
import Policy

/// The state of one rule on one running campaign.
struct RuleSlot: Sendable {
    var state = RuleState()
    /// The counters at which a rule with a confidence was armed; nil before that, and for other rules.
    private(set) var armed: CampaignStats?
    var data = RuleData.complete

    init() {}

    init(state: RuleState, armed: CampaignStats?, data: RuleData) {
        (self.state, self.armed, self.data) = (state, armed, data)
    }

    /// Arms a rule with a confidence at the first sample that has every counter of its test.
    mutating func arm(_ test: SequentialTest?, at stats: CampaignStats, _ counters: Counters) {
        guard let test, armed == nil, !counters[test.hits].isNaN, !counters[test.trials].isNaN else { return }
        armed = stats
    }

    /// Restarts the rule without evidence, counting from these counters.
    mutating func restart(at stats: CampaignStats) {
        state = RuleState()
        if armed != nil { armed = stats }
    }

    /// Counts from zero, because the platform's counters restarted.
    mutating func countFromZero() { count(from: CampaignStats.zeroCounters) }

    mutating func count(from stats: CampaignStats) {
        if armed != nil { armed = stats }
    }

    /// Updates the state with a sample's result.
    mutating func observe(
        _ truth: Truth, at now: Instant, for forClause: Rule.For, maxGap: Duration
    ) -> RuleState.Change? {
        state.observe(RuleState.Outcome(truth), at: now, for: forClause, maxGap: maxGap)
    }
}

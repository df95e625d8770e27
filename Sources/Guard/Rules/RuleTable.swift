package import Model
package import Policy

/// The rules on one campaign: where each stands, and which of them a person muted.
package struct RuleTable: Sendable {
    private(set) var set: CampaignRules
    /// In the order of ``CampaignRules/running``.
    private var slots: [RuleSlot]
    /// Rules that a person muted here, by their names.
    private(set) var mutes: [String: Mute] = [:]

    init(_ set: CampaignRules) {
        self.set = set
        slots = Array(repeating: RuleSlot(), count: set.running.count)
    }

    // MARK: Questions

    /// Where each rule stands, in the policy's order.
    package var states: [(rule: Rule, state: RuleState)] {
        zip(set.running, slots).map { ($0.rule, $1.state) }
    }

    func slot(_ index: Int) -> RuleSlot { slots[index] }

    /// The slot of the rule; nil where it does not apply here.
    func index(of rule: String) -> Int? { set.running.firstIndex { $0.rule.name == rule } }

    /// Who muted a rule, and until when; nil where it acts.
    package func mute(of rule: String, at now: Instant) -> Mute? {
        index(of: rule).flatMap { mute(ofSlot: $0, at: now) }
    }

    func mute(ofSlot index: Int, at now: Instant) -> Mute? {
        if !mutes.isEmpty, let mute = mutes[set.running[index].rule.name], now < mute.until { return mute }
        guard let until = slots[index].state.mutedUntil, now < until else { return nil }
        return Mute(until: until, by: nil)
    }

    /// True where a pausing rule began to fire after that time.
    func breaches(since start: Instant) -> Bool {
        for index in slots.indices where set.running[index].pauses {
            if let since = slots[index].state.firingSince, since > start { return true }
        }
        return false
    }

    // MARK: Changes

    mutating func arm(at stats: CampaignStats, _ counters: Counters) {
        for index in slots.indices where set.running[index].test != nil {
            slots[index].arm(set.running[index].test, at: stats, counters)
        }
    }

    mutating func observe(_ truth: Truth, ofSlot index: Int, at now: Instant, maxGap: Duration) -> RuleState.Change? {
        slots[index].observe(truth, at: now, for: set.running[index].forClause, maxGap: maxGap)
    }

    /// What a firing rule would do was reported.
    mutating func noteReported(ofSlot index: Int) { slots[index].state.wasReported = true }

    /// A person's restart mutes the rule until then, or until its breach clears.
    mutating func mute(ofSlot index: Int, until: Instant) { slots[index].state.mutedUntil = until }

    mutating func mute(_ rule: String, _ mute: Mute?) { mutes[rule] = mute }

    /// The rule counts from these counters, and has no evidence yet.
    mutating func restart(slot index: Int, at stats: CampaignStats) { slots[index].restart(at: stats) }

    mutating func countFromZero() { for index in slots.indices { slots[index].countFromZero() } }

    /// Takes the rules of a new policy over: those that are the same go on.
    mutating func adopt(_ newer: CampaignRules) {
        let kept = Dictionary(
            zip(set.running, slots).map { ($0.rule.identity, $1) }, uniquingKeysWith: { first, _ in first })
        slots = newer.running.map { kept[$0.rule.identity] ?? RuleSlot() }
        set = newer
    }

    // MARK: Storage

    var memories: [RuleMemory] {
        zip(set.running, slots).map { RuleMemory($0.rule.identity, $1.state, armed: $1.armed) }
    }

    /// Changes with whatever is stored of the rules.
    func hash(into hasher: inout Hasher) {
        for slot in slots {
            hasher.combine(slot.state)
            hasher.combine(slot.armed)
        }
        hasher.combine(mutes)
    }

    mutating func takeUp(_ rules: [RuleMemory], _ mutes: [String: Mute], at now: Instant) {
        for (index, running) in set.running.enumerated() {
            guard let stored = rules.first(where: { $0.identity == running.rule.identity }) else { continue }
            slots[index] = RuleSlot(state: stored.state.clamped(to: now), armed: stored.armed)
        }
        self.mutes = mutes
    }
}

/// A rule that does not act on one campaign for a while.
package struct Mute: Codable, Hashable, Sendable {
    package var until: Instant
    /// The person who muted it; nil where a restart by hand did.
    package var by: String?
}

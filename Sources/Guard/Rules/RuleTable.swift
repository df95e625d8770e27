package import Model
package import Policy

/// The state of each rule on one campaign, and the rules that a person muted there.
package struct RuleTable: Sendable {
    private(set) var set: CampaignRules
    /// In the order of ``CampaignRules/running``.
    private var slots: [RuleSlot]
    /// Rules that a person muted on this campaign, by name.
    private(set) var mutes: [String: Mute] = [:]
    /// The maintenance windows in force here; the guard stores them for all campaigns.
    var windows: [WindowMute] = []

    init(_ set: CampaignRules) {
        self.set = set
        slots = Array(repeating: RuleSlot(), count: set.running.count)
    }

    // MARK: Questions

    /// Each rule's state, in policy order.
    package var states: [(rule: Rule, state: RuleState)] {
        zip(set.running, slots).map { ($0.rule, $1.state) }
    }

    /// The rules that are pending or firing, in policy order.
    var standing: [(rule: CampaignRules.Running, state: RuleState)] {
        zip(set.running, slots).filter { $1.state.phase != .inactive }.map { ($0, $1.state) }
    }

    func slot(_ index: Int) -> RuleSlot { slots[index] }

    /// The data that each rule is reported to lack, in policy order; nil for a rule that lacks none.
    ///
    /// What its probation lacks counts, too.
    package var reportedMissing: [MissingData?] { slots.map { $0.data.reported ?? $0.probationData.reported } }

    /// The slot whose probation lacks data; nil if none does.
    var slotLackingProbationData: Int? { slots.firstIndex { $0.probationData != .complete } }

    /// True unless the rule's last sample lacked data.
    func hasData(ofSlot index: Int) -> Bool { slots[index].data == .complete }

    /// The rule's slot; nil if the rule does not apply here.
    func index(of rule: String) -> Int? { set.running.firstIndex { $0.rule.name == rule } }

    /// The mute of a rule; nil if the rule is not muted.
    package func mute(of rule: String, at now: Instant) -> Mute? {
        index(of: rule).flatMap { mute(ofSlot: $0, at: now) }
    }

    func mute(ofSlot index: Int, at now: Instant) -> Mute? {
        let own = ownMute(ofSlot: index, at: now)
        guard !windows.isEmpty, let window = windowMute(ofSlot: index, at: now) else { return own }
        return own.map { $0.until >= window.until } == true ? own : window
    }

    /// The mute by the maintenance window that ends last; nil without one.
    private func windowMute(ofSlot index: Int, at now: Instant) -> Mute? {
        guard set.running[index].pauses else { return nil }
        let name = set.running[index].rule.name
        return windows.filter { ($0.rule ?? name) == name && now < $0.mute.until }.map(\.mute).max {
            $0.until < $1.until
        }
    }

    private func ownMute(ofSlot index: Int, at now: Instant) -> Mute? {
        if !mutes.isEmpty, let mute = mutes[set.running[index].rule.name], now < mute.until { return mute }
        guard let until = slots[index].state.mutedUntil, now < until else { return nil }
        return Mute(until: until, by: nil)
    }

    /// True if a rule that pauses the campaign because of its own numbers began to fire after `start`.
    func breaches(since start: Instant) -> Bool {
        for index in slots.indices where set.running[index].pauses && !set.running[index].isOnGroup {
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

    /// Counts the emails that a sample adds, for every rule with `within`.
    mutating func count(_ counters: Counters, at now: Instant) {
        for index in slots.indices where set.running[index].detector != nil {
            slots[index].count(counters, at: now, for: set.running[index])
        }
    }

    /// Leaves a sample's growth uncounted for every rule with `within`.
    mutating func skip(to counters: Counters, at now: Instant) {
        for index in slots.indices where set.running[index].detector != nil {
            slots[index].skip(to: counters, at: now, for: set.running[index])
        }
    }

    mutating func observe(_ truth: Truth, ofSlot index: Int, at now: Instant, maxGap: Duration) -> RuleState.Change? {
        slots[index].observe(truth, at: now, for: set.running[index].forClause, maxGap: maxGap)
    }

    mutating func observe(
        _ missing: MissingNames, because reason: String?, ofSlot index: Int, reportAfter limit: Duration?,
        at now: Instant
    ) -> RuleData.Change? {
        slots[index].data.observe(missing, because: reason, reportAfter: limit, at: now)
    }

    mutating func observe(
        probation missing: MissingNames, ofSlot index: Int, reportAfter limit: Duration?, at now: Instant
    ) -> RuleData.Change? {
        slots[index].probationData.observe(missing, reportAfter: limit, at: now)
    }

    /// Notes that the rule's dry run was reported.
    mutating func noteReported(ofSlot index: Int) { slots[index].state.wasReported = true }

    /// Mutes the rule after a person restarted the campaign, until `until` or until the breach clears.
    mutating func mute(ofSlot index: Int, until: Instant) { slots[index].state.mutedUntil = until }

    mutating func mute(_ rule: String, _ mute: Mute?) { mutes[rule] = mute }

    /// Restarts the rule without evidence, counting from these counters.
    mutating func restart(slot index: Int, at stats: CampaignStats, _ now: Instant) {
        slots[index].restart(set.running[index].test, at: stats, now)
    }

    /// Counts from zero, because the platform's counters restarted at that time.
    mutating func countFromZero(since restart: Instant) {
        for index in slots.indices { slots[index].countFromZero(set.running[index].test, since: restart) }
    }

    /// What each rule with a confidence counts from, by the rule's name.
    var armed: [String: RuleSlot.Arming] {
        Dictionary(
            zip(set.running, slots).compactMap { running, slot in slot.arming.map { (running.rule.name, $0) } },
            uniquingKeysWith: { first, _ in first })
    }

    /// Arms the rules at the counts from before a restart that was none.
    mutating func undoRestart(to armed: [String: RuleSlot.Arming]) {
        for (index, running) in set.running.enumerated() {
            if let earlier = armed[running.rule.name] { slots[index].undoRestart(to: earlier) }
        }
    }

    /// Adopts the rules of a new policy; rules with the same identity keep their state.
    mutating func adopt(_ newer: CampaignRules) {
        let previous = Dictionary(
            zip(set.running, slots).map { ($0.identity, $1) }, uniquingKeysWith: { first, _ in first })
        slots = newer.running.map { previous[$0.identity] ?? RuleSlot() }
        set = newer
    }

    // MARK: Storage

    var memories: [RuleMemory] {
        zip(set.running, slots).map {
            RuleMemory(
                $0.identity, $1.state, armed: $1.armed, change: $1.change, data: $1.data,
                probationData: $1.probationData)
        }
    }

    /// Hashes everything stored of the rules, to detect changes.
    func hash(into hasher: inout Hasher) {
        for slot in slots {
            hasher.combine(slot.state)
            hasher.combine(slot.armed)
            hasher.combine(slot.change?.storageMark)
            hasher.combine(slot.data)
            hasher.combine(slot.probationData)
        }
        hasher.combine(mutes)
    }

    mutating func takeUp(_ rules: [RuleMemory], _ mutes: [String: Mute], at now: Instant) {
        for (index, running) in set.running.enumerated() {
            guard let stored = rules.first(where: { $0.identity == running.identity }) else { continue }
            slots[index] = RuleSlot(
                state: stored.state.clamped(to: now), armed: stored.armed, change: stored.change?.clamped(to: now),
                data: stored.data?.clamped(to: now) ?? .complete)
            slots[index].probationData = stored.probationData?.clamped(to: now) ?? .complete
        }
        self.mutes = mutes
    }

    /// Counts stored samples, oldest first, that are newer than the restored evidence.
    ///
    /// - Parameter steps: the times of samples whose growth was not sent then.
    mutating func recall(
        _ stored: [(at: Instant, stats: CampaignStats)], skipping steps: Set<Instant>, at now: Instant
    ) {
        for index in slots.indices where slots[index].change != nil {
            for sample in stored where sample.at <= now && slots[index].change?.precedes(sample.at) == true {
                if steps.contains(sample.at) {
                    slots[index].skip(to: Counters(sample.stats), at: sample.at, for: set.running[index])
                }
                slots[index].count(Counters(sample.stats), at: sample.at, for: set.running[index])
            }
        }
    }
}

/// A pause in a rule's effect on one campaign.
package struct Mute: Codable, Hashable, Sendable {
    package var until: Instant
    /// The person who muted the rule; nil if a manual restart of the campaign did.
    package var by: String?
}

package import Model
import Policy

/// The state machine of one pool: its presence, volume, members and rules.
package struct PoolMachine: Sendable {
    /// Whether the platform's responses contain the pool.
    private enum Presence: Sendable {
        /// No response has contained the pool yet.
        case unknown
        case present(PoolVolume)
        /// The latest response lacked the pool for the first time; a list that shifts while read may hide it once.
        case doubtful(PoolVolume?)
        /// The pool was reported as missing.
        case missing
    }

    /// The state of a rule on this pool.
    private struct Slot: Sendable {
        var identity: RuleIdentity
        var state: RuleState
        var data = RuleData.complete
    }

    package let id: PoolID
    private var presence = Presence.unknown
    /// The members; nil for a pool without a name in the policy, and while unknown.
    package private(set) var roster: PoolRoster?
    /// By the rule's index in the policy.
    private var slots: [Int: Slot] = [:]

    init(id: PoolID) { self.id = id }

    // MARK: Presence

    /// The last reported volume; nil while unknown.
    var volume: PoolVolume? {
        switch presence {
        case .present(let volume): volume
        case .doubtful(let volume): volume
        case .unknown, .missing: nil
        }
    }

    package var pool: SenderPool? { volume?.pool }

    package func renewsAt(at now: Instant) -> Instant? { volume?.renewsAt(at: now) }

    package var isMissing: Bool {
        switch presence {
        case .missing: true
        case .unknown, .present, .doubtful: false
        }
    }

    var isDoubtful: Bool {
        switch presence {
        case .doubtful: true
        case .unknown, .present, .missing: false
        }
    }

    /// Handles a response that contains the pool.
    mutating func observe(
        _ pool: SenderPool, of workspace: WorkspaceName, _ roster: PoolRoster? = nil, at now: Instant
    ) -> [PoolEvent] {
        var volume = volume ?? PoolVolume(pool: pool, workspace: workspace)
        let events = volume.observe(pool, at: now)
        presence = .present(volume)
        self.roster = roster
        return events
    }

    /// Handles a complete response without the pool; true if the pool is newly missing.
    mutating func lose() -> Bool {
        let isNew = !isMissing
        (presence, roster) = (.missing, nil)
        return isNew
    }

    /// Handles a response without the pool that may be a one-off error; true if the pool is missing by now.
    mutating func doubt() -> Bool {
        switch presence {
        case .unknown, .present:
            presence = .doubtful(volume)
            return false
        case .doubtful, .missing: return true
        }
    }

    /// Forgets the pool, because its name now means another one or its platform does not report it.
    mutating func forget() { (presence, roster) = (.unknown, nil) }

    /// Restores the pool as an earlier process knew it.
    mutating func recall(_ pool: SenderPool, of workspace: WorkspaceName) {
        presence = .present(PoolVolume(pool: pool, workspace: workspace))
    }

    // MARK: Rules

    /// The state of the rule with that index in the policy; inactive before its first evaluation.
    package func state(ofRule index: Int) -> RuleState { slots[index]?.state ?? RuleState() }

    /// The rules evaluated on this pool, in policy order.
    package var states: [(index: Int, state: RuleState)] {
        slots.sorted { $0.key < $1.key }.map { ($0.key, $0.value.state) }
    }

    /// What each of the rules of ``states`` lacks, once that has been reported.
    package var reportedMissing: [MissingData?] { slots.sorted { $0.key < $1.key }.map(\.value.data.reported) }

    var hasPendingRule: Bool {
        slots.values.contains { if case .pending = $0.state.phase { true } else { false } }
    }

    /// Updates a rule's state with the result of its condition.
    mutating func observe(
        _ truth: Truth, of rule: Rule, _ index: Int, at now: Instant, maxGap: Duration
    ) -> RuleState.Change? {
        var slot = slots[index] ?? Slot(identity: rule.identity, state: RuleState())
        defer { slots[index] = slot }
        return slot.state.observe(RuleState.Outcome(truth), at: now, for: rule.forClause, maxGap: maxGap)
    }

    /// Notes what leaves the rule's condition unknown; returns what is to be reported.
    mutating func observe(
        _ missing: MissingNames, ofRule index: Int, reportAfter limit: Duration, at now: Instant
    ) -> RuleData.Change? {
        // A missing pool is reported as `pool.missing` instead.
        guard !isMissing else { return nil }
        return slots[index]?.data.observe(missing, reportAfter: limit, at: now)
    }

    /// Notes that the rule's dry run was reported; true once per firing.
    mutating func noteReported(ofRule index: Int) -> Bool {
        guard let slot = slots[index], !slot.state.wasReported else { return false }
        slots[index]?.state.wasReported = true
        return true
    }

    /// Adopts a new policy; rules with the same identity keep their state.
    mutating func adopt(_ policy: CheckedPolicy) {
        let previous = Dictionary(slots.values.map { ($0.identity, $0) }, uniquingKeysWith: { first, _ in first })
        slots = [:]
        for (index, rule) in policy.rules.enumerated() where rule.trigger == .pool && rule.applies(to: id) {
            if let slot = previous[rule.identity] { slots[index] = slot }
        }
    }

    // MARK: Storage

    var ruleMemories: [RuleMemory] {
        slots.sorted { $0.key < $1.key }.map {
            RuleMemory($0.value.identity, $0.value.state, armed: nil, data: $0.value.data)
        }
    }

    mutating func takeUp(_ rules: [RuleMemory], _ policy: CheckedPolicy, at now: Instant) {
        for (index, rule) in policy.rules.enumerated() where rule.trigger == .pool && rule.applies(to: id) {
            guard let stored = rules.first(where: { $0.identity == rule.identity }) else { continue }
            slots[index] = Slot(
                identity: rule.identity, state: stored.state.clamped(to: now),
                data: stored.data?.clamped(to: now) ?? .complete)
        }
    }
}

package import Model
import Policy

/// One pool: whether the platform has it, its volume and members, and where the rules on it stand.
package struct PoolMachine: Sendable {
    /// Whether the platform's answers contain the pool.
    private enum Presence: Sendable {
        /// No answer has shown it yet.
        case unknown
        case present(PoolVolume)
        /// The latest answer lacked it, for the first time: a list that shifts while it is read may hide a pool once.
        case doubtful(PoolVolume?)
        /// Reported as missing.
        case missing
    }

    /// A rule on pools, and where it stands here.
    private struct Slot: Sendable {
        var identity: RuleIdentity
        var state: RuleState
    }

    package let id: PoolID
    private var presence = Presence.unknown
    /// The members; nil for a pool that the policy gives no name, and while it is not known.
    package private(set) var roster: PoolRoster?
    /// By the rule's index in the policy.
    private var slots: [Int: Slot] = [:]

    init(id: PoolID) { self.id = id }

    // MARK: Presence

    /// What was last reported of it; nil while it is not known.
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

    /// The platform reports the pool.
    mutating func observe(
        _ pool: SenderPool, of workspace: WorkspaceName, _ roster: PoolRoster? = nil, at now: Instant
    ) -> [PoolEvent] {
        var volume = volume ?? PoolVolume(pool: pool, workspace: workspace)
        let events = volume.observe(pool, at: now)
        presence = .present(volume)
        self.roster = roster
        return events
    }

    /// A complete answer does not contain it; true where that is new.
    mutating func lose() -> Bool {
        let isNew = !isMissing
        (presence, roster) = (.missing, nil)
        return isNew
    }

    /// An answer does not contain it that may be wrong for once; true where it is missing by now.
    mutating func doubt() -> Bool {
        switch presence {
        case .unknown, .present:
            presence = .doubtful(volume)
            return false
        case .doubtful, .missing: return true
        }
    }

    /// It is not known any more, as its name means another pool now or its platform does not report it.
    mutating func forget() { (presence, roster) = (.unknown, nil) }

    /// As an earlier process knew it.
    mutating func recall(_ pool: SenderPool, of workspace: WorkspaceName) {
        presence = .present(PoolVolume(pool: pool, workspace: workspace))
    }

    // MARK: Rules

    /// Where a rule stands here, by its index in the policy; inactive where it has not been evaluated.
    package func state(ofRule index: Int) -> RuleState { slots[index]?.state ?? RuleState() }

    /// The rules that have been evaluated here, in the policy's order.
    package var states: [(index: Int, state: RuleState)] {
        slots.sorted { $0.key < $1.key }.map { ($0.key, $0.value.state) }
    }

    var hasPendingRule: Bool {
        slots.values.contains { if case .pending = $0.state.phase { true } else { false } }
    }

    /// Takes in what an answer says of a rule's condition.
    mutating func observe(
        _ truth: Truth, of rule: Rule, _ index: Int, at now: Instant, maxGap: Duration
    ) -> RuleState.Change? {
        var slot = slots[index] ?? Slot(identity: rule.identity, state: RuleState())
        defer { slots[index] = slot }
        return slot.state.observe(RuleState.Outcome(truth), at: now, for: rule.forClause, maxGap: maxGap)
    }

    /// True once for each firing: what would be done was reported.
    mutating func noteReported(ofRule index: Int) -> Bool {
        guard let slot = slots[index], !slot.state.wasReported else { return false }
        slots[index]?.state.wasReported = true
        return true
    }

    /// Takes a new policy over: rules that are the same go on.
    mutating func adopt(_ policy: CheckedPolicy) {
        let kept = Dictionary(slots.values.map { ($0.identity, $0.state) }, uniquingKeysWith: { first, _ in first })
        slots = [:]
        for (index, rule) in policy.rules.enumerated() where rule.trigger == .pool {
            if let state = kept[rule.identity] { slots[index] = Slot(identity: rule.identity, state: state) }
        }
    }

    // MARK: Storage

    var ruleMemories: [RuleMemory] {
        slots.sorted { $0.key < $1.key }.map { RuleMemory($0.value.identity, $0.value.state, armed: nil) }
    }

    mutating func takeUp(_ rules: [RuleMemory], _ policy: CheckedPolicy, at now: Instant) {
        for (index, rule) in policy.rules.enumerated() where rule.trigger == .pool && rule.applies(to: id) {
            guard let stored = rules.first(where: { $0.identity == rule.identity }) else { continue }
            slots[index] = Slot(identity: rule.identity, state: stored.state.clamped(to: now))
        }
    }
}

package import Model
package import Policy

/// The result of polling a pool named in the policy.
package enum PoolFinding: Hashable, Sendable {
    case found(PoolRoster)
    /// No pool of the platform matches the policy's.
    case missing
    /// This many pools match the policy's, so it is unknown which one is meant.
    case ambiguous(Int)
}

/// A pool and a summary of its members; built page by page, so its size does not depend on their number.
package struct PoolRoster: Hashable, Sendable {
    /// With the platform's own id.
    package private(set) var pool: SenderPool
    /// All members, of any channel and state.
    package private(set) var senders = 0
    /// Members of the binding's channel that can send.
    package private(set) var activeSenders = 0
    /// For each rule in the query that removes senders, the sender to remove first.
    package private(set) var candidates: [String: PoolSender] = [:]
    /// The watched members that are in the pool.
    package private(set) var present: Set<SenderID> = []

    package init(pool: SenderPool) { self.pool = pool }

    /// Adds one member; call once for each.
    package mutating func add(_ sender: PoolSender, _ query: RosterQuery) {
        senders += 1
        if sender.channel == query.binding.channel, sender.status == .activated { activeSenders += 1 }
        if query.watched.contains(sender.id) { present.insert(sender.id) }
        guard !query.excluded.contains(sender.id) else { return }
        for (rule, selector) in query.selectors where selector.matches(sender) {
            if let first = candidates[rule], !PoolRoster.goesFirst(sender, first) { continue }
            candidates[rule] = sender
        }
    }

    /// Orders senders that cannot send first, then the youngest, which has the least reputation.
    private static func goesFirst(_ left: PoolSender, _ right: PoolSender) -> Bool {
        let (isLeftActive, isRightActive) = (left.status == .activated, right.status == .activated)
        if isLeftActive != isRightActive { return isRightActive }
        let unborn = Instant(milliseconds: .min)
        let (leftBirth, rightBirth) = (left.createdAt ?? unborn, right.createdAt ?? unborn)
        return leftBirth != rightBirth ? leftBirth > rightBirth : left.id < right.id
    }
}

/// The query for a pool named in the policy.
package struct RosterQuery: Hashable, Sendable {
    package var binding: PoolBinding
    /// The platform's id of the pool when last found, in case a list that shifts while it is read hides it.
    package var knownID: PoolID?
    /// The senders that each rule removes, by the rule's name.
    package var selectors: [String: SenderSelector]
    /// Members that no rule may remove at present.
    package var excluded: Set<SenderID>
    /// Members whose presence is to be checked.
    package var watched: Set<SenderID>

    package init(
        binding: PoolBinding, knownID: PoolID? = nil, selectors: [String: SenderSelector] = [:],
        excluded: Set<SenderID> = [], watched: Set<SenderID> = []
    ) {
        (self.binding, self.knownID, self.selectors) = (binding, knownID, selectors)
        (self.excluded, self.watched) = (excluded, watched)
    }
}

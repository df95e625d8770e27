package import Model
package import Policy

/// What a poll of a pool that the policy names found.
package enum PoolFinding: Hashable, Sendable {
    case found(PoolRoster)
    /// No pool of the platform is as the policy says.
    case missing
    /// So many pools are as the policy says, and it is open which is meant.
    case ambiguous(Int)
}

/// A pool with what there is to know of its members; made page by page, so that it is small however many they are.
package struct PoolRoster: Hashable, Sendable {
    /// By the platform's own id.
    package private(set) var pool: SenderPool
    /// Members of whatever channel and state.
    package private(set) var senders = 0
    /// Members of the asked channel that can send.
    package private(set) var activeSenders = 0
    /// For each asked rule that would remove a sender, the one that it would remove first.
    package private(set) var candidates: [String: PoolSender] = [:]
    /// The members that were asked about and are there.
    package private(set) var present: Set<SenderID> = []

    package init(pool: SenderPool) { self.pool = pool }

    /// Takes in one member, each once.
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

    /// Those that cannot send go first, then the youngest, which has the least of a reputation.
    private static func goesFirst(_ left: PoolSender, _ right: PoolSender) -> Bool {
        let (isLeftActive, isRightActive) = (left.status == .activated, right.status == .activated)
        if isLeftActive != isRightActive { return isRightActive }
        let unborn = Instant(milliseconds: .min)
        let (leftBirth, rightBirth) = (left.createdAt ?? unborn, right.createdAt ?? unborn)
        return leftBirth != rightBirth ? leftBirth > rightBirth : left.id < right.id
    }
}

/// What is to be found out about a pool that the policy gives a name.
package struct RosterQuery: Hashable, Sendable {
    package var binding: PoolBinding
    /// The platform's id of the pool as it was found last, in case a list that shifts while it is read hides it.
    package var knownID: PoolID?
    /// By the name of the rule that would remove such senders.
    package var selectors: [String: SenderSelector]
    /// Members that no rule may remove for now.
    package var excluded: Set<SenderID>
    /// Members whose presence is asked for.
    package var watched: Set<SenderID>

    package init(
        binding: PoolBinding, knownID: PoolID? = nil, selectors: [String: SenderSelector] = [:],
        excluded: Set<SenderID> = [], watched: Set<SenderID> = []
    ) {
        (self.binding, self.knownID, self.selectors) = (binding, knownID, selectors)
        (self.excluded, self.watched) = (excluded, watched)
    }
}

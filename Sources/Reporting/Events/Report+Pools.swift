import Guard
import Model
import Policy

/// Builds the entries about pools: their volume, inconsistent figures, and missing pools.
extension Report {
    static func entry(_ event: PoolEvent) -> JournalEvent {
        switch event {
        case .exhausted(let pool):
            let reset = pool.resetAt.map { "; the window resets at \($0.rfc3339)" } ?? ""
            return JournalEvent(
                .poolExhausted, "pool \(pool.id) has no volume left in this window\(reset)", fields(pool))
        case .renewed(let pool):
            return JournalEvent(
                .poolRenewed, "pool \(pool.id) has volume again: \(pool.remainingVolume ?? 0) emails", fields(pool))
        case .inconsistent(let pool):
            let contradiction = pool.contradiction ?? "its figures disagree"
            var fields = fields(pool)
            fields[.reason] = contradiction
            return JournalEvent(
                .poolInconsistent,
                "the figures of pool \(pool.id) contradict each other: \(contradiction); its volume is unknown, so "
                    + "launches that need it do not start", fields)
        case .consistent(let pool):
            return JournalEvent(.poolConsistent, "the figures of pool \(pool.id) agree again", fields(pool))
        case .missing(let id, let known): return missing(id, known)
        case .unbound(let binding):
            return JournalEvent(
                .poolMissing,
                "no pool of workspace \(binding.workspace) matches pool \(binding.name) of the policy, "
                    + binding.target.text, Fields(binding.name))
        case .ambiguous(let binding, let count):
            return JournalEvent(
                .poolAmbiguous,
                "\(count) pools of workspace \(binding.workspace) match pool \(binding.name) of the policy, "
                    + "\(binding.target.text); its volume and senders are unknown until exactly one matches",
                Fields(binding.name))
        case .ruleLacksData(let id, let report, let lasting):
            return ruleLacksData("pool \(id)", report, lasting, Fields(id))
        case .ruleHasData(let id, let report, let duration):
            return ruleHasData("pool \(id)", report, duration, Fields(id))
        }
    }

    /// The most pools of the platform that a message lists, to help find a misspelled id.
    private static let namedMax = 5

    private static func missing(_ id: PoolID, _ known: [PoolID]) -> JournalEvent {
        let others = known.prefix(namedMax).map(\.text).joined(separator: ", ")
        return JournalEvent(
            .poolMissing,
            "the platform does not report pool \(id), which the policy names; it reports "
                + (known.isEmpty ? "no pools" : others), Fields(id))
    }

    private static func fields(_ pool: SenderPool) -> Fields {
        var fields = Fields(pool.id)
        fields[.available] = pool.remainingVolume.map(String.init)
        fields[.capacity] = pool.dailyCapacity.map(String.init)
        return fields
    }
}

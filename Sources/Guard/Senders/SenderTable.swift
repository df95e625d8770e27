package import Model
import Policy

/// The members of the pools named in the policy, and their due operations.
package struct SenderTable: Sendable {
    private var machines: [PoolID: SenderMachine] = [:]
    private var changed: Set<PoolID> = []

    /// The members of a pool; the initial state if nothing was done to them.
    package subscript(pool: PoolID) -> SenderMachine { machines[pool] ?? SenderMachine() }

    package func state(of pool: PoolID) -> SenderState? { machines[pool]?.state }

    mutating func update<Result>(_ pool: PoolID, _ body: (inout SenderMachine) -> Result) -> Result {
        changed.insert(pool)
        return body(&machines[pool, default: SenderMachine()])
    }

    /// When the next operation is polled; nil if none is under way.
    var operationsDue: Instant? { machines.values.compactMap(\.operationDue).min() }

    /// Pools with a due operation, sorted.
    func withDueOperation(at now: Instant) -> [PoolID] {
        machines.filter { $0.value.operationDue.map { $0 <= now } ?? false }.map(\.key).sorted()
    }

    /// The pools whose members changed since the last call.
    mutating func takeChanged() -> Set<PoolID> {
        defer { changed = [] }
        return changed
    }

    /// Hands everything out again.
    mutating func storeAll() { changed.formUnion(machines.keys) }
}

import Model
import Policy
import Providers
import Synchronization

/// The gate of each workspace, the same one over all reloads: a new policy forgets neither a `Retry-After` nor what was
/// spent of the budget.
final class GateRegistry: Sendable {
    /// A changed key goes through the same gate; another platform or URL has one of its own.
    private struct Identity: Hashable {
        var workspace: WorkspaceName
        var url: String
    }

    /// More than the most workspaces of two policies, the one in use and the next; beyond it, others are forgotten.
    private static let countMax = 128

    private let gates = Mutex<[Identity: RequestGate]>([:])

    func gate(of workspace: Workspace, _ policy: CheckedPolicy, _ time: any TimeSource) -> RequestGate {
        let identity = Identity(workspace: workspace.name, url: workspace.url)
        let perSecond = policy.poll.budget.perSecond
        let limits = ConnectionSlots.Limits(workspaces: policy.workspaces.count, timeout: policy.poll.timeout)
        return gates.withLock { gates in
            if let gate = gates[identity] { return gate.continued(perSecond: perSecond, limits: limits) }
            if gates.count >= GateRegistry.countMax {
                let current = Set(policy.workspaces.map { Identity(workspace: $0.name, url: $0.url) })
                gates = gates.filter { current.contains($0.key) }
            }
            let gate = RequestGate(perSecond: perSecond, limits: limits, time: time)
            gates[identity] = gate
            return gate
        }
    }
}

import Model
import Policy
import Providers
import Synchronization

/// The gates of all workspaces, preserved across reloads, so that a `Retry-After` and the spent budget stay in effect.
final class GateRegistry: Sendable {
    /// A workspace with a new key keeps its gate; a new URL gets a new gate.
    private struct Identity: Hashable {
        var workspace: WorkspaceName
        var url: String
    }

    /// Above the workspace limit of two policies, the current and the next; beyond it, unused gates are dropped.
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

import Model
import Policy

/// The health of each workspace's API.
struct APIHealthTable: Sendable {
    private var byWorkspace: [WorkspaceName: APIHealth]

    init(_ policy: CheckedPolicy) {
        let isOnly = policy.workspaces.count == 1
        byWorkspace = Dictionary(
            policy.workspaces.map { workspace in
                let label = WorkspaceLabel(name: workspace.name, provider: workspace.provider, isOnly: isOnly)
                return (workspace.name, APIHealth(label))
            }, uniquingKeysWith: { first, _ in first })
    }

    init(_ book: RuleBook, adopting previous: APIHealthTable, at now: Instant) {
        self.init(book.policy)
        // A workspace that is no longer polled would never be found healthy again.
        for (workspace, health) in previous.byWorkspace where book.polls(workspace) {
            byWorkspace[workspace]?.adopt(health, targets: book.targets, at: now)
        }
    }

    func knows(_ workspace: WorkspaceName) -> Bool { byWorkspace[workspace] != nil }

    /// The most severe failure of a workspace's API; nil while the API is healthy.
    func failure(of workspace: WorkspaceName) -> APIFailure.Kind? { byWorkspace[workspace]?.failure }

    /// Updates the workspace's health with a poll's outcome.
    mutating func note(_ outcome: PollOutcome, in workspace: WorkspaceName, at now: Instant) -> [Effect] {
        // Updated in place: a copy would cost more with every failing target.
        guard let index = byWorkspace.index(forKey: workspace) else { return [] }
        switch outcome.result {
        case .success: return byWorkspace.values[index].noteSuccess(outcome.target, at: now)
        case .failure(let fault): return byWorkspace.values[index].note(fault, outcome.target, at: now)
        }
    }
}

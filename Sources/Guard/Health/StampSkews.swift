import Model

/// How far each workspace's platform stamps its actions off the clock of its answers.
struct StampSkews: Sendable {
    private(set) var byWorkspace: [WorkspaceName: StampSkew]

    init(_ byWorkspace: [WorkspaceName: StampSkew] = [:]) { self.byWorkspace = byWorkspace }

    subscript(workspace: WorkspaceName) -> StampSkew { byWorkspace[workspace] ?? StampSkew() }

    /// Takes in by how much a stamp of an action of ours differs from its request.
    mutating func note(_ offset: Duration, in workspace: WorkspaceName) {
        byWorkspace[workspace, default: StampSkew()].note(offset)
    }
}

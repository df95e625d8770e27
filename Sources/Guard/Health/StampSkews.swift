import Model

/// Each workspace's timestamp skew.
struct StampSkews: Sendable {
    private(set) var byWorkspace: [WorkspaceName: StampSkew]

    init(_ byWorkspace: [WorkspaceName: StampSkew] = [:]) { self.byWorkspace = byWorkspace }

    subscript(workspace: WorkspaceName) -> StampSkew { byWorkspace[workspace] ?? StampSkew() }

    /// Notes the offset of our own action's timestamp from its request.
    mutating func note(_ offset: Duration, in workspace: WorkspaceName) {
        byWorkspace[workspace, default: StampSkew()].note(offset)
    }
}

import Model

/// The last records handed out for pools and the workspace, and the outcomes still to be recorded.
struct StorageMarks: Sendable {
    private var workspace: WorkspaceMemory?
    private var pools: [PoolID: PoolMemory] = [:]
    /// Actions of an earlier process without a response, until they are recorded as such.
    private var unfinished: [Intent] = []

    /// The workspace's record; empty if nothing changed.
    mutating func take(_ memory: WorkspaceMemory) -> [LedgerRecord] {
        if workspace == memory { return [] }
        workspace = memory
        return [.workspace(memory)]
    }

    /// The pool's record; empty if nothing changed.
    mutating func take(_ memory: PoolMemory) -> [LedgerRecord] {
        if pools[memory.id] == memory { return [] }
        pools[memory.id] = memory
        return [.poolState(memory)]
    }

    mutating func takeUnfinished() -> [LedgerRecord] {
        if unfinished.isEmpty { return [] }
        defer { unfinished = [] }
        return unfinished.map { .intent($0, outcome: .unknown) }
    }

    /// Forgets what was handed out, because it may not have been stored.
    mutating func forget() { (workspace, pools) = (nil, [:]) }

    /// Hands the workspace's record out again, because it is to be stored under further workspaces.
    mutating func forgetWorkspace() { workspace = nil }

    mutating func takeUp(_ memory: Memory) {
        for pool in memory.pools { pools[pool.id] = pool }
        unfinished = memory.unfinished
    }

    /// Adds what the ledger has of further workspaces.
    mutating func join(_ memory: Memory) {
        for pool in memory.pools where pools[pool.id] == nil { pools[pool.id] = pool }
        unfinished += memory.unfinished
    }
}

import Model

/// What was last handed out to be stored of pools and of the workspace, and what is still to be recorded.
struct StorageMarks: Sendable {
    private var workspace: WorkspaceMemory?
    private var pools: [PoolID: PoolMemory] = [:]
    /// Actions that an earlier process did not live to see answered, until they have been recorded as such.
    private var unfinished: [Intent] = []

    /// What is to be stored of the workspace; nil where it has not changed.
    mutating func take(_ memory: WorkspaceMemory) -> [LedgerRecord] {
        if workspace == memory { return [] }
        workspace = memory
        return [.workspace(memory)]
    }

    /// What is to be stored of a pool; nothing where it has not changed.
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

    /// What was handed out may not have been stored.
    mutating func forget() { (workspace, pools) = (nil, [:]) }

    mutating func takeUp(_ memory: Memory) {
        for pool in memory.pools { pools[pool.id] = pool }
        unfinished = memory.unfinished
    }
}

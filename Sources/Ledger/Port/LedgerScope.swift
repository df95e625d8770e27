package import Model
package import Policy

/// The workspaces of one guard, and the workspace of each campaign and pool.
package struct LedgerScope: Sendable {
    /// At least one; records that concern no single workspace are stored under the first.
    package var workspaces: [WorkspaceName]
    package var campaigns: [CampaignID: WorkspaceName] = [:]
    package var pools: [PoolID: WorkspaceName] = [:]

    /// A single workspace that owns everything.
    package init(_ workspace: WorkspaceName) { workspaces = [workspace] }

    package init(_ policy: CheckedPolicy) {
        workspaces = policy.workspaces.map(\.name)
        for campaign in policy.campaigns {
            campaigns[campaign.id] = campaign.workspace
            if let pool = campaign.pool { pools[pool] = campaign.workspace }
        }
        for pool in policy.pools { pools[pool.name] = pool.workspace }
    }

    /// Only some of the policy's workspaces; at least one.
    package init(_ policy: CheckedPolicy, only names: Set<WorkspaceName>) {
        self.init(policy)
        workspaces.removeAll { !names.contains($0) }
        campaigns = campaigns.filter { names.contains($0.value) }
        pools = pools.filter { names.contains($0.value) }
    }

    package var first: WorkspaceName { workspaces[0] }
}

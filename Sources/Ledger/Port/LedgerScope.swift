package import Model
package import Policy

/// The workspaces that one guard holds, and which of them each campaign and pool belongs to.
package struct LedgerScope: Sendable {
    /// At least one; what is about none in particular is stored under the first.
    package var workspaces: [WorkspaceName]
    package var campaigns: [CampaignID: WorkspaceName] = [:]
    package var pools: [PoolID: WorkspaceName] = [:]

    /// One workspace, to which everything belongs.
    package init(_ workspace: WorkspaceName) { workspaces = [workspace] }

    package init(_ policy: CheckedPolicy) {
        workspaces = policy.workspaces.map(\.name)
        for campaign in policy.campaigns {
            campaigns[campaign.id] = campaign.workspace
            if let pool = campaign.pool { pools[pool] = campaign.workspace }
        }
        for pool in policy.pools { pools[pool.name] = pool.workspace }
    }

    package var first: WorkspaceName { workspaces[0] }
}

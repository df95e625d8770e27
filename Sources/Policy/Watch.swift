package import Model

/// A person's order to watch a campaign, whether or not the policy lists it.
package struct Watch: Codable, Hashable, Sendable {
    package var campaign: CampaignID
    /// Nil for the policy's default or only workspace.
    package var workspace: WorkspaceName?
    package var name: String?
    /// Nil for the policy's default, or the workspace's only pool.
    package var pool: PoolID?
    /// In addition to the policy's defaults.
    package var labels: [String: String]
    /// The person, as identified by the kernel.
    package var by: String

    package init(
        _ campaign: CampaignID, workspace: WorkspaceName? = nil, name: String? = nil, pool: PoolID? = nil,
        labels: [String: String] = [:], by: String
    ) {
        (self.campaign, self.workspace, self.name, self.pool) = (campaign, workspace, name, pool)
        (self.labels, self.by) = (labels, by)
    }
}

/// Why a policy cannot take up a campaign that a person ordered to watch.
package enum WatchObstacle: Error, Hashable, Sendable {
    /// The policy has no workspace of that name whose platform sends campaigns.
    case unknownWorkspace(WorkspaceName, known: [WorkspaceName])
    /// Several workspaces are possible.
    case severalWorkspaces([WorkspaceName])
    /// Several pools are possible.
    case severalPools([PoolID])
    /// The platform reports no volumes of pools that the policy does not define.
    case unreportedPool(PoolID)
    case tooManyCampaigns(Int)
}

extension CheckedPolicy {
    /// The policy without the campaigns that people ordered to watch.
    private var withoutWatches: CheckedPolicy {
        var policy = self
        policy.campaigns.removeAll { $0.isOrdered }
        return policy
    }

    /// The policy with the campaigns that people ordered to watch and that it does not list itself.
    ///
    /// - Returns: also the watches that it cannot take up, with the reasons.
    package func watching(_ watches: [Watch]) -> (policy: CheckedPolicy, refused: [(Watch, WatchObstacle)]) {
        var policy = withoutWatches
        let listed = Set(policy.campaigns.map(\.id))
        var refused: [(Watch, WatchObstacle)] = []
        for watch in watches where !listed.contains(watch.campaign) {
            do throws(WatchObstacle) {
                policy.campaigns.append(try policy.entry(for: watch))
            } catch {
                refused.append((watch, error))
            }
        }
        return (policy, refused)
    }

    /// The entry of a campaign that a person orders to watch.
    package func entry(for watch: Watch) throws(WatchObstacle) -> CampaignEntry {
        guard campaigns.count < CheckedPolicy.campaignsMax else { throw .tooManyCampaigns(CheckedPolicy.campaignsMax) }
        let able = workspaces.filter { $0.provider.can(.campaigns) }
        let home: Workspace
        if let name = watch.workspace ?? defaults.workspace {
            guard let named = able.first(where: { $0.name == name }) else {
                throw .unknownWorkspace(name, known: able.map(\.name))
            }
            home = named
        } else {
            guard able.count == 1 else { throw .severalWorkspaces(able.map(\.name)) }
            home = able[0]
        }
        let pool = defaults.pool(watch.pool, in: home.name)
        let bound = Set(pools.map(\.name))
        if let pool, !home.provider.can(.volumes), !bound.contains(pool) { throw .unreportedPool(pool) }
        if pool == nil {
            let named = campaigns.filter { $0.workspace == home.name }.platformPools(besides: bound)
            guard named.count <= 1 else { throw .severalPools(named.sorted()) }
        }
        return CampaignEntry(
            id: watch.campaign, workspace: home.name, name: watch.name, pool: pool,
            labels: defaults.labels(with: watch.labels), origin: .order(by: watch.by))
    }
}

extension CampaignEntry {
    /// True if only a person's order put it on the watch list.
    package var isOrdered: Bool {
        switch origin {
        case .order: true
        case .policy, .file: false
        }
    }
}

package import Model

/// A campaign that the guard watches.
package struct CampaignEntry: Hashable, Sendable {
    /// Who put the campaign on the watch list.
    package enum Origin: Hashable, Sendable {
        /// The policy lists it under `campaigns`.
        case policy
        /// A file that the policy names under `campaigns_file` lists it.
        case file(String)
        /// A person ordered it.
        case order(by: String)
    }

    package var id: CampaignID
    package var workspace: WorkspaceName
    package var name: String?
    /// A pool's id, or the name of one of the policy's pools; nil means the workspace's only pool.
    package var pool: PoolID?
    package var labels: [String: String]
    package var origin: Origin

    package init(
        id: CampaignID, workspace: WorkspaceName, name: String? = nil, pool: PoolID? = nil,
        labels: [String: String] = [:], origin: Origin = .policy
    ) {
        (self.id, self.workspace, self.name, self.pool, self.labels) = (id, workspace, name, pool, labels)
        self.origin = origin
    }
}

/// Values for campaigns whose own entries do not set them.
package struct CampaignDefaults: Hashable, Sendable {
    /// Nil if the policy has several workspaces and names none here.
    package var workspace: WorkspaceName?
    package var pool: PoolID?
    package var labels: [String: String]

    package init(workspace: WorkspaceName? = nil, pool: PoolID? = nil, labels: [String: String] = [:]) {
        (self.workspace, self.pool, self.labels) = (workspace, pool, labels)
    }

    /// The pool of a campaign that names this one, or none; campaigns of other workspaces do not use the default.
    func pool(_ own: PoolID?, in home: WorkspaceName) -> PoolID? {
        own ?? (home == (workspace ?? home) ? pool : nil)
    }

    /// The labels of a campaign with these labels of its own.
    func labels(with own: [String: String]) -> [String: String] { labels.merging(own) { _, own in own } }
}

extension [String: String] {
    /// True if these labels include all of the wanted ones.
    package func hasAll(_ wanted: [String: String]) -> Bool { wanted.allSatisfy { self[$0.key] == $0.value } }
}

extension Sequence<CampaignEntry> {
    /// The pools that these campaigns name by the platform's ids.
    ///
    /// - Parameter bound: the names of the policy's own pools.
    func platformPools(besides bound: Set<PoolID>) -> Set<PoolID> { Set(compactMap(\.pool)).subtracting(bound) }
}

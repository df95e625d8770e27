import Model
import Policy
import Providers

/// The output of `sendwarden pools`.
struct PoolListing: Encodable {
    struct Pool: Encodable {
        var workspace: WorkspaceName
        var provider: String
        var id: PoolID
        /// Its name under the policy's `pools`; nil if it has none.
        var policyName: PoolID?
        var name: String?
        var tags: [String: String]?
        var dailyCapacity: Int?
        var remainingVolume: Int?
        var senders: Int?
        var createdAt: Instant?
        var updatedAt: Instant?
    }

    struct Sender: Encodable {
        var workspace: WorkspaceName
        var pool: PoolID
        var id: SenderID
        var displayName: String?
        var address: String?
        var channel: PoolSender.Channel?
        var status: PoolSender.Status?
        var tags: [String: String]
        var createdAt: Instant?
        var updatedAt: Instant?
    }

    var pools: [Pool] = []
    var senders: [Sender] = []
    /// Workspaces whose platform does not support the requested filters.
    var leftOut: [WorkspaceName] = []
    var foundPool = false

    private enum CodingKeys: String, CodingKey { case pools, senders, leftOut }
}

/// Collects pools and their members, page by page.
struct PoolLister {
    var policy: CheckedPolicy
    var tags: [String: String]
    var created: CreationDates
    var operation: OperationID?
    var senders: SenderFilter

    /// True if only a platform that supports these filters can answer.
    private var needsFilters: Bool { created != CreationDates() || operation != nil || !tags.isEmpty }

    func addPools(of workspace: Workspace, _ platform: Platform, to listed: inout PoolListing) async throws(Fault) {
        if let volumes = platform.volumes {
            if needsFilters {
                listed.leftOut.append(workspace.name)
            } else {
                listed.pools += try await volumes.pools().map { pool($0, workspace) }
            }
        }
        guard let rosters = platform.rosters else { return }
        var seen: Set<PoolID> = []
        var pages = rosters.pools(PoolFilter(created: created, operation: operation))
        while let page = try await pages.next() {
            // A list that changes between pages can contain a pool twice.
            for found in page where seen.insert(found.id).inserted {
                guard tags.allSatisfy({ found.tags?[$0.key] == $0.value }) else { continue }
                listed.pools.append(pool(found, workspace))
            }
        }
    }

    func addSenders(
        of name: String, in workspace: Workspace, _ platform: Platform, to listed: inout PoolListing
    ) async throws(Fault) {
        guard let rosters = platform.rosters, let pool = try await find(name, workspace, rosters) else { return }
        listed.foundPool = true
        var seen: Set<SenderID> = []
        var pages = rosters.senders(of: pool, senders)
        while let page = try await pages.next() {
            for sender in page where seen.insert(sender.id).inserted {
                listed.senders.append(
                    PoolListing.Sender(
                        workspace: workspace.name, pool: pool, id: sender.id, displayName: sender.displayName,
                        address: sender.address, channel: sender.channel, status: sender.status, tags: sender.tags,
                        createdAt: sender.createdAt, updatedAt: sender.updatedAt))
            }
        }
    }

    /// The platform's id of the pool with this id or this name in the policy; nil if there is none.
    private func find(
        _ name: String, _ workspace: Workspace, _ rosters: any RosterPlatform
    ) async throws(Fault) -> PoolID? {
        guard let id = PoolID(name) else { return nil }
        if let binding = policy.binding(id) {
            guard binding.workspace == workspace.name else { return nil }
            if let id = binding.target.id { return id }
            var pages = rosters.pools(PoolFilter())
            while let page = try await pages.next() {
                if let found = page.first(where: { binding.target.matches($0) }) { return found.id }
            }
            return nil
        }
        do throws(Fault) {
            return try await rosters.pool(id).id
        } catch {
            // Another workspace may have it; the platform refuses a text that is not one of its ids.
            guard error.kind == .missing || error.kind == .refused else { throw error }
            return nil
        }
    }

    private func pool(_ pool: SenderPool, _ workspace: Workspace) -> PoolListing.Pool {
        let binding = policy.pools.first { $0.workspace == workspace.name && $0.target.matches(pool) }
        return PoolListing.Pool(
            workspace: workspace.name, provider: workspace.provider.rawValue, id: pool.id,
            policyName: workspace.provider.can(.rosters) ? binding?.name : nil, name: pool.name, tags: pool.tags,
            dailyCapacity: pool.dailyCapacity, remainingVolume: pool.remainingVolume, senders: pool.senderCount,
            createdAt: pool.createdAt, updatedAt: pool.updatedAt)
    }
}

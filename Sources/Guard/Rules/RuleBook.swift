import Model
import Policy

/// The policy and everything derived from it once; immutable and shared by all machines.
final class RuleBook: Sendable {
    let policy: CheckedPolicy
    /// The targets polled besides the campaigns' stats.
    let sharedTargets: [Target]
    /// Each campaign's rules, by its index in the policy.
    let campaigns: [CampaignRules]
    private let sharedTargetSet: Set<Target>
    private let rules: [String: Rule]
    private let names: Set<CampaignID>

    init(_ policy: CheckedPolicy) {
        self.policy = policy
        sharedTargets = RuleBook.sharedTargets(policy)
        sharedTargetSet = Set(sharedTargets)
        rules = Dictionary(policy.rules.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        names = Set(policy.campaigns.map(\.id))
        var factory = CampaignRules.Factory(policy)
        campaigns = policy.campaigns.map { factory.rules(for: $0) }
    }

    /// The rule of that name as it is on the campaign; nil if the policy has none.
    func rule(_ name: String?, on campaign: CampaignEntry) -> Rule? {
        name.flatMap { rules[$0] }?.resolved(on: campaign)
    }

    /// True if the target is polled at all.
    func polls(_ target: Target) -> Bool {
        if case .stats = target { return true }
        return sharedTargetSet.contains(target)
    }

    /// True if any target of the workspace is polled.
    func polls(_ workspace: WorkspaceName) -> Bool {
        policy.campaigns.contains { $0.workspace == workspace }
            || policy.pools.contains { $0.workspace == workspace }
            || [.pools(workspace), .accounts(workspace)].contains(where: sharedTargetSet.contains)
    }

    /// True if the policy names the campaign.
    func names(_ campaign: CampaignID) -> Bool { names.contains(campaign) }

    var targets: Set<Target> { sharedTargetSet.union(policy.campaigns.map { .stats($0.id) }) }

    /// The targets polled besides campaigns: those that a platform supplies and a rule, launch or campaign needs.
    private static func sharedTargets(_ policy: CheckedPolicy) -> [Target] {
        var sources: Set<Source> = []
        for rule in policy.rules.flatMap(\.variants) where rule.mode != .off { sources.formUnion(rule.sources) }
        let bound = Set(policy.pools.map(\.name))
        let namesPool = policy.campaigns.contains { $0.pool != nil }
        if namesPool || !policy.launches.isEmpty { sources.insert(.pools) }
        var targets: [Target] = []
        for workspace in policy.workspaces {
            let campaigns = policy.campaigns.filter { $0.workspace == workspace.name }
            // Rules on pools may read the workspace's pools even if it has no campaigns.
            let drawsOnOwn = campaigns.isEmpty || campaigns.contains { !($0.pool.map(bound.contains) ?? false) }
            if sources.contains(.pools), workspace.provider.can(.volumes), drawsOnOwn {
                targets.append(.pools(workspace.name))
            }
            if sources.contains(.accounts), workspace.provider.can(.accounts) {
                targets.append(.accounts(workspace.name))
            }
        }
        return targets + policy.pools.map { .pool($0.name) }
    }
}

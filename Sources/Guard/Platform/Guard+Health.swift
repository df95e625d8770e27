package import Model
package import Policy

/// How well each workspace's API is.
extension Guard {
    static func health(_ policy: CheckedPolicy) -> [WorkspaceName: APIHealth] {
        let isOne = policy.workspaces.count == 1
        return Dictionary(
            uniqueKeysWithValues: policy.workspaces.map { workspace in
                let name = "\(workspace.provider.traits.title), workspace \(workspace.name),"
                return (workspace.name, APIHealth(workspace: workspace.name, platform: isOne ? "the platform" : name))
            })
    }

    /// What is wrong with the first workspace that is in trouble; nil while all is well.
    var apiTrouble: String? {
        for workspace in policy.workspaces {
            guard let trouble = health[workspace.name]?.summary else { continue }
            return policy.workspaces.count == 1 ? trouble : "\(workspace.name): \(trouble)"
        }
        return nil
    }

    /// The workspace whose platform is asked for it.
    package func workspace(of target: Target) -> WorkspaceName {
        switch target {
        // Without a copy of the campaign: this is asked at every look.
        case .stats(let id): places[id].map { campaigns[$0].entry.workspace } ?? policy.workspace.name
        case .pools(let workspace), .accounts(let workspace): workspace
        case .pool(let name), .operation(let name): home(of: name)
        }
    }

    /// The workspace that an event is about; the first where it is about none, or all.
    package func workspace(of event: JournalEvent) -> Workspace {
        let named = event.fields[.workspace].map { WorkspaceName($0) }
        let campaigns = event.fields[.campaign].flatMap { CampaignID($0) }.flatMap { campaign($0)?.entry.workspace }
        let pools = event.fields[.pool].flatMap { PoolID($0) }.map { home(of: $0) }
        return (named ?? campaigns ?? pools).flatMap { policy.workspace($0) } ?? policy.workspace
    }

    // MARK: Stamps

    /// A stamp that none of our request's attempts explains: someone else acted before.
    func isOlder(_ stamp: Instant, than intent: Intent, _ answer: ActionAnswer) -> Bool {
        intent.offset(of: stamp, answer) < (skew[workspace(of: .stats(intent.campaign))] ?? StampSkew()).earliest
    }

    mutating func noteSkew(of stamp: Instant, _ intent: Intent, _ answer: ActionAnswer) {
        skew[workspace(of: .stats(intent.campaign)), default: StampSkew()].note(intent.offset(of: stamp, answer))
    }

    mutating func noteHealth(_ target: Target, _ note: (inout APIHealth) -> [JournalEvent]) -> [Effect] {
        // In its place, as a copy would cost more for every target that is in trouble.
        guard let index = health.index(forKey: workspace(of: target)) else { return [] }
        return note(&health.values[index]).map { .report($0) }
    }

    mutating func adoptHealth(targets: Set<Target>, at now: Instant) {
        var kept = Guard.health(policy)
        for (workspace, before) in health where kept[workspace] != nil {
            kept[workspace]?.adopt(before)
            kept[workspace]?.forget(except: targets, at: now)
        }
        health = kept
    }
}

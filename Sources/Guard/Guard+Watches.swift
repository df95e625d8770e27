package import Model
package import Policy

/// Maintains the watch list: the campaigns of the policy and those that people ordered to watch.
extension Guard {
    /// Adopts a policy that was read, with the campaigns that people ordered to watch.
    mutating func adopt(_ read: CheckedPolicy, at now: Instant) -> [Effect] {
        let before = Set(policy.campaigns.map(\.id))
        let (newer, refused) = read.watching(campaigns.watches)
        let after = Set(newer.campaigns.map(\.id))
        let change = WatchListChange(
            added: newer.campaigns.map(\.id).filter { !before.contains($0) },
            removed: policy.campaigns.filter { !after.contains($0.id) }, count: newer.campaigns.count)
        let effects = change.isEmpty ? [] : [Effect.report(.watchList(change))]
        return effects + reportRefused(refused) + reload(newer, at: now)
    }

    /// The policy that ``Event/reloaded(_:)`` would put to use, with the campaigns that people ordered to watch.
    package func inUse(_ read: CheckedPolicy) -> CheckedPolicy { read.watching(campaigns.watches).policy }

    func reportRecalled() -> [Effect] {
        guard let recalledList else { return [] }
        let files = Set(recalledList.campaigns.compactMap { $0.listing?.file })
        let count = recalledList.campaigns.count { $0.listing != nil }
        return [.report(.listRecalled(files: recalledList.campaignFiles.filter(files.contains), campaigns: count))]
    }

    func reportRefused(_ refused: [(Watch, WatchObstacle)]) -> [Effect] {
        refused.map { watch, obstacle in .report(.watchRefused(watch, obstacle)) }
    }

    /// Carries out orders about the watch list; several of them change the policy once.
    mutating func changeWatches(_ orders: [Order], at now: Instant) -> (outcomes: [OrderOutcome], effects: [Effect]) {
        var newer = policy
        var added: [Watch] = []
        var removed: Set<CampaignID> = []
        let outcomes = orders.map { order -> OrderOutcome in
            guard order.act == .unwatch else {
                let watch = order.watch ?? Watch(order.campaign, by: order.by)
                return self.watch(watch, &newer, &added)
            }
            return unwatch(order.campaign, &removed)
        }
        newer.campaigns.removeAll { removed.contains($0.id) }
        guard !added.isEmpty || !removed.isEmpty else { return (outcomes, []) }
        let effects = reload(newer, at: now)
        for watch in added {
            if let index = campaigns.index(of: watch.campaign) { campaigns.update(index) { $0.watch = watch } }
        }
        return (outcomes, effects)
    }

    /// Adds a campaign that a person orders to watch to the policy.
    private mutating func watch(_ watch: Watch, _ newer: inout CheckedPolicy, _ added: inout [Watch]) -> OrderOutcome {
        let id = watch.campaign
        let known = campaigns.index(of: id)
        if let known, !campaigns[known].entry.isOrdered {
            campaigns.update(known) { $0.watch = watch }
            return .accepted(.watchedByPolicy(campaigns[known].entry))
        }
        let earlier = known.map { campaigns[$0].entry }
        if earlier != nil { newer.campaigns.removeAll { $0.id == id } }
        let entry: CampaignEntry
        do throws(WatchObstacle) {
            entry = try newer.entry(for: watch)
        } catch {
            if let earlier { newer.campaigns.append(earlier) }
            return .refused(.cannotWatch(error))
        }
        newer.campaigns.append(entry)
        added.append(watch)
        return .accepted(.watching(entry, isNew: known == nil))
    }

    /// Ends an order to watch a campaign.
    private mutating func unwatch(_ id: CampaignID, _ removed: inout Set<CampaignID>) -> OrderOutcome {
        guard let index = campaigns.knownIndex(of: id), campaigns[index].watch != nil else {
            let listed = campaigns.index(of: id).map { campaigns[$0].entry }
            return .refused(listed.map { .listedInPolicy($0) } ?? unknown(id))
        }
        let entry = campaigns[index].entry
        campaigns.update(index) { $0.watch = nil }
        guard campaigns.isNamed(index), entry.isOrdered else {
            return .accepted(.unwatched(isPaused: false, stillListed: campaigns.isNamed(index) ? entry : nil))
        }
        removed.insert(id)
        return .accepted(.unwatched(isPaused: [.paused, .pausing].contains(campaigns[index].state), stillListed: nil))
    }
}

/// What a reload changed in the list of watched campaigns.
package struct WatchListChange: Sendable {
    /// In the order of the policy.
    package var added: [CampaignID]
    package var removed: [CampaignEntry]
    /// How many are watched now.
    package var count: Int

    package init(added: [CampaignID], removed: [CampaignEntry], count: Int) {
        (self.added, self.removed, self.count) = (added, removed, count)
    }

    var isEmpty: Bool { added.isEmpty && removed.isEmpty }
}

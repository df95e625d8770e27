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

    func reportRefused(_ refused: [(Watch, WatchObstacle)]) -> [Effect] {
        refused.map { watch, obstacle in .report(.watchRefused(watch, obstacle)) }
    }

    /// Orders a campaign to be watched.
    mutating func watch(_ watch: Watch, at now: Instant) -> (OrderOutcome, [Effect]) {
        let id = watch.campaign
        if let index = campaigns.index(of: id), !campaigns[index].entry.isOrdered {
            campaigns.update(index) { $0.watch = watch }
            return (.accepted(.watchedByPolicy(campaigns[index].entry)), [])
        }
        let isNew = campaigns.index(of: id) == nil
        var newer = policy
        newer.campaigns.removeAll { $0.id == id }
        let entry: CampaignEntry
        do throws(WatchObstacle) {
            entry = try newer.entry(for: watch)
        } catch {
            return (.refused(.cannotWatch(error)), [])
        }
        newer.campaigns.append(entry)
        let effects = reload(newer, at: now)
        if let index = campaigns.index(of: id) { campaigns.update(index) { $0.watch = watch } }
        return (.accepted(.watching(entry, isNew: isNew)), effects)
    }

    /// Ends an order to watch a campaign.
    mutating func unwatch(_ id: CampaignID, at now: Instant) -> (OrderOutcome, [Effect]) {
        guard let index = campaigns.knownIndex(of: id), campaigns[index].watch != nil else {
            let listed = campaigns.index(of: id).map { campaigns[$0].entry }
            return (.refused(listed.map { .listedInPolicy($0) } ?? unknown(id)), [])
        }
        let entry = campaigns[index].entry
        campaigns.update(index) { $0.watch = nil }
        guard campaigns.isNamed(index), entry.isOrdered else {
            return (.accepted(.unwatched(isPaused: false, stillListed: campaigns.isNamed(index) ? entry : nil)), [])
        }
        let isPaused = [.paused, .pausing].contains(campaigns[index].state)
        var newer = policy
        newer.campaigns.removeAll { $0.id == id }
        return (.accepted(.unwatched(isPaused: isPaused, stillListed: nil)), reload(newer, at: now))
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

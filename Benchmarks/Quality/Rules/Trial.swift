import Guard
import Model
import Policy
import Simulator

/// Runs lists of one kind through several policies.
struct Trial {
    /// The figures of one policy.
    struct Outcome {
        var pausedShare: Double
        /// The median of emails sent before the pause; nil if no list was paused.
        var medianSent: Double?
        /// The mean of expected bounces before the pause beyond the limit.
        var excessBounces: Double
    }

    var kind: ListKind
    var lists: Int
    var seed: UInt64

    func run(_ policies: [CheckedPolicy]) -> [Outcome] {
        let start = Instant(milliseconds: 1_796_000_000_000)
        var description = WorldDescription()
        description.start = start
        description.bounceLag = kind.bounceLag
        for number in 0..<lists {
            let pool = PoolID(unchecked: "pool_\(number)")
            let volume = kind.perDay ?? 1_000_000_000
            description.pools.append(WorldDescription.Pool(id: pool, name: "Pool \(number)", capacity: volume))
            var campaign = WorldDescription.Campaign(
                id: CampaignID(unchecked: "list_\(number)"), name: "List \(number)", pool: pool)
            (campaign.status, campaign.leads, campaign.rate) = (.running, ListKind.emails, kind.rate)
            (campaign.bounceRate, campaign.replyRate) = (kind.rateAtFirst, 0)
            campaign.bounceRun = kind.bounceRun
            campaign.turnsBad = kind.turnsBad.map { ($0.after, $0.rate) }
            description.campaigns.append(campaign)
        }
        var world = World(description, seed: seed, at: start, step: .seconds(60))
        let ids = description.campaigns.map(\.id)
        var replays = policies.map { policy in
            ids.map { CampaignReplay(CampaignEntry(id: $0, workspace: policy.workspace.name), policy: policy) }
        }
        for minute in 0...kind.minutes {
            let now = start + .seconds(60 * minute)
            world.advance(to: now)
            for (index, id) in ids.enumerated() {
                guard let stats = world.stats(of: id) else { continue }
                for policy in policies.indices { replays[policy][index].observe(stats, at: now) }
            }
        }
        return replays.map(outcome)
    }

    private func outcome(_ replays: [CampaignReplay]) -> Outcome {
        let stops = replays.map(\.stops.first)
        let sent = stops.compactMap { $0?.sent }.sorted()
        let excess = stops.map { kind.excess(of: $0?.sent ?? Double(ListKind.emails)) }
        return Outcome(
            pausedShare: Double(sent.count) / Double(replays.count),
            medianSent: sent.isEmpty ? nil : sent[sent.count / 2],
            excessBounces: excess.reduce(0, +) / Double(excess.count))
    }
}

import Guard
import Model
import Policy
import Simulator

/// Some lists of one kind under several policies.
struct Trial {
    /// What came of it under one policy.
    struct Outcome {
        var pausedShare: Double
        /// Mails that had been sent at the pause, the median of those that were paused; nil where none was.
        var medianSent: Double?
        /// Bounces beyond the limit that were let through, the mean.
        var letThrough: Double
    }

    var kind: ListKind
    var lists: Int
    var seed: UInt64

    func run(_ policies: [CheckedPolicy]) -> [Outcome] {
        let start = Instant(milliseconds: 1_796_000_000_000)
        var description = WorldDescription()
        description.start = start
        description.bounceLag = kind.bounceLag
        let pool = PoolID(unchecked: "pool_a")
        description.pools = [WorldDescription.Pool(id: pool, name: "A", capacity: 1_000_000_000)]
        for number in 0..<lists {
            var campaign = WorldDescription.Campaign(
                id: CampaignID(unchecked: "list_\(number)"), name: "List \(number)", pool: pool)
            (campaign.status, campaign.leads, campaign.rate) = (.running, ListKind.mails, ListKind.rate)
            (campaign.bounceRate, campaign.replyRate) = (kind.rateAtFirst, 0)
            campaign.turnsBad = kind.turnsBad.map { ($0.after, $0.rate) }
            description.campaigns.append(campaign)
        }
        var world = World(description, seed: seed, at: start, step: .seconds(60))
        let ids = description.campaigns.map(\.id)
        var replays = policies.map { policy in
            ids.map { CampaignReplay(CampaignEntry(id: $0, workspace: policy.workspace.name), policy: policy) }
        }
        let minutes = Int(Double(ListKind.mails) / ListKind.rate * 60) + Int(kind.bounceLag.seconds / 60) + 30
        for minute in 0...minutes {
            let now = start + .seconds(60 * minute)
            world.advance(to: now)
            for (place, id) in ids.enumerated() {
                guard let stats = world.stats(of: id) else { continue }
                for policy in policies.indices { replays[policy][place].observe(stats, at: now) }
            }
        }
        return replays.map(outcome)
    }

    private func outcome(_ replays: [CampaignReplay]) -> Outcome {
        let stops = replays.map(\.stops.first)
        let sent = stops.compactMap { $0?.sent }.sorted()
        let letThrough = stops.map { kind.excess(of: $0?.sent ?? Double(ListKind.mails)) }
        return Outcome(
            pausedShare: Double(sent.count) / Double(replays.count),
            medianSent: sent.isEmpty ? nil : sent[sent.count / 2],
            letThrough: letThrough.reduce(0, +) / Double(letThrough.count))
    }
}

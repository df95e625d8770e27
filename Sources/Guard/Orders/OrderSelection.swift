package import Model
import Policy

/// The campaigns that an order of a person is about.
package enum OrderSelection: Hashable, Sendable {
    case named([CampaignID])
    /// The campaigns with all of these labels that the order can be about; all of them if there are no labels.
    case labelled([String: String])
}

extension Guard {
    /// The campaigns of a selection: named ones in that order, others in the policy's.
    package func selected(_ selection: OrderSelection, for act: Order.Act) -> [CampaignID] {
        switch selection {
        case .named(let ids):
            var seen: Set<CampaignID> = []
            return ids.filter { seen.insert($0).inserted }
        case .labelled(let labels):
            return campaigns.indices.filter { index in
                campaigns[index].entry.labels.hasAll(labels) && canConcern(campaigns[index], act)
            }.map { campaigns[$0].entry.id }
        }
    }

    /// False if the order has nothing to do with the campaign, which a selection by labels then leaves out.
    private func canConcern(_ campaign: CampaignMachine, _ act: Order.Act) -> Bool {
        let launch = launches.openIndex(of: campaign.entry.id)
        switch act {
        case .pause: return true
        case .resume: return [.paused, .pausedByAnother, .pausing, .resuming].contains(campaign.state)
        case .hold: return launch != nil
        case .release: return campaign.launchHold != nil || launch.map { launches[$0].heldBy != nil } == true
        case .mute: return !campaign.pausingRules.isEmpty
        case .watch, .unwatch: return campaign.watch != nil
        }
    }
}

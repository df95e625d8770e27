import Model
import Policy

/// What the ledger has of a campaign that the policy has not named since the process started.
struct AbsentCampaign: Sendable {
    let memory: CampaignMemory
    let samples: CampaignSamples

    init(
        _ campaign: CampaignMemory, in memory: Memory, windows: [CampaignRules.Window], at now: Instant
    ) {
        var samples = CampaignSamples(windows: windows, at: now)
        samples.recall(memory.samples[campaign.id] ?? [], first: memory.firstSamples[campaign.id], at: now)
        (self.memory, self.samples) = (campaign, samples)
    }
}

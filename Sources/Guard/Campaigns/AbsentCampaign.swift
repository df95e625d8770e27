import Model
import Policy

/// What the ledger has of a campaign that the policy has not named since the process started.
struct AbsentCampaign: Sendable {
    let memory: CampaignMemory
    var samples: CampaignSamples

    init(
        _ memory: CampaignMemory, _ stored: [(at: Instant, stats: CampaignStats)], windows: [CampaignRules.Window],
        at now: Instant
    ) {
        var samples = CampaignSamples(windows: windows, at: now)
        samples.recall(stored, at: now)
        (self.memory, self.samples) = (memory, samples)
    }
}

import Model

/// What a campaign counted from before its counters restarted, in case they return.
final class BeforeRestart: Sendable {
    let phase: CampaignPhase
    let baseline: ResumePolicy.Baseline?
    /// The counts at which each rule with a confidence was armed, by the rule's name.
    let armed: [String: CampaignStats]

    init(_ machine: CampaignMachine) {
        (phase, baseline, armed) = (machine.phase, machine.resumes.baseline, machine.rules.armed)
    }
}

import Model

/// What a campaign counted from before its counters restarted, in case they return.
final class BeforeRestart: Codable, Hashable, Sendable {
    let phase: CampaignPhase
    let baseline: ResumePolicy.Baseline?
    /// What each rule with a confidence counts from, by the rule's name.
    let armed: [String: RuleSlot.Arming]

    init(_ machine: CampaignMachine) {
        (phase, baseline, armed) = (machine.phase, machine.resumes.baseline, machine.rules.armed)
    }

    static func == (left: BeforeRestart, right: BeforeRestart) -> Bool {
        left.phase == right.phase && left.baseline == right.baseline && left.armed == right.armed
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(phase)
        hasher.combine(baseline)
        hasher.combine(armed)
    }
}

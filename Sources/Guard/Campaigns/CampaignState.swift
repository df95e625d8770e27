/// A campaign's state in one word, for people, metrics and the ledger.
package enum CampaignState: String, CaseIterable, Sendable, Codable {
    case unknown, draft
    case starting = "releasing"
    case running, probation, pausing, paused, resuming
    case pausedByAnother = "paused by another"
}

extension CampaignPhase {
    func state(isOnProbation: Bool) -> CampaignState {
        switch self {
        case .unknown: .unknown
        case .draft: .draft
        case .starting(let attempt): attempt.isGivenUp == true && !attempt.isUnderWay ? .draft : .starting
        case .running: isOnProbation ? .probation : .running
        case .pausing: .pausing
        case .paused: .paused
        case .pausedByAnother: .pausedByAnother
        // Between two attempts, the campaign is still paused.
        case .resuming(let attempt): attempt.isUnderWay ? .resuming : .paused
        }
    }
}

extension CampaignMachine {
    package var state: CampaignState { phase.state(isOnProbation: resumes.isOnProbation) }
}

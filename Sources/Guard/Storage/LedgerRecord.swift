package import Model
import Policy

/// Something to be stored; see ``Effect/record(_:)``.
package enum LedgerRecord: Sendable {
    /// A usable answer.
    case sample(CampaignID, CampaignStats, at: Instant)
    indirect case campaign(CampaignMemory)
    indirect case launch(LaunchMemory)
    indirect case poolState(PoolMemory)
    case workspace(WorkspaceMemory)
    /// A pool as it was reported, and how much of its volume was reserved then.
    case pool(SenderPool, reserved: Int, at: Instant)
    /// What was reported to the journal.
    case event(JournalEvent, at: Instant)
    /// A decision, with its evidence.
    indirect case decision(Decision)
    /// An action is about to be sent, or its answer is in: `outcome` is nil until then.
    indirect case intent(Intent, outcome: ActionOutcome?)
    /// A change of a pool's members is about to be sent, or has come to its end: `outcome` is nil until then.
    indirect case senderChange(SenderChange, outcome: ChangeOutcome?)

    /// True where it must be on disk before a request leaves.
    package var isUrgent: Bool {
        switch self {
        // An action that is about to be sent; its answer is stored like any other record.
        case .intent(_, let outcome): outcome == nil
        case .senderChange(_, let outcome): outcome == nil
        case .decision: true
        // A person whose order was accepted relies on it.
        case .event(let event, _): event.kind == .orderAccepted
        case .sample, .pool, .campaign, .launch, .poolState, .workspace: false
        }
    }

    /// True where nothing is lost by its being stored a second later.
    package var canWait: Bool {
        switch self {
        case .sample, .pool: true
        case .campaign, .launch, .poolState, .workspace, .decision, .intent, .senderChange, .event: false
        }
    }

    /// True where it is part of the history, which is stored in full once that is possible again.
    package var isStory: Bool {
        switch self {
        case .intent, .senderChange, .decision, .event: true
        case .sample, .pool, .campaign, .launch, .poolState, .workspace: false
        }
    }
}

/// What came of an action.
package enum ActionOutcome: Hashable, Sendable {
    case answered(CampaignStatus)
    /// The request failed: the fault's summary.
    case failed(String)
    case abandoned(PauseObjection)
    /// An earlier process did not live to see the answer.
    case unknown

    /// As ledgers store it.
    package var text: String {
        switch self {
        case .answered(let status): status.text
        case .failed(let summary): "failed: \(summary)"
        case .abandoned(let objection): "abandoned: \(objection.text)"
        case .unknown: "unknown; evaluated again"
        }
    }
}

/// What came of a change of a pool's members.
package enum ChangeOutcome: Hashable, Sendable {
    case done
    case failed(String)
    /// The sender is gone, by whose doing is not known.
    case goneByUnknown
    case notDone
    /// The policy's pool matches another pool of the platform now.
    case poolRebound

    /// As ledgers store it.
    package var text: String {
        switch self {
        case .done: "done"
        case .failed(let summary): "failed: \(summary)"
        case .goneByUnknown: "gone; removed by us or by someone else"
        case .notDone: "not done"
        case .poolRebound: "unknown; the pool's name now means another pool"
        }
    }
}

extension PauseObjection {
    fileprivate var text: String {
        switch self {
        case .observeMode: "observe mode"
        case .unapprovedAllowed: "on_unapproved is not pause"
        case .launchAllowed: "no launch rule holds it"
        case .ruleRemoved(let rule): "rule \(rule) no longer pauses it"
        case .ruleMuted(let rule, _): "rule \(rule) is muted"
        case .conditionCleared(let condition): "\(condition) no longer holds"
        }
    }
}

package import Model
import Policy

/// A record for the ledger; see ``Effect/record(_:)``.
package enum LedgerRecord: Sendable {
    /// The counters of a usable response.
    case sample(CampaignID, CampaignStats, at: Instant)
    indirect case campaign(CampaignMemory)
    indirect case launch(LaunchMemory)
    indirect case poolState(PoolMemory)
    case workspace(WorkspaceMemory)
    /// A pool as reported, and the volume reserved in it at that time.
    case pool(SenderPool, reserved: Int, at: Instant)
    /// An event reported to the journal.
    case event(JournalEvent, at: Instant)
    /// A decision and its evidence.
    indirect case decision(Decision)
    /// An action that is about to be sent; `outcome` is nil until its response arrives.
    indirect case intent(Intent, outcome: ActionOutcome?)
    /// A change of a pool's members that is about to be sent; `outcome` is nil until it ends.
    indirect case senderChange(SenderChange, outcome: ChangeOutcome?)
    /// Notifications that were queued, sent or dropped.
    indirect case outbox(OutboxChange)

    /// True if the record must be on disk before a request leaves.
    package var isUrgent: Bool {
        switch self {
        // The action is about to be sent. Its outcome is stored like any other record.
        case .intent(_, let outcome): outcome == nil
        case .senderChange(_, let outcome): outcome == nil
        case .decision: true
        // The person whose order was accepted relies on it.
        case .event(let event, _): event.kind == .orderAccepted
        case .sample, .pool, .campaign, .launch, .poolState, .workspace, .outbox: false
        }
    }

    /// True if storing the record a second later loses nothing.
    package var canWait: Bool {
        switch self {
        case .sample, .pool: true
        case .campaign, .launch, .poolState, .workspace, .decision, .intent, .senderChange, .event, .outbox: false
        }
    }

    /// True if the record is part of the history or of the outbox, which are stored in full once the ledger is writable
    /// again.
    package var isStory: Bool {
        switch self {
        case .intent, .senderChange, .decision, .event, .outbox: true
        case .sample, .pool, .campaign, .launch, .poolState, .workspace: false
        }
    }
}

/// The outcome of an action.
package enum ActionOutcome: Hashable, Sendable {
    case answered(CampaignStatus)
    /// The request failed; carries the fault's summary.
    case failed(String)
    case abandoned(PauseObjection)
    /// An earlier process ended before the response arrived.
    case unknown

    /// Stored in ledgers.
    package var text: String {
        switch self {
        case .answered(let status): status.text
        case .failed(let summary): "failed: \(summary)"
        case .abandoned(let objection): "abandoned: \(objection.text)"
        case .unknown: "unknown; evaluated again"
        }
    }
}

/// The outcome of a change of a pool's members.
package enum ChangeOutcome: Hashable, Sendable {
    case done
    case failed(String)
    /// The sender is gone; it is unknown who removed it.
    case goneByUnknown
    case notDone
    /// The policy's pool now matches another pool of the platform.
    case poolRebound

    /// Stored in ledgers.
    package var text: String {
        switch self {
        case .done: "done"
        case .failed(let summary): "failed: \(summary)"
        case .goneByUnknown: "gone; removed by Sendwarden or by someone else"
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

package import Model
package import Policy

/// An event reported by the guard, as facts; `Reporting` turns it into a sentence and fields.
package enum GuardEvent: Sendable {
    indirect case campaign(CampaignSnapshot, CampaignEvent)
    indirect case launch(CampaignSnapshot, LaunchEntry, LaunchEvent)
    indirect case rule(RuleTransition)
    /// A pending or firing rule ended, because the policy changed; `wasFiring` is false if it was pending.
    indirect case ruleEnded(String, RuleTransition.Subject, RuleEnd, _ wasFiring: Bool)
    /// About a rule on a group of campaigns.
    indirect case group(GroupLabel, Rule, GroupEvent)
    indirect case pool(PoolEvent)
    indirect case sender(SenderEvent)
    indirect case api(WorkspaceLabel, APIEvent)
    /// `entry` is nil if the policy does not list the campaign.
    indirect case order(Order, entry: CampaignEntry?, OrderOutcome)
    indirect case muteOrder(MuteOrder, MuteOutcome)
    /// About a maintenance window.
    indirect case muteWindow(MuteWindow, MuteWindowEvent)
    /// `starts` campaigns were started within `per`, the limit; further starts wait.
    case startLimitReached(starts: Int, per: Duration, campaigns: Int)
    /// More than half of the running campaigns breach at once.
    case circuitBreakerTripped(breaching: Int, running: Int, stopsPauses: Bool)
    case ledger(LedgerEvent)
    /// A policy that was read lists other campaigns than the one before.
    case watchList(WatchListChange)
    /// The files list no campaign at the start; those that they listed before stay watched.
    case listRecalled(files: [String], campaigns: Int)
    /// The policy cannot take up a campaign that a person ordered to watch.
    indirect case watchRefused(Watch, WatchObstacle)
}

/// A campaign's policy entry and newest counters, as an event shows them.
package struct CampaignSnapshot: Sendable {
    package var entry: CampaignEntry
    package var stats: CampaignStats?

    package init(entry: CampaignEntry, stats: CampaignStats?) { (self.entry, self.stats) = (entry, stats) }
}

/// A workspace as sentences refer to it.
package struct WorkspaceLabel: Hashable, Sendable {
    package var name: WorkspaceName
    package var provider: Provider
    /// True if the policy has no other workspace, so that "the platform" is unambiguous.
    package var isOnly: Bool

    package init(name: WorkspaceName, provider: Provider, isOnly: Bool) {
        (self.name, self.provider, self.isOnly) = (name, provider, isOnly)
    }
}

/// A transition of a rule on one campaign, pool or group.
package struct RuleTransition: Sendable {
    package enum Subject: Sendable {
        case campaign(CampaignEntry)
        case pool(PoolID)
        case group(GroupLabel)
    }

    package var change: RuleState.Change
    package var rule: Rule
    package var evaluation: Evaluation
    package var subject: Subject

    package init(_ change: RuleState.Change, _ rule: Rule, _ evaluation: Evaluation, on subject: Subject) {
        (self.change, self.rule, self.evaluation, self.subject) = (change, rule, evaluation, subject)
    }
}

/// A change in the ledger's ability to store.
package enum LedgerEvent: Sendable {
    /// `since` is nil for the first failure of an outage.
    case failed(reason: String, since: Instant?)
    case recovered(after: Duration)
}

/// Why a pending or firing rule ended.
package enum RuleEnd: Sendable {
    /// The policy does not have the rule there any more.
    case removed
    /// The policy changed the rule, so it starts without evidence.
    case changed
    /// The policy does not have the campaign or the group any more.
    case unwatched
}

extension RuleTransition.Subject {
    fileprivate var ofEvent: GuardEvent.Subject {
        switch self {
        case .campaign(let entry): .campaign(entry.id)
        case .pool(let id): .pool(id)
        case .group: .none
        }
    }
}

extension GuardEvent {
    /// The subject of an event.
    package enum Subject: Hashable, Sendable {
        case campaign(CampaignID)
        case pool(PoolID)
        case workspace(WorkspaceName)
        /// The daemon as a whole.
        case none
    }

    package var subject: Subject {
        switch self {
        case .campaign(let campaign, _), .launch(let campaign, _, _): .campaign(campaign.entry.id)
        case .rule(let transition): transition.subject.ofEvent
        case .ruleEnded(_, let subject, _, _): subject.ofEvent
        case .group: .none
        case .pool(let event): .pool(event.pool)
        case .sender(let event): .pool(event.pool)
        case .api(let workspace, _): .workspace(workspace.name)
        case .order(let order, _, _): .campaign(order.campaign)
        case .watchRefused(let watch, _): .campaign(watch.campaign)
        case .startLimitReached, .circuitBreakerTripped, .ledger, .watchList, .listRecalled, .muteOrder, .muteWindow:
            .none
        }
    }
}

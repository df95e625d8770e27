import Guard
package import Model
package import Policy
package import Reporting

/// A lasting condition of the guard's state, named after the event that reports its beginning.
package struct AlertCondition: Sendable, Hashable {
    package var kind: EventKind
    package var priority: Priority
    package var message: String
    package var since: Instant?
    package var workspace: String?
    package var campaign: CampaignID?
    package var pool: PoolID?
    package var rule: String?
    /// A group of campaigns, such as `team=sales`.
    package var group: String?
    /// The campaign's or the group's labels; nil if it concerns neither.
    package var labels: [String: String]?

    /// True if the current conditions already show what the event reports: the beginning or the end of one.
    static func isReported(_ event: JournalEvent) -> Bool {
        switch event.kind {
        // In observe mode, nothing is paused.
        case .campaignPaused: event.fields[.mode] != Mode.observe.rawValue
        case .ruleFiring, .ruleCleared, .rulePending, .campaignResumed, .campaignMissing, .campaignStale,
            .campaignFresh, .campaignDegraded, .campaignSteady,
            .campaignPauseIneffective, .ruleNoData, .ruleDataRestored, .launchHeld, .launchReleased, .poolExhausted,
            .poolRenewed, .poolMissing, .apiUnreachable, .apiUnauthorized, .apiThrottled, .apiUnexpected,
            .apiRecovered, .ledgerFailed, .ledgerRecovered:
            true
        case .daemonStarted, .daemonReady, .daemonStopping, .policyLoaded, .policyRefused, .campaignPauseFailed,
            .campaignPauseAbandoned, .campaignAlreadyPaused, .campaignResumeFailed, .campaignOverride,
            .campaignProbationPassed, .campaignRelapsed, .campaignStandstill, .launchQueued, .launchFailed,
            .launchCannotFit, .launchUnapproved, .launchAlreadyStarted, .launchExpired, .launchSkipped,
            .poolAmbiguous, .poolInconsistent, .poolConsistent, .senderRemoved, .senderRemoveFailed,
            .senderAlreadyRemoved, .senderRestored, .senderRestoreFailed, .senderOverride, .senderKept, .statsReset,
            .statsRestored, .beltTripped, .controlFailed, .journalDropped, .notifyFailed, .notifyRecovered,
            .notifyDropped, .watchChanged, .watchRecalled, .watchRefused, .orderAccepted, .orderRefused,
            .mutePlanned, .muteBegun, .muteEnded, .muteCancelled:
            false
        }
    }

    // MARK: The conditions of a status

    package static func all(_ status: GuardStatus, _ policy: CheckedPolicy) -> [AlertCondition] {
        var conditions: [AlertCondition] = []
        if status.isLedgerFailing {
            conditions.append(general(.ledgerFailed, "the ledger cannot be written; nothing is started"))
        }
        for workspace in status.workspaces {
            guard let trouble = workspace.apiTrouble else { continue }
            var condition = general(kind(ofTrouble: workspace), trouble)
            condition.workspace = workspace.name.text
            conditions.append(condition)
        }
        let severities = Dictionary(
            policy.rules.map { ($0.name, $0.severity) }, uniquingKeysWith: { first, _ in first })
        let entries = Dictionary(policy.campaigns.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        for campaign in status.campaigns {
            let entry = entries[campaign.id]
            for condition in self.conditions(of: campaign, severities) {
                var condition = condition
                (condition.campaign, condition.pool) = (campaign.id, campaign.pool)
                condition.workspace = entry?.workspace.text
                condition.labels = entry?.labels ?? [:]
                conditions.append(condition)
            }
        }
        for launch in status.launches where launch.state == .held {
            let reasons = launch.reasons.joined(separator: "; ")
            var condition = general(.launchHeld, "launch of \(launch.campaign) is held: \(reasons)")
            condition.since = launch.heldSince
            condition.campaign = launch.campaign
            condition.workspace = entries[launch.campaign]?.workspace.text
            condition.labels = entries[launch.campaign]?.labels ?? [:]
            conditions.append(condition)
        }
        for pool in status.pools { conditions += self.conditions(of: pool, severities) }
        for group in status.groups { conditions += self.conditions(of: group, severities) }
        return conditions
    }

    private static func conditions(
        of group: GuardStatus.GroupStatus, _ severities: [String: Rule.Severity]
    ) -> [AlertCondition] {
        conditions(of: group.rules, on: group.text, severities).map { condition in
            var condition = condition
            (condition.group, condition.labels) = (group.text, group.labels)
            return condition
        }
    }

    /// The rules that are firing or lack data.
    private static func conditions(
        of rules: [GuardStatus.RuleStatus], on subject: String, _ severities: [String: Rule.Severity]
    ) -> [AlertCondition] {
        rules.flatMap { rule in
            var conditions = rule.state == .firing ? [firing(rule, on: subject, severities)] : []
            if let lacking = rule.noData {
                var condition = general(.ruleNoData, "rule \(rule.name) lacks data on \(subject): \(lacking)")
                (condition.rule, condition.since) = (rule.name, rule.noDataSince)
                conditions.append(condition)
            }
            return conditions
        }
    }

    private static func general(_ kind: EventKind, _ message: String) -> AlertCondition {
        AlertCondition(kind: kind, priority: kind.priority, message: message)
    }

    private static func kind(ofTrouble workspace: GuardStatus.WorkspaceStatus) -> EventKind {
        switch workspace.apiTroubleKind {
        case .unauthorized: .apiUnauthorized
        case .throttled: .apiThrottled
        case .unexpected: .apiUnexpected
        case .unreachable, nil: .apiUnreachable
        }
    }

    private static func conditions(
        of campaign: GuardStatus.CampaignStatus, _ severities: [String: Rule.Severity]
    ) -> [AlertCondition] {
        let name = campaign.name.map { "\(campaign.id) \"\($0)\"" } ?? campaign.id.text
        var conditions: [AlertCondition] = []
        if campaign.state == .paused {
            let next =
                campaign.resumesAt.map { "it is resumed at \($0.toTheSecond) at the earliest" }
                ?? "only a person can start it again"
            var condition = general(.campaignPaused, "\(name) is paused; \(next)")
            condition.rule = campaign.pauseRule
            // As for the event: at least a warning.
            if campaign.pauseRule.flatMap({ severities[$0] }) == .critical { condition.priority = .critical }
            conditions.append(condition)
        }
        if campaign.isPauseIneffective == true {
            conditions.append(general(.campaignPauseIneffective, "\(name) still sends although its pause is confirmed"))
        }
        if campaign.isMissing {
            conditions.append(general(.campaignMissing, "the platform does not know \(name)"))
        } else if campaign.isStale {
            conditions.append(general(.campaignStale, "no fresh stats for \(name); its rules are not evaluated"))
        } else if campaign.unusableShare != nil {
            conditions.append(general(.campaignDegraded, "many responses about \(name) are unusable"))
        }
        return conditions + self.conditions(of: campaign.rules, on: name, severities)
    }

    private static func firing(
        _ rule: GuardStatus.RuleStatus, on subject: String, _ severities: [String: Rule.Severity]
    ) -> AlertCondition {
        var condition = general(.ruleFiring, "rule \(rule.name) is firing on \(subject)")
        condition.priority =
            switch severities[rule.name] {
            case .info: .info
            case .critical: .critical
            case .warning, nil: .warning
            }
        (condition.rule, condition.since) = (rule.name, rule.since)
        return condition
    }

    private static func conditions(
        of pool: GuardStatus.PoolStatus, _ severities: [String: Rule.Severity]
    ) -> [AlertCondition] {
        var conditions: [AlertCondition] = []
        if pool.isMissing {
            conditions.append(general(.poolMissing, "the platform does not report pool \(pool.id)"))
        } else if pool.remainingVolume == 0 {
            conditions.append(general(.poolExhausted, "pool \(pool.id) has no volume left in this window"))
        }
        conditions += self.conditions(of: pool.rules, on: "pool \(pool.id)", severities)
        return conditions.map { condition in
            var condition = condition
            (condition.pool, condition.workspace) = (pool.id, pool.workspace.text)
            return condition
        }
    }
}

package import Guard
import Model
package import Policy

/// Reasons why something is held, refused or not done.
extension Phrase {
    // MARK: Launches

    package static func text(_ reason: HoldReason) -> String {
        switch reason {
        case .rule(let name): "rule \(name) holds it"
        case .unknownRule(let name): "rule \(name) lacks data"
        case .noStats: "its stats are missing, incomplete or too old"
        case .noLeads: "nobody is enrolled yet"
        case .noFreshStats: "the fresh stats that a start needs could not be read"
        case .startFailed: "its start failed"
        case .startLimit: "the start limit is reached"
        case .quietHours(let quiet): text(quiet)
        case .ledger: "the ledger cannot be written"
        case .paused: "it is paused; resume it first"
        case .person(let name): "\(name) holds it"
        }
    }

    /// `quiet hours until 2026-12-01T07:00:00Z`.
    package static func text(_ quiet: QuietSpell) -> String {
        quiet.until.map { "quiet hours until \($0.toTheSecond)" } ?? "quiet hours that never end"
    }

    package static func text(_ wait: LaunchWait) -> String {
        switch wait {
        case .notBefore(let time): "it starts at \(time.rfc3339) at the earliest"
        case .held(let reasons, let finding):
            reasons.map(text).joined(separator: "; ") + (finding.map { " (\(text($0)))" } ?? "")
        }
    }

    /// Why a launch that is larger than its pool can never start, and what to do.
    package static func neverFits(_ enrolled: Int, capacity: Int) -> String {
        "can never fit: \(enrolled) are enrolled, but the pool sends at most \(capacity) emails a day; enroll fewer, "
            + "split the campaign or enlarge the pool"
    }

    package static func text(_ warning: LaunchWarning) -> String {
        "launch rule \(warning.rule) would hold a launch of its remaining emails: "
            + (warning.finding.map(text) ?? warning.conditionText)
    }

    // MARK: Data

    /// What leaves a rule without data, and why if that is known.
    package static func text(_ missing: MissingData) -> String {
        text(missing.names) + (missing.reason.map { ", because \($0)" } ?? "")
    }

    /// What leaves a rule without data: `its stats lack bounced`.
    static func text(_ missing: MissingNames) -> String {
        let others = missing.pools + missing.accounts
        let parts = [
            missing.stats.isEmpty ? nil : "its stats lack \(missing.stats.joined(separator: ", "))",
            others.isEmpty ? nil : "\(others.joined(separator: ", ")) \(others.count == 1 ? "is" : "are") unknown",
        ]
        return parts.compactMap { $0 }.joined(separator: ", and ")
    }

    /// How many campaigns of a group lack data, and the first of them: `2 campaigns lack data: camp_1, camp_2`.
    static func lackData(_ campaigns: [CampaignID]) -> String {
        let shown = campaigns.prefix(3).map(\.text).joined(separator: ", ")
        let rest = campaigns.count > 3 ? " and \(campaigns.count - 3) more" : ""
        return
            "\(campaigns.count == 1 ? "1 campaign lacks" : "\(campaigns.count) campaigns lack") data: \(shown)\(rest)"
    }

    /// What follows for a rule on a group that lacks data.
    static func sumsUnknown(_ rule: Rule) -> String {
        "the sums are unknown, so the rule \(rule.action == .pause ? "pauses" : "reports") nothing"
    }

    // MARK: Resumes

    package static func text(_ obstacle: ResumeObstacle) -> String {
        switch obstacle {
        case .ledgerFailing: "the ledger cannot be written"
        case .campaignMissing: "the platform does not know the campaign"
        case .breached(let rule, let conditionText, let finding):
            "rule \(rule) is breached: \(finding.map(text) ?? conditionText)"
        }
    }

    package static func text(_ hindrance: ResumeHindrance) -> String {
        switch hindrance {
        case .obstacles(let obstacles): obstacles.map(text).joined(separator: "; ")
        case .notRunning: "the platform reports that the campaign is not running"
        case .failed(let summary): summary
        case .noFreshStats(let summary): "no fresh stats: \(summary)"
        case .incompleteStats: "its fresh stats are incomplete"
        case .volumeReserved(let remaining?, let reserved, let pool):
            "its \(remaining) remaining emails do not fit beside the \(reserved) emails of pool \(pool) that are "
                + "reserved for launches"
        case .volumeReserved(nil, let reserved, let pool):
            "its remaining emails are unknown, and \(reserved) emails of pool \(pool) are reserved for launches"
        case .startLimit: "the start limit is reached"
        case .quietHours(let quiet): text(quiet)
        case .noRuleResumes: "the policy in use does not resume it"
        case .orderExpired(let time): "the order could not be carried out within \(time.policyText)"
        }
    }

    // MARK: Pauses

    package static func text(_ objection: PauseObjection) -> String {
        switch objection {
        case .observeMode: "observe mode sends nothing"
        case .unapprovedAllowed: "on_unapproved is no longer pause"
        case .launchAllowed: "no launch rule holds it"
        case .ruleRemoved(let rule): "rule \(rule) no longer pauses it"
        case .ruleMuted(let rule, let person?): "rule \(rule) is muted by \(person)"
        case .ruleMuted(let rule, nil): "rule \(rule) is muted because someone restarted the campaign"
        case .conditionCleared(let condition): "\(condition) no longer holds"
        }
    }

    // MARK: Senders

    package static func text(_ failure: SenderFailure) -> String {
        switch failure {
        case .failed(let summary): summary
        case .operationCanceled: "its operation was canceled"
        case .operationFailed(let failed, let count): "its operation completed with \(failed) of \(count) parts failed"
        case .notShown: "the platform accepted the change, but the pool does not show it"
        case .poolRebound: "the policy's pool now matches another pool of the platform"
        }
    }
}

package import Guard
package import Model
package import Policy

/// Clauses shared by the journal, `explain`, `status` and the replies to orders.
///
/// They begin in lower case and have no final period.
package enum Phrase {
    /// Ends a sentence about a dry run.
    static let observed = "observe mode: nothing was sent"

    // MARK: Names

    /// A campaign with its name: `camp_123 "VP Sales"`.
    package static func name(_ entry: CampaignEntry) -> String {
        entry.name.map { "\(entry.id) \"\($0)\"" } ?? entry.id.text
    }

    /// A sender with its address: `anna@acme.example (sender_1)`.
    package static func name(_ sender: PoolSender) -> String {
        sender.address.map { "\($0) (\(sender.id))" } ?? sender.id.text
    }

    static func name(_ subject: RuleTransition.Subject) -> String {
        switch subject {
        case .campaign(let entry): name(entry)
        case .pool(let id): "pool \(id)"
        case .group(let group): name(group)
        }
    }

    /// A group: `team sales (4 campaigns)`.
    package static func name(_ group: GroupLabel) -> String {
        let counted = group.counted == group.campaigns ? "" : ", \(group.counted) with data"
        return "\(group.by) \(group.value) (\(group.campaigns) campaign\(group.campaigns == 1 ? "" : "s")\(counted))"
    }

    /// The platform of a workspace; `the platform` if the policy has a single workspace.
    package static func name(_ workspace: WorkspaceLabel) -> String {
        workspace.isOnly ? "the platform" : "\(workspace.provider.traits.title) (workspace \(workspace.name))"
    }

    // MARK: Evidence

    /// A comparison with its numbers: `bounceRate(24h) 5.6 % > 5 %`.
    package static func text(_ finding: Finding) -> String { finding.text }

    /// The deciding comparison with its numbers; `condition` if there is none.
    package static func evidence(_ evaluation: Evaluation?, or condition: String) -> String {
        evaluation?.decisive.map(text) ?? condition
    }

    /// Who or what made the decision, and on which group of campaigns.
    static func text(_ decision: Decision) -> String {
        text(decision.cause) + (decision.group.map { " on \(name($0.label))" } ?? "")
    }

    /// Who or what made the decision.
    package static func text(_ cause: Decision.Cause) -> String {
        switch cause {
        case .rule(let name): "rule \(name) fired"
        case .relapse(let name): "it breached its probation, rule \(name)"
        case .cooldownOver(let name): "its cooldown was over, rule \(name)"
        case .launchRulesPass: "every launch rule allowed it"
        case .unapprovedLaunch: "it started while its launch was held"
        case .order(let order): "ordered by \(order.giver)"
        }
    }

    // MARK: Rules

    /// The rule's `for`, appended to a condition: ` for 2m`, ` in 3 of 5 polls`, or empty.
    package static func lasting(_ rule: Rule) -> String {
        switch rule.forClause {
        case .duration(.zero): ""
        case .duration(let duration): " for \(duration.policyText)"
        case .count(let breaches, let samples): " in \(breaches) of \(samples) polls"
        }
    }

    /// What makes a pending rule fire.
    static func firesIf(_ rule: Rule) -> String {
        switch rule.forClause {
        case .duration(let duration): "this lasts for \(duration.policyText)"
        case .count(let breaches, let samples): "\(breaches) of \(samples) polls breach"
        }
    }

    /// When and how a campaign that the rule paused is resumed.
    package static func text(_ resume: Resume) -> String {
        let probation = resume.probation.map { ", \(text($0))" } ?? ""
        let limit = resume.atMost.map { ", at most \($0.times) times in \($0.per.policyText)" } ?? ""
        return "after \(resume.after.policyText)\(probation)\(limit)"
    }

    static func text(_ probation: Resume.Probation) -> String {
        "on probation for \(probation.sends) resolved emails, paused again if \(probation.conditionText)"
    }

    // MARK: Polls

    /// What a forecast assumes: `25 % of its emails bounced`.
    static func text(_ assumed: [Outlook.Assumption]) -> String {
        assumed.map { assumption in
            let share = Unit.ratio.text(assumption.share)
            return switch assumption.fate {
            case .bounced: "\(share) of its emails bounced"
            case .complained: "\(share) of its emails led to complaints"
            case .unsubscribed: "\(share) of its recipients unsubscribed"
            case .deferred: "\(share) of its emails were deferred"
            }
        }.joined(separator: " and ")
    }

    // MARK: API

    /// The state of a failing API, for status lines.
    package static func status(_ kind: APIFailure.Kind) -> String {
        switch kind {
        case .unauthorized: "API key rejected"
        case .unreachable: "API unreachable"
        case .throttled: "API rate limit reached"
        case .unexpected: "API responses unusable"
        }
    }
}

extension Instant {
    /// Rounded down to the second, for computed times.
    package var toTheSecond: String {
        Instant(milliseconds: milliseconds - ((milliseconds % 1000) + 1000) % 1000).rfc3339
    }
}

import Model
import Yams

extension Rule.Trigger {
    /// What the conditions of its rules can read.
    var scope: UnitChecker.Scope {
        switch self {
        case .running, .launch: .campaign
        case .pool: .pool
        case .group: .group
        }
    }
}

/// A rule and the keys that it was read from.
struct LocatedRule {
    var rule: Rule
    var fields: Fields
    /// What the rule is on the override's campaigns, if it is not the rule itself.
    var override: RuleOverride?
    /// The rule's overrides, in policy order.
    var overrides: [RuleOverride] = []

    /// The rule's name without that of a tier.
    var entryName: String? { fields["name"]?.scalar?.string }

    /// True if the rule, or this override of it, is what applies to the campaign.
    func applies(to campaign: CampaignEntry) -> Bool {
        guard rule.applies(to: campaign) else { return false }
        guard let override else { return !overrides.contains { $0.matches(campaign) } }
        return override.isLast(of: overrides, on: campaign)
    }

    func isEvaluated(on campaign: CampaignEntry) -> Bool { applies(to: campaign) && rule.isEvaluated(on: campaign) }
}

extension String {
    /// On one line, with single spaces, as conditions are displayed.
    var collapsingWhitespace: String {
        split { $0.isWhitespace }.joined(separator: " ")
    }
}

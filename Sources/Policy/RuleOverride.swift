package import Model

/// A rule as an override changes it for some campaigns.
package struct RuleOverride: Hashable, Sendable {
    /// The position among the policy's overrides.
    package var order: Int
    package var selection: CampaignSelection
    /// The whole rule after the override, without further overrides.
    package var rule: Rule

    /// True if it matches the campaign and none of these that come after it does.
    func isLast(of overrides: [RuleOverride], on campaign: CampaignEntry) -> Bool {
        matches(campaign) && overrides.last { $0.matches(campaign) }?.order == order
    }

    package func matches(_ campaign: CampaignEntry) -> Bool { selection.matches(campaign) }
}

/// The campaigns with certain labels or ids.
package struct CampaignSelection: Hashable, Sendable {
    /// Labels that the campaigns must have.
    package var labels: [String: String] = [:]
    /// The campaigns' ids; nil for all with the labels.
    package var campaigns: Set<CampaignID>?

    package func matches(_ campaign: CampaignEntry) -> Bool {
        campaigns?.contains(campaign.id) ?? true && campaign.labels.hasAll(labels)
    }
}

extension CheckedPolicy {
    /// The campaigns on which the override of the rule applies.
    package func campaigns(of override: RuleOverride, of rule: Rule) -> [CampaignEntry] {
        campaigns.filter { rule.applies(to: $0) && override.isLast(of: rule.overrides, on: $0) }
    }
}

extension Rule {
    /// The rule itself, and as each override changes it.
    package var variants: [Rule] { [self] + overrides.map(\.rule) }

    /// The override that applies to the campaign: the last that matches; nil if none does.
    package func override(on campaign: CampaignEntry) -> RuleOverride? {
        overrides.isEmpty ? nil : overrides.last { $0.matches(campaign) }
    }

    /// The rule as it is on the campaign, without overrides.
    package func resolved(on campaign: CampaignEntry) -> Rule {
        if overrides.isEmpty { return self }
        if let override = override(on: campaign) { return override.rule }
        var rule = self
        rule.overrides = []
        return rule
    }
}

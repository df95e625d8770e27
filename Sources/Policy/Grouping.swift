import Model

/// What a rule on groups groups campaigns by.
package enum Grouping: Hashable, Sendable {
    /// By the value of a label.
    case label(String)
    /// By the sender pool.
    case pool

    /// As the policy writes it under `by`.
    package var text: String {
        switch self {
        case .label(let name): name
        case .pool: "pool"
        }
    }

    /// The campaign's group; nil if it belongs to none.
    package func group(of campaign: CampaignEntry) -> String? {
        switch self {
        case .label(let name): campaign.labels[name]
        case .pool: campaign.pool?.text
        }
    }
}

/// Which campaigns a rule on groups pauses.
package enum Offenders: String, CaseIterable, Sendable {
    /// The worst, as many as needed for the others not to breach.
    case worst
    case all
}

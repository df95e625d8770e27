package import Model

/// What a person wants done with a campaign, in words that the guard honours.
package struct Order: Codable, Hashable, Sendable {
    package enum Act: String, CaseIterable, Codable, Sendable {
        /// Stop it, and never start it again without a person's word.
        case pause
        /// End its pause, whoever made it.
        case resume
        /// Keep its launch waiting, whatever the rules say.
        case hold
        /// End a hold; with force, start it although a rule says no.
        case release
        /// Have a rule only watch it for a while.
        case mute
    }

    package var act: Act
    package var campaign: CampaignID
    /// The rule to mute; nil for every rule that pauses.
    package var rule: String?
    /// How long a mute lasts, zero to end it; nil for the policy's `override_for`.
    package var lasts: Duration?
    /// Rules that speak against it are overruled.
    package var isForced: Bool
    /// Why, in the person's words.
    package var reason: String?
    /// Who it was, as the kernel says.
    package var by: String

    package init(
        _ act: Act, _ campaign: CampaignID, rule: String? = nil, lasts: Duration? = nil, isForced: Bool = false,
        reason: String? = nil, by: String
    ) {
        self.act = act
        self.campaign = campaign
        self.rule = rule
        self.lasts = lasts
        self.isForced = isForced
        self.reason = reason
        self.by = by
    }

    /// Who, and why where that was said.
    var authority: String { by + (reason.map { ", \"\($0)\"" } ?? "") }
}

/// What is said to the person who gave an order.
package struct OrderReply: Codable, Hashable, Sendable {
    package var accepted: Bool
    /// What is done now, or why not.
    package var message: String
    /// With force it would be done all the same.
    package var canBeForced: Bool

    package init(accepted: Bool, message: String, canBeForced: Bool = false) {
        self.accepted = accepted
        self.message = message
        self.canBeForced = canBeForced
    }
}

/// A person's word that a rule is only to watch a campaign.
struct Mute: Codable, Hashable, Sendable {
    var until: Instant
    var by: String
}

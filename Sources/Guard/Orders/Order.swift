package import Model

/// What a person wants done with a campaign.
package struct Order: Codable, Hashable, Sendable {
    package enum Act: String, CaseIterable, Codable, Sendable {
        /// Stop it, and do not start it again unless a person orders that.
        case pause
        /// End its pause, whoever made it.
        case resume
        /// Keep its launch waiting, whatever the rules say.
        case hold
        /// End a hold; with force, start it although a rule says no.
        case release
        /// Keep a rule from acting on it for a while.
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
}

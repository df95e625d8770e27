package import Model
package import Policy

/// An order of a person about one campaign.
package struct Order: Codable, Hashable, Sendable {
    package enum Act: String, CaseIterable, Codable, Sendable {
        /// Pause the campaign; only a person resumes it.
        case pause
        /// End the campaign's pause, whoever paused it.
        case resume
        /// Hold the campaign's launch, whatever the rules say.
        case hold
        /// End a hold; with force, start the launch against the rules.
        case release
        /// Stop a rule from acting on the campaign for a while.
        case mute
        /// Watch the campaign, although the policy does not list it.
        case watch
        /// End a watch.
        case unwatch
    }

    package var act: Act
    package var campaign: CampaignID
    /// The rule to mute; nil for every pausing rule.
    package var rule: String?
    /// How long the mute lasts, zero to end it; nil for the policy's `override_for`.
    package var lasts: Duration?
    /// True if the order overrules rules that object.
    package var isForced: Bool
    /// The reason in the person's words.
    package var reason: String?
    /// The person, as identified by the kernel.
    package var by: String
    /// What to watch; nil for every other act.
    package var watch: Watch?

    package init(
        _ act: Act, _ campaign: CampaignID, rule: String? = nil, lasts: Duration? = nil, isForced: Bool = false,
        reason: String? = nil, by: String, watch: Watch? = nil
    ) {
        self.act = act
        self.campaign = campaign
        self.rule = rule
        self.lasts = lasts
        self.isForced = isForced
        self.reason = reason
        self.by = by
        self.watch = watch
    }
}

package import Guard
package import Policy

/// The reply to an order; its JSON is part of the control socket's interface.
package struct OrderReply: Codable, Hashable, Sendable {
    package var accepted: Bool
    /// What the daemon does now, or why it refuses.
    package var message: String
    /// True if `--force` would change the outcome.
    package var canBeForced: Bool

    package init(accepted: Bool, message: String, canBeForced: Bool = false) {
        self.accepted = accepted
        self.message = message
        self.canBeForced = canBeForced
    }

    /// - Parameter entry: the campaign's entry in the policy; nil if the policy has no such campaign.
    package init(_ outcome: OrderOutcome, _ order: Order, _ entry: CampaignEntry?) {
        self.init(
            accepted: outcome.isAccepted, message: Phrase.text(outcome, order, entry),
            canBeForced: outcome.canBeForced)
    }
}

package import Guard
package import Model
package import Policy

/// The reply to an order; its JSON is part of the control socket's interface.
package struct OrderReply: Codable, Hashable, Sendable {
    package var accepted: Bool
    /// What the daemon does now, or why it refuses.
    package var message: String
    /// True if `--force` would change the outcome.
    package var canBeForced: Bool
    /// The campaign that the order is about.
    package var campaign: CampaignID?

    package init(accepted: Bool, message: String, canBeForced: Bool = false, campaign: CampaignID? = nil) {
        self.accepted = accepted
        self.message = message
        self.canBeForced = canBeForced
        self.campaign = campaign
    }

    /// - Parameter entry: the campaign's entry in the policy; nil if the policy has no such campaign.
    package init(_ outcome: OrderOutcome, _ order: Order, _ entry: CampaignEntry?) {
        self.init(
            accepted: outcome.isAccepted, message: Phrase.text(outcome, order, entry),
            canBeForced: outcome.canBeForced, campaign: order.campaign)
    }
}

extension OrderReply {
    package init(_ outcome: MuteOutcome, _ order: MuteOrder) {
        self.init(accepted: outcome.isAccepted, message: Phrase.text(outcome, order))
    }
}

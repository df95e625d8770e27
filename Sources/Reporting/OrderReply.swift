package import Guard
package import Policy

/// The reply to the person who gave an order; its JSON is the control socket's.
package struct OrderReply: Codable, Hashable, Sendable {
    package var accepted: Bool
    /// What is done now, or why not.
    package var message: String
    /// `--force` would do it, or would do more.
    package var canBeForced: Bool

    package init(accepted: Bool, message: String, canBeForced: Bool = false) {
        self.accepted = accepted
        self.message = message
        self.canBeForced = canBeForced
    }

    /// - Parameter entry: the campaign's entry in the policy; nil where the policy names no such campaign.
    package init(_ outcome: OrderOutcome, _ order: Order, _ entry: CampaignEntry?) {
        self.init(
            accepted: outcome.isAccepted, message: Phrase.text(outcome, order, entry),
            canBeForced: outcome.canBeForced)
    }
}

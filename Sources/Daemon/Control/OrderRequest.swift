package import Guard
package import Model

/// An order as sent over the control socket; the kernel identifies who gave it.
package struct OrderRequest: Codable, Sendable {
    package var act: Order.Act
    package var campaign: CampaignID
    package var rule: String?
    /// How long a mute lasts, in seconds; 0 ends it.
    package var seconds: Double?
    package var force: Bool?
    package var reason: String?

    package init(
        act: Order.Act, campaign: CampaignID, rule: String? = nil, seconds: Double? = nil, force: Bool? = nil,
        reason: String? = nil
    ) {
        self.act = act
        self.campaign = campaign
        self.rule = rule
        self.seconds = seconds
        self.force = force
        self.reason = reason
    }

    /// The longest reason that is stored, in characters.
    private static let reasonMax = 500

    func order(by person: String) -> Order {
        let lasts = seconds.flatMap {
            $0.isFinite && $0 >= 0 ? Duration.seconds(min($0, Duration.longest.seconds)) : nil
        }
        let reason = reason.flatMap { $0.isEmpty ? nil : String($0.prefix(OrderRequest.reasonMax)) }
        return Order(
            act, campaign, rule: rule, lasts: lasts, isForced: force ?? false, reason: reason, by: person)
    }
}

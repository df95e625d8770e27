package import Guard
import Journal
package import Model
import Policy

/// An order as sent over the control socket; the kernel identifies who gave it.
package struct OrderRequest: Codable, Sendable {
    package var act: Order.Act
    package var campaign: CampaignID
    package var rule: String?
    /// How long a mute lasts, in seconds; 0 ends it.
    package var seconds: Double?
    package var force: Bool?
    package var reason: String?
    /// For `watch`: the campaign's workspace, name, pool and labels.
    package var workspace: WorkspaceName?
    package var name: String?
    package var pool: PoolID?
    package var labels: [String: String]?

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

    private static let labelsMax = 32

    /// Why the request is not an order; nil if it is one.
    var fault: String? {
        let texts = [workspace?.text, name].compactMap { $0 } + (labels ?? [:]).flatMap { [$0, $1] }
        if labels?.count ?? 0 > OrderRequest.labelsMax {
            return "a campaign can have \(OrderRequest.labelsMax) labels, and the order has \(labels?.count ?? 0)"
        }
        for text in texts
        where text.isEmpty || text.count > FieldReader.nameLengthMax || text != CleanText.cleaned(text) {
            return "a name or label is empty, longer than \(FieldReader.nameLengthMax) characters, or not plain text: "
                + CleanText.cleaned(String(text.prefix(FieldReader.nameLengthMax)))
        }
        return nil
    }

    func order(by person: String) -> Order {
        let lasts = seconds.flatMap {
            $0.isFinite && $0 >= 0 ? Duration.seconds(min($0, Duration.longest.seconds)) : nil
        }
        // Once, here, because it ends up in logs, notifications and other programs.
        let reason = reason.flatMap {
            $0.isEmpty ? nil : CleanText.cleaned(String($0.prefix(OrderRequest.reasonMax)))
        }
        let watch: Watch? =
            act == .watch
            ? Watch(campaign, workspace: workspace, name: name, pool: pool, labels: labels ?? [:], by: person) : nil
        return Order(
            act, campaign, rule: rule, lasts: lasts, isForced: force ?? false, reason: reason, by: person, watch: watch)
    }
}

package import Guard
import Journal
package import Model
import Policy

/// An order on several campaigns as sent over the control socket: on named ones, on those with labels, or on all.
package struct OrderBatchRequest: Codable, Sendable {
    package var act: Order.Act
    package var campaigns: [CampaignID]?
    /// All of these labels must match.
    package var labels: [String: String]?
    package var all: Bool?
    package var rule: String?
    /// How long a mute lasts, in seconds; 0 ends it.
    package var seconds: Double?
    package var force: Bool?
    package var reason: String?
    /// True to list the campaigns and order nothing.
    package var preview: Bool?
    /// The digest of the campaigns that were listed; if others are selected now, nothing is ordered.
    package var digest: String?

    package init(_ act: Order.Act, rule: String? = nil, seconds: Double? = nil, force: Bool? = nil, reason: String?) {
        (self.act, self.rule, self.seconds, self.force, self.reason) = (act, rule, seconds, force, reason)
    }

    /// Why the request is not an order; nil if it is one.
    var fault: String? {
        let isNamed = campaigns?.isEmpty == false
        let isLabelled = labels?.isEmpty == false
        guard [isNamed, isLabelled, all == true].count(where: { $0 }) == 1 else {
            return "select campaigns either by id, by labels, or all of them"
        }
        switch act {
        case .pause, .resume, .hold, .release: break
        case .mute where isNamed: break
        case .mute: return "a mute needs the ids of campaigns"
        case .watch, .unwatch: return "\(act.rawValue) takes one campaign at a time"
        }
        var one = OrderRequest(act: act, campaign: campaigns?.first ?? CampaignID(unchecked: "all"), reason: reason)
        one.labels = labels
        return one.fault
    }

    package func batch(by person: String) -> OrderBatch {
        let request = self
        return OrderBatch(
            selection: campaigns.map { .named($0) } ?? .labelled(labels ?? [:]),
            order: { id in
                OrderRequest(
                    act: request.act, campaign: id, rule: request.rule, seconds: request.seconds,
                    force: request.force, reason: request.reason
                ).order(by: person)
            }, act: act, isPreview: preview == true, confirmed: digest)
    }
}

package import Guard
import Journal
package import Model
import Policy

/// What an order to watch campaigns says about all of them.
package struct WatchSettings: Codable, Sendable {
    package var workspace: WorkspaceName?
    package var name: String?
    package var pool: PoolID?
    package var labels: [String: String]?

    package init(workspace: WorkspaceName?, name: String?, pool: PoolID?, labels: [String: String]?) {
        (self.workspace, self.name, self.pool, self.labels) = (workspace, name, pool, labels)
    }
}

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
    /// When a mute by labels begins; nil for now.
    package var at: Instant?
    package var force: Bool?
    /// For `watch`: what the campaigns have in common.
    package var watch: WatchSettings?
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
        case .mute: if isNamed, at != nil { return "a mute of campaigns by id begins now; select them by labels" }
        case .unwatch: break
        case .watch where !isNamed: return "a watch needs the ids of campaigns"
        case .watch: if watch?.name != nil, campaigns?.count != 1 { return "a name is for one campaign" }
        }
        var one = OrderRequest(act: act, campaign: campaigns?.first ?? CampaignID(unchecked: "all"), reason: reason)
        one.labels = watch?.labels ?? labels
        (one.workspace, one.name) = (watch?.workspace, watch?.name)
        return one.fault
    }

    package func batch(by person: String) -> OrderBatch {
        let request = self
        let one = OrderRequest(act: act, campaign: CampaignID(unchecked: "all"), seconds: seconds, reason: reason)
        let sample = one.order(by: person)
        var mute: MuteOrder?
        if act == .mute, campaigns == nil {
            mute = MuteOrder(
                sample.lasts == .zero ? .unmute : .mute(from: at, lasts: sample.lasts), labels: labels ?? [:],
                rule: rule,
                reason: sample.reason, by: person)
        }
        return OrderBatch(
            selection: campaigns.map { .named($0) } ?? .labelled(labels ?? [:]),
            order: { id in
                var one = OrderRequest(
                    act: request.act, campaign: id, rule: request.rule, seconds: request.seconds,
                    force: request.force, reason: request.reason)
                (one.workspace, one.name) = (request.watch?.workspace, request.watch?.name)
                (one.pool, one.labels) = (request.watch?.pool, request.watch?.labels)
                return one.order(by: person)
            }, act: act, mute: mute, isPreview: preview == true, confirmed: digest)
    }
}

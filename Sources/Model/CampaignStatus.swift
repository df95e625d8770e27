/// The platform's own word for what a campaign does, as the start and pause answers give it.
package enum CampaignStatus: Hashable, Sendable {
    case draft
    case running
    case paused
    /// A word that no page documents.
    case other(String)

    package init(_ text: String) {
        switch text.lowercased() {
        case "draft": self = .draft
        case "running": self = .running
        case "paused": self = .paused
        default: self = .other(String(text.prefix(32)))
        }
    }

    package var text: String {
        switch self {
        case .draft: "draft"
        case .running: "running"
        case .paused: "paused"
        case .other(let text): text
        }
    }
}

/// What a start or a pause was answered with.
package struct ActionAnswer: Hashable, Sendable {
    package var status: CampaignStatus
    /// When the campaign was paused, by the server's clock; older than our request where someone else did it.
    package var pausedAt: Instant?
    /// When the campaign was started, by the server's clock; older than our request where it ran already.
    package var startedAt: Instant?
    /// The earliest the server's clock can have shown when our first request left, where its `Date` header told.
    package var serverTimeAtRequest: Instant?

    package init(
        status: CampaignStatus, pausedAt: Instant? = nil, startedAt: Instant? = nil,
        serverTimeAtRequest: Instant? = nil
    ) {
        self.status = status
        self.pausedAt = pausedAt
        self.startedAt = startedAt
        self.serverTimeAtRequest = serverTimeAtRequest
    }
}

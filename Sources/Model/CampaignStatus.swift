/// A campaign's status in the platform's response to a start or a pause.
package enum CampaignStatus: Hashable, Sendable {
    case draft
    case running
    case paused
    /// An undocumented status.
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

/// The response to a start or a pause.
package struct ActionAnswer: Hashable, Sendable {
    package var status: CampaignStatus
    /// When the campaign was paused, by the server's clock; older than our request if someone else paused it.
    package var pausedAt: Instant?
    /// When the campaign was started, by the server's clock; older than our request if it was already running.
    package var startedAt: Instant?
    /// The earliest value of the server's clock when our first request was sent; nil without a plausible `Date` header.
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

import HummingbirdCore
import Ledger
import Model

/// What a request asks for.
enum WebRoute: Hashable, Sendable {
    case overview(page: Int)
    case campaign(CampaignID)
    case decisions(DecisionFilter)
    case events
    case login
    case style, script

    /// Decisions of one page.
    static let decisionsPerPage = 50

    /// Nil if there is no such page.
    init?(_ uri: URI) {
        let query = uri.queryParameters
        func text(_ name: String) -> String? { query[name[...]].map(String.init) }
        switch uri.path {
        case "/": self = .overview(page: max(1, min(text("page").flatMap { Int($0) } ?? 1, 100_000)))
        case "/campaign":
            guard let id = text("id").flatMap({ CampaignID($0) }) else { return nil }
            self = .campaign(id)
        case "/decisions":
            self = .decisions(
                DecisionFilter(
                    campaign: text("campaign").flatMap { CampaignID($0) }, before: text("before").flatMap { Int($0) },
                    limit: WebRoute.decisionsPerPage))
        case "/events": self = .events
        case "/login": self = .login
        case "/style.css": self = .style
        case "/live.js": self = .script
        default: return nil
        }
    }
}

package import Guard
package import Ledger
package import Model
package import Reporting

/// The answer to "why": about a campaign, a pool, a rule or a decision.
package struct Explained: Codable, Sendable {
    package var campaign: Explanation?
    package var rule: RuleExplanation?
    package var pool: PoolExplanation?
    package var decision: DecisionRecord?
    /// What was reported about it lately, oldest first.
    package var events: [HistoryEntry] = []
    /// What was most likely meant, where nothing has that name.
    package var nearest: String?

    /// As many events as fit on a screen beside the rest.
    private static let eventsMax = 12

    package init(_ subject: String, _ warden: Guard, at now: Instant) {
        if let id = CampaignID(subject) { campaign = warden.explanation(of: id, at: now) }
        if campaign == nil { rule = warden.explanation(ofRule: subject, at: now) }
        if campaign == nil, rule == nil, let id = PoolID(subject) { pool = warden.explanation(ofPool: id, at: now) }
        if campaign == nil, rule == nil, pool == nil { nearest = warden.nearest(to: subject) }
    }

    /// Adds what the ledger knows of these workspaces: the history, and decisions by their numbers.
    package mutating func addHistory(
        _ subject: String, from ledger: any LedgerQueries, _ workspaces: [WorkspaceName]
    ) async throws(LedgerError) {
        var filter = HistoryFilter(limit: Explained.eventsMax)
        if let campaign {
            filter.campaign = campaign.id.text
        } else if rule != nil {
            filter.rule = subject
        } else if pool != nil {
            filter.pool = subject
        } else if let number = Int(subject), let found = try await ledger.decision(number, in: workspaces) {
            decision = found
            nearest = nil
            (filter.campaign, filter.pool) = (found.campaign?.text, found.pool?.text)
            filter.since = found.at - .seconds(3600)
            filter.until = found.at + .seconds(3600)
        } else {
            return
        }
        events = try await ledger.history(of: workspaces, filter)
    }

    /// True where something of that name is known.
    package var isFound: Bool { campaign != nil || rule != nil || pool != nil || decision != nil }
}

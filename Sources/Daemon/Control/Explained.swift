package import Guard
package import Ledger
package import Model
package import Reporting

/// The explanation of a campaign, a pool, a rule or a decision, with its recent events.
package struct Explained: Codable, Sendable {
    package var campaign: Explanation?
    package var rule: RuleExplanation?
    package var pool: PoolExplanation?
    package var decision: DecisionRecord?
    /// Its most recent events, oldest first.
    package var events: [HistoryEntry] = []
    /// The closest known name; nil if something was found.
    package var nearest: String?

    /// The most events, so that the explanation fits on a screen.
    private static let eventsMax = 12

    package init(_ subject: String, _ warden: Guard, at now: Instant) {
        if let id = CampaignID(subject) { campaign = warden.explanation(of: id, at: now) }
        if campaign == nil { rule = warden.explanation(ofRule: subject, at: now) }
        if campaign == nil, rule == nil, let id = PoolID(subject) { pool = warden.explanation(ofPool: id, at: now) }
        if campaign == nil, rule == nil, pool == nil { nearest = warden.nearest(to: subject) }
    }

    /// Adds the history from the ledger, or the decision if the subject is a decision's number.
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

    /// True if the subject was found.
    package var isFound: Bool { campaign != nil || rule != nil || pool != nil || decision != nil }
}

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
    /// Sentences about what is missing here and why; nil if nothing is missing.
    package var incomplete: [String]?

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
        if isDecision(subject), let number = Int(subject),
            let found = try await ledger.decision(number, in: workspaces)
        {
            decision = found
            nearest = nil
        }
        guard let filter = filter(subject) else { return }
        events = try await ledger.history(of: workspaces, filter)
    }

    /// Adds what is not stored yet, after ``addHistory(_:from:_:)``.
    mutating func addUnstored(_ subject: String, _ storage: StorageState, _ workspaces: [WorkspaceName]) async {
        guard !storage.unstored.isEmpty else { return }
        var memory = self
        memory.events = []
        let queries = InMemoryStorage(unstored: storage.unstored, at: storage.at).queries
        guard (try? await memory.addHistory(subject, from: queries, workspaces)) != nil else { return }
        // Its actions are newer than those in the ledger.
        if let found = memory.decision {
            decision = found
            nearest = nil
        }
        // An event that was stored in between is in both.
        let fresh = memory.events.filter { event in
            !events.contains { $0.at == event.at && $0.event == event.event && $0.message == event.message }
        }
        events = (events + fresh).sorted { $0.at < $1.at }.suffix(Explained.eventsMax)
    }

    private func isDecision(_ subject: String) -> Bool {
        campaign == nil && rule == nil && pool == nil && Int(subject) != nil
    }

    /// True if the subject can only be a decision in the ledger.
    func dependsOnLedger(_ subject: String) -> Bool { isDecision(subject) && decision == nil }

    private func filter(_ subject: String) -> HistoryFilter? {
        var filter = HistoryFilter(limit: Explained.eventsMax)
        if let campaign {
            filter.campaign = campaign.id.text
        } else if rule != nil {
            filter.rule = subject
        } else if pool != nil {
            filter.pool = subject
        } else if let decision {
            (filter.campaign, filter.pool) = (decision.campaign?.text, decision.pool?.text)
            filter.since = decision.at - .seconds(3600)
            filter.until = decision.at + .seconds(3600)
        } else {
            return nil
        }
        return filter
    }

    /// True if the subject was found.
    package var isFound: Bool { campaign != nil || rule != nil || pool != nil || decision != nil }
}

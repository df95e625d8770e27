package import Ledger
package import Model
package import Reporting

/// Where the status page gets its data; the daemon implements it.
///
/// Every question returns nil if the daemon is stopping.
package struct StatusSource: Sendable {
    /// The guard's state.
    package var status: @Sendable () async -> GuardStatus?
    /// The explanation of a campaign; nil also if the guard does not know it.
    package var explanation: @Sendable (CampaignID) async -> Explanation?
    /// The ledger; nil if the daemon stores nothing.
    package var ledger: Records?

    /// What the ledger recorded.
    package struct Records: Sendable {
        /// A campaign's events, samples and newest decisions since a time.
        package var history: @Sendable (CampaignID, _ since: Instant) async -> Recorded<CampaignHistory>?
        /// Decisions, newest first.
        package var decisions: @Sendable (DecisionFilter) async -> Recorded<[DecisionRecord]>?

        package init(
            history: @escaping @Sendable (CampaignID, _ since: Instant) async -> Recorded<CampaignHistory>?,
            decisions: @escaping @Sendable (DecisionFilter) async -> Recorded<[DecisionRecord]>?
        ) {
            (self.history, self.decisions) = (history, decisions)
        }
    }

    package init(
        status: @escaping @Sendable () async -> GuardStatus?,
        explanation: @escaping @Sendable (CampaignID) async -> Explanation?, ledger: Records?
    ) {
        (self.status, self.explanation, self.ledger) = (status, explanation, ledger)
    }
}

/// An answer of the ledger, or as much of it as is in memory.
package struct Recorded<Value: Sendable>: Sendable {
    package var value: Value
    /// What is missing and why; nil if nothing is missing.
    package var incomplete: String?

    package init(_ value: Value, incomplete: String? = nil) { (self.value, self.incomplete) = (value, incomplete) }
}

/// What the ledger recorded about a campaign in a period.
package struct CampaignHistory: Sendable {
    /// Oldest first.
    package var events: [HistoryEntry]
    /// Oldest first.
    package var samples: [(at: Instant, stats: CampaignStats)]
    /// Newest first, also from before the period.
    package var decisions: [DecisionRecord]

    package init(
        events: [HistoryEntry] = [], samples: [(at: Instant, stats: CampaignStats)] = [],
        decisions: [DecisionRecord] = []
    ) {
        (self.events, self.samples, self.decisions) = (events, samples, decisions)
    }
}

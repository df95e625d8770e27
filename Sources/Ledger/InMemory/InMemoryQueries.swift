package import Guard
package import Model
import Policy
import Synchronization

/// Queries of an ``InMemoryStorage``.
package struct InMemoryQueries: LedgerQueries {
    let storage: InMemoryStorage
    /// Nil if no faults are injected.
    var faults: LedgerFaults?

    private func read<Value: Sendable>(_ body: (InMemoryTables) -> Value) async -> Value {
        await faults?.hold()
        return storage.tables.withLock { body($0) }
    }

    package func workspaces() async throws(LedgerError) -> [String] { await read { $0.workspaces.keys.sorted() } }

    package func span(_ workspace: String) async throws(LedgerError) -> ClosedRange<Instant>? {
        await read { tables in
            var times = tables.events.filter { $0.workspace == workspace }.map(\.entry.at)
            for (key, rows) in tables.samples where key.workspace == workspace { times += rows.map(\.at) }
            for (key, rows) in tables.volumes where key.workspace == workspace { times += rows.map(\.at) }
            guard let first = times.min(), let last = times.max() else { return nil }
            return first...last
        }
    }

    package func memory(
        _ scope: LedgerScope, window: Duration, at now: Instant
    ) async throws(LedgerError) -> Memory {
        await read { $0.memory(scope, window: window, at: now) }
    }

    package func history(_ workspace: String, _ filter: HistoryFilter) async throws(LedgerError) -> [HistoryEntry] {
        await read { tables in
            let found = tables.events.filter { $0.workspace == workspace && filter.matches($0.entry, pool: $0.pool) }
                .map(\.entry)
            return found.sorted { ($0.at, $0.number) < ($1.at, $1.number) }.suffix(
                min(max(1, filter.limit), HistoryFilter.limitMax))
        }
    }

    package func decision(_ id: Int, _ workspace: String) async throws(LedgerError) -> DecisionRecord? {
        await read { $0.records(workspace).first { $0.id == id } }
    }

    package func decisions(_ workspace: String, since: Instant) async throws(LedgerError) -> [DecisionRecord] {
        await read { $0.records(workspace).filter { $0.at >= since } }
    }

    package func decisions(
        _ workspace: String, _ filter: DecisionFilter
    ) async throws(LedgerError) -> [DecisionRecord] {
        let found = await read { $0.records(workspace).filter(filter.matches) }
        return Array(found.reversed().prefix(filter.boundedLimit))
    }

    package func campaigns(_ workspace: String) async throws(LedgerError) -> [CampaignID] {
        await read { $0.samples.keys.filter { $0.workspace == workspace }.map(\.id).sorted() }
    }

    package func samples(
        of campaign: CampaignID, _ workspace: String, since: Instant
    ) async throws(LedgerError) -> [(at: Instant, stats: CampaignStats)] {
        await read { ($0.samples[.init(workspace: workspace, id: campaign)] ?? []).filter { $0.at >= since } }
    }

    package func pools(
        _ workspace: String, since: Instant
    ) async throws(LedgerError) -> [PoolID: [PoolVolumeSample]] {
        await read { tables in
            let own = tables.volumes.filter { $0.key.workspace == workspace }
            return Dictionary(uniqueKeysWithValues: own.map { ($0.key.id, $0.value.filter { $0.at >= since }) })
                .filter { !$0.value.isEmpty }
        }
    }

    package func outbox(limit: Int) async throws(LedgerError) -> [OutboxItem] {
        await read { $0.outbox.values.sorted { ($0.at, $0.id) < ($1.at, $1.id) }.suffix(max(0, limit)) }
    }

    package func damage() async throws(LedgerError) -> String? { nil }
}

extension HistoryFilter {
    fileprivate func matches(_ entry: HistoryEntry, pool entryPool: String?) -> Bool {
        func fits<Value>(_ wanted: Value?, _ isFitting: (Value) -> Bool) -> Bool { wanted.map(isFitting) ?? true }
        return fits(campaign) { $0 == entry.campaign } && fits(pool) { $0 == entryPool }
            && fits(rule) { $0 == entry.rule } && fits(priority) { entry.priority <= $0 }
            && fits(event) { entry.event == $0 || entry.event.hasPrefix($0 + ".") } && fits(since) { entry.at >= $0 }
            && fits(until) { entry.at < $0 } && fits(after) { entry.number > $0 }
    }
}

extension DecisionFilter {
    fileprivate func matches(_ record: DecisionRecord) -> Bool {
        (before.map { record.id < $0 } ?? true) && (campaign.map { record.campaign == $0 } ?? true)
    }
}

extension InMemoryTables {
    /// The decisions of a workspace, sorted by number.
    fileprivate func records(_ workspace: String) -> [DecisionRecord] {
        let onCampaigns = decisions.filter { $0.key.workspace == workspace }.map { key, decision in
            DecisionRecord(
                id: decision.id, at: decision.at, campaign: decision.campaign, pool: nil, sender: nil,
                cause: decision.cause.name, rule: decision.cause.rule, condition: decision.conditionText,
                evidence: decision.evidence?.sentences ?? [],
                actions: (actions[key] ?? [:]).values.sorted { $0.intent.firstSentAt < $1.intent.firstSentAt }.map {
                    DecisionRecord.Action(
                        action: $0.intent.action.rawValue, attempt: $0.intent.attempt, sentAt: $0.intent.firstSentAt,
                        settledAt: $0.settledAt, outcome: $0.outcome)
                })
        }
        let onMembers = changes.filter { $0.key.workspace == workspace }.map { _, row in
            let change = row.change
            return DecisionRecord(
                id: change.decision, at: change.sentAt, campaign: nil, pool: change.pool,
                sender: change.sender.address ?? change.sender.id.text, cause: "rule", rule: change.rule,
                condition: change.conditionText, evidence: change.evidence.sentences,
                actions: [
                    DecisionRecord.Action(
                        action: "\(change.action.rawValue) sender", attempt: 1, sentAt: change.sentAt,
                        settledAt: row.settledAt, outcome: row.outcome)
                ])
        }
        return (onCampaigns + onMembers).sorted { $0.id < $1.id }
    }
}

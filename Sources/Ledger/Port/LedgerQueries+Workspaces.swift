package import Model

/// Queries over several workspaces of one guard; its events and decisions are numbered across all of them.
extension LedgerQueries {
    /// The events of these workspaces, oldest first.
    package func history(
        of workspaces: [WorkspaceName], _ filter: HistoryFilter
    ) async throws(LedgerError) -> [HistoryEntry] {
        if workspaces.count == 1 { return try await history(workspaces[0].text, filter) }
        var entries: [HistoryEntry] = []
        for workspace in workspaces { entries += try await history(workspace.text, filter) }
        return entries.sorted { ($0.at, $0.number) < ($1.at, $1.number) }.suffix(max(1, filter.limit))
    }

    /// The decision with this number; nil if there is none.
    package func decision(_ id: Int, in workspaces: [WorkspaceName]) async throws(LedgerError) -> DecisionRecord? {
        for workspace in workspaces {
            if let found = try await decision(id, workspace.text) { return found }
        }
        return nil
    }

    /// The newest decisions of these workspaces that match, newest first.
    package func decisions(
        of workspaces: [WorkspaceName], _ filter: DecisionFilter
    ) async throws(LedgerError) -> [DecisionRecord] {
        var found: [DecisionRecord] = []
        for workspace in workspaces { found += try await decisions(workspace.text, filter) }
        return Array(found.sorted { $0.id > $1.id }.prefix(max(1, filter.limit)))
    }

    /// The times of the first and last entry of these workspaces; nil without entries.
    package func span(of workspaces: [WorkspaceName]) async throws(LedgerError) -> ClosedRange<Instant>? {
        var spans: [ClosedRange<Instant>] = []
        for workspace in workspaces {
            if let span = try await span(workspace.text) { spans.append(span) }
        }
        guard let first = spans.map(\.lowerBound).min(), let last = spans.map(\.upperBound).max() else { return nil }
        return first...last
    }
}

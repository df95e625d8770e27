package import Model

/// Where a ledger is; the one place that knows which store it is opened with.
package struct LedgerLocation: Hashable, Sendable {
    package var path: String

    package init(_ path: String) { self.path = path }

    /// Opens the ledger for one daemon, or makes a new one.
    ///
    /// - Parameters:
    ///   - recovers: a damaged ledger is set aside and an empty one begun; otherwise it is refused.
    ///   - window: how far back samples are needed.
    package func open(
        _ scope: LedgerScope, recovers: Bool = false, window: Duration = LedgerDatabase.retention, at now: Instant
    ) async throws(LedgerError) -> OpenedLedger<any LedgerStore> {
        let opened = try await SQLiteLedger.open(path, scope, recovers: recovers, window: window, at: now)
        return OpenedLedger(store: opened.store, memory: opened.memory, setAside: opened.setAside)
    }

    /// Opens the ledger for reading alone, beside a daemon or without one.
    package func openForReading() async throws(LedgerError) -> any LedgerQueries {
        try await SQLiteQueries.open(path)
    }
}

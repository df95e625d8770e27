package import Model

/// The path of a ledger; only this type selects the implementation of the store.
package struct LedgerLocation: Hashable, Sendable {
    package var path: String

    package init(_ path: String) { self.path = path }

    /// Opens the ledger for one daemon, or creates it.
    ///
    /// - Parameters:
    ///   - recovers: true moves a damaged ledger aside and creates an empty one; false refuses it.
    ///   - window: how far back samples are needed.
    package func open(
        _ scope: LedgerScope, recovers: Bool = false, window: Duration = LedgerDatabase.retention, at now: Instant
    ) async throws(LedgerError) -> OpenedLedger<any LedgerStore> {
        let opened = try await SQLiteLedger.open(path, scope, recovers: recovers, window: window, at: now)
        return OpenedLedger(store: opened.store, memory: opened.memory, setAside: opened.setAside)
    }

    /// Opens the ledger read-only, whether or not a daemon uses it.
    package func openForReading() async throws(LedgerError) -> any LedgerQueries {
        try await SQLiteQueries.open(path)
    }
}

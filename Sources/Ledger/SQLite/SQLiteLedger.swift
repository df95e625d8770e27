import Glibc
package import Model
import Synchronization
import Threads

/// The default store: one SQLite file, locked by its daemon and written on its own thread.
package final class SQLiteLedger: LedgerStore {
    /// The most batches of each urgency that are written or wait; the daemon sends one at a time.
    private static let batchesMax = 16

    private let database: Mutex<LedgerDatabase?>
    private let writer: BlockingWork
    private let currentLease: LedgerLease
    package let queries: any LedgerQueries

    private init(
        _ database: LedgerDatabase, _ writer: BlockingWork, _ queries: any LedgerQueries, _ lease: LedgerLease
    ) {
        self.database = Mutex(database)
        (self.writer, self.queries, currentLease) = (writer, queries, lease)
    }

    package static func open(
        _ path: String, _ scope: LedgerScope, recovers: Bool = false, window: Duration = LedgerDatabase.retention,
        limits: LedgerLimits = LedgerLimits(), at now: Instant
    ) async throws(LedgerError) -> OpenedLedger<SQLiteLedger> {
        let writer = BlockingWork("ledger", threads: 1, unfinishedMax: batchesMax)
        let (opened, epoch) = try await writer.ledger { () throws(LedgerError) in
            let opened = try LedgerDatabase.open(
                path, scope, recovers: recovers, window: window, limits: limits, at: now)
            return (opened, try opened.store.sequence())
        }
        let lease = LedgerLease(holder: "process \(getpid())", epoch: epoch, deadline: nil)
        let store = SQLiteLedger(opened.store, writer, try await SQLiteQueries.open(path), lease)
        return OpenedLedger(store: store, memory: opened.memory, setAside: opened.setAside)
    }

    /// The lock on the file, held until the file is closed.
    package func lease() async throws(LedgerError) -> LedgerLease {
        try await write(.ordinary) { database throws(LedgerError) in try database.checkFiles() }
        return currentLease
    }

    package func append(_ batch: LedgerBatch) async throws(LedgerError) {
        try await write(batch.isUrgent ? .urgent : .ordinary) { database throws(LedgerError) in
            try database.write(batch)
        }
    }

    package func maintain(at now: Instant) async throws(LedgerError) -> LedgerUpkeep {
        try await write(.background) { database throws(LedgerError) in
            LedgerUpkeep(hasMore: try database.maintain(at: now), bytes: database.size)
        }
    }

    package func close() async {
        // After all waiting work; releasing the last reference closes and unlocks the file.
        _ = await writer.run(.background) { [self] in database.withLock { $0 = nil } }
    }

    private func write<Value: Sendable>(
        _ urgency: BlockingWork.Urgency, _ body: @escaping @Sendable (LedgerDatabase) throws(LedgerError) -> Value
    ) async throws(LedgerError) -> Value {
        try await writer.ledger(urgency) { [self] () throws(LedgerError) in
            guard let database = database.withLock({ $0 }) else {
                throw LedgerError(code: .leaseLost, message: "the ledger is closed")
            }
            return try body(database)
        }
    }
}

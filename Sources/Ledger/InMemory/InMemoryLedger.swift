import Guard
package import Model
import Synchronization

/// A store in an ``InMemoryStorage``, with injected faults, for tests.
package final class InMemoryLedger: LedgerStore {
    private let storage: InMemoryStorage
    private let currentLease: LedgerLease
    package let faults = LedgerFaults()
    package var queries: any LedgerQueries { InMemoryQueries(storage: storage, faults: faults) }

    private init(_ storage: InMemoryStorage, _ lease: LedgerLease) { (self.storage, currentLease) = (storage, lease) }

    /// Takes the storage's lease.
    ///
    /// - Throws: ``LedgerError/Code/locked`` while another ledger holds it.
    package static func open(
        _ storage: InMemoryStorage, _ scope: LedgerScope, window: Duration = LedgerDatabase.retention, at now: Instant
    ) async throws(LedgerError) -> OpenedLedger<InMemoryLedger> {
        let lease = try storage.takeLease()
        storage.tables.withLock { $0.adopt(scope) }
        return OpenedLedger(
            store: InMemoryLedger(storage, lease),
            memory: storage.tables.withLock { $0.memory(scope, window: window, at: now) })
    }

    package func lease() async throws(LedgerError) -> LedgerLease {
        guard storage.isHeld(currentLease) else { throw InMemoryLedger.leaseLost }
        return currentLease
    }

    package func append(_ batch: LedgerBatch) async throws(LedgerError) {
        try await faults.pass()
        // Checked after the wait, because another holder may take the lease meanwhile.
        guard storage.isHeld(currentLease) else { throw InMemoryLedger.leaseLost }
        storage.tables.withLock { tables in
            for entry in batch.entries { tables.store(entry, at: batch.at) }
        }
    }

    package func maintain(at now: Instant) async throws(LedgerError) -> LedgerUpkeep {
        try await faults.pass()
        guard storage.isHeld(currentLease) else { throw InMemoryLedger.leaseLost }
        return storage.tables.withLock { tables in
            tables.forget(before: now - LedgerDatabase.retention)
            return LedgerUpkeep(hasMore: false, bytes: tables.rows * 100)
        }
    }

    package func close() async { storage.giveBack(currentLease) }

    private static let leaseLost = LedgerError(code: .leaseLost, message: "another holder has taken the ledger")
}

/// Storage that outlives the ledgers opened on it, like a file or a server.
package final class InMemoryStorage: Sendable {
    let tables = Mutex(InMemoryTables())
    private let lease = Mutex<(epoch: Int, isHeld: Bool)>((0, false))

    package init() {}

    /// Makes entries that are not stored yet available to queries.
    package convenience init(unstored entries: [LedgerEntry], at now: Instant) {
        self.init()
        tables.withLock { tables in
            for entry in entries { tables.store(entry, at: now) }
            tables.unnumber()
        }
    }

    package var queries: any LedgerQueries { InMemoryQueries(storage: self) }

    fileprivate func takeLease() throws(LedgerError) -> LedgerLease {
        let epoch = lease.withLock { lease -> Int? in
            if lease.isHeld { return nil }
            lease = (lease.epoch + 1, true)
            return lease.epoch
        }
        guard let epoch else {
            throw LedgerError(code: .locked, message: "the ledger is in use by another holder")
        }
        return LedgerLease(holder: "holder \(epoch)", epoch: epoch, deadline: nil)
    }

    /// Revokes the lease, as a server does for a holder that was silent for too long.
    package func revokeLease() { lease.withLock { $0 = ($0.epoch + 1, false) } }

    fileprivate func isHeld(_ lease: LedgerLease) -> Bool {
        self.lease.withLock { $0.isHeld && $0.epoch == lease.epoch }
    }

    fileprivate func giveBack(_ lease: LedgerLease) {
        self.lease.withLock { if $0.epoch == lease.epoch { $0.isHeld = false } }
    }
}

/// Faults of a store: calls fail once, fail permanently, or hang.
package final class LedgerFaults: Sendable {
    private struct State {
        var once: LedgerError?
        var forGood: LedgerError?
        var isHanging = false
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastID = 0
    }

    private let state = Mutex(State())

    package static let diskFull = LedgerError(code: .unwritable, message: "the disk or the ledger is full")

    package func failOnce(_ error: LedgerError = diskFull) { state.withLock { $0.once = error } }

    /// Makes every call fail, until called with nil.
    package func fail(_ error: LedgerError? = diskFull) { state.withLock { $0.forGood = error } }

    /// Makes every call wait until ``release()``.
    package func hang() { state.withLock { $0.isHanging = true } }

    package func release() {
        let waiting = state.withLock { state in
            state.isHanging = false
            defer { state.waiting = [:] }
            return state.waiting.values.map { $0 }
        }
        for continuation in waiting { continuation.resume() }
    }

    /// The number of calls that wait.
    package var hanging: Int { state.withLock { $0.waiting.count } }

    /// Waits while it hangs.
    func hold() async {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isHanging = state.withLock { state in
                    guard state.isHanging, !Task.isCancelled else { return false }
                    state.waiting[id] = continuation
                    return true
                }
                if !isHanging { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
        }
    }

    fileprivate func pass() async throws(LedgerError) {
        await hold()
        let error = state.withLock { state in
            defer { state.once = nil }
            return state.once ?? state.forGood
        }
        if let error { throw error }
    }
}

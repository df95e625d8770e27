import FoundationEssentials
import GRDB
import Glibc
import Guard
package import Model
import Synchronization

/// A ledger in one SQLite file, in WAL mode, used by one daemon.
///
/// Its methods block, so ``SQLiteLedger`` calls them on its own thread.
package final class LedgerDatabase: Sendable {
    /// The least interval between stored samples; the guard's memory has all.
    static let sampleSpacing: Duration = .seconds(15)
    /// The least interval between stored samples of a pool.
    static let poolSpacing: Duration = .seconds(60)
    /// Older rows are removed; no window reaches back further.
    package static let retention: Duration = .seconds(90 * 86400)
    /// The number of records in the log that triggers a checkpoint.
    static let checkpointRecords = 500

    let scope: LedgerScope
    let queue: DatabaseQueue
    let limits: LedgerLimits
    let state = Mutex(State())
    let head: HeadFile
    let boot: @Sendable () -> BootClock
    private let files: LedgerFiles
    private let watch: FileWatch
    /// Closed last: see ``LedgerLock``.
    private let lock: LedgerLock

    struct State {
        var sampledAt: [CampaignID: Instant] = [:]
        var pooledAt: [PoolID: Instant] = [:]
        var maintenance = Maintenance()
        var walk: Walk?
        /// Rows that are still stored under the wrong workspace.
        var strays: [Stray] = []
        /// Records written since the last checkpoint.
        var uncheckpointed = 0
    }

    // MARK: Opening

    /// Opens the ledger, or creates it, and loads the workspaces' state.
    ///
    /// - Parameters:
    ///   - recovers: true moves a damaged ledger aside and creates an empty one; false refuses it.
    ///   - window: how far back samples are needed.
    ///   - boot: the current boot; after a reboot, unsynced transactions may be lost.
    package static func open(
        _ path: String, _ scope: LedgerScope, recovers: Bool = false, window: Duration = retention,
        limits: LedgerLimits = LedgerLimits(), boot: @escaping @Sendable () -> BootClock = { .now }, at now: Instant
    ) throws(LedgerError) -> OpenedLedger<LedgerDatabase> {
        let lock = try LedgerLock(for: path)
        do throws(LedgerError) {
            let ledger = try LedgerDatabase(path, scope, lock, limits, boot)
            try ledger.adoptStrays()
            return OpenedLedger(store: ledger, memory: try ledger.load(window, at: now))
        } catch {
            guard error.code == .corrupt, recovers else { throw error }
            // Still under the old file's lock, so that no other process creates the new file meanwhile.
            let aside = try LedgerFiles(main: lock.path).setAside()
            let ledger = try LedgerDatabase(path, scope, try LedgerLock(for: path), limits, boot)
            return OpenedLedger(store: ledger, memory: Memory(), setAside: aside)
        }
    }

    private init(
        _ path: String, _ scope: LedgerScope, _ lock: LedgerLock, _ limits: LedgerLimits,
        _ boot: @escaping @Sendable () -> BootClock
    ) throws(LedgerError) {
        let files = LedgerFiles(main: lock.path)
        let record = try HeadFile.read(files.head)
        do {
            try LedgerDatabase.verify(files, lock, record, at: boot())
            let queue = try LedgerDatabase.connect(files.main, limits)
            head = try LedgerDatabase.openHead(files, queue, record, at: boot())
            self.queue = queue
        } catch {
            if (error as? DatabaseError)?.resultCode == .SQLITE_FULL {
                throw LedgerError(
                    code: .unwritable, message: "\(files.main): the disk is full; free space on it and start again")
            }
            throw LedgerError(error, writing: files.main)
        }
        lock.announce()
        watch = FileWatch(files, given: path, lock: lock, head: head)
        (self.scope, self.files, self.lock, self.limits, self.boot) = (scope, files, lock, limits, boot)
    }

    deinit { try? queue.close() }

    /// Refuses a damaged ledger before anything in it is changed.
    private static func verify(
        _ files: LedgerFiles, _ lock: LedgerLock, _ record: HeadFile.Content, at boot: BootClock
    ) throws {
        guard LedgerFiles.bytes(files.main) > 0 else {
            guard record == .missing, LedgerFiles.bytes(files.wal) == 0 else {
                throw Verification.Damage(
                    what:
                        "the file is missing or empty, but its .head or -wal file is there: it was deleted or truncated"
                )
            }
            return
        }
        // A new file whose creation was interrupted; SQLite rolls it back when it opens the file for writing.
        guard LedgerFiles.bytes(files.journal) == 0 else { return }
        // SQLite would open a file with a format version above 2 read-only, as one of a newer SQLite.
        var versions: [UInt8] = [0, 0]
        guard pread(lock.descriptor, &versions, 2, 18) == 2, versions.allSatisfy({ $0 <= 2 }) else {
            throw Verification.Damage(what: "its header is damaged")
        }
        let queue = try DatabaseQueue(path: files.main, configuration: readOnly)
        defer { try? queue.close() }
        try queue.read { try Verification.verify($0, files.main, record, at: boot) }
    }

    static var readOnly: Configuration {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { $0.add(function: RowSum.function) }
        return configuration
    }

    private static func connect(_ path: String, _ limits: LedgerLimits) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.busyMode = .timeout(2)
        configuration.prepareDatabase { database in
            database.add(function: RowSum.function)
            try database.execute(sql: "PRAGMA journal_mode = WAL")
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
            try database.execute(sql: "PRAGMA journal_size_limit = 4194304")
            // `checkpoint` does this when nothing urgent waits.
            try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
        }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        _ = try queue.read { try Verification.verifyVersion($0, path) }
        try Schema.migrator.migrate(queue)
        try queue.writeWithoutTransaction { try LedgerDatabase.setSizeLimit($0, limits.bytesMax) }
        return queue
    }

    /// Creates the head file if the ledger has none yet, and notes in the ledger that it exists.
    private static func openHead(
        _ files: LedgerFiles, _ queue: DatabaseQueue, _ record: HeadFile.Content, at boot: BootClock
    ) throws -> HeadFile {
        guard let found = try queue.read({ try Verification.Head($0) }) else {
            throw Verification.Damage(what: "its head row, which holds the number of the last transaction, is missing")
        }
        // In this order: the ledger is on disk before its record exists, and the record before the note.
        if !found.hasRecord { try note(hasRecord: false, queue) }
        let first = HeadRecord(
            number: 1, ledger: UInt64(bitPattern: found.ledger), last: found.mark, durable: found.mark, boot: boot)
        let head = try HeadFile(files.head, orWith: first)
        if !found.hasRecord {
            try note(hasRecord: true, queue)
            // Move the note into the file: without its log, the file must not look as if it never had a record.
            try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        }
        return head
    }

    /// Notes whether there is a record; synced, with everything that was written before.
    private static func note(hasRecord: Bool, _ queue: DatabaseQueue) throws {
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
            try database.inTransaction(.immediate) {
                try database.execute(sql: "UPDATE head SET has_record = ?", arguments: [hasRecord])
                try sealHead(database)
                return .commit
            }
            try database.execute(sql: "PRAGMA synchronous = NORMAL")
        }
    }

    // MARK: Files

    /// The size on disk in bytes: the file and its log.
    package var size: Int { LedgerFiles.bytes(files.main) + LedgerFiles.bytes(files.wal) }

    /// Throws if the files were deleted or replaced; cheap enough for each write.
    package func checkFiles() throws(LedgerError) {
        guard let finding = watch.finding else { return }
        throw LedgerError(code: .unwritable, message: finding)
    }

    // MARK: Reading

    /// The number of the last transaction.
    func sequence() throws(LedgerError) -> Int {
        do {
            return try queue.read { Int(try Verification.Head($0)?.mark.sequence ?? 0) }
        } catch {
            throw LedgerError(error, writing: queue.path)
        }
    }

    /// The stored state of the workspaces.
    private func load(_ window: Duration, at now: Instant) throws(LedgerError) -> Memory {
        do {
            return try queue.read { try LedgerDatabase.memory($0, scope, window, at: now) }
        } catch {
            throw LedgerError(error, writing: queue.path)
        }
    }
}

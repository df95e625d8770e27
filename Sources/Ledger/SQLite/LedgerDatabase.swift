import FoundationEssentials
import GRDB
import Glibc
import Guard
package import Model
import Synchronization

/// One SQLite file, in WAL mode, used by one daemon.
///
/// Its calls block, so ``SQLiteLedger`` makes them on a thread of its own.
package final class LedgerDatabase: Sendable {
    /// Samples lie at least this far apart; what changes faster is in the guard's memory.
    static let sampleSpacing: Duration = .seconds(15)
    /// Pools are stored at least this far apart.
    static let poolSpacing: Duration = .seconds(60)
    /// Samples, decisions and intents older than this are dropped: no window reaches back further.
    package static let retention: Duration = .seconds(90 * 86400)
    /// So many records are in the log until the file is brought up to it.
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
        /// What is still stored under a workspace that it does not belong to.
        var strays: [Stray] = []
        /// Records that were written since the file was last brought up to the log beside it.
        var uncheckpointed = 0
    }

    // MARK: Opening

    /// Opens the ledger, or makes a new one, and reads all that it holds of the workspaces.
    ///
    /// - Parameters:
    ///   - recovers: a damaged file is set aside and a new one begun; otherwise it is refused.
    ///   - window: how far back samples are needed.
    ///   - boot: when the machine was booted; a reboot may have cost the unsynced end.
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
            // Under the old file's lock, so that nobody else begins the new one meanwhile.
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

    /// Refuses what is damaged, before anything of it is changed.
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
        // The first steps of a new file; SQLite undoes them when it opens the file for writing.
        guard LedgerFiles.bytes(files.journal) == 0 else { return }
        // Versions of the format above 2 would be taken for a newer one's file, and not be written.
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
            // Done when nothing urgent waits; see `checkpoint`.
            try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
        }
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        _ = try queue.read { try Verification.verifyVersion($0, path) }
        try Schema.migrator.migrate(queue)
        try queue.writeWithoutTransaction { try LedgerDatabase.setSizeLimit($0, limits.bytesMax) }
        return queue
    }

    /// Makes the record beside the ledger where it has none yet; the ledger then notes that it has one.
    private static func openHead(
        _ files: LedgerFiles, _ queue: DatabaseQueue, _ record: HeadFile.Content, at boot: BootClock
    ) throws -> HeadFile {
        guard let found = try queue.read({ try Verification.Head($0) }) else {
            throw Verification.Damage(what: "its head row, which holds the number of the last transaction, is missing")
        }
        // The ledger itself must be on disk before there is a record of it, and the record before the note of it.
        if !found.hasRecord { try note(hasRecord: false, queue) }
        let first = HeadRecord(
            number: 1, ledger: UInt64(bitPattern: found.ledger), last: found.mark, durable: found.mark, boot: boot)
        let head = try HeadFile(files.head, orWith: first)
        if !found.hasRecord {
            try note(hasRecord: true, queue)
            // Into the file itself: without its log it would otherwise look like one that never had a record.
            try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA wal_checkpoint(TRUNCATE)") }
        }
        return head
    }

    /// Synced, with all that was written before.
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

    /// The bytes on disk: the file, and what SQLite keeps beside it.
    package var size: Int { LedgerFiles.bytes(files.main) + LedgerFiles.bytes(files.wal) }

    /// Throws where the files were deleted or replaced under us; cheap enough for each write.
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

    /// All that is stored of the workspaces.
    private func load(_ window: Duration, at now: Instant) throws(LedgerError) -> Memory {
        do {
            return try queue.read { try LedgerDatabase.memory($0, scope, window, at: now) }
        } catch {
            throw LedgerError(error, writing: queue.path)
        }
    }
}

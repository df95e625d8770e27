import Glibc
import Synchronization

/// The file of a ledger's ``HeadRecord``: two slots, written in turn, so that a torn write damages only one.
final class HeadFile: Sendable {
    /// The content of a file.
    enum Content: Hashable, Sendable {
        case missing
        /// The file exists, but neither slot contains a record.
        case unreadable
        case record(HeadRecord)

        var record: HeadRecord? { if case .record(let record) = self { record } else { nil } }
    }

    /// Each slot has its own page, so that writing one never touches the other.
    private static let slotBytes = 4096
    static let bytes = 2 * slotBytes

    let path: String
    let descriptor: Int32
    private let state: Mutex<State>

    private struct State {
        var newest: HeadRecord
        /// The slot whose record is on disk; only the other one is written.
        var syncedSlot: Int
    }

    static func read(_ path: String) throws(LedgerError) -> Content {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw failure(path) }
            return .missing
        }
        defer { close(descriptor) }
        return slots(descriptor).max { $0.record.number < $1.record.number }.map { .record($0.record) } ?? .unreadable
    }

    private static func slots(_ descriptor: Int32) -> [(slot: Int, record: HeadRecord)] {
        (0..<2).compactMap { slot in
            var bytes = [UInt8](repeating: 0, count: HeadRecord.bytes)
            guard pread(descriptor, &bytes, bytes.count, off_t(slot * slotBytes)) == bytes.count else { return nil }
            return HeadRecord(decoding: bytes).map { (slot, $0) }
        }
    }

    /// Opens the file for writing, or creates it with a first record; its content is on disk when this returns.
    init(_ path: String, orWith first: HeadRecord) throws(LedgerError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw HeadFile.failure(path) }
        let newest = HeadFile.slots(descriptor).max { $0.record.number < $1.record.number }
        state = Mutex(State(newest: newest?.record ?? first, syncedSlot: newest?.slot ?? 1))
        if newest == nil {
            var bytes = first.encoded
            bytes += [UInt8](repeating: 0, count: HeadFile.slotBytes - bytes.count)
            for slot in 0..<2 {
                guard pwrite(descriptor, bytes, bytes.count, off_t(slot * bytes.count)) == bytes.count else {
                    throw HeadFile.failure(path)
                }
            }
        }
        guard fsync(descriptor) == 0 else { throw HeadFile.failure(path) }
        try HeadFile.syncFolder(of: path)
    }

    deinit { close(descriptor) }

    /// Records the last transaction.
    ///
    /// - Parameter isDurable: true if the transaction has been synced, so that the record must be synced, too.
    func advance(to mark: HeadMark, isDurable: Bool, at boot: BootClock) throws(LedgerError) {
        let path = path
        let descriptor = descriptor
        let isWritten = state.withLock { state in
            var record = state.newest
            record.number += 1
            record.last = mark
            if isDurable { record.durable = mark }
            record.boot = boot
            let bytes = record.encoded
            let slot = 1 - state.syncedSlot
            guard pwrite(descriptor, bytes, bytes.count, off_t(slot * HeadFile.slotBytes)) == bytes.count else {
                return false
            }
            state.newest = record
            guard isDurable else { return true }
            guard fdatasync(descriptor) == 0 else { return false }
            state.syncedSlot = slot
            return true
        }
        guard isWritten else { throw HeadFile.failure(path) }
    }

    /// Syncs the folder, because a new file's name is on disk only after that.
    private static func syncFolder(of path: String) throws(LedgerError) {
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(folder) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure(folder) }
    }

    private static func failure(_ path: String) -> LedgerError {
        let code: LedgerError.Code = errno == EACCES || errno == EPERM ? .noPermission : .unwritable
        return LedgerError(
            code: code,
            message:
                "cannot open or write \(path): \(String(cString: strerror(errno))); give the user that runs sendwarden "
                + "write access, and check the free space on the disk")
    }
}

extension BootClock {
    /// The current boot; the kernel's boot id is not used, because a hardened service cannot read it.
    package static var now: BootClock {
        var (wall, boot) = (timespec(), timespec())
        clock_gettime(CLOCK_REALTIME, &wall)
        clock_gettime(CLOCK_BOOTTIME, &boot)
        func milliseconds(_ time: timespec) -> Int64 { Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000 }
        return BootClock(startedAt: milliseconds(wall) - milliseconds(boot), uptime: milliseconds(boot))
    }
}

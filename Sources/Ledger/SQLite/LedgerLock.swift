import Glibc
import Synchronization

/// Prevents two daemons from using one ledger, by any path; held as long as the value exists.
///
/// The lock is on the database file itself (`flock`), independent of SQLite's own locks (`fcntl`). Closing any
/// descriptor of a file releases all `fcntl` locks of the process on it, so this descriptor is closed after SQLite's.
final class LedgerLock: Sendable {
    /// The file's path without symbolic links.
    let path: String
    let descriptor: Int32
    private let identity: FileIdentity

    /// The files that this process has locked; a second attempt must not even open them, see above.
    private static let held = Mutex<Set<FileIdentity>>([])
    /// A byte far beyond the file's end; its lock shows who uses the ledger.
    private static let markedByte: off_t = 1 << 62
    /// The most attempts if the file is replaced while it is being locked.
    private static let attemptsMax = 3

    /// Locks the file, and creates it if it does not exist.
    init(for path: String) throws(LedgerError) {
        let locked = LedgerLock.held.withLock { held -> Result<(String, Int32, FileIdentity), LedgerError> in
            Result { () throws(LedgerError) in try LedgerLock.acquire(path, &held) }
        }
        (self.path, descriptor, identity) = try locked.get()
    }

    deinit {
        // A child process between fork and exec shares the descriptor, and with it the lock.
        _ = flock(descriptor, LOCK_UN)
        close(descriptor)
        _ = LedgerLock.held.withLock { $0.remove(identity) }
    }

    private static func acquire(
        _ path: String, _ held: inout Set<FileIdentity>
    ) throws(LedgerError) -> (String, Int32, FileIdentity) {
        for _ in 0..<attemptsMax {
            try LedgerFiles.requireFile(path)
            if let identity = FileIdentity(path: path), held.contains(identity) { throw inUse(path, by: getpid()) }
            // Accessible to its owner only; SQLite creates its other files with the same mode.
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw failure(path) }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                let holder = holder(descriptor)
                close(descriptor)
                throw inUse(path, by: holder)
            }
            // Another file may have taken the name between opening and locking.
            if let resolved = resolve(path), let identity = FileIdentity(descriptor: descriptor),
                identity == FileIdentity(path: resolved)
            {
                held.insert(identity)
                return (resolved, descriptor, identity)
            }
            close(descriptor)
        }
        throw LedgerError(
            code: .unwritable,
            message: "\(path) was replaced repeatedly while being opened; find the process that replaces it")
    }

    private static func resolve(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    // MARK: The holder

    /// Shows this process as the holder; call it after SQLite has opened the file.
    func announce() {
        var mark = LedgerLock.mark
        _ = fcntl(descriptor, F_SETLK, &mark)
    }

    private static func holder(_ descriptor: Int32) -> pid_t? {
        var mark = mark
        guard fcntl(descriptor, F_GETLK, &mark) == 0, mark.l_type != Int16(F_UNLCK), mark.l_pid > 0 else { return nil }
        return mark.l_pid
    }

    private static var mark: flock {
        var mark = Glibc.flock()
        mark.l_type = Int16(F_WRLCK)
        mark.l_whence = Int16(SEEK_SET)
        mark.l_start = markedByte
        mark.l_len = 1
        return mark
    }

    // MARK: Errors

    private static func inUse(_ path: String, by pid: pid_t?) -> LedgerError {
        let holder = pid.map { "process \($0)" } ?? "another process"
        return LedgerError(
            code: .locked,
            message:
                "\(path) is in use by \(holder); two daemons on one ledger would repeat each other's actions; "
                + "stop the other daemon, or run this one with --ledger and another file")
    }

    private static func failure(_ path: String) -> LedgerError {
        LedgerError(
            code: errno == EACCES || errno == EPERM ? .noPermission : .unwritable,
            message:
                "cannot open \(path): \(String(cString: strerror(errno))); its directory must exist, and the user that "
                + "runs sendwarden needs write access")
    }
}

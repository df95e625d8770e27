import Glibc

/// Identifies a file independently of its names.
package struct FileIdentity: Hashable, Sendable {
    private let device: UInt64
    private let inode: UInt64

    private init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
    }

    /// Nil if the file does not exist.
    package init?(path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    package init?(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }
}

/// The files of a ledger; their names contain no symbolic links, so every path to the ledger yields the same.
struct LedgerFiles: Sendable {
    let main: String
    var wal: String { main + "-wal" }
    var sharedMemory: String { main + "-shm" }
    var journal: String { main + "-journal" }
    var head: String { main + ".head" }

    /// Refuses a path that exists and is not a regular file, because opening a device can have effects.
    static func requireFile(_ path: String) throws(LedgerError) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return }
        throw LedgerError(
            code: .notAFile,
            message: "\(path) is not a regular file, so it cannot be a ledger; give the path of a file with --ledger")
    }

    static func bytes(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Moves a damaged ledger aside for inspection; returns its new name.
    func setAside() throws(LedgerError) -> String {
        let base = "\(main).damaged-\(time(nil))"
        let aside = (0...).lazy.map { $0 == 0 ? base : "\(base).\($0)" }.first { access($0, F_OK) != 0 } ?? base
        let other = LedgerFiles(main: aside)
        // The record goes first: after a crash in between, the remaining files are refused again.
        let moves = [
            (head, other.head), (wal, other.wal), (sharedMemory, other.sharedMemory), (journal, other.journal),
            (main, other.main),
        ]
        for (old, new) in moves where rename(old, new) != 0 && errno != ENOENT {
            throw LedgerError(
                code: .unwritable, message: "cannot move \(old) aside: \(String(cString: strerror(errno)))")
        }
        return aside
    }
}

/// Detects that the files of a running daemon were deleted or replaced; its further writes would be lost.
struct FileWatch: Sendable {
    /// The open files, with the names under which the next start looks for them.
    private let held: [(path: String, identity: FileIdentity)]

    /// Stores the identities of the current files.
    init(_ files: LedgerFiles, given path: String, lock: LedgerLock, head: HeadFile) {
        var held: [(path: String, identity: FileIdentity)] = []
        func add(_ path: String, _ identity: FileIdentity?) {
            if let identity { held.append((path, identity)) }
        }
        add(files.main, FileIdentity(descriptor: lock.descriptor))
        if path != files.main { add(path, FileIdentity(descriptor: lock.descriptor)) }
        // SQLite has the log open all the time, so its inode is not reused.
        add(files.wal, FileIdentity(path: files.wal))
        add(files.head, FileIdentity(descriptor: head.descriptor))
        self.held = held
    }

    /// What happened to the files and what to do; nil if all are unchanged.
    var finding: String? {
        for (path, identity) in held {
            let found = FileIdentity(path: path)
            if found == identity { continue }
            let (what, restart) =
                found == nil
                ? ("was deleted or moved", "a restart would lose what the ledger contains")
                : ("was replaced by another file", "a restart would load that file and lose what was written since")
            return
                "\(path) \(what) while the daemon was running; \(restart). Move the original file back: the daemon "
                + "then continues by itself. If it is lost, check each campaign on the platform, remove or restore all "
                + "files of the ledger together, and restart"
        }
        return nil
    }
}

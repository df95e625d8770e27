import Glibc

/// One version of a file: another stamp means that the file has changed.
struct FileStamp: Hashable, Sendable {
    private var inode: UInt64 = 0
    private var size: Int64 = 0
    private var seconds = 0
    private var nanoseconds = 0

    /// All zero for a file that does not exist.
    init(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        (inode, size) = (UInt64(status.st_ino), Int64(status.st_size))
        (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
    }
}

import Glibc

/// Keeps two daemons from using one ledger; held as long as the value lives, and gone with the process.
final class LedgerLock: Sendable {
    private let descriptor: Int32

    init(for path: String) throws(LedgerError) {
        let lockPath = path + ".lock"
        let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            let code: LedgerError.Code = errno == EACCES || errno == EPERM ? .noPermission : .unwritable
            throw LedgerError(
                code: code,
                message:
                    "\(lockPath): \(String(cString: strerror(errno))); the user that runs sendwarden must be able to "
                    + "write there")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            var bytes = [UInt8](repeating: 0, count: 32)
            let count = max(0, pread(descriptor, &bytes, bytes.count, 0))
            close(descriptor)
            let holder = String(decoding: bytes[..<count].prefix { $0 != 0x0a }, as: UTF8.self)
            let pid = Int32(holder).map { "process \($0)" } ?? "another process"
            throw LedgerError(
                code: .locked,
                message:
                    "\(path) is in use by \(pid); two daemons on one ledger would act twice: stop that one, or give "
                    + "this one a ledger of its own")
        }
        let pid = Array("\(getpid())\n".utf8)
        ftruncate(descriptor, 0)
        pwrite(descriptor, pid, pid.count, 0)
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}

import Gateway
package import Glibc
import Ledger

/// One daemon's claim to the path of a control socket, for the lifetime of the value.
///
/// The claim is a lock (`flock`) on a file next to the socket, which the kernel releases when the process ends. If the
/// lock file cannot be created, the claim only checks that no process listens on the socket.
package final class SocketClaim: Sendable {
    /// Another daemon uses the path.
    package struct Taken: Error {
        package let path: String
        package let pid: pid_t?

        package var message: String {
            let holder = pid.map { "process \($0)" } ?? "another process"
            return "\(path) is the control socket of \(holder), which is running; stop that daemon, or give this one "
                + "another socket with --control"
        }
    }

    private let lockPath: String
    /// Nil if the lock file cannot be created.
    private let descriptor: Int32?

    /// The number of attempts if the file is replaced while it is being locked.
    private static let attemptsMax = 3

    package init(_ path: String) throws(Taken) {
        lockPath = path + ".lock"
        descriptor = try SocketClaim.lock(lockPath, of: path)
        // Older versions hold no lock, and the lock file can be deleted.
        if case .live(let pid) = UnixSocket.listener(at: path) {
            SocketClaim.release(descriptor, lockPath)
            throw Taken(path: path, pid: pid)
        }
    }

    deinit { SocketClaim.release(descriptor, lockPath) }

    private static func lock(_ lockPath: String, of path: String) throws(Taken) -> Int32? {
        for _ in 0..<attemptsMax {
            let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
            guard descriptor >= 0 else { return nil }
            guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
                let isHeld = errno == EWOULDBLOCK
                let pid = holder(descriptor)
                close(descriptor)
                if isHeld { throw Taken(path: path, pid: pid) }
                return nil
            }
            // The previous holder removes the file when it ends; another daemon may have created it again since.
            if FileIdentity(descriptor: descriptor) == FileIdentity(path: lockPath) {
                announce(descriptor)
                return descriptor
            }
            close(descriptor)
        }
        return nil
    }

    private static func release(_ descriptor: Int32?, _ lockPath: String) {
        guard let descriptor else { return }
        // Remove it while it is locked; see above.
        if FileIdentity(descriptor: descriptor) == FileIdentity(path: lockPath) { unlink(lockPath) }
        _ = flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    // MARK: The holder

    private static func announce(_ descriptor: Int32) {
        guard ftruncate(descriptor, 0) == 0 else { return }
        let text = "\(getpid())\n"
        _ = text.utf8CString.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count - 1, 0) }
    }

    private static func holder(_ descriptor: Int32) -> pid_t? {
        var buffer = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &buffer, buffer.count, 0)
        guard count > 0 else { return nil }
        return pid_t(String(decoding: buffer.prefix(count), as: UTF8.self).prefix { $0.isNumber })
    }
}

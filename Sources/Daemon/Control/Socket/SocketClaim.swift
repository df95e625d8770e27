package import Glibc
import Ledger

/// The right to a control socket's path, held by one daemon as long as the value lives.
///
/// It is a lock (`flock`) on a file beside the socket, which the kernel releases with the process. A daemon that cannot
/// make that file is still kept from a socket on which another listens.
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
    /// Nil where the file cannot be made.
    private let descriptor: Int32?

    /// How often a file that was replaced while it was being locked is tried again.
    private static let attemptsMax = 3

    package init(_ path: String) throws(Taken) {
        lockPath = path + ".lock"
        descriptor = try SocketClaim.lock(lockPath, of: path)
        // An older version holds no lock, and the file of a lock may have been removed.
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
            // Whoever held the lock removes the file as it ends, and another may have taken its name since.
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
        // Removed while it is locked: see above.
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

package import Glibc

/// Finds out who listens on a Unix socket.
package enum UnixSocket {
    package enum Listener: Hashable, Sendable {
        /// The path does not exist.
        case none
        /// No process listens.
        case stale
        /// A process listens; nil if its id is unknown.
        case live(pid_t?)
        /// The connection failed with this error.
        case unknown(Int32)
    }

    /// The longest path that fits into a socket address.
    package static let pathBytesMax = 107

    /// Connects to find out who listens; never blocks.
    package static func listener(at path: String) -> Listener {
        guard path.utf8.count <= pathBytesMax else { return .unknown(ENAMETOOLONG) }
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { return .unknown(errno) }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let status = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        if status == 0 { return .live(peer(descriptor)) }
        switch errno {
        case ENOENT: return .none
        // No process listens, or the file is not a socket.
        case ECONNREFUSED: return .stale
        // The backlog of a listening process is full.
        case EAGAIN: return .live(nil)
        default: return .unknown(errno)
        }
    }

    private static func peer(_ descriptor: Int32) -> pid_t? {
        // Laid out as the kernel's `struct ucred`: pid, uid, gid.
        var credentials: (pid_t, uid_t, gid_t) = (0, 0, 0)
        var size = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0, credentials.0 > 0 else {
            return nil
        }
        return credentials.0
    }
}

package import Glibc
import Ledger
import Synchronization

/// The file of a listening Unix socket, which only its owner removes.
///
/// The server binds another name in the same directory, and ``publish(_:)`` renames the file. So a stale socket is
/// replaced in one step, and the server, which removes the name that it bound, never removes another daemon's socket.
package final class SocketFile: Sendable {
    /// The current state of the file.
    package enum State: Hashable {
        case ours
        case gone
        /// Another socket replaced it, and no process listens there.
        case abandoned
        /// The socket of another process replaced it.
        case replaced(by: pid_t?)
        case unknown
    }

    package let path: String
    private let identity = Mutex<FileIdentity?>(nil)
    private static let names = Atomic<Int>(0)

    package init(_ path: String) { self.path = path }

    /// A new name in the same directory, not longer than the path unless that is very short.
    package func newName() -> String {
        let directory = path.lastIndex(of: "/").map { path[...$0] } ?? ""
        let number = SocketFile.names.add(1, ordering: .relaxed).newValue
        return "\(directory).\(getpid())" + (number == 1 ? "" : "-\(number)")
    }

    /// Admits the group to the bound socket, and moves the socket to ``path``.
    ///
    /// - Returns: the error; nil on success.
    package func publish(_ bound: String) -> Int32? {
        var status = stat()
        if lstat(path, &status) == 0 {
            let kind = status.st_mode & S_IFMT
            guard kind == S_IFSOCK || kind == S_IFLNK else { return EEXIST }
        }
        guard chmod(bound, 0o660) == 0, let found = FileIdentity(path: bound), rename(bound, path) == 0 else {
            let code = errno
            unlink(bound)
            return code
        }
        identity.withLock { $0 = found }
        return nil
    }

    package var state: State {
        guard let ours = identity.withLock({ $0 }) else { return .gone }
        if FileIdentity(path: path) == ours { return .ours }
        switch UnixSocket.listener(at: path) {
        case .none: return .gone
        case .stale: return .abandoned
        case .live(let pid): return .replaced(by: pid)
        case .unknown: return .unknown
        }
    }

    /// Removes the file if it is still ours.
    package func remove() {
        let ours = identity.withLock { identity in
            defer { identity = nil }
            return identity
        }
        if let ours, FileIdentity(path: path) == ours { unlink(path) }
    }
}

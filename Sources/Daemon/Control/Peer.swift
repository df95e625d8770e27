import Glibc
import NIOCore
import Threads

/// Identifies the client of a Unix socket, as the kernel reports it.
enum Peer {
    /// The most time for looking up a user name, so that a slow directory service does not delay an order.
    private static let nameWithin: Duration = .seconds(1)

    /// `anna (uid 1000, pid 4711)`, without an unknown name; nil if the kernel reports no client.
    static func name(_ channel: any Channel, _ names: BlockingWork) async -> String? {
        guard let provider = channel as? any SocketOptionProvider else { return nil }
        let credentials: Credentials? = try? await provider.unsafeGetSocketOption(
            level: .socket, name: .init(rawValue: SO_PEERCRED)
        ).get()
        guard let credentials else { return nil }
        let identity = "uid \(credentials.uid), pid \(credentials.pid)"
        let name = await userName(credentials.uid, names)
        return name.map { "\($0) (\(identity))" } ?? identity
    }

    private static func userName(_ uid: UInt32, _ names: BlockingWork) async -> String? {
        await bounded(by: nameWithin) { await names.run { lookUp(uid) } ?? nil } ?? nil
    }

    /// The user's name; nil if it is unknown.
    private static func lookUp(_ uid: UInt32) -> String? {
        var entry = passwd()
        var buffer = [CChar](repeating: 0, count: 4096)
        var found: UnsafeMutablePointer<passwd>?
        guard getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, let found else { return nil }
        return String(cString: found.pointee.pw_name)
    }

    /// The layout of the kernel's `struct ucred`.
    private struct Credentials: BitwiseCopyable {
        var pid: Int32
        var uid: UInt32
        var gid: UInt32
    }
}

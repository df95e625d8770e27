import CSystemd
import Glibc
import Synchronization

/// Reports the state of the service to systemd; without systemd, calls have no effect.
///
/// Calls never wait for a manager that does not read: pending notifications are sent with the next call, in order.
/// Nothing is sent between calls, so that the watchdog measures only the caller's progress.
package final class ServiceNotifier: Sendable {
    private let queue = Mutex(NotificationQueue())

    package init() {}

    package func ready(status: String) {
        send(.state("READY=1\nSTATUS=\(CleanText.cleaned(status))"))
    }

    package func status(_ text: String) {
        send(.status(CleanText.cleaned(text)))
    }

    /// Reports that a reload has begun; ``ready(status:)`` ends it.
    package func reloading() {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let microseconds = Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000
        send(.state("RELOADING=1\nMONOTONIC_USEC=\(microseconds)"))
    }

    package func stopping() {
        send(.state("STOPPING=1"))
    }

    package func watchdog() {
        send(.watchdog)
    }

    /// Sends pending notifications.
    package func retry() {
        queue.withLock { ServiceNotifier.flush(&$0) }
    }

    /// How often to call ``watchdog()``: half of systemd's timeout; nil if no watchdog is configured.
    package var watchdogInterval: Duration? {
        var microseconds: UInt64 = 0
        guard sd_watchdog_enabled(0, &microseconds) > 0, microseconds > 0 else { return nil }
        return .microseconds(Int64(clamping: microseconds)) / 2
    }

    private func send(_ notification: NotificationQueue.Notification) {
        queue.withLock { queue in
            queue.add(notification)
            ServiceNotifier.flush(&queue)
        }
    }

    private static func flush(_ queue: inout NotificationQueue) {
        guard let notification = queue.waiting.first else { return }
        guard let socket = NotifySocket() else {
            queue.removeFirst()
            return flush(&queue)
        }
        var next: NotificationQueue.Notification? = notification
        while let notification = next {
            if socket.send(notification.text) == .full { return }
            queue.removeFirst()
            next = queue.waiting.first
        }
    }
}

/// A non-blocking socket to the manager, open for a few datagrams.
///
/// sd_notify(3) would wait for a manager that does not read.
private final class NotifySocket {
    enum Outcome {
        case sent
        /// The manager's queue is full; try again later.
        case full
        /// It cannot be sent; do not try again.
        case failed
    }

    private let descriptor: Int32
    private var address = sockaddr_un()
    private let length: socklen_t

    /// Nil if there is no manager, or its socket is not a Unix socket.
    init?() {
        guard let path = getenv("NOTIFY_SOCKET").map({ Array(String(cString: $0).utf8) }), let first = path.first,
            first == UInt8(ascii: "/") || first == UInt8(ascii: "@"), path.count < NotifySocket.pathBytesMax
        else { return nil }
        address.sun_family = sa_family_t(AF_UNIX)
        // An abstract name starts with a zero byte instead of `@`, and ends by its length.
        let name = first == UInt8(ascii: "@") ? [0] + path.dropFirst() : path
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        length = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2) + socklen_t(name.count)
        descriptor = socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return nil }
    }

    deinit { close(descriptor) }

    /// The size of `sun_path`; unix(7).
    private static let pathBytesMax = 108

    func send(_ text: String) -> Outcome {
        var bytes = Array(text.utf8)
        let count = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, &bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
        if count >= 0 { return .sent }
        return errno == EAGAIN || errno == ENOBUFS ? .full : .failed
    }
}

/// Notifications that the service manager has not received yet, in order and bounded.
struct NotificationQueue {
    enum Notification: Hashable {
        /// Ready, reloading or stopping; each is sent, in order.
        case state(String)
        /// Only the newest is sent.
        case status(String)
        /// The main loop has made progress; several are merged into one.
        case watchdog
    }

    /// The most waiting states: a reload sends two, and a manager that misses four reloads is gone.
    static let statesMax = 8

    private(set) var waiting: [Notification] = []

    /// Appends a notification and removes those that it supersedes.
    mutating func add(_ notification: Notification) {
        switch notification {
        case .state:
            let states = waiting.indices.filter { if case .state = waiting[$0] { true } else { false } }
            if states.count >= NotificationQueue.statesMax, let oldest = states.first { waiting.remove(at: oldest) }
        case .status: waiting.removeAll { if case .status = $0 { true } else { false } }
        case .watchdog: waiting.removeAll { $0 == .watchdog }
        }
        waiting.append(notification)
    }

    /// Removes the first notification after it was sent.
    mutating func removeFirst() { waiting.removeFirst() }
}

extension NotificationQueue.Notification {
    /// The datagram; sd_notify(3).
    var text: String {
        switch self {
        case .state(let text): text
        case .status(let text): "STATUS=\(text)"
        case .watchdog: "WATCHDOG=1"
        }
    }
}

/// Notifications for the service manager that it has not taken yet: in order, and never more than a few.
struct NotificationQueue {
    enum Notification: Hashable {
        /// Ready, reloading or stopping: each is sent, in order.
        case state(String)
        /// Only the newest counts.
        case status(String)
        /// The loop has made progress; several are one.
        case watchdog
    }

    /// States that wait: a reload makes two, and a manager that takes none for four reloads is gone.
    static let statesMax = 8

    private(set) var waiting: [Notification] = []

    /// Adds one behind the others, in place of what it makes pointless.
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

    /// Takes the first away, once it is sent.
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

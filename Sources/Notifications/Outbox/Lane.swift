import Model
import Policy

extension Outbox {
    /// What waits for one receiver.
    struct Lane: Sendable {
        var receiver: Receiver
        /// Oldest first.
        private(set) var waiting: [OutboxItem] = []
        private(set) var bytes = 0
        /// The contents of the message in flight; nil if none is.
        var sending: [OutboxItem]?
        var failures = 0
        var retryAt: Instant?
        var failingSince: Instant?
        var isReportedFailing = false
        var urgentSentAt: Instant?
        var unreportedDrops = 0
        var dropReason: DropReason?
        var dropReportedAt: Instant?
        var tally: ReceiverTally

        init(receiver: Receiver) {
            self.receiver = receiver
            tally = ReceiverTally(receiver: receiver.name)
        }

        mutating func append(_ item: OutboxItem) {
            waiting.append(item)
            bytes += item.byteCount
        }

        mutating func removeFirst(_ count: Int) -> [OutboxItem] {
            let removed = Array(waiting.prefix(count))
            waiting.removeFirst(removed.count)
            bytes -= removed.reduce(0) { $0 + $1.byteCount }
            return removed
        }

        mutating func replaceWaiting(_ items: [OutboxItem]) {
            waiting = items
            bytes = items.reduce(0) { $0 + $1.byteCount }
        }

        /// When the next message is due; nil while one is in flight or nothing waits.
        ///
        /// A group is complete ``Receiver/groupWait`` after its first event. A pause or a critical event ends it at once,
        /// but only once within that time, so that many pauses do not become as many messages.
        var due: Instant? {
            guard sending == nil, let oldest = waiting.first else { return nil }
            var due = oldest.at + receiver.groupWait
            if let urgent = waiting.first(where: \.isUrgent) {
                due = min(due, urgentSentAt.map { max(urgent.at, $0 + receiver.groupWait) } ?? urgent.at)
            }
            return max(due, retryAt ?? due)
        }
    }
}

extension OutboxItem {
    /// True if it does not wait for others: a pause, a critical event, a summary, or a test message.
    var isUrgent: Bool {
        switch kind {
        case .event: priority <= Priority.critical.rawValue || name == EventKind.campaignPaused.rawValue
        case .summary, .test: true
        }
    }
}

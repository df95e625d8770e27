/// A notification that waits to be sent to one receiver.
package struct OutboxItem: Sendable, Hashable, Codable {
    package enum Kind: String, Sendable, Codable {
        /// An event of the journal.
        case event
        /// The daily summary.
        case summary
        /// A message that a person asked for, to try the receiver.
        case test
    }

    /// Unique within a ledger; increases with each item of a process.
    package var id: Int64
    /// The receiver's name in the policy.
    package var receiver: String
    package var at: Instant
    package var kind: Kind
    /// The event's name, or the kind of an item that is not about one event.
    package var name: String
    /// The event's syslog priority.
    package var priority: Int
    package var message: String
    /// The fields of the journal entry.
    package var fields: [String: String]

    package init(
        id: Int64, receiver: String, at: Instant, kind: Kind, name: String, priority: Priority, message: String,
        fields: [String: String] = [:]
    ) {
        (self.id, self.receiver, self.at, self.kind) = (id, receiver, at, kind)
        (self.name, self.priority, self.message, self.fields) = (name, priority.rawValue, message, fields)
    }

    /// Roughly the memory that it takes.
    package var byteCount: Int {
        fields.reduce(96 + receiver.utf8.count + name.utf8.count + message.utf8.count) {
            $0 + $1.key.utf8.count + $1.value.utf8.count
        }
    }
}

/// A change of the notifications that wait.
package struct OutboxChange: Sendable, Hashable {
    /// New notifications.
    package var queued: [OutboxItem]
    /// The ids of those that were sent or dropped.
    package var settled: [Int64]

    package init(queued: [OutboxItem] = [], settled: [Int64] = []) {
        (self.queued, self.settled) = (queued, settled)
    }

    package var isEmpty: Bool { queued.isEmpty && settled.isEmpty }
}

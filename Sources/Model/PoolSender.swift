/// A member of a pool whose members can be listed.
package struct PoolSender: Hashable, Sendable, Codable {
    /// The kind of messages that a sender sends.
    package enum Channel: String, CaseIterable, Hashable, Sendable, Codable {
        case sms = "SMS"
        case rcs = "RCS"
        case email = "EMAIL"
        case whatsapp = "WHATSAPP"
        case push = "PUSH"
    }

    package enum Status: String, CaseIterable, Hashable, Sendable, Codable {
        case activated = "ACTIVATED"
        case deactivated = "DEACTIVATED"
    }

    package var id: SenderID
    package var displayName: String?
    package var address: String?
    /// Nil for an undocumented channel.
    package var channel: Channel?
    /// Nil for an undocumented status; such a sender counts as unable to send.
    package var status: Status?
    package var tags: [String: String]
    package var createdAt: Instant?
    package var updatedAt: Instant?

    package init(
        id: SenderID, displayName: String? = nil, address: String? = nil, channel: Channel? = nil,
        status: Status? = nil, tags: [String: String] = [:], createdAt: Instant? = nil, updatedAt: Instant? = nil
    ) {
        self.id = id
        self.displayName = displayName
        self.address = address
        self.channel = channel
        self.status = status
        self.tags = tags
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// A change that a platform accepted and completes later.
package struct PoolOperation: Hashable, Sendable {
    package enum Status: String, CaseIterable, Hashable, Sendable, Codable {
        case processing = "PROCESSING"
        case completed = "COMPLETED"
        case canceled = "CANCELED"
    }

    package var id: OperationID
    package var status: Status
    package var total: Int?
    package var queued: Int?
    package var created: Int?
    /// The parts that failed; nil if the response lacks the field.
    package var failed: Int?
    package var createdAt: Instant?
    package var updatedAt: Instant?

    package init(
        id: OperationID, status: Status, total: Int? = nil, queued: Int? = nil, created: Int? = nil, failed: Int? = nil,
        createdAt: Instant? = nil, updatedAt: Instant? = nil
    ) {
        self.id = id
        self.status = status
        self.total = total
        self.queued = queued
        self.created = created
        self.failed = failed
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// The response to a change of a pool's members: the change was accepted, and may still fail.
package struct ChangeReceipt: Hashable, Sendable {
    /// The operation that reports the result of the change; nil if the response names none.
    package var operation: OperationID?

    package init(operation: OperationID?) { self.operation = operation }
}

/// A range of creation dates; nil is unbounded.
package struct CreationDates: Hashable, Sendable {
    package var after: Instant?
    package var before: Instant?

    package init(after: Instant? = nil, before: Instant? = nil) { (self.after, self.before) = (after, before) }
}

/// One sender within a pool whose members can be listed.
package struct PoolSender: Hashable, Sendable, Codable {
    /// What a sender sends.
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
    /// Nil for a channel that no page documents.
    package var channel: Channel?
    /// Nil for a status that no page documents; such a sender counts as not able to send.
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

/// Work that a platform goes on with after it has answered a request.
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
    /// The parts that did not succeed; nil where the answer does not say.
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

/// What a change of a pool or its members was answered with: it was accepted, and may still fail.
package struct ChangeReceipt: Hashable, Sendable {
    /// The operation that tells how the change ends; nil where the answer names none.
    package var operation: OperationID?

    package init(operation: OperationID?) { self.operation = operation }
}

/// A stretch of time in which something was created; nil is open.
package struct CreationDates: Hashable, Sendable {
    package var after: Instant?
    package var before: Instant?

    package init(after: Instant? = nil, before: Instant? = nil) { (self.after, self.before) = (after, before) }
}

/// A sender pool as the API reports it.
///
/// Nil means that the response lacks the field.
package struct SenderPool: Hashable, Sendable {
    package var id: PoolID
    package var name: String?
    /// The most emails per window.
    package var dailyCapacity: Int?
    /// Emails still allowed in the current window; some responses call it `remainingToday`.
    package var remainingVolume: Int?
    /// When the next window starts; nil if the response lacks it.
    package var resetAt: Instant?
    package var senderAccountIDs: [AccountID]?
    package var senderCount: Int?
    package var activeSenderCount: Int?
    package var tags: [String: String]?
    package var createdAt: Instant?
    package var updatedAt: Instant?
    /// A description of fields that contradict each other, which makes the volume unknown; nil if they agree.
    package var contradiction: String?

    package init(
        id: PoolID, name: String? = nil, dailyCapacity: Int? = nil, remainingVolume: Int? = nil,
        resetAt: Instant? = nil, senderAccountIDs: [AccountID]? = nil, senderCount: Int? = nil,
        activeSenderCount: Int? = nil, tags: [String: String]? = nil, createdAt: Instant? = nil,
        updatedAt: Instant? = nil
    ) {
        self.id = id
        self.name = name
        self.dailyCapacity = dailyCapacity
        self.remainingVolume = remainingVolume
        self.resetAt = resetAt
        self.senderAccountIDs = senderAccountIDs
        self.senderCount = senderCount
        self.activeSenderCount = activeSenderCount
        self.tags = tags
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}

/// A sender account: an email identity that a pool sends from.
package struct SenderAccount: Hashable, Sendable {
    /// The account's status; an undocumented one is `other` and counts as unable to send.
    package enum Status: Hashable, Sendable {
        case active
        case paused
        case warming
        case other
    }

    package var id: AccountID
    package var status: Status

    package init(id: AccountID, status: Status) {
        self.id = id
        self.status = status
    }
}

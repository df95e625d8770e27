/// One sender pool as the API reports it.
///
/// Nil means that the answer did not say.
package struct SenderPool: Hashable, Sendable {
    package var id: PoolID
    package var name: String?
    /// Most mails in one window.
    package var dailyCapacity: Int?
    /// Mails still allowed in the current window; some pages call it `remainingToday`.
    package var remainingVolume: Int?
    /// When the window starts anew, where the answer says so.
    package var resetAt: Instant?
    package var senderAccountIDs: [AccountID]?
    package var senderCount: Int?
    package var activeSenderCount: Int?
    package var tags: [String: String]?
    package var createdAt: Instant?
    package var updatedAt: Instant?
    /// What contradicts itself in the answer, in a clause; its volume is then unknown.
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

/// One sender account: an email identity that a pool sends from.
package struct SenderAccount: Hashable, Sendable {
    /// What the account may do; a status that no page documents counts as not able to send.
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

package import Model

/// What one workspace's platform can do, each part a protocol of its own; what it cannot do is not there to be called.
///
/// A policy that asks for more is refused when it is read: see `Workspace.Provider.abilities`.
package struct Platform: Sendable {
    package var campaigns: (any CampaignPlatform)?
    package var volumes: (any VolumePlatform)?
    package var accounts: (any AccountPlatform)?
    package var rosters: (any RosterPlatform)?

    package init(
        campaigns: (any CampaignPlatform)? = nil, volumes: (any VolumePlatform)? = nil,
        accounts: (any AccountPlatform)? = nil, rosters: (any RosterPlatform)? = nil
    ) {
        self.campaigns = campaigns
        self.volumes = volumes
        self.accounts = accounts
        self.rosters = rosters
    }
}

/// A platform that sends campaigns; every call is one request or one thrown fault.
package protocol CampaignPlatform: Sendable {
    /// The campaign's counters.
    func stats(of campaign: CampaignID) async throws(Fault) -> CampaignStats
    /// Stops a campaign's sending. Idempotent: a campaign that does not run answers with its state.
    ///
    /// - Parameter firstSentAt: when the first attempt left that may have taken effect.
    func pause(_ campaign: CampaignID, firstSentAt: Instant) async throws(Fault) -> ActionAnswer
    /// Starts a draft, once: never repeated by itself, as a lost answer does not tell whether it took effect.
    func start(_ campaign: CampaignID, firstSentAt: Instant) async throws(Fault) -> ActionAnswer
}

/// A platform that says itself how much its pools may still send.
package protocol VolumePlatform: Sendable {
    /// Every sender pool of the workspace.
    func pools() async throws(Fault) -> [SenderPool]
}

/// A platform that lists sender accounts with their state.
package protocol AccountPlatform: Sendable {
    /// Every sender account of the workspace.
    func accounts() async throws(Fault) -> [SenderAccount]
}

/// A platform whose pools have members that can be listed, removed and put back.
package protocol RosterPlatform: Sendable {
    /// The pools of the workspace, page by page.
    func pools(_ filter: PoolFilter) -> Pages<SenderPool>
    /// One pool, by the platform's own id.
    func pool(_ id: PoolID) async throws(Fault) -> SenderPool
    /// The members of a pool, page by page.
    func senders(of pool: PoolID, _ filter: SenderFilter) -> Pages<PoolSender>
    /// Takes a sender out of a pool. Sent once: a lost answer does not tell whether it took effect.
    func remove(_ sender: SenderID, from pool: PoolID) async throws(Fault) -> ChangeReceipt
    /// Puts senders into a pool. Sent once, as above.
    func add(_ senders: [SenderID], to pool: PoolID) async throws(Fault) -> ChangeReceipt
    /// How a change that was accepted goes on.
    func operation(_ id: OperationID) async throws(Fault) -> PoolOperation
}

/// Which pools a list is to hold, as the API has it.
package struct PoolFilter: Hashable, Sendable {
    package var created = CreationDates()
    /// Those that an operation made or changed.
    package var operation: OperationID?

    package init(created: CreationDates = CreationDates(), operation: OperationID? = nil) {
        (self.created, self.operation) = (created, operation)
    }
}

/// Which members of a pool a list is to hold, as the API has it.
package struct SenderFilter: Hashable, Sendable {
    package var channel: PoolSender.Channel?
    package var status: PoolSender.Status?
    package var created = CreationDates()

    package init(
        channel: PoolSender.Channel? = nil, status: PoolSender.Status? = nil, created: CreationDates = CreationDates()
    ) {
        (self.channel, self.status, self.created) = (channel, status, created)
    }
}

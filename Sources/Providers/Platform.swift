package import Model

/// The clients of one workspace's platform, one protocol per ability; nil for an ability that the platform lacks.
///
/// A policy that requires a missing ability is refused when it is read; see `Provider.Ability` in the Policy target.
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

/// A platform that sends campaigns; every call returns a response or throws a fault.
package protocol CampaignPlatform: Sendable {
    /// The campaign's counters.
    ///
    /// - Parameter extras: the counters to report even though each costs a request of its own; those that cannot be
    ///   had are unknown, with the reason.
    func stats(of campaign: CampaignID, with extras: Set<ExtraCounter>) async throws(Fault) -> CampaignStats
    /// Pauses a campaign. Idempotent: for a campaign that does not run, the response contains its status.
    ///
    /// - Parameter firstSentAt: when the first attempt that may have taken effect was sent.
    func pause(_ campaign: CampaignID, firstSentAt: Instant) async throws(Fault) -> ActionAnswer
    /// Starts or resumes a campaign. Never retried, because a lost response leaves open whether the start took effect.
    func start(_ campaign: CampaignID, firstSentAt: Instant) async throws(Fault) -> ActionAnswer
}

extension CampaignPlatform {
    /// The campaign's counters that cost one request.
    package func stats(of campaign: CampaignID) async throws(Fault) -> CampaignStats {
        try await stats(of: campaign, with: [])
    }
}

/// A platform that reports how much its pools may still send.
package protocol VolumePlatform: Sendable {
    /// Every sender pool of the workspace.
    func pools() async throws(Fault) -> [SenderPool]
}

/// A platform that lists sender accounts and their states.
package protocol AccountPlatform: Sendable {
    /// Every sender account of the workspace.
    func accounts() async throws(Fault) -> [SenderAccount]
}

/// A platform whose pools have members that can be listed, removed and restored.
package protocol RosterPlatform: Sendable {
    /// The pools of the workspace, page by page.
    func pools(_ filter: PoolFilter) -> Pages<SenderPool>
    /// One pool, by the platform's id.
    func pool(_ id: PoolID) async throws(Fault) -> SenderPool
    /// The members of a pool, page by page.
    func senders(of pool: PoolID, _ filter: SenderFilter) -> Pages<PoolSender>
    /// Removes a sender from a pool. Never retried: a lost response leaves open whether the removal took effect.
    func remove(_ sender: SenderID, from pool: PoolID) async throws(Fault) -> ChangeReceipt
    /// Adds senders to a pool. Never retried, for the same reason.
    func add(_ senders: [SenderID], to pool: PoolID) async throws(Fault) -> ChangeReceipt
    /// The state of an accepted change.
    func operation(_ id: OperationID) async throws(Fault) -> PoolOperation
}

/// The API's filter for lists of pools.
package struct PoolFilter: Hashable, Sendable {
    package var created = CreationDates()
    /// Only pools that this operation created or changed.
    package var operation: OperationID?

    package init(created: CreationDates = CreationDates(), operation: OperationID? = nil) {
        (self.created, self.operation) = (created, operation)
    }
}

/// The API's filter for lists of a pool's members.
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

package import Model
package import Policy

/// The last reports on pools and sender accounts, and the reserved volume.
package struct PoolDirectory: Sendable {
    /// When a target was last answered, and when that request left.
    private struct Answer: Sendable {
        var at: Instant
        var requestedAt: Instant
    }

    private var machines: [PoolID: PoolMachine] = [:]
    private var bindings: [PoolID: PoolBinding]
    private var accounts: [WorkspaceName: [AccountID: SenderAccount.Status]] = [:]
    private var answers: [Target: Answer] = [:]
    /// Emails that campaigns were seen to send from pools without volumes of their own.
    private var use: [PoolID: DailyUse] = [:]
    /// Older responses are stale.
    private var poolsStaleAfter: Duration
    private var accountsStaleAfter: Duration
    private let watchedSince: Instant
    /// The wall clock's offset from monotonic time; a day's volume follows the wall clock.
    private var wallClockOffset: Duration = .zero
    private var reservations = Reservations()
    private var names: PoolNames
    private var changed: Set<PoolID> = []

    init(_ policy: CheckedPolicy, at now: Instant) {
        watchedSince = now
        (poolsStaleAfter, accountsStaleAfter) = PoolDirectory.staleAfter(policy)
        bindings = PoolDirectory.bindings(policy)
        names = PoolNames(policy)
    }

    mutating func adopt(_ policy: CheckedPolicy) {
        (poolsStaleAfter, accountsStaleAfter) = PoolDirectory.staleAfter(policy)
        let newer = PoolDirectory.bindings(policy)
        // A name now bound to another pool, or to none, loses its old pool.
        let moved = Set(bindings.keys).union(newer.keys).filter { bindings[$0] != newer[$0] }
        for name in moved {
            machines[name]?.forget()
            answers[.pool(name)] = nil
        }
        bindings = newer
        names = PoolNames(policy)
        let workspaces = Set(policy.workspaces.map(\.name))
        for (id, machine) in machines {
            if let workspace = machine.volume?.workspace, !workspaces.contains(workspace) { machines[id]?.forget() }
            machines[id]?.adopt(policy)
            changed.insert(id)
        }
    }

    mutating func setClock(ahead offset: Duration) { wallClockOffset = offset }

    private static func bindings(_ policy: CheckedPolicy) -> [PoolID: PoolBinding] {
        Dictionary(uniqueKeysWithValues: policy.pools.map { ($0.name, $0) })
    }

    private static func staleAfter(_ policy: CheckedPolicy) -> (pools: Duration, accounts: Duration) {
        (max(policy.staleAfter, policy.poll.pools.max * 3), max(policy.staleAfter, policy.poll.accounts * 3))
    }

    // MARK: Answers

    /// When the target's last good response was requested; nil before the first.
    func requestedAt(_ target: Target) -> Instant? { answers[target]?.requestedAt }

    /// True if a newer response of the target was handled before.
    func isOutdated(_ target: Target, requestedAt: Instant) -> Bool {
        answers[target].map { requestedAt < $0.requestedAt } ?? false
    }

    mutating func observe(accounts: [SenderAccount], of workspace: WorkspaceName, requestedAt: Instant, at now: Instant)
    {
        self.accounts[workspace] = Dictionary(
            accounts.map { ($0.id, $0.status) }, uniquingKeysWith: { first, _ in first })
        answers[.accounts(workspace)] = Answer(at: now, requestedAt: requestedAt)
    }

    /// Updates a workspace's pools; returns the events of those in use, including pools that are missing now.
    mutating func observe(
        pools answer: [SenderPool], of workspace: WorkspaceName, requestedAt: Instant, at now: Instant
    ) -> [PoolEvent] {
        var events: [PoolEvent] = []
        var seen: Set<PoolID> = []
        // A name from the policy means the pool bound to it, whatever ids the platform uses.
        for pool in PoolConsistency.checked(answer, at: now + wallClockOffset) where bindings[pool.id] == nil {
            seen.insert(pool.id)
            events += machines[pool.id, default: PoolMachine(id: pool.id)].observe(pool, of: workspace, at: now)
        }
        answers[.pools(workspace)] = Answer(at: now, requestedAt: requestedAt)
        for (id, machine) in machines where machine.volume?.workspace == workspace && bindings[id] == nil {
            if !seen.contains(id) { machines[id]?.forget() }
        }
        let used = Set(used(reportedBy: .pools(workspace)))
        events = events.filter { used.contains($0.pool) }
        let known = machines.values.compactMap { $0.pool == nil ? nil : $0.id }.sorted()
        for id in used.sorted() where machines[id]?.pool == nil {
            if machines[id, default: PoolMachine(id: id)].lose() { events.append(.missing(id, known: known)) }
        }
        return events
    }

    /// Updates the members of a bound pool and calculates its remaining volume of the day.
    mutating func observe(
        _ roster: PoolRoster, of binding: PoolBinding, requestedAt: Instant, at now: Instant
    ) -> [PoolEvent] {
        let (capacity, overflow) = roster.activeSenders.multipliedReportingOverflow(by: binding.perSenderDaily)
        let wall = now + wallClockOffset
        let left = overflow ? Int.max : max(0, capacity - (use[binding.name]?.count(at: wall) ?? 0))
        let pool = SenderPool(
            id: binding.name, name: roster.pool.name, dailyCapacity: overflow ? Int.max : capacity,
            remainingVolume: left, resetAt: DailyUse.renewal(after: wall) - wallClockOffset,
            senderCount: roster.senders, activeSenderCount: roster.activeSenders, tags: roster.pool.tags,
            createdAt: roster.pool.createdAt, updatedAt: roster.pool.updatedAt)
        answers[.pool(binding.name)] = Answer(at: now, requestedAt: requestedAt)
        return machines[binding.name, default: PoolMachine(id: binding.name)]
            .observe(pool, of: binding.workspace, roster, at: now)
    }

    /// The meaning of a response without a pool named in the policy.
    enum Loss {
        /// The next response shows whether the pool is missing.
        case doubtful
        case missing(isNew: Bool)
    }

    /// Handles a response in which no pool, or several, match the policy's pool.
    mutating func lose(_ name: PoolID, requestedAt: Instant, at now: Instant) -> Loss {
        guard machines[name, default: PoolMachine(id: name)].doubt() else { return .doubtful }
        answers[.pool(name)] = Answer(at: now, requestedAt: requestedAt)
        return .missing(isNew: machines[name]?.lose() ?? false)
    }

    /// Restores pools as an earlier process knew them.
    mutating func recall(_ known: [SenderPool], of policy: CheckedPolicy, at then: Instant) {
        for pool in known {
            let binding = bindings[pool.id]
            let drawing = policy.campaigns.first { $0.pool == pool.id }?.workspace
            let workspace = binding?.workspace ?? drawing ?? policy.workspace.name
            machines[pool.id, default: PoolMachine(id: pool.id)].recall(pool, of: workspace)
            answers[binding == nil ? .pools(workspace) : .pool(pool.id)] = Answer(at: then, requestedAt: then)
        }
    }

    /// Counts emails that a campaign was seen to send from the pool.
    mutating func noteSends(_ count: Double, from pool: PoolID?, since start: Instant, at now: Instant) {
        guard let pool, bindings[pool] != nil, count > 0 else { return }
        use[pool, default: DailyUse()].note(count, from: start + wallClockOffset, to: now + wallClockOffset)
    }

    // MARK: Machines

    package func machine(_ id: PoolID) -> PoolMachine? { machines[id] }

    /// Every known pool, sorted by id.
    package var known: [PoolMachine] { machines.values.sorted { $0.id < $1.id } }

    /// Changes a pool and marks it for storage.
    mutating func update<Result>(_ id: PoolID, _ body: (inout PoolMachine) -> Result) -> Result {
        changed.insert(id)
        return body(&machines[id, default: PoolMachine(id: id)])
    }

    /// The pools changed since the last call.
    mutating func takeChanged() -> Set<PoolID> {
        defer { changed = [] }
        return changed
    }

    /// Hands everything out again.
    mutating func storeAll() { changed.formUnion(machines.keys) }

    // MARK: Questions

    /// The binding of a pool named in the policy; nil if the id is the platform's own.
    func binding(_ id: PoolID) -> PoolBinding? { bindings[id] }

    /// The target that reports the pool; a nil pool is the workspace's only one.
    func target(of pool: PoolID?, in workspace: WorkspaceName) -> Target {
        pool.flatMap { bindings[$0] == nil ? nil : .pool($0) } ?? .pools(workspace)
    }

    /// The pools that campaigns draw on or that the policy names, sorted.
    func used() -> [PoolID] {
        var pools = Set(names.pools)
        for workspace in names.workspacesWithSinglePool {
            if let single = single(workspace) { pools.insert(single.id) }
        }
        return pools.sorted()
    }

    /// The used pools that a poll of the target reports, sorted.
    func used(reportedBy target: Target) -> [PoolID] {
        used().filter { self.target(of: $0, in: home(of: $0)) == target }
    }

    /// The pools that the policy names, sorted.
    package var named: [PoolID] { names.pools }

    /// The workspace of a pool; the policy's first one if unknown.
    package func home(of pool: PoolID) -> WorkspaceName {
        bindings[pool]?.workspace ?? machines[pool]?.volume?.workspace ?? names.homes[pool] ?? names.firstWorkspace
    }

    /// The workspace's pool if its platform reports exactly one; nil otherwise.
    package func single(_ workspace: WorkspaceName) -> SenderPool? {
        var found: SenderPool?
        for (id, machine) in machines {
            guard let volume = machine.volume, volume.workspace == workspace, bindings[id] == nil else { continue }
            if found != nil { return nil }
            found = volume.pool
        }
        return found
    }

    /// The id of the pool that a campaign draws on; nil if it names none and there is not exactly one.
    func poolID(of campaign: CampaignEntry) -> PoolID? { campaign.pool ?? single(campaign.workspace)?.id }

    /// True if the platform reports the pool that a campaign draws on.
    func knowsPool(of campaign: CampaignEntry) -> Bool {
        poolID(of: campaign).map { machines[$0]?.pool != nil } ?? false
    }

    // MARK: Readings

    /// The pool that a campaign draws on; nil if there is none, more than one, or no fresh response.
    func reading(of campaign: CampaignEntry, at now: Instant) -> PoolReading? {
        reading(campaign.pool, in: campaign.workspace, at: now)
    }

    /// Like ``reading(of:at:)``, without the campaign's own reservation.
    package func reading(for campaign: CampaignEntry, at now: Instant) -> PoolReading? {
        reading(campaign.pool, in: campaign.workspace, for: campaign.id, at: now)
    }

    /// The reading of a pool by its id or its name in the policy.
    package func reading(_ id: PoolID, at now: Instant) -> PoolReading? {
        machines[id]?.volume.flatMap { reading(id, in: $0.workspace, at: now) }
    }

    private func reading(
        _ id: PoolID?, in workspace: WorkspaceName, for campaign: CampaignID? = nil, at now: Instant
    ) -> PoolReading? {
        guard let answer = answers[target(of: id, in: workspace)], now - answer.at <= poolsStaleAfter else {
            return nil
        }
        guard let pool = id.map({ machines[$0]?.pool }) ?? single(workspace) else { return nil }
        return PoolReading(
            pool: pool, renewsAt: machines[pool.id]?.renewsAt(at: now),
            reserved: reservations.reserved(in: pool.id, except: campaign),
            activeSenders: activeSenders(pool, workspace, now), wallTime: now + wallClockOffset)
    }

    private func activeSenders(_ pool: SenderPool, _ workspace: WorkspaceName, _ now: Instant) -> Int? {
        if let count = pool.activeSenderCount { return count }
        guard let accounts = freshAccounts(workspace, now) else { return nil }
        if let ids = pool.senderAccountIDs { return ids.count { accounts[$0] == .active } }
        // All accounts of a workspace with a single pool are in that pool.
        return single(workspace) == nil ? nil : AccountCounts(accounts.values).active
    }

    private func freshAccounts(_ workspace: WorkspaceName, _ now: Instant) -> [AccountID: SenderAccount.Status]? {
        guard let answer = answers[.accounts(workspace)], now - answer.at <= accountsStaleAfter else { return nil }
        return accounts[workspace]
    }

    /// Everything that rules on a campaign read besides its own stats.
    func surroundings(of campaign: CampaignEntry, at now: Instant) -> Surroundings {
        surroundings(reading(for: campaign, at: now), campaign.pool, campaign.workspace, now)
    }

    /// Everything that rules on a pool read.
    func surroundings(of pool: PoolID, at now: Instant) -> Surroundings {
        surroundings(reading(pool, at: now), pool, home(of: pool), now)
    }

    private func surroundings(
        _ reading: PoolReading?, _ pool: PoolID?, _ workspace: WorkspaceName, _ now: Instant
    ) -> Surroundings {
        func age(_ target: Target) -> Duration { max(.zero, now - (answers[target]?.at ?? watchedSince)) }
        return Surroundings(
            pool: reading, accounts: freshAccounts(workspace, now).map { AccountCounts($0.values) },
            poolsAge: age(target(of: pool, in: workspace)), accountsAge: age(.accounts(workspace)))
    }

    // MARK: Reservations

    package func reserved(in pool: PoolID) -> Int { reservations.reserved(in: pool) }

    func reservedForLaunches(in pool: PoolID, except campaign: CampaignID) -> Int {
        reservations.reservedForLaunches(in: pool, except: campaign)
    }

    /// Reserves a launch's volume.
    mutating func reserve(launch enrolled: Int, in pool: PoolID, for campaign: CampaignID) {
        reservations.reserve(enrolled, in: pool, for: campaign)
    }

    /// Reserves the rest of a resumed campaign's volume, even without fresh data on the pool.
    mutating func reserveRest(_ stats: CampaignStats?, of campaign: CampaignEntry) {
        guard let pool = poolID(of: campaign), let stats, let enrolled = stats.totalEnrolled else { return }
        reservations.reserve(enrolled, sent: stats.sent ?? 0, in: pool, for: campaign.id, isOfResume: true)
    }

    mutating func cancelReservation(of campaign: CampaignID) { reservations.cancel(campaign) }

    /// Settles reservations after a poll of the pools, whose figures include everything sent before it.
    mutating func settleReservations(in pools: Set<PoolID>, _ stats: (CampaignID) -> CampaignStats?) {
        reservations.settle(in: pools, stats)
    }

    var storedReservations: Reservations { reservations }

    mutating func takeUp(_ stored: Reservations) { reservations = stored }
}

/// The pools named in the policy.
private struct PoolNames: Sendable {
    /// In campaigns or by binding, sorted.
    let pools: [PoolID]
    /// Workspaces in which a campaign draws on the only pool, sorted.
    let workspacesWithSinglePool: [WorkspaceName]
    /// The workspace of the first campaign that draws on each pool.
    let homes: [PoolID: WorkspaceName]
    let firstWorkspace: WorkspaceName

    init(_ policy: CheckedPolicy) {
        pools = Set(policy.campaigns.compactMap(\.pool) + policy.pools.map(\.name)).sorted()
        workspacesWithSinglePool = Set(policy.campaigns.filter { $0.pool == nil }.map(\.workspace)).sorted()
        homes = Dictionary(
            policy.campaigns.compactMap { entry in entry.pool.map { ($0, entry.workspace) } },
            uniquingKeysWith: { first, _ in first })
        firstWorkspace = policy.workspace.name
    }
}

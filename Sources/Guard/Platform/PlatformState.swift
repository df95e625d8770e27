import Model
import Policy

/// What the platforms last said of their pools and sender accounts, and what was promised of the pools' volume.
struct PlatformState: Sendable {
    /// Past these ages, an answer is too old to judge by.
    private var poolsStaleAfter: Duration
    private var accountsStaleAfter: Duration
    private var bindings: [PoolID: PoolBinding]
    private(set) var pools: [PoolID: PoolState] = [:]
    private(set) var rosters: [PoolID: PoolRoster] = [:]
    private var accounts: [WorkspaceName: [AccountID: SenderAccount.Status]] = [:]
    /// When what was last answered, and when that was asked for.
    private var answers: [Target: (at: Instant, requestedAt: Instant)] = [:]
    private var watchedSince: Instant
    /// Sends that were seen of the campaigns that draw on pools without volumes of their own.
    private var use: [PoolID: DailyUse] = [:]
    /// How far the wall clock is ahead of the time that events come with; a day's volume goes by the wall clock.
    var clockAhead: Duration = .zero
    var reservations = Reservations()

    init(policy: CheckedPolicy, at now: Instant) {
        poolsStaleAfter = PlatformState.staleAfter(policy, policy.poll.pools.max)
        accountsStaleAfter = PlatformState.staleAfter(policy, policy.poll.accounts)
        bindings = PlatformState.bindings(policy)
        watchedSince = now
    }

    mutating func adopt(_ policy: CheckedPolicy) {
        poolsStaleAfter = PlatformState.staleAfter(policy, policy.poll.pools.max)
        accountsStaleAfter = PlatformState.staleAfter(policy, policy.poll.accounts)
        let newer = PlatformState.bindings(policy)
        // A pool under a name that now means another, or none, is not that pool.
        for (name, binding) in bindings where newer[name] != binding { forget(name) }
        for name in newer.keys where bindings[name] == nil { forget(name) }
        bindings = newer
        let workspaces = Set(policy.workspaces.map(\.name))
        pools = pools.filter { workspaces.contains($0.value.workspace) }
    }

    private mutating func forget(_ name: PoolID) {
        (pools[name], rosters[name], answers[.pool(name)]) = (nil, nil, nil)
    }

    private static func bindings(_ policy: CheckedPolicy) -> [PoolID: PoolBinding] {
        Dictionary(uniqueKeysWithValues: policy.pools.map { ($0.name, $0) })
    }

    private static func staleAfter(_ policy: CheckedPolicy, _ interval: Duration) -> Duration {
        max(policy.staleAfter, interval * 3)
    }

    // MARK: Answers

    /// When the last good answer about it was asked for.
    func requestedAt(_ target: Target) -> Instant? { answers[target]?.requestedAt }

    mutating func observe(accounts: [SenderAccount], of workspace: WorkspaceName, requestedAt: Instant, at now: Instant)
    {
        self.accounts[workspace] = Dictionary(
            accounts.map { ($0.id, $0.status) }, uniquingKeysWith: { first, _ in first })
        answers[.accounts(workspace)] = (now, requestedAt)
    }

    /// Takes in an answer; what changed in pools that were known before.
    mutating func observe(
        pools answer: [SenderPool], of workspace: WorkspaceName, requestedAt: Instant, at now: Instant
    ) -> [PoolChange] {
        var changes: [PoolChange] = []
        var seen = pools.filter { $0.value.workspace != workspace }
        // A name of the policy's own means the pool that it is bound to, whatever ids there are.
        for pool in PoolConsistency.checked(answer, at: now + clockAhead) where bindings[pool.id] == nil {
            let before = seen[pool.id] ?? pools[pool.id]
            var state = before ?? PoolState(pool: pool, workspace: workspace)
            changes += state.observe(pool, at: now)
            seen[pool.id] = state
        }
        pools = seen
        answers[.pools(workspace)] = (now, requestedAt)
        return changes
    }

    /// Takes in the members of a pool that the policy gives a name, and works out what they may still send today.
    mutating func observe(
        _ roster: PoolRoster, of binding: PoolBinding, requestedAt: Instant, at now: Instant
    ) -> [PoolChange] {
        let (capacity, overflow) = roster.activeSenders.multipliedReportingOverflow(by: binding.perSenderDaily)
        let wall = now + clockAhead
        let left = overflow ? Int.max : max(0, capacity - (use[binding.name]?.count(at: wall) ?? 0))
        let pool = SenderPool(
            id: binding.name, name: roster.pool.name, dailyCapacity: overflow ? Int.max : capacity,
            remainingVolume: left, resetAt: DailyUse.renewal(after: wall) - clockAhead, senderCount: roster.senders,
            activeSenderCount: roster.activeSenders, tags: roster.pool.tags, createdAt: roster.pool.createdAt,
            updatedAt: roster.pool.updatedAt)
        var state = pools[binding.name] ?? PoolState(pool: pool, workspace: binding.workspace)
        let changes = state.observe(pool, at: now)
        pools[binding.name] = state
        rosters[binding.name] = roster
        answers[.pool(binding.name)] = (now, requestedAt)
        return changes
    }

    /// The platform has no such pool, or several.
    mutating func lose(_ name: PoolID, requestedAt: Instant, at now: Instant) {
        (pools[name], rosters[name]) = (nil, nil)
        answers[.pool(name)] = (now, requestedAt)
    }

    /// Takes up pools as an earlier process saw them.
    mutating func recollect(_ known: [SenderPool], of policy: CheckedPolicy, at then: Instant) {
        for pool in known {
            let binding = bindings[pool.id]
            let drawing = policy.campaigns.first { $0.pool == pool.id }?.workspace
            let workspace = binding?.workspace ?? drawing ?? policy.workspace.name
            pools[pool.id] = PoolState(pool: pool, workspace: workspace)
            answers[binding == nil ? .pools(workspace) : .pool(pool.id)] = (then, then)
        }
    }

    /// A campaign that draws on the pool was seen to have sent so many mails.
    mutating func noteSends(_ count: Double, from pool: PoolID?, since start: Instant, at now: Instant) {
        guard let pool, bindings[pool] != nil, count > 0 else { return }
        use[pool, default: DailyUse()].note(count, from: start + clockAhead, to: now + clockAhead)
    }

    // MARK: Questions

    /// The pool that the policy gives that name; nil where a pool's own id is meant.
    func binding(_ id: PoolID) -> PoolBinding? { bindings[id] }

    /// What is asked for to know of that pool; nil is the workspace's only one.
    func target(of pool: PoolID?, in workspace: WorkspaceName) -> Target {
        pool.flatMap { bindings[$0] == nil ? nil : .pool($0) } ?? .pools(workspace)
    }

    /// How old the news of a campaign's, or a pool's, surroundings is.
    func age(of source: Source, pool: PoolID?, in workspace: WorkspaceName, at now: Instant) -> Duration? {
        switch source {
        case .stats: nil
        case .pools: max(.zero, now - (answers[target(of: pool, in: workspace)]?.at ?? watchedSince))
        case .accounts: max(.zero, now - (answers[.accounts(workspace)]?.at ?? watchedSince))
        }
    }

    /// The pool that a campaign draws on; nil where there is none, several, or old news.
    func reading(of campaign: CampaignEntry, at now: Instant) -> PoolReading? {
        reading(campaign.pool, in: campaign.workspace, at: now)
    }

    /// The pool that a campaign draws on, with what was promised to the campaign still its own.
    func reading(for campaign: CampaignEntry, at now: Instant) -> PoolReading? {
        reading(campaign.pool, in: campaign.workspace, for: campaign.id, at: now)
    }

    /// A pool by its id, or by its name in the policy.
    func reading(_ id: PoolID, at now: Instant) -> PoolReading? {
        pools[id].flatMap { reading(id, in: $0.workspace, at: now) }
    }

    private func reading(
        _ id: PoolID?, in workspace: WorkspaceName, for campaign: CampaignID? = nil, at now: Instant
    ) -> PoolReading? {
        guard let answer = answers[target(of: id, in: workspace)], now - answer.at <= poolsStaleAfter else {
            return nil
        }
        guard let pool = id.map({ pools[$0]?.pool }) ?? single(workspace) else { return nil }
        return PoolReading(
            pool: pool, renewsAt: pools[pool.id]?.renewsAt(at: now),
            reserved: reservations.reserved(in: pool.id, except: campaign),
            activeSenders: activeSenders(pool, workspace, now), wallTime: now + clockAhead)
    }

    /// The workspace's pool, where its platform reports just one.
    func single(_ workspace: WorkspaceName) -> SenderPool? {
        let own = pools.filter { $0.value.workspace == workspace && bindings[$0.key] == nil }
        return own.count == 1 ? own.first?.value.pool : nil
    }

    private func activeSenders(_ pool: SenderPool, _ workspace: WorkspaceName, _ now: Instant) -> Int? {
        if let count = pool.activeSenderCount { return count }
        guard let accounts = freshAccounts(workspace, now) else { return nil }
        if let ids = pool.senderAccountIDs { return ids.count { accounts[$0] == .active } }
        // A workspace with a single pool has all its accounts in it.
        return single(workspace) == nil ? nil : accounts.values.count { $0 == .active }
    }

    private func freshAccounts(_ workspace: WorkspaceName, _ now: Instant) -> [AccountID: SenderAccount.Status]? {
        guard let answer = answers[.accounts(workspace)], now - answer.at <= accountsStaleAfter else { return nil }
        return accounts[workspace]
    }

    func accountsValue(of gauge: Gauge, in workspace: WorkspaceName, at now: Instant) -> Double? {
        guard let accounts = freshAccounts(workspace, now) else { return nil }
        let status: SenderAccount.Status
        switch gauge {
        case .accountsActive: status = .active
        case .accountsPaused: status = .paused
        case .accountsWarming: status = .warming
        default: return nil
        }
        return Double(accounts.values.count { $0 == status })
    }
}

/// One pool as last reported.
struct PoolState: Hashable, Sendable {
    var pool: SenderPool
    var workspace: WorkspaceName
    var isExhausted = false
    /// Its figures contradict each other, or did so too lately for that to be over.
    var isInconsistent = false
    /// Answers in a row whose figures agree, while it is inconsistent.
    private var agreements = 0
    /// When volume was last seen to come back in one piece.
    var renewedAt: Instant?

    /// When the window is next renewed: as the platform says, or as it was seen, a day after the last time.
    func renewsAt(at now: Instant) -> Instant? {
        if let resetAt = pool.resetAt, resetAt > now { return resetAt }
        guard let renewedAt else { return nil }
        let next = renewedAt + .seconds(86400)
        return next > now ? next : nil
    }

    init(pool: SenderPool, workspace: WorkspaceName) { (self.pool, self.workspace) = (pool, workspace) }

    mutating func observe(_ newer: SenderPool, at now: Instant) -> [PoolChange] {
        observeConsistency(newer) + observeVolume(newer, at: now)
    }

    private mutating func observeConsistency(_ newer: SenderPool) -> [PoolChange] {
        if newer.contradiction != nil {
            agreements = 0
            guard !isInconsistent else { return [] }
            isInconsistent = true
            return [.inconsistent(newer)]
        }
        guard isInconsistent else { return [] }
        agreements += 1
        guard agreements >= PoolConsistency.agreementsMin else { return [] }
        (isInconsistent, agreements) = (false, 0)
        return [.consistent(newer)]
    }

    private mutating func observeVolume(_ newer: SenderPool, at now: Instant) -> [PoolChange] {
        if let before = pool.remainingVolume, let after = newer.remainingVolume, let capacity = newer.dailyCapacity,
            (after - before) * 4 > capacity
        {
            renewedAt = now
        }
        pool = newer
        guard let remaining = newer.remainingVolume else { return [] }
        switch (isExhausted, remaining <= 0) {
        case (false, true):
            isExhausted = true
            return [.exhausted(newer)]
        case (true, false):
            isExhausted = false
            return [.renewed(newer)]
        case (true, true), (false, false): return []
        }
    }
}

enum PoolChange: Hashable, Sendable {
    case exhausted(SenderPool)
    case renewed(SenderPool)
    /// Its figures contradict each other.
    case inconsistent(SenderPool)
    /// They agree again.
    case consistent(SenderPool)
}

/// A pool with what follows from our own promises.
struct PoolReading: Hashable, Sendable {
    var pool: SenderPool
    /// When its window is next renewed, where that is known.
    var renewsAt: Instant?
    var reserved: Int
    var activeSenders: Int?
    /// What the wall clock shows, for ages.
    var wallTime: Instant

    /// What is left after all promises; below 0 where more was promised than is there.
    var available: Int? { pool.remainingVolume.map { $0 - reserved } }

    /// Mails that it lacks for a launch of that size; nil where it has room, or that is unknown.
    func missing(for enrolled: Int) -> Int? { available.flatMap { enrolled > $0 ? enrolled - $0 : nil } }

    /// True where no window can ever take a launch of that size.
    func neverTakes(_ enrolled: Int) -> Bool { pool.dailyCapacity.map { enrolled > $0 } ?? false }

    func value(of gauge: Gauge) -> Double? {
        switch gauge {
        case .poolDailyCapacity: pool.dailyCapacity.map(Double.init)
        case .poolRemainingVolume: pool.remainingVolume.map(Double.init)
        case .poolReserved: Double(reserved)
        case .poolAvailable: available.map(Double.init)
        case .poolSenders: pool.senderCount.map(Double.init)
        case .poolActiveSenders: activeSenders.map(Double.init)
        case .poolAge: pool.createdAt.map { max(0, (wallTime - $0).seconds) }
        case .poolUpdated: pool.updatedAt.map { max(0, (wallTime - $0).seconds) }
        default: nil
        }
    }
}

import Model
import Policy

/// What the platform last said of its pools and sender accounts, and what was promised of the pools' volume.
struct PlatformState: Sendable {
    /// Past these ages, an answer is too old to judge by.
    var poolsStaleAfter: Duration
    var accountsStaleAfter: Duration
    private(set) var pools: [PoolID: PoolState] = [:]
    private(set) var poolsAt: Instant?
    private(set) var poolsRequestedAt: Instant?
    private(set) var accounts: [AccountID: SenderAccount.Status] = [:]
    private(set) var accountsAt: Instant?
    private(set) var accountsRequestedAt: Instant?
    private var watchedSince: Instant
    var reservations = Reservations()

    init(policy: CheckedPolicy, at now: Instant) {
        poolsStaleAfter = PlatformState.staleAfter(policy, policy.poll.pools.max)
        accountsStaleAfter = PlatformState.staleAfter(policy, policy.poll.accounts)
        watchedSince = now
    }

    mutating func adopt(_ policy: CheckedPolicy) {
        poolsStaleAfter = PlatformState.staleAfter(policy, policy.poll.pools.max)
        accountsStaleAfter = PlatformState.staleAfter(policy, policy.poll.accounts)
    }

    private static func staleAfter(_ policy: CheckedPolicy, _ interval: Duration) -> Duration {
        max(policy.staleAfter, interval * 3)
    }

    mutating func observe(accounts: [SenderAccount], requestedAt: Instant, at now: Instant) {
        self.accounts = Dictionary(accounts.map { ($0.id, $0.status) }, uniquingKeysWith: { first, _ in first })
        (accountsAt, accountsRequestedAt) = (now, requestedAt)
    }

    /// Takes in an answer; what changed in pools that were known before.
    mutating func observe(pools answer: [SenderPool], requestedAt: Instant, at now: Instant) -> [PoolChange] {
        var changes: [PoolChange] = []
        var seen: [PoolID: PoolState] = [:]
        for pool in answer {
            var state = seen[pool.id] ?? pools[pool.id] ?? PoolState(pool: pool)
            changes += state.observe(pool, at: now)
            seen[pool.id] = state
        }
        pools = seen
        (poolsAt, poolsRequestedAt) = (now, requestedAt)
        return changes
    }

    func age(of source: Source, at now: Instant) -> Duration? {
        switch source {
        case .stats: nil
        case .pools: max(.zero, now - (poolsAt ?? watchedSince))
        case .accounts: max(.zero, now - (accountsAt ?? watchedSince))
        }
    }

    /// The pool by its id, or the workspace's only one; nil where there is none, several, or old news.
    ///
    /// - Parameter campaign: on whose behalf is asked; what was promised to it is still its own.
    func reading(_ id: PoolID?, for campaign: CampaignID? = nil, at now: Instant) -> PoolReading? {
        guard let age = poolsAt.map({ now - $0 }), age <= poolsStaleAfter else { return nil }
        guard let pool = id.map({ pools[$0]?.pool }) ?? single else { return nil }
        return PoolReading(
            pool: pool, renewsAt: pools[pool.id]?.renewsAt(at: now),
            reserved: reservations.reserved(in: pool.id, except: campaign),
            activeSenders: activeSenders(pool, now))
    }

    /// The workspace's pool, where it has just one.
    var single: SenderPool? { pools.count == 1 ? pools.first?.value.pool : nil }

    private func activeSenders(_ pool: SenderPool, _ now: Instant) -> Int? {
        if let count = pool.activeSenderCount { return count }
        guard let age = accountsAt.map({ now - $0 }), age <= accountsStaleAfter else { return nil }
        if let ids = pool.senderAccountIDs { return ids.count { accounts[$0] == .active } }
        // A workspace with a single pool has all its accounts in it.
        return single == nil ? nil : accounts.values.count { $0 == .active }
    }

    func accountsValue(of gauge: Gauge, at now: Instant) -> Double? {
        guard let age = accountsAt.map({ now - $0 }), age <= accountsStaleAfter else { return nil }
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
    var isExhausted = false
    /// When volume was last seen to come back in one piece.
    var renewedAt: Instant?

    /// When the window is next renewed: as the platform says, or as it was seen, a day after the last time.
    func renewsAt(at now: Instant) -> Instant? {
        if let resetAt = pool.resetAt, resetAt > now { return resetAt }
        guard let renewedAt else { return nil }
        let next = renewedAt + .seconds(86400)
        return next > now ? next : nil
    }

    mutating func observe(_ newer: SenderPool, at now: Instant) -> [PoolChange] {
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
}

/// A pool with what follows from our own promises.
struct PoolReading: Hashable, Sendable {
    var pool: SenderPool
    /// When its window is next renewed, where that is known.
    var renewsAt: Instant?
    var reserved: Int
    var activeSenders: Int?

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
        case .poolActiveSenders: activeSenders.map(Double.init)
        default: nil
        }
    }
}

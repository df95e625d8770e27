package import Model
import Policy

/// A pool's last reported volume: whether it is exhausted or inconsistent, and when it renews.
struct PoolVolume: Hashable, Sendable {
    private(set) var pool: SenderPool
    let workspace: WorkspaceName
    private(set) var isExhausted = false
    /// True if the figures contradict each other, or did so until recently.
    private(set) var isInconsistent = false
    /// Consistent responses in a row while the pool is inconsistent.
    private var agreements = 0
    /// When more than a quarter of the capacity was last seen to return at once.
    private var renewedAt: Instant?

    /// The assumed length of a window without a reset time.
    private static let window: Duration = .seconds(86400)

    init(pool: SenderPool, workspace: WorkspaceName) { (self.pool, self.workspace) = (pool, workspace) }

    /// When the window renews: as the platform reports, or a day after the last renewal seen; nil if unknown.
    func renewsAt(at now: Instant) -> Instant? {
        if let resetAt = pool.resetAt, resetAt > now { return resetAt }
        guard let renewedAt else { return nil }
        let next = renewedAt + PoolVolume.window
        return next > now ? next : nil
    }

    /// Updates the volume with a newer report of the same pool.
    mutating func observe(_ newer: SenderPool, at now: Instant) -> [PoolEvent] {
        observeConsistency(newer) + observeVolume(newer, at: now)
    }

    private mutating func observeConsistency(_ newer: SenderPool) -> [PoolEvent] {
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

    private mutating func observeVolume(_ newer: SenderPool, at now: Instant) -> [PoolEvent] {
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

/// A pool with its reserved volume.
package struct PoolReading: Hashable, Sendable {
    package var pool: SenderPool
    /// When the window renews; nil if unknown.
    package var renewsAt: Instant?
    package var reserved: Int
    package var activeSenders: Int?
    /// The wall-clock time, for ages.
    package var wallTime: Instant

    /// The volume left after all reservations, negative if too much is reserved; nil if unknown.
    package var available: Int? { pool.remainingVolume.map { $0 - reserved } }

    /// The emails that a launch of that size is short by; nil if it fits or that is unknown.
    package func shortfall(for enrolled: Int) -> Int? { available.flatMap { enrolled > $0 ? enrolled - $0 : nil } }

    /// True if no window can ever hold a launch of that size.
    package func neverTakes(_ enrolled: Int) -> Bool { pool.dailyCapacity.map { enrolled > $0 } ?? false }

    /// The gauge's value; NaN if unknown.
    func value(of gauge: Gauge) -> Double {
        func seconds(since time: Instant?) -> Double { time.map { max(0, (wallTime - $0).seconds) } ?? .nan }
        func count(_ value: Int?) -> Double { value.map(Double.init) ?? .nan }
        return switch gauge {
        case .pool(.dailyCapacity): count(pool.dailyCapacity)
        case .pool(.remainingVolume): count(pool.remainingVolume)
        case .pool(.reserved): Double(reserved)
        case .pool(.available): count(available)
        case .pool(.senders): count(pool.senderCount)
        case .pool(.activeSenders): count(activeSenders)
        case .pool(.age): seconds(since: pool.createdAt)
        case .pool(.updated): seconds(since: pool.updatedAt)
        case .counter, .rate, .platform, .accounts: .nan
        }
    }
}

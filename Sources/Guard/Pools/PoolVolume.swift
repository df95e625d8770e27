package import Model
import Policy

/// A pool's volume as last reported: exhausted or not, consistent or not, and when it renews.
struct PoolVolume: Hashable, Sendable {
    private(set) var pool: SenderPool
    let workspace: WorkspaceName
    private(set) var isExhausted = false
    /// Its figures contradict each other, or did so too recently for that to be over.
    private(set) var isInconsistent = false
    /// Answers in a row whose figures agree, while it is inconsistent.
    private var agreements = 0
    /// When volume was last seen to come back in one piece.
    private var renewedAt: Instant?

    /// A window without a reset time is taken to last so long.
    private static let window: Duration = .seconds(86400)

    init(pool: SenderPool, workspace: WorkspaceName) { (self.pool, self.workspace) = (pool, workspace) }

    /// When the window is next renewed: as the platform says, or a day after it was last seen to be.
    func renewsAt(at now: Instant) -> Instant? {
        if let resetAt = pool.resetAt, resetAt > now { return resetAt }
        guard let renewedAt else { return nil }
        let next = renewedAt + PoolVolume.window
        return next > now ? next : nil
    }

    /// Takes a newer report of the same pool in.
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

/// A pool with what follows from our own reservations.
package struct PoolReading: Hashable, Sendable {
    package var pool: SenderPool
    /// When its window is next renewed, where that is known.
    package var renewsAt: Instant?
    package var reserved: Int
    package var activeSenders: Int?
    /// What the wall clock shows, for ages.
    package var wallTime: Instant

    /// What is left after all reservations; below 0 where more is reserved than is there.
    package var available: Int? { pool.remainingVolume.map { $0 - reserved } }

    /// By how many emails it is short for a launch of that size; nil where it has room, or that is unknown.
    package func shortfall(for enrolled: Int) -> Int? { available.flatMap { enrolled > $0 ? enrolled - $0 : nil } }

    /// True where no window can ever take a launch of that size.
    package func neverTakes(_ enrolled: Int) -> Bool { pool.dailyCapacity.map { enrolled > $0 } ?? false }

    /// NaN where it is unknown.
    func value(of gauge: Gauge) -> Double {
        func seconds(since time: Instant?) -> Double { time.map { max(0, (wallTime - $0).seconds) } ?? .nan }
        func count(_ value: Int?) -> Double { value.map(Double.init) ?? .nan }
        return switch gauge {
        case .poolDailyCapacity: count(pool.dailyCapacity)
        case .poolRemainingVolume: count(pool.remainingVolume)
        case .poolReserved: Double(reserved)
        case .poolAvailable: count(available)
        case .poolSenders: count(pool.senderCount)
        case .poolActiveSenders: count(activeSenders)
        case .poolAge: seconds(since: pool.createdAt)
        case .poolUpdated: seconds(since: pool.updatedAt)
        case .totalEnrolled, .sent, .delivered, .bounced, .replied, .queued, .resolved, .openRate, .replyRate,
            .bounceRate, .accountsActive, .accountsPaused, .accountsWarming:
            .nan
        }
    }
}

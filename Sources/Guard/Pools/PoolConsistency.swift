import Model

/// Contradictions in what a platform reports of its pools: such a pool's volume is unknown, not either figure.
enum PoolConsistency {
    /// A reset time may lie this far in the past: platforms are late with a new window, and clocks differ.
    static let resetTolerance: Duration = .seconds(300)
    /// So many answers in a row must agree before a contradiction counts as over, so that it is not reported in turns.
    static let agreementsMin = 3

    /// Each pool once, without the figures that contradict each other.
    ///
    /// - Parameter wall: what the wall clock shows.
    static func checked(_ answer: [SenderPool], at wall: Instant) -> [SenderPool] {
        var order: [PoolID] = []
        var pools: [PoolID: SenderPool] = [:]
        for pool in answer {
            if let first = pools[pool.id] {
                guard differs(first, pool), first.contradiction == nil else { continue }
                pools[pool.id] = first.without("it is listed twice with different figures")
            } else {
                order.append(pool.id)
                pools[pool.id] = checked(pool, at: wall)
            }
        }
        return order.compactMap { pools[$0] }
    }

    private static func differs(_ first: SenderPool, _ second: SenderPool) -> Bool {
        second.contradiction != nil || first.dailyCapacity != second.dailyCapacity
            || first.remainingVolume != second.remainingVolume
    }

    private static func checked(_ pool: SenderPool, at wall: Instant) -> SenderPool {
        if let contradiction = pool.contradiction { return pool.without(contradiction) }
        if let remaining = pool.remainingVolume, let capacity = pool.dailyCapacity, remaining > capacity {
            return pool.without("remainingVolume \(remaining) exceeds dailyCapacity \(capacity)")
        }
        if let resetAt = pool.resetAt, resetAt + resetTolerance < wall {
            return pool.without("resetAt \(resetAt.rfc3339) is in the past by this machine's clock")
        }
        return pool
    }
}

extension SenderPool {
    /// The pool with its volume unknown.
    fileprivate func without(_ contradiction: String) -> SenderPool {
        var pool = self
        (pool.dailyCapacity, pool.remainingVolume, pool.resetAt) = (nil, nil, nil)
        pool.contradiction = contradiction
        return pool
    }
}

import Model

/// Finds contradictions in reported pools; a contradictory pool's volume is unknown.
enum PoolConsistency {
    /// How far in the past a reset time may be: platforms open a new window late, and clocks differ.
    static let resetTolerance: Duration = .seconds(300)
    /// The consistent responses in a row that end a contradiction, so that it is not reported by turns.
    static let agreementsMin = 3

    /// Each pool once, without contradictory figures.
    ///
    /// - Parameter wall: the wall-clock time.
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

import Model
import Policy

/// The pool and the accounts around a campaign or a pool, at one time.
struct Surroundings: Sendable {
    var pool: PoolReading?
    var accounts: AccountCounts?
    var poolsAge: Duration?
    var accountsAge: Duration?

    /// The gauge's value; NaN if unknown.
    func value(of gauge: Gauge) -> Double {
        switch gauge.source {
        case .stats: .nan
        case .pools: pool?.value(of: gauge) ?? .nan
        case .accounts: accounts?.value(of: gauge) ?? .nan
        }
    }

    /// The pool's tag, empty if it is not set; nil if the pool or its tags are unknown.
    func poolTag(_ name: String) -> String? { pool?.pool.tags.map { $0[name] ?? "" } }
}

/// The number of a workspace's sender accounts in each state.
struct AccountCounts: Hashable, Sendable {
    var active = 0
    var paused = 0
    var warming = 0

    init(_ statuses: some Sequence<SenderAccount.Status>) {
        for status in statuses {
            switch status {
            case .active: active += 1
            case .paused: paused += 1
            case .warming: warming += 1
            case .other: break
            }
        }
    }

    func value(of gauge: Gauge) -> Double {
        switch gauge {
        case .accounts(.active): Double(active)
        case .accounts(.paused): Double(paused)
        case .accounts(.warming): Double(warming)
        case .counter, .rate, .platform, .pool: .nan
        }
    }
}

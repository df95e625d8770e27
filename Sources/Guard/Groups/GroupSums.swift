import Model
import Policy

/// What one campaign adds to its group: its counters, and their growth in the windows that the rule reads.
struct GroupShare: Hashable, Sendable {
    var counters: Counters
    var queued: Double
    /// In the order of ``GroupColumns``.
    var increases: [Growth]

    struct Growth: Hashable, Sendable {
        var amount: Double
        var hours: Double
    }

    static func none(_ columns: GroupColumns) -> GroupShare {
        GroupShare(
            counters: .zero, queued: 0, increases: Array(repeating: Growth(amount: 0, hours: 0), count: columns.count))
    }

    /// True if the campaign's data is not complete, so that it cannot be counted.
    func isUnknown(_ columns: GroupColumns) -> Bool {
        columns.counters.contains { counters[$0].isNaN } || (columns.readsQueued && queued.isNaN)
            || increases.contains { $0.amount.isNaN }
    }

    mutating func add(_ other: GroupShare) {
        counters.add(other.counters)
        queued += other.queued
        for index in increases.indices {
            increases[index].amount += other.increases[index].amount
            // The campaigns are sampled over the same time, so their hours are not added.
            increases[index].hours = max(increases[index].hours, other.increases[index].hours)
        }
    }
}

/// What a rule on groups reads of each campaign.
struct GroupColumns: Hashable, Sendable {
    struct Increase: Hashable, Sendable {
        var counter: Counter
        var window: TimeWindow
    }

    let increases: [Increase]
    let counters: Set<Counter>
    let readsQueued: Bool

    var count: Int { increases.count }

    init() { (increases, counters, readsQueued) = ([], [], false) }

    init(_ rule: Rule) {
        increases = rule.windowedCounters.sorted { $0.key < $1.key }.flatMap { window, counters in
            counters.sorted { $0.rawValue < $1.rawValue }.map { Increase(counter: $0, window: window) }
        }
        var counters: Set<Counter> = []
        var readsQueued = false
        for gauge in rule.condition.gauges {
            switch gauge {
            case .counter(let counter): counters.insert(counter)
            case .rate(let rate): counters.formUnion([rate.hits, rate.trials])
            case .platform(let gauge): if gauge == .queued { readsQueued = true }
            case .pool, .accounts: break
            }
        }
        (self.counters, self.readsQueued) = (counters, readsQueued)
    }

    func index(of counter: Counter, _ window: TimeWindow) -> Int? {
        increases.firstIndex { $0.counter == counter && $0.window == window }
    }
}

/// The sums over a group's campaigns, which its rule reads; unknown if no campaign could be counted.
final class GroupSums: Sendable {
    let columns: GroupColumns
    private let share: GroupShare?
    /// The campaigns of the group, and those with complete data.
    let campaigns: (all: Int, counted: Int)

    init(_ columns: GroupColumns, _ share: GroupShare?, of campaigns: (all: Int, counted: Int)) {
        (self.columns, self.share, self.campaigns) = (columns, share, campaigns)
    }

    static let unknown = GroupSums(GroupColumns(), nil, of: (0, 0))

    func value(of gauge: Gauge) -> Double {
        guard let share else { return .nan }
        switch gauge {
        case .counter(let counter): return share.counters[counter]
        case .rate(let rate): return share.counters[rate]
        case .platform(let gauge): return gauge == .queued ? share.queued : .nan
        case .pool, .accounts: return .nan
        }
    }

    func growth(of counter: Counter, _ window: TimeWindow) -> GroupShare.Growth? {
        guard let share, let index = columns.index(of: counter, window) else { return nil }
        return share.increases[index]
    }
}

/// The readings of a rule on a group.
struct GroupReadings: Readings {
    let sums: GroupSums
    let wallTime: Instant?

    func value(of gauge: Gauge) -> Double? {
        let value = sums.value(of: gauge)
        return value.isNaN ? nil : value
    }

    func increase(of counter: Counter, over window: TimeWindow) -> Increase? {
        sums.growth(of: counter, window).map { Increase(amount: $0.amount, covered: .seconds($0.hours * 3600)) }
    }

    func age(of source: Source) -> Duration? { nil }

    func label(_ name: String) -> String { "" }
}

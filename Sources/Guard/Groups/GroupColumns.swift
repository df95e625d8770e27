import Model
import Policy

/// What a rule on groups reads of each campaign: the columns of a ``GroupShare``.
struct GroupColumns: Hashable, Sendable {
    struct Increase: Hashable, Sendable {
        var counter: Counter
        var window: TimeWindow
    }

    private let counters: [Counter]
    private let readsQueued: Bool
    private let increases: [Increase]

    init() { (counters, readsQueued, increases) = ([], false, []) }

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
        self.counters = counters.sorted { $0.rawValue < $1.rawValue }
        self.readsQueued = readsQueued
    }

    /// The number of columns: first those that are added, then the hours of each increase.
    var count: Int { addedCount + increases.count }

    /// The number of columns that are added.
    ///
    /// Of the others, the highest counts: the campaigns are sampled over the same time, so their hours are not added.
    var addedCount: Int { counters.count + (readsQueued ? 1 : 0) + increases.count }

    /// The column of a counter, of `queued` or of an increase's amount; nil if the rule does not read it.
    func column(of counter: Counter) -> Int? { counters.firstIndex(of: counter) }

    var queuedColumn: Int? { readsQueued ? counters.count : nil }

    func column(of counter: Counter, _ window: TimeWindow) -> Int? {
        increases.firstIndex { $0.counter == counter && $0.window == window }.map { addedCount - increases.count + $0 }
    }

    /// The column with the hours of the increase whose amount is in `column`.
    func hoursColumn(ofAmount column: Int) -> Int { column + increases.count }

    /// What a campaign with these figures adds; nil if its data is not complete.
    func share(_ figures: CampaignFigures) -> GroupShare? {
        var values: [Double] = []
        values.reserveCapacity(count)
        let current = figures.currentCounters
        for counter in counters { values.append(current[counter]) }
        if readsQueued { values.append(figures.value(of: .platform(.queued))) }
        let growths = increases.map { figures.increase(of: $0.counter, over: $0.window) }
        for growth in growths { values.append(growth?.amount ?? .nan) }
        for growth in growths { values.append(growth.map { $0.covered.seconds / 3600 } ?? .nan) }
        return values.contains(where: \.isNaN) ? nil : GroupShare(values: values)
    }
}

/// What one campaign adds to its group, or the sum over several: one known number for each column.
struct GroupShare: Hashable, Sendable {
    var values: [Double]

    static func none(_ columns: GroupColumns) -> GroupShare {
        GroupShare(values: Array(repeating: 0, count: columns.count))
    }
}

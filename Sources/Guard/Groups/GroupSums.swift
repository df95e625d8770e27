import Model
import Policy

/// The sums over a group's campaigns, which its rule reads; unknown if no campaign could be counted.
final class GroupSums: Sendable {
    /// The rule's index in the policy.
    let ruleIndex: Int
    private let columns: GroupColumns
    private let share: GroupShare?

    init(_ ruleIndex: Int, _ columns: GroupColumns, _ share: GroupShare?) {
        (self.ruleIndex, self.columns, self.share) = (ruleIndex, columns, share)
    }

    static let unknown = GroupSums(-1, GroupColumns(), nil)

    func value(of gauge: Gauge) -> Double {
        guard let share else { return .nan }
        func value(_ column: Int?) -> Double { column.map { share.values[$0] } ?? .nan }
        switch gauge {
        case .counter(let counter): return value(columns.column(of: counter))
        case .rate(let rate):
            let trials = value(columns.column(of: rate.trials))
            return trials > 0 ? value(columns.column(of: rate.hits)) / trials : .nan
        case .platform(let gauge): return gauge == .queued ? value(columns.queuedColumn) : .nan
        case .pool, .accounts: return .nan
        }
    }

    func growth(of counter: Counter, _ window: TimeWindow) -> (amount: Double, hours: Double)? {
        guard let share, let column = columns.column(of: counter, window) else { return nil }
        return (share.values[column], share.values[columns.hoursColumn(ofAmount: column)])
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

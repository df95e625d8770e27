import Model

/// The names that have no value, by the API response that should supply it.
package struct MissingNames: Hashable, Sendable, Codable {
    /// As the policy writes them, each once.
    package private(set) var stats: [String] = []
    package private(set) var pools: [String] = []
    package private(set) var accounts: [String] = []

    package init() {}

    package var isEmpty: Bool { stats.isEmpty && pools.isEmpty && accounts.isEmpty }

    /// All names, those of the campaign's stats first.
    package var all: [String] { stats + pools + accounts }

    mutating func add(_ name: String, from source: Source) {
        if all.contains(name) { return }
        switch source {
        case .stats: stats.append(name)
        case .pools: pools.append(name)
        case .accounts: accounts.append(name)
        }
    }
}

extension Condition {
    /// The names whose missing values leave the condition unknown.
    ///
    /// Empty if the condition is known, and if it is unknown although all its data is there: 0 of 0 emails, or another
    /// division by zero.
    package func missing(in readings: some Readings) -> MissingNames {
        var names = MissingNames()
        if evaluate(readings).truth == .unknown { collect(into: &names, readings) }
        return names
    }

    private func collect(into names: inout MissingNames, _ readings: some Readings) {
        guard evaluate(readings).truth == .unknown else { return }
        switch self {
        case .compare(let comparison):
            for formula in [comparison.left, comparison.right] {
                formula.visitLeaves { $0.collect(into: &names, readings) }
            }
        case .compareText(let left, _, let right):
            for case .poolTag(let name) in [left, right] where readings.poolTag(name) == nil {
                names.add("pool.tag(\"\(name)\")", from: .pools)
            }
        case .not(let inner): inner.collect(into: &names, readings)
        case .and(let left, let right), .or(let left, let right):
            left.collect(into: &names, readings)
            right.collect(into: &names, readings)
        }
    }
}

extension Term {
    fileprivate func collect(into names: inout MissingNames, _ readings: some Readings) {
        switch self {
        case .gauge(let gauge): gauge.collect(into: &names, readings)
        case .increase(let counter, let window), .hourlyIncrease(let counter, let window):
            counter.collect(into: &names, window, readings)
        case .age(let source):
            if readings.age(of: source) == nil { names.add("age(\(source.rawValue))", from: source) }
        case .campaignAge:
            if readings.campaignAge == nil { names.add("age(\(CallArgument.campaignName))", from: .stats) }
        case .constant, .wallClock, .negate, .arithmetic, .native: break
        }
    }
}

extension Gauge {
    fileprivate func collect(into names: inout MissingNames, _ readings: some Readings) {
        let reported = entry.derivedFrom.isEmpty ? [self] : entry.derivedFrom
        for gauge in reported where readings.value(of: gauge) == nil {
            // A platform has no rate to report before the first email.
            if gauge.entry.isPlatformRate, readings.value(of: .sent) == 0 { continue }
            names.add(gauge.rawValue, from: gauge.source)
        }
    }
}

extension Counter {
    /// The counter itself, or its value at the window's start.
    fileprivate func collect(into names: inout MissingNames, _ window: TimeWindow, _ readings: some Readings) {
        guard readings.increase(of: self, over: window) == nil else { return }
        let gauge = Gauge.counter(self)
        func isMissing(_ gauge: Gauge) -> Bool {
            guard case .counter(let part) = gauge else { return false }
            return readings.value(of: gauge) != nil && names.stats.contains(part.before(window))
        }
        if readings.value(of: gauge) == nil {
            gauge.collect(into: &names, readings)
        } else if !gauge.entry.derivedFrom.contains(where: isMissing) {
            // A derived counter was unknown if any of its parts was.
            names.add(before(window), from: .stats)
        }
    }

    private func before(_ window: TimeWindow) -> String { "\(rawValue) \(window.reach.policyText) ago" }
}

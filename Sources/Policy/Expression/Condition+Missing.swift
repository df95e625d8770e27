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
                formula.visit { $0.collect(into: &names, readings) }
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

extension Formula {
    fileprivate func collect(into names: inout MissingNames, _ readings: some Readings) {
        switch self {
        case .gauge(let gauge): gauge.collect(into: &names, readings)
        case .bounceRate(let window):
            Counter.bounced.collect(into: &names, window, readings)
            // Resolved emails were unknown whenever bounces were.
            let isNamed = readings.value(of: .bounced) != nil && readings.increase(of: .bounced, over: window) == nil
            if !isNamed { Counter.resolved.collect(into: &names, window, readings) }
        case .increase(let counter, let window), .rate(let counter, let window):
            counter.collect(into: &names, window, readings)
        case .age(let source):
            if readings.age(of: source) == nil { names.add("age(\(source.rawValue))", from: source) }
        case .constant, .negate, .add, .subtract, .multiply, .divide, .wilson: break
        }
    }
}

extension Gauge {
    fileprivate func collect(into names: inout MissingNames, _ readings: some Readings) {
        for gauge in reported where readings.value(of: gauge) == nil {
            // A platform has no rate to report before the first email.
            if [.openRate, .replyRate].contains(gauge), readings.value(of: .sent) == 0 { continue }
            names.add(gauge.rawValue, from: gauge.source)
        }
    }

    /// The values of the platform's response that the gauge is derived from; itself if it is one.
    private var reported: [Gauge] {
        switch self {
        case .bounceRate, .resolved: [.delivered, .bounced]
        case .poolAvailable: [.poolRemainingVolume]
        case .totalEnrolled, .sent, .delivered, .bounced, .replied, .queued, .openRate, .replyRate, .poolDailyCapacity,
            .poolRemainingVolume, .poolReserved, .poolSenders, .poolActiveSenders, .poolAge, .poolUpdated,
            .accountsActive, .accountsPaused, .accountsWarming:
            [self]
        }
    }
}

extension Counter {
    /// The counter itself, or its value at the window's start.
    fileprivate func collect(into names: inout MissingNames, _ window: Duration, _ readings: some Readings) {
        guard readings.increase(of: self, over: window) == nil else { return }
        if readings.value(of: gauge) == nil {
            gauge.collect(into: &names, readings)
        } else {
            names.add("\(rawValue) \(window.policyText) ago", from: .stats)
        }
    }

    private var gauge: Gauge {
        switch self {
        case .totalEnrolled: .totalEnrolled
        case .sent: .sent
        case .delivered: .delivered
        case .bounced: .bounced
        case .replied: .replied
        case .resolved: .resolved
        }
    }
}

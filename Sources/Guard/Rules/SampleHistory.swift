import Model
import Policy

/// All windows that the rules of one campaign ask for, over counters that never fall.
struct SampleHistory: Sendable {
    private var windows: [Duration: CounterWindow] = [:]
    /// What was counted before the counters last began anew.
    private var offset = Counters.zero
    /// The last known value of each counter as the platform reported it.
    private(set) var last: Counters?

    /// - Parameter windows: the window lengths, each with the counters that are asked for.
    init(windows: [Duration: Set<Counter>]) {
        for (length, counters) in windows { self.windows[length] = CounterWindow(length: length, counters: counters) }
    }

    /// Keeps the windows that are still asked for, and begins the new ones.
    mutating func rearrange(_ asked: [Duration: Set<Counter>]) {
        windows = windows.filter { window in
            asked[window.key].map { $0.isSubset(of: window.value.counters) } ?? false
        }
        for (length, counters) in asked where windows[length] == nil {
            windows[length] = CounterWindow(length: length, counters: counters)
        }
    }

    /// Takes in a sample; true where it shows that the counters began anew.
    mutating func append(_ stats: CampaignStats, at now: Instant) -> Bool {
        var counters = Counters(stats)
        var wasReset = false
        if let last {
            if counters.restarted(since: last) {
                wasReset = true
                var counted = last
                counted.fill(from: .zero)
                offset.add(counted)
            }
            self.last = counters
            self.last?.fill(from: last)
        } else {
            last = counters
        }
        counters.add(offset)
        for length in windows.keys { windows[length]?.append(counters, at: now) }
        return wasReset
    }

    func increase(of counter: Counter, over window: Duration) -> Increase? {
        windows[window]?.increase(of: counter)
    }

    func trend(_ window: Duration, _ count: Int) -> [Double?] { windows[window]?.trend(count) ?? [] }
}

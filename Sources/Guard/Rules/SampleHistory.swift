import Model
import Policy

/// All windows that the rules of one campaign ask for, over counters that never fall.
struct SampleHistory: Sendable {
    private var windows: [Duration: CounterWindow] = [:]
    private var unbroken = UnbrokenCounters()

    /// The last known value of each counter as the platform reported it.
    var last: Counters? { unbroken.last }

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

    /// Takes in a usable sample; true where it shows that the counters restarted.
    mutating func append(_ stats: CampaignStats, at now: Instant) -> Bool {
        let (counters, isRestart) = unbroken.append(Counters(stats))
        for length in windows.keys { windows[length]?.append(counters, at: now) }
        return isRestart
    }

    func increase(of counter: Counter, over window: Duration) -> Increase? {
        windows[window]?.increase(of: counter)
    }

    func trend(_ window: Duration, _ count: Int) -> [Double?] { windows[window]?.trend(count) ?? [] }
}

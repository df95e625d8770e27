import Model
import Policy

/// All windows that the rules of one campaign read, over counters that never fall.
struct SampleHistory: Sendable {
    /// In the order of ``CampaignRules/windows``.
    private(set) var windows: [CounterWindow]
    private var unbroken = UnbrokenCounters()

    /// The last known value of each counter as the platform reported it.
    var last: Counters? { unbroken.last }

    /// The last known value of each counter over all restarts; nil before the first sample.
    var total: Counters? { unbroken.total }

    init(windows: [CampaignRules.Window]) {
        self.windows = windows.map { CounterWindow(length: $0.length, counters: $0.counters) }
    }

    /// Retains the windows that are still read, and begins new ones.
    mutating func rearrange(_ wanted: [CampaignRules.Window]) {
        windows = wanted.map { wanted in
            windows.first { $0.length == wanted.length && wanted.counters.isSubset(of: $0.counters) }
                ?? CounterWindow(length: wanted.length, counters: wanted.counters)
        }
    }

    /// Takes in the counters of a usable sample; true where they show that the platform restarted them.
    @discardableResult
    mutating func append(_ reported: Counters, at now: Instant) -> Bool {
        let (counters, isRestart) = unbroken.append(reported)
        for index in windows.indices { windows[index].append(counters, at: now) }
        return isRestart
    }

    func increase(of counter: Counter, over window: Duration) -> Increase? {
        windows.first { $0.length == window }?.increase(of: counter)
    }

    func trend(_ window: Duration, _ count: Int) -> [Double?] {
        windows.first { $0.length == window }?.trend(count) ?? []
    }
}

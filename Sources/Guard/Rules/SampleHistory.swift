import Model
import Policy

/// The windows that one campaign's rules read, over counters that never fall.
struct SampleHistory: Sendable {
    /// In the order of ``CampaignRules/windows``.
    private(set) var windows: [CounterWindow]
    private var unbroken = UnbrokenCounters()
    /// The windows before a restart that may yet prove to be none.
    private var earlier: [CounterWindow]?

    /// The last known value of each counter as the platform reported it.
    var last: Counters? { unbroken.last }

    /// The last known value of each counter across all restarts; nil before the first sample.
    var total: Counters? { unbroken.total }

    init(windows: [CampaignRules.Window]) {
        self.windows = windows.map { CounterWindow($0.window, counters: $0.counters) }
    }

    /// Keeps the windows that are still read and creates the new ones.
    mutating func rearrange(_ wanted: [CampaignRules.Window]) {
        func rearranged(_ windows: [CounterWindow]) -> [CounterWindow] {
            wanted.map { wanted in
                windows.first { $0.window == wanted.window && wanted.counters.isSubset(of: $0.counters) }
                    ?? CounterWindow(wanted.window, counters: wanted.counters)
            }
        }
        windows = rearranged(windows)
        earlier = earlier.map(rearranged)
    }

    /// True while the last restart may yet prove to be none.
    var isRestartOpen: Bool { unbroken.isRestartOpen }

    /// Appends a usable sample; returns what it shows of restarts.
    @discardableResult
    mutating func append(_ reported: Counters, at now: Instant) -> UnbrokenCounters.Change {
        let (counters, change) = unbroken.append(reported, at: now)
        switch change {
        case .none: if !isRestartOpen { earlier = nil }
        case .restarted: earlier = earlier ?? windows
        case .returned:
            windows = earlier ?? windows
            earlier = nil
        }
        for index in windows.indices { windows[index].append(counters, at: now) }
        return change
    }

    func increase(of counter: Counter, over window: Duration) -> Increase? {
        increase(of: counter, over: TimeWindow(window))
    }

    func increase(of counter: Counter, over window: TimeWindow) -> Increase? {
        windows.first { $0.window == window }?.increase(of: counter)
    }

    func trend(_ window: Duration, _ count: Int) -> [Double?] {
        windows.first { $0.window == TimeWindow(window) }?.trend(count) ?? []
    }
}

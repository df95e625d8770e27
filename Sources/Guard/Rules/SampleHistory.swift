import Model
import Policy

/// The windows that one campaign's rules read, over counters that never fall.
struct SampleHistory: Sendable {
    /// In the order of ``CampaignRules/windows``.
    private(set) var windows: [CounterWindow]
    private var unbroken = UnbrokenCounters()
    /// The windows before a restart that may yet prove to be none.
    private var earlier: [CounterWindow]?
    /// Windows that a reload added and that lack samples from before the reload.
    private var unfilled: Set<TimeWindow> = []

    /// The last known value of each counter as the platform reported it.
    var last: Counters? { unbroken.last }

    /// The last known value of each counter across all restarts; nil before the first sample.
    var total: Counters? { unbroken.total }

    init(windows: [CampaignRules.Window]) {
        self.windows = windows.map { CounterWindow($0.window, counters: $0.counters) }
    }

    /// How far back the windows that a reload added need samples; nil if it added none.
    var missing: Duration? { unfilled.map(\.reach).max() }

    /// Keeps the windows that are still read and creates the new ones.
    mutating func rearrange(_ wanted: [CampaignRules.Window]) {
        func reusable(_ wanted: CampaignRules.Window, _ windows: [CounterWindow]) -> CounterWindow? {
            windows.first { $0.window == wanted.window && wanted.counters.isSubset(of: $0.counters) }
        }
        func rearranged(_ windows: [CounterWindow]) -> [CounterWindow] {
            wanted.map { reusable($0, windows) ?? CounterWindow($0.window, counters: $0.counters) }
        }
        let added = wanted.filter { reusable($0, windows) == nil }.map(\.window)
        unfilled.formIntersection(wanted.map(\.window))
        if total != nil { unfilled.formUnion(added) }
        windows = rearranged(windows)
        earlier = earlier.map(rearranged)
    }

    /// Fills the windows that a reload added from stored samples, oldest first; `latest` is the newest known sample.
    mutating func fill(from stored: [(at: Instant, counters: Counters)], latest: (at: Instant, counters: Counters)?) {
        defer { unfilled = [] }
        guard let total, let latest, !unfilled.isEmpty else { return }
        let samples = stored.filter { $0.at < latest.at } + [latest]
        var recalled = UnbrokenCounters()
        for sample in samples { _ = recalled.append(sample.counters, at: sample.at) }
        // Later samples are counted from the same start as those in the other windows.
        var offset = total
        offset.subtract(recalled.total ?? .zero)
        offset.fill(from: .zero)
        var filled = SampleHistory(windows: [])
        filled.unbroken = UnbrokenCounters(offset: offset)
        filled.windows = windows.filter { unfilled.contains($0.window) }.map {
            CounterWindow($0.window, counters: $0.counters)
        }
        for sample in samples { filled.append(sample.counters, at: sample.at) }
        func replaced(_ windows: [CounterWindow], by filled: [CounterWindow]) -> [CounterWindow] {
            windows.map { window in filled.first { $0.window == window.window } ?? window }
        }
        windows = replaced(windows, by: filled.windows)
        earlier = earlier.map { replaced($0, by: filled.earlier ?? []) }
    }

    /// True while the last restart may yet prove to be none.
    var isRestartOpen: Bool { unbroken.isRestartOpen }

    /// When the open restart was; nil if none is open.
    var restartedAt: Instant? { unbroken.restartedAt }

    /// The samples since the open restart that show sending; nil if no restart is open.
    var risesSinceRestart: Int? { unbroken.risesSinceRestart }

    /// Appends a usable sample; returns what it shows of restarts.
    @discardableResult
    mutating func append(_ reported: Counters, at now: Instant) -> UnbrokenCounters.Change {
        let (counters, change) = unbroken.append(reported, at: now)
        switch change {
        case .none: if !isRestartOpen { earlier = nil }
        case .stepped: break
        case .restarted: if unbroken.restartedAt == now { earlier = windows }
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

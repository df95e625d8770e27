/// Counters as they would be had the platform never restarted them: what was counted before a restart is added.
struct UnbrokenCounters: Sendable {
    /// What was counted before the last restart.
    private var offset = Counters.zero
    /// The last known value of each counter as the platform reported it.
    private(set) var last: Counters?

    /// The last known value of each counter over all restarts; nil before the first sample.
    var total: Counters? {
        var total = last
        total?.add(offset)
        return total
    }

    /// Takes a usable sample in: its counters over all restarts, unknown where it does not say, and whether it shows one.
    mutating func append(_ reported: Counters) -> (counters: Counters, isRestart: Bool) {
        var isRestart = false
        if let last {
            isRestart = reported.restarted(since: last)
            if isRestart {
                var counted = last
                counted.fill(from: .zero)
                offset.add(counted)
            }
            self.last = reported
            self.last?.fill(from: last)
        } else {
            last = reported
        }
        var counters = reported
        counters.add(offset)
        return (counters, isRestart)
    }
}

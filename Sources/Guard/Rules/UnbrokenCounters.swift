/// Counters without restarts: the counts before each restart are added.
struct UnbrokenCounters: Sendable {
    /// The counts before the last restart.
    private var offset = Counters.zero
    /// The last known value of each counter as the platform reported it.
    private(set) var last: Counters?

    /// The last known value of each counter across all restarts; nil before the first sample.
    var total: Counters? {
        var total = last
        total?.add(offset)
        return total
    }

    /// Appends a usable sample; returns its counters across all restarts, and whether it shows a restart.
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

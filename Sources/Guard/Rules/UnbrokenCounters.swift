import Model
import Policy

/// Counters without restarts: the counts before each restart are added.
///
/// After a restart, counters grow from the first values that were seen of it. If they return to their old values in one
/// step, they never restarted: the responses between came from a replica that lagged, and count for nothing.
struct UnbrokenCounters: Sendable {
    enum Change: Hashable, Sendable {
        case none
        case restarted
        /// The last restart was none.
        case returned
    }

    /// The state before a restart that may yet prove to be none.
    private struct Earlier: Sendable {
        var offset: Counters
        var last: Counters
        /// The first counters after the restart.
        var first: Counters
        var at: Instant
    }

    /// A replica lags for no longer than this.
    private static let lagMax: Duration = .seconds(86400)
    /// A step that lasts longer may be true growth.
    private static let stepMax: Duration = .seconds(900)
    /// A step this many times as fast as the growth since the restart is none.
    private static let stepFactor = 3.0

    /// The counts before the last restart.
    private var offset: Counters
    /// The last known value of each counter as the platform reported it.
    private(set) var last: Counters?
    private var lastAt = Instant(milliseconds: 0)
    private var earlier: Earlier?

    /// - Parameter offset: the counts before the first sample.
    init(offset: Counters = .zero) { self.offset = offset }

    /// The last known value of each counter across all restarts; nil before the first sample.
    var total: Counters? {
        var total = last
        total?.add(offset)
        return total
    }

    /// True while the last restart may yet prove to be none.
    var isRestartOpen: Bool { earlier != nil }

    /// Appends a usable sample; returns its counters across all restarts, and what it shows of restarts.
    mutating func append(_ reported: Counters, at now: Instant) -> (counters: Counters, change: Change) {
        let change = change(reported, at: now)
        lastAt = now
        if let last {
            self.last = reported
            self.last?.fill(from: last)
        } else {
            last = reported
        }
        var counters = reported
        counters.add(offset)
        return (counters, change)
    }

    private mutating func change(_ reported: Counters, at now: Instant) -> Change {
        guard let last else { return .none }
        if let earlier, !reported.restarted(since: earlier.last) || now - earlier.at > UnbrokenCounters.lagMax {
            self.earlier = nil
            if now - earlier.at <= UnbrokenCounters.lagMax, reported.reaches(earlier.last),
                isStep(reported, after: last, earlier, at: now)
            {
                (offset, self.last) = (earlier.offset, earlier.last)
                return .returned
            }
        }
        guard reported.restarted(since: last) else { return .none }
        earlier = earlier ?? Earlier(offset: offset, last: last, first: reported, at: now)
        var fallen = last
        fallen.subtract(reported)
        fallen.fill(from: .zero)
        offset.add(fallen)
        return .restarted
    }

    /// True if the counters rose faster than they can have grown, by the growth since the restart.
    private func isStep(_ reported: Counters, after last: Counters, _ earlier: Earlier, at now: Instant) -> Bool {
        let lasting = now - lastAt
        guard lasting <= UnbrokenCounters.stepMax else { return false }
        let counter: Counter = reported.sent.isNaN || last.sent.isNaN ? .resolved : .sent
        let growth = last.growth(of: counter, since: earlier.first) ?? 0
        let pace = growth / max(1, lastAt.seconds(since: earlier.at))
        let rise = reported.growth(of: counter, since: last) ?? 0
        return rise > pace * lasting.seconds * UnbrokenCounters.stepFactor
    }
}

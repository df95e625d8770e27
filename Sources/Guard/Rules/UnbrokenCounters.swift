import Model
import Policy

/// Counters without restarts: the counts before each restart are added.
///
/// After a restart, counters grow from the first values that follow it. If they return to their old values in steps,
/// they never restarted: the responses in between came from a replica that lagged, and are ignored. Until then, steps
/// are ignored too.
struct UnbrokenCounters: Sendable {
    enum Change: Hashable, Sendable {
        case none
        case restarted
        /// The counters rose faster than the campaign sends, towards their values before the last restart.
        case stepped
        /// The last restart was none.
        case returned
    }

    /// The state before a restart that may yet prove to be none.
    private struct Earlier: Sendable {
        var offset: Counters
        var last: Counters
        var at: Instant
        /// The first counters after the latest fall, and their time.
        var first: Counters
        var firstAt: Instant
        /// Emails per second before the restart; nil if unknown.
        var pace: Double?
        /// The emails of all steps since.
        var stepped = 0.0
        /// The samples with other growth since.
        var rises = 0
    }

    /// A replica lags for no longer than this.
    private static let lagMax: Duration = .seconds(86400)
    /// A step that lasts longer may be true growth.
    private static let stepMax: Duration = .seconds(900)
    /// A step this many times as fast as the campaign sends is no growth.
    private static let stepFactor = 3.0
    /// The smallest step on the way back, as a share of the old count and in emails, so that few steps are possible.
    private static let stepMin = (share: 0.1, emails: 10.0)
    /// After more samples with other growth than this, the counters restarted before they fall again.
    private static let risesMax = 5
    /// The part of the rise since a restart that is made up of steps if a replica lagged.
    private static let steppedShare = 0.5
    /// The time constant in seconds with which a pace is forgotten.
    private static let paceMemory = 1800.0

    /// The counts before the last restart.
    private var offset: Counters
    /// The last known value of each counter as the platform reported it.
    private(set) var last: Counters?
    private var lastAt = Instant(milliseconds: 0)
    /// The highest recent pace in emails per second, which decays; nil before two samples.
    private var pace: Double?
    private var earlier: Earlier?
    /// The counters that the sample of a step lacked: their first rise afterwards belongs to the step.
    private var unstepped: Set<Counter> = []

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

    /// When the open restart was; nil if none is open.
    var restartedAt: Instant? { earlier?.at }

    /// The samples since the open restart that show sending, steps left out; nil if no restart is open.
    var risesSinceRestart: Int? { earlier?.rises }

    /// Appends a usable sample; returns its counters across all restarts, and what it shows of restarts.
    mutating func append(_ reported: Counters, at now: Instant) -> (counters: Counters, change: Change) {
        let change = change(reported, at: now)
        notePace(change, reported, at: now)
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
        if let earlier {
            if now - earlier.at > UnbrokenCounters.lagMax {
                forgetRestart()
            } else if reported.reaches(earlier.last) {
                forgetRestart()
                if isReturn(reported, after: last, earlier, at: now) {
                    (offset, self.last) = (earlier.offset, earlier.last)
                    return .returned
                }
            } else if isStep(reported, after: last, earlier, at: now) {
                self.earlier?.stepped += UnbrokenCounters.rise(reported, since: last)
                step(to: reported, from: last)
                return .stepped
            }
        }
        if earlier != nil, UnbrokenCounters.rise(reported, since: last) > 0 { earlier?.rises += 1 }
        if !unstepped.isEmpty { skipUnstepped(reported, since: last) }
        guard reported.restarted(since: last) else { return .none }
        if let earlier, earlier.rises > UnbrokenCounters.risesMax { forgetRestart() }
        var opened =
            earlier ?? Earlier(offset: offset, last: last, at: now, first: reported, firstAt: now, pace: pace)
        (opened.first, opened.firstAt, opened.stepped, opened.rises) = (reported, now, 0, 0)
        earlier = opened
        var fallen = last
        fallen.subtract(reported)
        fallen.fill(from: .zero)
        offset.add(fallen)
        return .restarted
    }

    private mutating func forgetRestart() { (earlier, unstepped) = (nil, []) }

    private mutating func notePace(_ change: Change, _ reported: Counters, at now: Instant) {
        // The pace before a restart is remembered until the restart is settled.
        guard let last, earlier == nil, change == .none else { return }
        let elapsed = max(1, now.seconds(since: lastAt))
        let seen = UnbrokenCounters.rise(reported, since: last) / elapsed
        let decayed = (pace ?? 0) * UnbrokenCounters.paceMemory / (UnbrokenCounters.paceMemory + elapsed)
        pace = max(seen, decayed)
    }

    // MARK: Steps

    /// The growth of sent emails, or of resolved ones if those are unknown.
    private static func rise(_ reported: Counters, since last: Counters) -> Double {
        let counter: Counter = reported.sent.isNaN || last.sent.isNaN ? .resolved : .sent
        return reported.growth(of: counter, since: last) ?? 0
    }

    /// True if the counters are back at their old values faster than the campaign can have sent as much.
    private func isReturn(_ reported: Counters, after last: Counters, _ earlier: Earlier, at now: Instant) -> Bool {
        let rise = UnbrokenCounters.rise(reported, since: earlier.first)
        if earlier.stepped > rise * UnbrokenCounters.steppedShare { return true }
        return isFast(reported, after: last, pace: pace(since: earlier), at: now)
    }

    private func isStep(_ reported: Counters, after last: Counters, _ earlier: Earlier, at now: Instant) -> Bool {
        // A campaign that was just found has no known pace, so any pace is possible.
        guard let before = earlier.pace else { return false }
        let old = earlier.last.sent.isNaN || reported.sent.isNaN ? earlier.last[.resolved] : earlier.last.sent
        let (share, emails) = UnbrokenCounters.stepMin
        guard UnbrokenCounters.rise(reported, since: last) >= max(old * share, emails) else { return false }
        return isFast(reported, after: last, pace: max(before, pace(since: earlier)), at: now)
    }

    /// The growth since the restart in emails per second, without steps.
    private func pace(since earlier: Earlier) -> Double {
        guard let last else { return 0 }
        let growth = max(0, UnbrokenCounters.rise(last, since: earlier.first) - earlier.stepped)
        return growth / max(1, lastAt.seconds(since: earlier.firstAt))
    }

    /// True if the counters rose faster than a campaign of that pace can have sent.
    private func isFast(_ reported: Counters, after last: Counters, pace: Double, at now: Instant) -> Bool {
        let lasting = now - lastAt
        guard lasting <= UnbrokenCounters.stepMax else { return false }
        let rise = UnbrokenCounters.rise(reported, since: last)
        return rise > pace * lasting.seconds * UnbrokenCounters.stepFactor
    }

    /// Takes a step out of the counts; counters that its sample lacks follow once they are known.
    private mutating func step(to reported: Counters, from last: Counters) {
        var rise = reported
        rise.subtract(last)
        rise.fill(from: .zero)
        offset.subtract(rise)
        for counter in Counter.allCases where counter != .resolved {
            if reported[counter].isNaN { unstepped.insert(counter) } else { unstepped.remove(counter) }
        }
    }

    /// Takes the counters that a step lacked out of the counts.
    private mutating func skipUnstepped(_ reported: Counters, since last: Counters) {
        for counter in unstepped where !reported[counter].isNaN {
            if !last[counter].isNaN { offset.add(last[counter] - reported[counter], to: counter) }
            unstepped.remove(counter)
        }
    }
}

import HeapModule
import Model
import Policy

/// Decides which campaign to poll next, within the request budget.
///
/// Each campaign is polled at least once per longest interval. The rest of the budget is shared among the campaigns
/// that need more polls, in proportion to their need; if it suffices, each gets all that it needs. No campaign starves,
/// and a poll's cost does not grow with the number of campaigns.
struct PollQueue: Sendable {
    /// A campaign's index with its due time or its deadline.
    private struct Entry: Comparable {
        var at: Instant
        var index: Int
        /// An entry with an outdated version is void.
        var version: UInt32

        static func < (left: Entry, right: Entry) -> Bool {
            left.at != right.at ? left.at < right.at : left.index < right.index
        }
    }

    private struct Seat {
        /// When the campaign was last polled; nil before its first poll.
        var polledAt: Instant?
        /// Polls per second beyond the minimum that it needs, in billionths.
        var wanted: Int64 = 0
        var version: UInt32 = 0
    }

    /// A due campaign may wait for 1/16 of its interval in favour of more urgent ones.
    private static let slack = 16
    /// The share of the budget that is allocated, so that due polls rarely wait.
    private static let givenAway = 0.95
    /// After a lull, this much of the pace may go out at once.
    private static let burst: Duration = .milliseconds(50)
    /// The first round uses the whole budget up to this rate, because people wait for it.
    private static let firstPerSecondMax = 100.0
    /// The catch-up rate that is always allowed within the budget.
    private static let calmPerSecond = 10.0
    private static let unit = 1e9

    private let pace: PollInterval
    private let perSecond: Double
    private let firstPerSecond: Double
    private var seats: [Seat]
    private var waiting = Heap<Entry>()
    private var ready = Heap<Entry>()
    /// Campaigns that have not been polled yet.
    private var untouched: Int
    private var totalWanted: Int64 = 0
    /// Polls that may go out now.
    private var tokens = 1.0
    private var filledAt: Instant

    init(_ poll: PollSettings, campaigns: Int, at now: Instant) {
        pace = poll.statsPace
        perSecond = poll.statsPerSecond
        let even = Double(campaigns) / poll.statsInterval.seconds
        // Each campaign is asked for its extra counters in the first round.
        let first = poll.extraRequests.pollsAlways(within: poll.budget.perSecond)
        firstPerSecond = max(even, min(first, PollQueue.firstPerSecondMax))
        seats = Array(repeating: Seat(), count: campaigns)
        untouched = campaigns
        filledAt = now
        waiting = Heap((0..<campaigns).map { Entry(at: now, index: $0, version: 0) })
    }

    // MARK: Intervals

    /// Polls per second that each campaign gets in any case.
    private var least: Double { 1 / pace.max.seconds }

    /// The share, 0…1, of the need beyond the minimum that the budget covers.
    private var share: Double {
        guard totalWanted > 0 else { return 1 }
        let spare = max(0, perSecond * PollQueue.givenAway - Double(seats.count) * least)
        return min(1, spare * PollQueue.unit / Double(totalWanted))
    }

    /// The present interval between two polls of the campaign.
    func interval(_ index: Int) -> Duration {
        let wanted = seats[index].wanted
        if wanted == 0 { return pace.max }
        return .seconds(1 / (least + share * Double(wanted) / PollQueue.unit))
    }

    /// The present number of polls per second of all campaigns together.
    var pollsPerSecond: Double { Double(seats.count) * least + share * Double(totalWanted) / PollQueue.unit }

    /// The interval of a campaign of which nothing is known.
    var evenInterval: Duration {
        min(pace.max, max(pace.min, .seconds(Double(seats.count) / max(perSecond, 1e-9))))
    }

    /// Sets the interval that the campaign needs; the budget may lengthen it.
    mutating func want(_ interval: Duration, _ index: Int) {
        guard !pace.isFixed else { return }
        let interval = min(pace.max, max(pace.min, interval))
        let wanted = Int64(((1 / interval.seconds - least) * PollQueue.unit).rounded())
        let change = max(0, wanted) - seats[index].wanted
        guard change != 0 else { return }
        seats[index].wanted += change
        totalWanted += change
        if let polledAt = seats[index].polledAt { wait(index, until: polledAt + self.interval(index)) }
    }

    // MARK: Turns

    /// When the next poll is due; nil if there are no campaigns.
    var next: Instant? {
        let due = ready.isEmpty ? waiting.min?.at : filledAt
        guard let due else { return nil }
        guard tokens < 1 else { return due }
        let wait = Duration.milliseconds(Int64(((1 - tokens) / rate * 1000).rounded(.up)))
        return max(due, filledAt + max(.milliseconds(1), wait))
    }

    /// The campaigns that are due, as many as the pace allows.
    mutating func take(at now: Instant) -> [Int] {
        fill(now)
        while let entry = waiting.min, entry.at <= now {
            waiting.removeMin()
            guard entry.version == seats[entry.index].version else { continue }
            let latest =
                seats[entry.index].polledAt == nil ? entry.at : entry.at + interval(entry.index) / PollQueue.slack
            ready.insert(Entry(at: latest, index: entry.index, version: entry.version))
        }
        var turns: [Int] = []
        while tokens >= 1, let entry = ready.popMin() {
            guard entry.version == seats[entry.index].version else { continue }
            tokens -= 1
            note(entry.index, at: now)
            turns.append(entry.index)
        }
        return turns
    }

    /// A backlog is worked off at twice the pace, not at once.
    private var rate: Double {
        untouched > 0 ? firstPerSecond : min(perSecond, max(2 * pollsPerSecond, PollQueue.calmPerSecond))
    }

    private mutating func fill(_ now: Instant) {
        guard now > filledAt else { return }
        tokens = min(max(1, rate * PollQueue.burst.seconds), tokens + (now - filledAt).seconds * rate)
        filledAt = now
    }

    private mutating func note(_ index: Int, at now: Instant) {
        let isFirst = seats[index].polledAt == nil
        seats[index].polledAt = now
        if isFirst { untouched -= 1 }
        // The first round is followed by evenly spread polls.
        let spread = isFirst ? pace.max * (index + 1) / seats.count : interval(index)
        wait(index, until: now + min(spread, interval(index)))
    }

    private mutating func wait(_ index: Int, until due: Instant) {
        seats[index].version &+= 1
        waiting.insert(Entry(at: due, index: index, version: seats[index].version))
        // Void entries are removed in batches.
        if waiting.count > 64 + 4 * seats.count {
            waiting = Heap(waiting.unordered.filter { $0.version == seats[$0.index].version })
        }
    }

    /// Polls the campaign out of turn; false if it was polled within the shortest interval.
    mutating func takeOutOfTurn(_ index: Int, at now: Instant) -> Bool {
        if let polledAt = seats[index].polledAt, now - polledAt < pace.min { return false }
        tokens -= 1
        note(index, at: now)
        return true
    }

    /// Adopts the poll times of another queue for the campaigns that both have, by their indexes.
    mutating func adopt(_ previous: PollQueue, indexes: [(new: Int, old: Int)], at now: Instant) {
        for (new, old) in indexes where previous.seats[old].polledAt != nil {
            seats[new].polledAt = previous.seats[old].polledAt
            untouched -= 1
            wait(new, until: max(now, (seats[new].polledAt ?? now) + pace.max))
        }
    }
}

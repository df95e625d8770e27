import Model
import Policy

/// When to poll what, and what is awaited.
struct PollPlanner: Sendable {
    /// Something that is polled as a whole, in turn.
    private struct Timer {
        let target: Target
        let interval: PollInterval
        var polledAt: Instant?
        var next: Instant

        init(_ target: Target, _ interval: PollInterval, at now: Instant) {
            (self.target, self.interval, next) = (target, interval, now)
        }

        /// True where it is due; the time behind is not caught up with.
        mutating func take(at now: Instant) -> Bool {
            guard next <= now else { return false }
            polledAt = now
            next = now + interval.max
            return true
        }

        /// It is worth a poll at that time, or as soon after it as its interval allows.
        mutating func hasten(to time: Instant) {
            let earliest = polledAt.map { $0 + interval.min } ?? time
            next = min(next, max(earliest, time))
        }
    }

    /// An answer that has not come after this long never will.
    private static let answerMax: Duration = .seconds(900)

    private var timers: [Timer] = []
    private var stats: PollQueue?
    private let campaigns: [CampaignID]
    private let indexes: [CampaignID: Int]
    /// Polled and not answered; a target is not polled again meanwhile.
    private var inFlight: [Target: Instant] = [:]
    /// What has not been answered once since the start.
    private(set) var unanswered: Set<Target>

    init(_ book: RuleBook, at now: Instant) {
        let poll = book.policy.poll
        for target in book.sharedTargets {
            let interval = target.source == .accounts ? PollInterval(poll.accounts) : poll.pools
            timers.append(Timer(target, interval, at: now))
        }
        campaigns = book.policy.campaigns.map(\.id)
        indexes = Dictionary(campaigns.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        if !campaigns.isEmpty { stats = PollQueue(poll, campaigns: campaigns.count, at: now) }
        unanswered = book.targets
    }

    /// The plan for a new policy: what is awaited stays awaited, and what stays is polled as it was planned.
    init(_ book: RuleBook, adopting previous: PollPlanner, _ before: RuleBook, at now: Instant) {
        self.init(book, at: now)
        unanswered = previous.unanswered.intersection(unanswered).union(unanswered.subtracting(before.targets))
        inFlight = previous.inFlight
        guard let queue = previous.stats else { return }
        let indexes = campaigns.enumerated().compactMap { index, id in
            previous.indexes[id].map { (new: index, old: $0) }
        }
        stats?.adopt(queue, indexes: indexes, at: now)
    }

    // MARK: Due

    /// How many different targets are polled.
    var targetCount: Int { timers.count + campaigns.count }

    /// Requests a minute, as things stand.
    var perMinute: Double {
        timers.reduce((stats?.pollsPerSecond ?? 0) * 60) { $0 + 60 / $1.interval.max.seconds }
    }

    /// When the next poll is due; nil where nothing is polled.
    var next: Instant? {
        timers.reduce(stats?.next) { earliest, timer in earliest.map { min($0, timer.next) } ?? timer.next }
    }

    mutating func takeDue(at now: Instant) -> [Target] {
        var due: [Target] = []
        for index in timers.indices where timers[index].take(at: now) { poll(timers[index].target, at: now, &due) }
        for index in stats?.take(at: now) ?? [] { poll(.stats(campaigns[index]), at: now, &due) }
        return due
    }

    private mutating func poll(_ target: Target, at now: Instant, _ due: inout [Target]) {
        guard !isInFlight(target, at: now) else { return }
        inFlight[target] = now
        due.append(target)
    }

    private func isInFlight(_ target: Target, at now: Instant) -> Bool {
        inFlight[target].map { now - $0 < PollPlanner.answerMax } ?? false
    }

    /// The target is polled out of turn.
    mutating func pollNow(_ target: Target, at now: Instant) -> Effect {
        inFlight[target] = now
        return .poll(target)
    }

    /// A poll was answered, or failed.
    mutating func noteAnswer(_ target: Target) { inFlight[target] = nil }

    /// The first answer of a target is in.
    mutating func noteFirstAnswer(_ target: Target) { if !unanswered.isEmpty { unanswered.remove(target) } }

    // MARK: Wishes

    /// When the campaign of that index wants to be polled again.
    mutating func want(_ wish: PollWish, _ index: Int) {
        switch wish {
        case .after(let interval): stats?.want(interval, index)
        case .even: if let even = stats?.evenInterval { stats?.want(even, index) }
        }
    }

    /// The time between two polls of the campaign of that index, as things stand.
    func interval(_ index: Int) -> Duration { stats?.interval(index) ?? .zero }

    /// The target is worth a poll at that time.
    mutating func hasten(_ target: Target, to time: Instant) {
        for index in timers.indices where timers[index].target == target { timers[index].hasten(to: time) }
    }

    /// Something seems to have happened at the target; polled now, unless it was within its shortest interval.
    mutating func hint(_ target: Target, at now: Instant) -> [Effect] {
        guard case .stats(let id) = target else {
            hasten(target, to: now)
            return []
        }
        guard let index = indexes[id], !isInFlight(target, at: now), stats?.takeOutOfTurn(index, at: now) == true else {
            return []
        }
        return [pollNow(target, at: now)]
    }
}

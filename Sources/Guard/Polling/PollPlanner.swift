import Model
import Policy

/// Plans the polls of all targets and tracks those in flight.
struct PollPlanner: Sendable {
    /// A target that is polled as a whole at an interval.
    private struct Timer {
        let target: Target
        let interval: PollInterval
        var polledAt: Instant?
        var next: Instant

        init(_ target: Target, _ interval: PollInterval, at now: Instant) {
            (self.target, self.interval, next) = (target, interval, now)
        }

        /// True if the target is due; missed polls are not made up for.
        mutating func take(at now: Instant) -> Bool {
            guard next <= now else { return false }
            polledAt = now
            next = now + interval.max
            return true
        }

        /// Polls at that time, or as soon after it as the interval allows.
        mutating func hasten(to time: Instant) {
            let earliest = polledAt.map { $0 + interval.min } ?? time
            next = min(next, max(earliest, time))
        }
    }

    /// A poll without a response after this long will never get one.
    private static let answerMax: Duration = .seconds(900)

    private var timers: [Timer] = []
    private var stats: PollQueue?
    private let extraRequests: ExtraRequests
    private let campaigns: [CampaignID]
    private let indexes: [CampaignID: Int]
    /// Polls without a response; their targets are not polled again meanwhile.
    private var inFlight: [Target: Instant] = [:]
    /// Targets without any response since the start.
    private(set) var unanswered: Set<Target>

    init(_ book: RuleBook, at now: Instant) {
        let poll = book.policy.poll
        extraRequests = poll.extraRequests
        for target in book.sharedTargets {
            let interval = target.source == .accounts ? PollInterval(poll.accounts) : poll.pools
            timers.append(Timer(target, interval, at: now))
        }
        campaigns = book.policy.campaigns.map(\.id)
        indexes = Dictionary(campaigns.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        if !campaigns.isEmpty { stats = PollQueue(poll, campaigns: campaigns.count, at: now) }
        unanswered = book.targets
    }

    /// Adopts a new policy; polls in flight stay in flight, and remaining campaigns keep their plan.
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

    /// The number of distinct targets.
    var targetCount: Int { timers.count + campaigns.count }

    /// The present number of requests per minute; those for extra counters are at most this many.
    var perMinute: Double {
        let polls = stats?.pollsPerSecond ?? 0
        return timers.reduce((polls + extraRequests.perSecond(polls: polls)) * 60) { $0 + 60 / $1.interval.max.seconds }
    }

    /// When the next poll is due; nil if nothing is polled.
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

    /// Polls the target out of turn.
    mutating func pollNow(_ target: Target, at now: Instant) -> Effect {
        inFlight[target] = now
        return .poll(target)
    }

    /// Notes that a poll was answered or failed.
    mutating func noteAnswer(_ target: Target) { inFlight[target] = nil }

    /// Notes that the target has had its first response.
    mutating func noteFirstAnswer(_ target: Target) { if !unanswered.isEmpty { unanswered.remove(target) } }

    // MARK: Wishes

    /// Sets when the campaign at that index needs its next poll.
    mutating func want(_ wish: PollWish, _ index: Int) {
        switch wish {
        case .after(let interval): stats?.want(interval, index)
        case .even: if let even = stats?.evenInterval { stats?.want(even, index) }
        }
    }

    /// The present interval between two polls of the campaign at that index.
    func interval(_ index: Int) -> Duration { stats?.interval(index) ?? .zero }

    /// Polls the target at that time, or as soon after it as its interval allows.
    mutating func hasten(_ target: Target, to time: Instant) {
        for index in timers.indices where timers[index].target == target { timers[index].hasten(to: time) }
    }

    /// Polls the target now because something may have happened, unless it was polled within its shortest interval.
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

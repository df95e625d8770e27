import Model
import Policy

/// When to ask the platform what.
struct PollPlan: Sendable {
    /// Something that is asked for as a whole, in turn.
    private struct Timer {
        let target: Target
        let interval: PollInterval
        var askedAt: Instant?
        var next: Instant

        init(_ target: Target, _ interval: PollInterval, at now: Instant) {
            (self.target, self.interval, next) = (target, interval, now)
        }

        /// True where it is due; the time behind is not caught up with.
        mutating func take(at now: Instant) -> Bool {
            guard next <= now else { return false }
            askedAt = now
            next = now + interval.max
            return true
        }

        /// It is worth a look at that time, or as soon after it as its interval allows.
        mutating func hasten(to time: Instant) {
            let earliest = askedAt.map { $0 + interval.min } ?? time
            next = min(next, max(earliest, time))
        }
    }

    private var timers: [Timer] = []
    private var stats: PollQueue?
    private let campaigns: [CampaignID]
    /// Asked for and not answered; a target is not asked for again meanwhile.
    private var inFlight: [Target: Instant] = [:]
    /// An answer that has not come after this long never will.
    private static let answerMax: Duration = .seconds(900)

    init(policy: CheckedPolicy, at now: Instant) {
        let poll = policy.poll
        for target in PollPlan.shared(policy) {
            let interval = target.source == .accounts ? PollInterval(poll.accounts) : poll.pools
            timers.append(Timer(target, interval, at: now))
        }
        campaigns = policy.campaigns.map(\.id)
        if !campaigns.isEmpty { stats = PollQueue(poll, campaigns: campaigns.count, at: now) }
    }

    /// What has to be asked for beside the campaigns: of each platform what it can tell and somebody needs, accounts
    /// only if a rule reads them.
    static func shared(_ policy: CheckedPolicy) -> [Target] {
        var sources: Set<Source> = []
        for rule in policy.rules where rule.mode != .off { sources.formUnion(rule.sources) }
        let bound = Set(policy.pools.map(\.name))
        let namesPool = policy.campaigns.contains { $0.pool != nil }
        if namesPool || !policy.launches.isEmpty { sources.insert(.pools) }
        var targets: [Target] = []
        for workspace in policy.workspaces {
            let campaigns = policy.campaigns.filter { $0.workspace == workspace.name }
            // Without campaigns, rules on pools may still look at them.
            let drawsOnOwn = campaigns.isEmpty || campaigns.contains { !($0.pool.map(bound.contains) ?? false) }
            if sources.contains(.pools), workspace.provider.can(.volumes), drawsOnOwn {
                targets.append(.pools(workspace.name))
            }
            if sources.contains(.accounts), workspace.provider.can(.accounts) {
                targets.append(.accounts(workspace.name))
            }
        }
        return targets + policy.pools.map { .pool($0.name) }
    }

    /// Whether it is asked for at all.
    func asks(for target: Target) -> Bool {
        if case .stats = target { return true }
        return timers.contains { $0.target == target }
    }

    /// How many different things are asked for.
    var targetCount: Int { timers.count + campaigns.count }

    /// Requests a minute, as things stand.
    var perMinute: Double {
        timers.reduce((stats?.looksPerSecond ?? 0) * 60) { $0 + 60 / $1.interval.max.seconds }
    }

    /// When the next poll is due; nil where nothing is polled.
    var next: Instant? {
        let first = stats?.next
        return timers.reduce(first) { earliest, timer in earliest.map { min($0, timer.next) } ?? timer.next }
    }

    mutating func due(at now: Instant) -> [Target] {
        var due: [Target] = []
        for index in timers.indices where timers[index].take(at: now) { ask(timers[index].target, at: now, &due) }
        for place in stats?.take(at: now) ?? [] { ask(.stats(campaigns[place]), at: now, &due) }
        return due
    }

    private mutating func ask(_ target: Target, at now: Instant, _ due: inout [Target]) {
        guard !isInFlight(target, at: now) else { return }
        inFlight[target] = now
        due.append(target)
    }

    // MARK: Danger

    /// The campaign at that place is to be looked at again after that time.
    mutating func want(_ interval: Duration, _ place: Int) { stats?.want(interval, place) }

    /// The campaign at that place is to be looked at again before long: nothing is known of its pace.
    mutating func wantEven(_ place: Int) {
        if let even = stats?.evenInterval { stats?.want(even, place) }
    }

    /// The time between two looks at the campaign at that place, as things stand.
    func interval(_ place: Int) -> Duration { stats?.interval(place) ?? .zero }

    /// What tells of a pool is worth a look at that time.
    mutating func hasten(_ target: Target, to time: Instant) {
        for index in timers.indices where timers[index].target == target { timers[index].hasten(to: time) }
    }

    // MARK: Answers

    /// Something is asked for out of turn.
    mutating func noteExtra(_ target: Target, at now: Instant) {
        inFlight[target] = now
    }

    mutating func noteAnswer(_ target: Target) {
        inFlight[target] = nil
    }

    private func isInFlight(_ target: Target, at now: Instant) -> Bool {
        inFlight[target].map { now - $0 < PollPlan.answerMax } ?? false
    }

    /// Takes over what is under way, and when each was last asked for.
    mutating func adopt(_ previous: PollPlan, at now: Instant) {
        inFlight = previous.inFlight
        guard let before = previous.stats else { return }
        let old = Dictionary(previous.campaigns.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let places = campaigns.enumerated().compactMap { place, id in old[id].map { (new: place, old: $0) } }
        stats?.adopt(before, places: places, at: now)
    }
}

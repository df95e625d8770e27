import Model
import Policy

/// When to ask the platform what: each target once an interval, evenly spread.
struct PollPlan: Sendable {
    /// One kind of target, taken in turn.
    private struct Rotation {
        var targets: [Target]
        var interval: Duration
        var position = 0
        var next: Instant
        /// The first round goes at this pace: people wait for it.
        var firstStep: Duration
        var isFirstRound = true

        var step: Duration {
            isFirstRound ? firstStep : interval / targets.count
        }

        /// The targets that are due, at most one round of them; the time behind is not caught up with.
        mutating func take(at now: Instant) -> [Target] {
            var due: [Target] = []
            while next <= now, due.count < targets.count {
                due.append(targets[position])
                position += 1
                if position == targets.count {
                    position = 0
                    isFirstRound = false
                }
                next = next + step
            }
            if next <= now { next = now + step }
            return due
        }
    }

    private var rotations: [Rotation]
    /// Asked for and not answered; a target is not asked for again meanwhile.
    private var inFlight: [Target: Instant] = [:]
    /// An answer that has not come after this long never will.
    private static let answerMax: Duration = .seconds(900)

    init(policy: CheckedPolicy, at now: Instant) {
        let poll = policy.poll
        let sources = PollPlan.sources(policy)
        rotations = []
        if sources.contains(.pools) {
            rotations.append(Rotation(targets: [.pools], interval: poll.pools, next: now, firstStep: poll.pools))
        }
        if sources.contains(.accounts) {
            rotations.append(
                Rotation(targets: [.accounts], interval: poll.accounts, next: now, firstStep: poll.accounts))
        }
        if !policy.campaigns.isEmpty {
            let even = poll.statsInterval / policy.campaigns.count
            let pace = Duration.seconds(1 / poll.budget.perSecond)
            rotations.append(
                Rotation(
                    targets: policy.campaigns.map { .stats($0.id) }, interval: poll.statsInterval, next: now,
                    firstStep: min(even, max(pace, .milliseconds(10)))))
        }
    }

    /// What has to be asked for at all: accounts only if a rule reads them.
    static func sources(_ policy: CheckedPolicy) -> Set<Source> {
        var sources: Set<Source> = [.stats]
        for rule in policy.rules where rule.mode != .off { sources.formUnion(rule.condition.sources) }
        let namesPool = policy.campaigns.contains { $0.pool != nil }
        if namesPool || !policy.launches.isEmpty { sources.insert(.pools) }
        return sources
    }

    /// Requests a minute, once the first round is over.
    var perMinute: Double {
        rotations.reduce(0) { $0 + Double($1.targets.count) * 60 / $1.interval.seconds }
    }

    /// When the next poll is due; nil where nothing is polled.
    var next: Instant? { rotations.map(\.next).min() }

    mutating func due(at now: Instant) -> [Target] {
        var due: [Target] = []
        for index in rotations.indices {
            for target in rotations[index].take(at: now) where !isInFlight(target, at: now) {
                inFlight[target] = now
                due.append(target)
            }
        }
        return due
    }

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

    /// Takes over what is under way.
    mutating func adopt(inFlightOf previous: PollPlan) {
        inFlight = previous.inFlight
        for index in rotations.indices { rotations[index].isFirstRound = false }
    }
}

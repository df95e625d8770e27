import Model
import Policy

/// The health of a workspace's API; reports failures, reminders at doubling intervals, and recovery.
///
/// The API fails while the latest response of any target was bad. It recovers when a good response leaves no such
/// target, and in no other way: a failure of another kind is reported as that, and the API stays unhealthy. A failure
/// that returns soon after it ended counts as the same one, so that a flapping API does not fill the journal.
struct APIHealth: Sendable {
    private enum State {
        /// Holds the failures that ended recently. Transitions to unhealthy, at a bad response.
        case healthy(past: [APIFailure.Kind: Failure])
        /// Transitions to healthy, at a good response that leaves no failing target.
        case unhealthy(Outage)
    }

    /// The failures since the API was last healthy.
    private struct Outage {
        /// At least one; those without targets have given way to others.
        var failures: [APIFailure.Kind: Failure] = [:]
        /// Failures that ended before this outage.
        var past: [APIFailure.Kind: Failure]

        var isOver: Bool { failures.values.allSatisfy(\.targets.isEmpty) }

        /// The kind of the failures that some target suffers, and, where a reload removed them, of those before.
        var mostSevere: APIFailure.Kind? {
            APIFailure.Kind.allCases.first { failures[$0]?.targets.isEmpty == false }
                ?? APIFailure.Kind.allCases.first { failures[$0] != nil }
        }

        /// Notes that the target no longer suffers failures of other kinds.
        mutating func clear(_ target: Target, except kind: APIFailure.Kind? = nil, at now: Instant) {
            for other in APIFailure.Kind.allCases where other != kind {
                if failures[other]?.targets.remove(target) != nil, failures[other]?.targets.isEmpty == true {
                    failures[other]?.endedAt = now
                }
            }
        }
    }

    private struct Failure {
        var since: Instant
        /// The targets that suffer it at present.
        var targets: Set<Target> = []
        var reminder: Reminder
        /// The failure returned at least once.
        var isFlapping = false
        /// Its start or return was reported, so its end is reported too.
        var isReported = true
        /// When the last target ceased to suffer it; nil while any does.
        var endedAt: Instant?

        init(at now: Instant) { (since, reminder) = (now, Reminder(at: now)) }

        /// The failure again, if it ended so recently that its return is not a new one.
        func returned(at now: Instant) -> Failure? {
            guard let endedAt, now - endedAt < reminder.interval else { return nil }
            var failure = self
            (failure.isFlapping, failure.endedAt) = (true, nil)
            return failure
        }
    }

    private let workspace: WorkspaceLabel
    private var state = State.healthy(past: [:])

    init(_ workspace: WorkspaceLabel) { self.workspace = workspace }

    /// Adopts the failures of `previous` that concern these targets.
    ///
    /// The API stays unhealthy even if the reload removed every failing target, because nothing has been answered.
    mutating func adopt(_ previous: APIHealth, targets: Set<Target>, at now: Instant) {
        state = previous.state
        guard case .unhealthy(var outage) = state else { return }
        let removed = outage.failures.values.reduce(into: Set<Target>()) { $0.formUnion($1.targets) }
            .subtracting(targets)
        for target in removed { outage.clear(target, at: now) }
        state = .unhealthy(outage)
    }

    /// The most severe failure; nil while the API is healthy.
    var failure: APIFailure.Kind? {
        switch state {
        case .healthy: nil
        case .unhealthy(let outage): outage.mostSevere
        }
    }

    mutating func noteSuccess(_ target: Target, at now: Instant) -> [Effect] {
        guard case .unhealthy(var outage) = state else { return [] }
        // The only reference, because a copy would cost more with every failing target.
        state = .healthy(past: [:])
        outage.clear(target, at: now)
        guard outage.isOver else {
            state = .unhealthy(outage)
            return []
        }
        state = .healthy(past: outage.past.merging(outage.failures) { $1 })
        return APIFailure.Kind.allCases.compactMap { kind in
            outage.failures[kind].flatMap { recovery(of: $0, kind, at: now) }
        }
    }

    mutating func note(_ fault: Fault, _ target: Target, at now: Instant) -> [Effect] {
        let kind: APIFailure.Kind
        switch fault.kind {
        // The platform answered properly, so the API itself is healthy.
        case .missing: return noteSuccess(target, at: now)
        case .refused, .unexpected: kind = .unexpected
        case .unreachable: kind = .unreachable
        case .unauthorized: kind = .unauthorized
        case .throttled: kind = .throttled
        }
        var outage = takeOutage()
        outage.clear(target, except: kind, at: now)
        var (failure, isNew) = take(kind, from: &outage, at: now)
        failure.targets.insert(target)
        var effects: [Effect] = []
        if isNew || failure.reminder.isDue(at: now) {
            failure.isReported = true
            let report = APIFailure(
                kind: kind, fault: fault, target: target, failing: failure.targets.count, since: failure.since,
                lasting: isNew ? nil : now - failure.since, isFlapping: failure.isFlapping)
            effects.append(.report(.api(workspace, .failing(report))))
        }
        outage.failures[kind] = failure
        state = .unhealthy(outage)
        return effects
    }

    /// The present outage, or a new one, as the only reference to it.
    private mutating func takeOutage() -> Outage {
        defer { state = .healthy(past: [:]) }
        switch state {
        case .healthy(let past): return Outage(past: past)
        case .unhealthy(let outage): return outage
        }
    }

    /// The failure of that kind: the present one, one that is back, or a new one.
    private func take(
        _ kind: APIFailure.Kind, from outage: inout Outage, at now: Instant
    ) -> (failure: Failure, isNew: Bool) {
        let present = outage.failures.removeValue(forKey: kind)
        if let present, present.endedAt == nil { return (present, false) }
        // Its end within this outage was not reported, so its return needs no report to be closed.
        if let back = present?.returned(at: now) { return (back, false) }
        if var back = outage.past.removeValue(forKey: kind)?.returned(at: now) {
            back.isReported = false
            return (back, false)
        }
        return (Failure(at: now), true)
    }

    private func recovery(of failure: Failure, _ kind: APIFailure.Kind, at now: Instant) -> Effect? {
        guard failure.isReported else { return nil }
        return .report(
            .api(
                workspace,
                .recovered(
                    kind, since: failure.since, lasting: (failure.endedAt ?? now) - failure.since,
                    isFlapping: failure.isFlapping)))
    }
}

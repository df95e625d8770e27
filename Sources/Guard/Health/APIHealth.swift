import Model
import Policy

/// Whether a workspace's API works: reports when it begins to fail, reminds at doubling intervals, and reports its
/// recovery.
///
/// A failure lasts as long as any target still suffers it: one campaign's faults are not cleared by another's success. One
/// that comes back soon after its end is the same failure, so that an API that flaps does not fill the journal.
struct APIHealth: Sendable {
    private struct Failure {
        var since: Instant
        var targets: Set<Target> = []
        var reminder: Reminder
        /// It came back at least once.
        var isFlapping = false
        /// Its beginning, or its return, was reported; then its end is reported too.
        var isReported = true
        var endedAt: Instant?
    }

    private let workspace: WorkspaceLabel
    private var failures: [APIFailure.Kind: Failure] = [:]
    /// Failures that are over, for a while.
    private var past: [APIFailure.Kind: Failure] = [:]

    init(_ workspace: WorkspaceLabel) { self.workspace = workspace }

    /// Goes on with another's failures, as far as they concern these targets.
    mutating func adopt(_ previous: APIHealth, targets: Set<Target>) {
        (failures, past) = (previous.failures, previous.past)
        for kind in APIFailure.Kind.allCases {
            failures[kind]?.targets.formIntersection(targets)
            if failures[kind]?.targets.isEmpty == true { failures[kind] = nil }
        }
    }

    /// The most severe failure; nil while the API is healthy.
    var failure: APIFailure.Kind? { failures.isEmpty ? nil : APIFailure.Kind.allCases.first { failures[$0] != nil } }

    mutating func noteSuccess(_ target: Target, at now: Instant) -> [Effect] {
        if failures.isEmpty { return [] }
        return APIFailure.Kind.allCases.compactMap { recover($0, target, at: now) }
    }

    mutating func note(_ fault: Fault, _ target: Target, at now: Instant) -> [Effect] {
        let kind: APIFailure.Kind
        switch fault.kind {
        // The platform answered and knows better: the API as such is healthy.
        case .missing: return noteSuccess(target, at: now)
        case .refused, .unexpected: kind = .unexpected
        case .unreachable: kind = .unreachable
        case .unauthorized: kind = .unauthorized
        case .throttled: kind = .throttled
        }
        var effects = APIFailure.Kind.allCases.filter { $0 != kind }.compactMap { recover($0, target, at: now) }
        var (failure, isNew) = failures.removeValue(forKey: kind).map { ($0, false) } ?? begin(kind, at: now)
        failure.targets.insert(target)
        if isNew || failure.reminder.isDue(at: now) {
            failure.isReported = true
            let report = APIFailure(
                kind: kind, fault: fault, target: target, failing: failure.targets.count, since: failure.since,
                lasting: isNew ? nil : now - failure.since, isFlapping: failure.isFlapping)
            effects.append(.report(.api(workspace, .failing(report))))
        }
        failures[kind] = failure
        return effects
    }

    /// A failure that begins, or that is back.
    private mutating func begin(_ kind: APIFailure.Kind, at now: Instant) -> (Failure, isNew: Bool) {
        if var failure = past.removeValue(forKey: kind), let endedAt = failure.endedAt,
            now - endedAt < failure.reminder.interval
        {
            (failure.isFlapping, failure.isReported) = (true, false)
            return (failure, false)
        }
        return (Failure(since: now, reminder: Reminder(at: now)), true)
    }

    private mutating func recover(_ kind: APIFailure.Kind, _ target: Target, at now: Instant) -> Effect? {
        guard failures[kind]?.targets.remove(target) != nil, failures[kind]?.targets.isEmpty == true,
            var failure = failures.removeValue(forKey: kind)
        else { return nil }
        failure.endedAt = now
        past[kind] = failure
        guard failure.isReported else { return nil }
        return .report(
            .api(
                workspace,
                .recovered(kind, since: failure.since, lasting: now - failure.since, isFlapping: failure.isFlapping)))
    }
}

/// How healthy each workspace's API is.
struct APIHealthTable: Sendable {
    private var byWorkspace: [WorkspaceName: APIHealth]

    init(_ policy: CheckedPolicy) {
        let isOnly = policy.workspaces.count == 1
        byWorkspace = Dictionary(
            policy.workspaces.map { workspace in
                let label = WorkspaceLabel(name: workspace.name, provider: workspace.provider, isOnly: isOnly)
                return (workspace.name, APIHealth(label))
            }, uniquingKeysWith: { first, _ in first })
    }

    init(_ book: RuleBook, adopting previous: APIHealthTable) {
        self.init(book.policy)
        for (workspace, health) in previous.byWorkspace {
            byWorkspace[workspace]?.adopt(health, targets: book.targets)
        }
    }

    func knows(_ workspace: WorkspaceName) -> Bool { byWorkspace[workspace] != nil }

    /// The most severe failure of a workspace's API; nil while it is healthy.
    func failure(of workspace: WorkspaceName) -> APIFailure.Kind? { byWorkspace[workspace]?.failure }

    /// Takes in how a poll went.
    mutating func note(_ outcome: PollOutcome, in workspace: WorkspaceName, at now: Instant) -> [Effect] {
        // In its slot of the dictionary, as a copy would cost more for every target that fails.
        guard let index = byWorkspace.index(forKey: workspace) else { return [] }
        switch outcome.result {
        case .success: return byWorkspace.values[index].noteSuccess(outcome.target, at: now)
        case .failure(let fault): return byWorkspace.values[index].note(fault, outcome.target, at: now)
        }
    }
}

import Model
import Policy

/// The health of a workspace's API; reports failures, reminders at doubling intervals, and recovery.
///
/// A failure lasts while any target suffers it: one campaign's success does not clear another's fault. A failure that
/// returns soon after it ended counts as the same one, so that a flapping API does not fill the journal.
struct APIHealth: Sendable {
    private struct Failure {
        var since: Instant
        var targets: Set<Target> = []
        var reminder: Reminder
        /// The failure returned at least once.
        var isFlapping = false
        /// Its start or return was reported, so its end is reported too.
        var isReported = true
        var endedAt: Instant?
    }

    private let workspace: WorkspaceLabel
    private var failures: [APIFailure.Kind: Failure] = [:]
    /// Failures that ended recently.
    private var past: [APIFailure.Kind: Failure] = [:]

    init(_ workspace: WorkspaceLabel) { self.workspace = workspace }

    /// Adopts the failures of `previous` that concern these targets.
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
        // The platform answered properly, so the API itself is healthy.
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

    /// Begins a failure, or resumes one that is back.
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

/// The health of each workspace's API.
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

    /// The most severe failure of a workspace's API; nil while the API is healthy.
    func failure(of workspace: WorkspaceName) -> APIFailure.Kind? { byWorkspace[workspace]?.failure }

    /// Updates the workspace's health with a poll's outcome.
    mutating func note(_ outcome: PollOutcome, in workspace: WorkspaceName, at now: Instant) -> [Effect] {
        // Updated in place: a copy would cost more with every failing target.
        guard let index = byWorkspace.index(forKey: workspace) else { return [] }
        switch outcome.result {
        case .success: return byWorkspace.values[index].noteSuccess(outcome.target, at: now)
        case .failure(let fault): return byWorkspace.values[index].note(fault, outcome.target, at: now)
        }
    }
}

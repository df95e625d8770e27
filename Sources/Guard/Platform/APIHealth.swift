import Model
import Policy

/// Tells when the platform gets into trouble, reminds at doubling intervals, and tells when it is over.
///
/// A trouble lasts as long as any target still suffers it: one campaign's faults are not cleared by another's luck.
/// One that comes back soon after its end is the same trouble, so that an API that flickers does not fill the journal.
struct APIHealth: Sendable {
    private struct Trouble {
        var since: Instant
        var targets: Set<Target> = []
        var reminder: Reminder
        /// It came back at least once.
        var isFlickering = false
        /// Its beginning, or its return, was told; then its end is told too.
        var isTold = true
        var endedAt: Instant?
    }

    /// The troubles in the order of their gravity.
    private static let kinds: [Fault.Kind] = [.unauthorized, .unreachable, .throttled, .unexpected]
    private let workspace: WorkspaceName
    /// The platform as sentences call it.
    private let platform: String
    private var troubles: [Fault.Kind: Trouble] = [:]
    /// Troubles that are over, for a while.
    private var past: [Fault.Kind: Trouble] = [:]

    init(workspace: WorkspaceName, platform: String) { (self.workspace, self.platform) = (workspace, platform) }

    /// Goes on with another's troubles.
    mutating func adopt(_ previous: APIHealth) { (troubles, past) = (previous.troubles, previous.past) }

    /// A short word for the service's status line; nil while all is well.
    var summary: String? {
        APIHealth.kinds.first { troubles[$0] != nil }.map { kind in
            switch kind {
            case .unauthorized: "API refuses the key"
            case .unreachable: "API unreachable"
            case .throttled: "API throttles us"
            case .unexpected, .missing, .refused: "API answers strangely"
            }
        }
    }

    mutating func noteSuccess(_ target: Target, at now: Instant) -> [JournalEvent] {
        APIHealth.kinds.compactMap { recover($0, target, at: now) }
    }

    mutating func noteFault(_ fault: Fault, _ target: Target, at now: Instant) -> [JournalEvent] {
        let kind: Fault.Kind
        switch fault.kind {
        // The platform answered and knows better: the API as such is well.
        case .missing: return noteSuccess(target, at: now)
        case .refused: kind = .unexpected
        case .unreachable, .unauthorized, .throttled, .unexpected: kind = fault.kind
        }
        var events = APIHealth.kinds.filter { $0 != kind }.compactMap { recover($0, target, at: now) }
        var (trouble, isNew) = troubles[kind].map { ($0, false) } ?? begin(kind, at: now)
        trouble.targets.insert(target)
        if isNew || trouble.reminder.isDue(at: now) {
            trouble.isTold = true
            events.append(event(kind, fault, target, trouble, isNew, now))
        }
        troubles[kind] = trouble
        return events
    }

    /// A trouble that begins, or that is back.
    private mutating func begin(_ kind: Fault.Kind, at now: Instant) -> (Trouble, isNew: Bool) {
        if var trouble = past.removeValue(forKey: kind), let endedAt = trouble.endedAt,
            now - endedAt < trouble.reminder.interval
        {
            (trouble.isFlickering, trouble.isTold) = (true, false)
            return (trouble, false)
        }
        return (Trouble(since: now, reminder: Reminder(at: now)), true)
    }

    /// Campaigns that left the policy suffer no more.
    mutating func forget(except targets: Set<Target>, at now: Instant) {
        for kind in APIHealth.kinds {
            troubles[kind]?.targets.formIntersection(targets)
            if troubles[kind]?.targets.isEmpty == true { troubles[kind] = nil }
        }
    }

    private mutating func recover(_ kind: Fault.Kind, _ target: Target, at now: Instant) -> JournalEvent? {
        guard var trouble = troubles[kind], trouble.targets.remove(target) != nil else { return nil }
        guard trouble.targets.isEmpty else {
            troubles[kind] = trouble
            return nil
        }
        troubles[kind] = nil
        trouble.endedAt = now
        past[kind] = trouble
        guard trouble.isTold else { return nil }
        let word = word(kind)
        return JournalEvent(
            .apiRecovered,
            "\(platform == "the platform" ? "the platform's API" : platform) is well again: it was \(word)\(lasting(trouble, now))",
            fields: [.reason: word, .since: trouble.since.rfc3339, .workspace: workspace.text])
    }

    private func lasting(_ trouble: Trouble, _ now: Instant) -> String {
        (trouble.isFlickering ? " on and off" : "") + " for \((now - trouble.since).spokenText)"
    }

    private func word(_ kind: Fault.Kind) -> String {
        switch kind {
        case .unauthorized: "unauthorized"
        case .unreachable: "unreachable"
        case .throttled: "throttled"
        case .unexpected, .missing, .refused: "unexpected"
        }
    }

    private func event(
        _ kind: Fault.Kind, _ fault: Fault, _ target: Target, _ trouble: Trouble, _ isNew: Bool, _ now: Instant
    ) -> JournalEvent {
        let lasting = isNew ? "" : lasting(trouble, now)
        let count = trouble.targets.count > 1 ? " (\(trouble.targets.count) requests fail)" : ""
        let endpoint = target.source.rawValue
        var place = endpoint
        if case .stats(let id) = target { place += " of \(id)" }
        var fields: [JournalField: String] = [
            .endpoint: endpoint, .reason: fault.summary, .since: trouble.since.rfc3339,
            .failing: "\(trouble.targets.count)", .workspace: workspace.text,
        ]
        if case .stats(let id) = target { fields[.campaign] = id.text }
        if let wait = fault.retryAfter { fields[.retryAfter] = "\(Int(wait.seconds.rounded(.up)))" }
        switch kind {
        case .unauthorized:
            return JournalEvent(
                .apiUnauthorized,
                "\(platform) refuses our key\(lasting): \(fault.summary) on \(place)\(count); nothing is guarded "
                    + "until a valid key is in place and the service is reloaded", fields: fields)
        case .throttled where fault.isHeldBack:
            fields[.campaign] = nil
            let wait = fault.retryAfter.map { " for \($0.spokenText)" } ?? ""
            return JournalEvent(
                .apiThrottled,
                "requests to \(platform) wait\(wait)\(lasting): \(fault.summary)\(count); pauses are sent all the same",
                fields: fields)
        case .throttled:
            let wait = fault.retryAfter.map { "; we wait \($0.spokenText)" } ?? ""
            return JournalEvent(
                .apiThrottled,
                "\(platform) asks us to slow down\(lasting): \(fault.summary) on \(place)\(wait)\(count)",
                fields: fields)
        case .unreachable:
            return JournalEvent(
                .apiUnreachable,
                "\(platform) does not answer\(lasting): \(fault.summary) on \(place)\(count); no launch is "
                    + "released and rules wait", fields: fields)
        case .unexpected, .missing, .refused:
            return JournalEvent(
                .apiUnexpected,
                "\(platform == "the platform" ? "the platform's answer" : "the answer of \(platform)") cannot be used\(lasting): "
                    + "\(fault.summary) on \(place)\(count); it counts as no data",
                fields: fields)
        }
    }
}

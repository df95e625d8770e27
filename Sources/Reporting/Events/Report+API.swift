import Guard
import Model
import Policy

/// The health of a workspace's API.
extension Report {
    static func entry(_ workspace: WorkspaceLabel, _ event: APIEvent) -> JournalEvent {
        switch event {
        case .failing(let failure): failing(workspace, failure)
        case .recovered(let kind, let since, let lasting, let isFlapping):
            recovered(workspace, kind, since, lasting, isFlapping)
        }
    }

    private static func recovered(
        _ workspace: WorkspaceLabel, _ kind: APIFailure.Kind, _ since: Instant, _ lasting: Duration, _ isFlapping: Bool
    ) -> JournalEvent {
        var fields = Fields()
        fields[.reason] = kind.rawValue
        fields[.since] = since.rfc3339
        fields[.workspace] = workspace.name.text
        let was =
            switch kind {
            case .unauthorized: "rejected the key"
            case .unreachable: "was unreachable"
            case .throttled: "limited the request rate"
            case .unexpected: "sent unusable responses"
            }
        let api = workspace.isOnly ? "the platform's API" : "the API of \(Phrase.name(workspace))"
        return JournalEvent(
            .apiRecovered, "\(api) is healthy again: it \(was) \(time(lasting, isFlapping))", fields)
    }

    private static func failing(_ workspace: WorkspaceLabel, _ failure: APIFailure) -> JournalEvent {
        let (platform, fault) = (Phrase.name(workspace), failure.fault)
        let extent = extent(failure)
        let fields = fields(workspace, failure)
        var endpoint = failure.target.source.rawValue
        if case .stats(let id) = failure.target { endpoint += " of \(id)" }
        let cause = "\(fault.summary) on \(endpoint)\(extent)"
        switch failure.kind {
        case .unauthorized:
            return JournalEvent(
                .apiUnauthorized,
                "\(platform) rejects the API key: \(cause); rules and launches that need this data wait; replace the "
                    + "key and restart the service", fields)
        case .throttled where fault.isHeldBack:
            let wait = fault.retryAfter.map { " \($0.spokenText)" } ?? ""
            return JournalEvent(
                .apiThrottled,
                "requests to \(platform) wait\(wait): \(fault.summary)\(extent); pauses are still sent", fields)
        case .throttled:
            let wait = fault.retryAfter.map { "; waiting \($0.spokenText)" } ?? ""
            return JournalEvent(.apiThrottled, "\(platform) limits the request rate: \(cause)\(wait)", fields)
        case .unreachable:
            return JournalEvent(
                .apiUnreachable,
                "\(platform) does not respond: \(cause); rules and launches that need this data wait", fields)
        case .unexpected:
            return JournalEvent(
                .apiUnexpected, "unusable response from \(platform): \(cause); it is ignored", fields)
        }
    }

    /// How many requests fail, and for how long; empty for the first failure of a single request.
    private static func extent(_ failure: APIFailure) -> String {
        let parts = [
            failure.failing > 1 ? "\(failure.failing) requests fail" : nil,
            failure.lasting.map { time($0, failure.isFlapping) },
        ]
        let text = parts.compactMap { $0 }.joined(separator: ", ")
        return text.isEmpty ? "" : " (\(text))"
    }

    private static func time(_ lasting: Duration, _ isFlapping: Bool) -> String {
        (isFlapping ? "on and off " : "") + "for \(lasting.spokenText)"
    }

    private static func fields(_ workspace: WorkspaceLabel, _ failure: APIFailure) -> Fields {
        let fault = failure.fault
        var fields = Fields()
        fields[.workspace] = workspace.name.text
        fields[.endpoint] = failure.target.source.rawValue
        fields[.reason] = fault.summary
        fields[.since] = failure.since.rfc3339
        fields[.failing] = "\(failure.failing)"
        fields[.retryAfter] = fault.retryAfter.map { "\(Int($0.seconds.rounded(.up)))" }
        // A request that was not sent reveals nothing about its campaign.
        let concernsAll = failure.kind == .throttled && fault.isHeldBack
        if case .stats(let id) = failure.target, !concernsAll { fields[.campaign] = id.text }
        return fields
    }
}

package import Model

/// What happened to a workspace's API.
package enum APIEvent: Sendable {
    case failing(APIFailure)
    case recovered(APIFailure.Kind, since: Instant, lasting: Duration, isFlapping: Bool)
}

/// A failure of the API that lasts, as its latest fault shows it.
package struct APIFailure: Sendable {
    /// In the order of severity.
    package enum Kind: String, CaseIterable, Sendable {
        case unauthorized, unreachable, throttled, unexpected
    }

    package var kind: Kind
    package var fault: Fault
    package var target: Target
    /// Requests that fail this way at present.
    package var failing: Int
    package var since: Instant
    /// How long it has lasted; nil where this is its first report.
    package var lasting: Duration?
    /// It ended and came back.
    package var isFlapping: Bool
}

package import Model

/// A change in the health of a workspace's API.
package enum APIEvent: Sendable {
    case failing(APIFailure)
    case recovered(APIFailure.Kind, since: Instant, lasting: Duration, isFlapping: Bool)
}

/// A lasting failure of the API, as shown by its latest fault.
package struct APIFailure: Sendable {
    /// In order of severity, the most severe first.
    package enum Kind: String, CaseIterable, Sendable, Codable {
        case unauthorized, unreachable, throttled, unexpected
    }

    package var kind: Kind
    package var fault: Fault
    package var target: Target
    /// The targets that fail this way at present.
    package var failing: Int
    package var since: Instant
    /// How long the failure has lasted; nil in its first report.
    package var lasting: Duration?
    /// The failure ended and came back.
    package var isFlapping: Bool
}

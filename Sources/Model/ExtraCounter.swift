/// A counter that a platform reports only in a response of its own, which is requested only if a rule reads the counter.
package enum ExtraCounter: String, CaseIterable, Sendable {
    case unsubscribed

    /// The shortest time between two requests for it, for each campaign; failed requests count too.
    ///
    /// Replies arrive over hours, so five minutes cost little time, and a fifth of a request per minute.
    package static let interval: Duration = .seconds(300)

    /// A value older than this is unknown, so it is requested again even if nothing indicates a change.
    package static let ageMax: Duration = .seconds(1800)
}

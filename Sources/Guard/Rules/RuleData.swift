package import Model
package import Policy

/// Whether one rule has the data that its condition needs on one campaign.
///
/// Lost data is reported once it has been missing for `stale_after`, because a rule without data pauses nothing.
package enum RuleData: Hashable, Sendable, Codable {
    /// Nothing is known to be missing. Transitions to lacking.
    case complete
    /// The condition is unknown for want of data. Transitions to complete, reported.
    indirect case lacking(MissingData)
    /// It has been reported that the rule has no data. Transitions to complete.
    indirect case reported(MissingData)

    /// A change to report.
    enum Change: Hashable, Sendable {
        case lost(MissingData)
        case restored(MissingData)
    }

    /// The missing data, if it has been reported.
    package var reported: MissingData? {
        switch self {
        case .complete, .lacking: nil
        case .reported(let missing): missing
        }
    }

    /// Updates the state with a sample.
    ///
    /// - Parameters:
    ///   - names: what leaves the condition unknown; empty if nothing does.
    ///   - reason: why they are missing, if that is known.
    ///   - limit: how long data may be missing without a report; nil if nothing is to be reported now.
    mutating func observe(
        _ names: MissingNames, because reason: String? = nil, reportAfter limit: Duration?, at now: Instant
    ) -> Change? {
        switch self {
        case .complete:
            if !names.isEmpty { self = .lacking(MissingData(names: names, since: now, reason: reason)) }
            return nil
        case .lacking(var missing):
            guard !names.isEmpty else {
                self = .complete
                return nil
            }
            (missing.names, missing.reason) = (names, reason)
            guard let limit, now - missing.since >= limit else {
                self = .lacking(missing)
                return nil
            }
            self = .reported(missing)
            return .lost(missing)
        case .reported(var missing):
            guard !names.isEmpty else {
                self = .complete
                return .restored(missing)
            }
            (missing.names, missing.reason) = (names, reason)
            self = .reported(missing)
            return nil
        }
    }

    /// The state with no time after `now`, because the clock may have been set back.
    func clamped(to now: Instant) -> RuleData {
        switch self {
        case .complete: self
        case .lacking(let missing): .lacking(missing.clamped(to: now))
        case .reported(let missing): .reported(missing.clamped(to: now))
        }
    }
}

/// The data that a rule lacks on one campaign.
package struct MissingData: Hashable, Sendable, Codable {
    /// What the latest sample lacked.
    package var names: MissingNames
    /// When the rule's condition became unknown for want of data.
    package var since: Instant

    /// Why, in a few words; nil if the platform's response merely lacks it.
    package var reason: String?

    package init(names: MissingNames, since: Instant, reason: String? = nil) {
        (self.names, self.since, self.reason) = (names, since, reason)
    }

    fileprivate func clamped(to now: Instant) -> MissingData {
        MissingData(names: names, since: min(since, now), reason: reason)
    }
}

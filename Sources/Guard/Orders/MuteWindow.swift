package import Model

/// A maintenance window: a mute of rules, for a planned time, on all campaigns with some labels.
///
/// It covers campaigns that appear later, too. Its times are those of the wall clock.
package struct MuteWindow: Codable, Hashable, Sendable {
    package var id: Int
    /// All of these labels must match; every campaign if there are none.
    package var labels: [String: String]
    /// The rule; nil for every rule that pauses.
    package var rule: String?
    package var startsAt: Instant
    package var endsAt: Instant
    /// The person, as identified by the kernel.
    package var by: String
    /// The reason in the person's words.
    package var reason: String?
    /// When it is over, in monotonic time, even if the wall clock is set back; nil before it begins.
    var endsBy: Instant?

    package init(
        id: Int, labels: [String: String], rule: String?, startsAt: Instant, endsAt: Instant, by: String,
        reason: String? = nil
    ) {
        (self.id, self.labels, self.rule) = (id, labels, rule)
        (self.startsAt, self.endsAt, self.by, self.reason) = (startsAt, endsAt, by, reason)
    }

    package var hasBegun: Bool { endsBy != nil }

    /// The window after a restart, in the monotonic time of the new process; it never lasts longer than planned.
    func takenUp(at now: Instant) -> MuteWindow {
        guard hasBegun else { return self }
        var window = self
        window.endsBy = now + min(max(endsAt - now, .zero), endsAt - startsAt)
        return window
    }
}

/// A person's order to mute rules on all campaigns with some labels, or to end such mutes.
package struct MuteOrder: Codable, Hashable, Sendable {
    package enum Act: Codable, Hashable, Sendable {
        /// Mute from a time on, by the wall clock; now if it is nil. `lasts` is nil for the policy's `override_for`.
        case mute(from: Instant?, lasts: Duration?)
        /// Cancel windows, and end mutes of single campaigns.
        case unmute
    }

    package var act: Act
    /// All of these labels must match; every campaign if there are none.
    package var labels: [String: String]
    /// The rule; nil for every rule that pauses.
    package var rule: String?
    package var reason: String?
    /// The person, as identified by the kernel.
    package var by: String

    package init(_ act: Act, labels: [String: String], rule: String? = nil, reason: String? = nil, by: String) {
        (self.act, self.labels, self.rule, self.reason, self.by) = (act, labels, rule, reason, by)
    }
}

/// The outcome of a ``MuteOrder``; counts of campaigns are those of the present policy.
package enum MuteOutcome: Sendable {
    case planned(MuteWindow, campaigns: Int)
    /// `unmuted` campaigns were muted by themselves; `remaining` windows still cover some of the campaigns.
    case unmuted([MuteWindow], unmuted: Int, remaining: [MuteWindow])
    case refused(MuteRefusal)

    package var isAccepted: Bool {
        switch self {
        case .planned, .unmuted: true
        case .refused: false
        }
    }
}

/// Why a ``MuteOrder`` is refused.
package enum MuteRefusal: Sendable {
    case noSuchRule(String, nearest: String?)
    /// The window would have been over at this time.
    case over(Instant)
    /// The window would begin too far ahead.
    case tooFarAhead(Instant)
    case tooManyWindows(Int)
    /// No mute ends; `remaining` windows cover some of the campaigns.
    case nothingMuted(remaining: [MuteWindow])
}

/// What happens to a maintenance window.
package enum MuteWindowEvent: Sendable {
    case planned(campaigns: Int)
    case begun(campaigns: Int)
    case ended
    /// Its time passed before it could begin, for example while the daemon did not run.
    case missed
    case cancelled(by: String)
}

package import Model
package import Policy

/// The state of one rule on one campaign or pool: inactive, pending or firing.
///
/// Time accrues only between good breaching samples at most `maxGap` apart. Samples without a result freeze the state;
/// only a good sample that does not breach clears it. However sparse the good samples are, a breach shown by
/// ``confirmations`` of them in a row fires once they span the rule's `for`.
package struct RuleState: Hashable, Sendable, Codable {
    package enum Phase: Hashable, Sendable, Codable {
        /// The condition does not hold. Transitions to pending, firing.
        case inactive
        /// The condition holds, but not for long enough yet. Transitions to inactive, firing.
        case pending(since: Instant, accrued: Duration, lastBreach: Instant)
        /// The condition has held for the rule's `for`. Transitions to inactive.
        case firing(since: Instant)
    }

    /// The result of a condition on one sample.
    package enum Outcome: Hashable, Sendable {
        case ok
        case breach
        /// The sample is good but undecided: no data, 0/0, or a window without samples.
        case unknown
        /// There was no usable response.
        case error

        package init(_ truth: Truth) {
            switch truth {
            case .yes: self = .breach
            case .no: self = .ok
            case .unknown: self = .unknown
            }
        }
    }

    /// A transition that is reported to the journal.
    package enum Change: Hashable, Sendable {
        case pending, firing, cleared
    }

    /// This many good samples in a row confirm a breach, whatever the gaps between them.
    ///
    /// It equals the samples of a two-minute `for` at one poll a minute. Two could be one wrong response and its cached
    /// copy.
    package static let confirmations = 3

    package private(set) var phase: Phase = .inactive
    /// Consecutive good breaching samples while pending; nil otherwise, and in states stored by older versions.
    private var breachesInARow: Int?
    /// The last good samples, newest in the lowest bit; 1 is a breach.
    private var recent: UInt64 = 0
    /// A person restarted the campaign despite this rule: it does not act until this time or until the breach clears.
    package var mutedUntil: Instant?
    /// In observe mode, the action was already reported for this firing.
    package var wasReported = false

    /// The key names in stored ledgers.
    private enum CodingKeys: String, CodingKey {
        case phase, breachesInARow, recent, mutedUntil
        case wasReported = "wasTold"
    }

    package init() {}

    /// The state with no time after `now`, so that a clock set back does not stop the evidence.
    func clamped(to now: Instant) -> RuleState {
        var state = self
        switch phase {
        case .inactive: break
        case .pending(let since, let accrued, let lastBreach):
            state.phase = .pending(since: min(since, now), accrued: accrued, lastBreach: min(lastBreach, now))
        case .firing(let since): state.phase = .firing(since: min(since, now))
        }
        return state
    }

    /// When the rule began to fire; nil if it does not fire.
    package var firingSince: Instant? {
        if case .firing(let since) = phase { return since }
        return nil
    }

    package var isFiring: Bool {
        if case .firing = phase { return true }
        return false
    }

    /// Updates the state with one sample and returns the transition; nil if there is none.
    package mutating func observe(
        _ outcome: Outcome, at now: Instant, for forClause: Rule.For, maxGap: Duration
    ) -> Change? {
        let isBreach: Bool
        switch outcome {
        case .unknown, .error: return nil
        case .breach: isBreach = true
        case .ok: isBreach = false
        }
        switch forClause {
        case .duration(let needed):
            return isBreach ? breach(at: now, needed: needed, maxGap: maxGap) : clear()
        case .count(let breaches, let samples):
            recent = recent << 1 | (isBreach ? 1 : 0)
            let found = (recent & (UInt64.max >> UInt64(64 - samples))).nonzeroBitCount
            return count(found, isEnough: found >= breaches, isBreach: isBreach, at: now)
        }
    }

    private mutating func breach(at now: Instant, needed: Duration, maxGap: Duration) -> Change? {
        switch phase {
        case .firing: return nil
        case .inactive:
            if needed == .zero { return fire(at: now) }
            phase = .pending(since: now, accrued: .zero, lastBreach: now)
            breachesInARow = 1
            return .pending
        case .pending(let since, var accrued, let lastBreach):
            let gap = now - lastBreach
            if gap > .zero, gap <= maxGap { accrued += gap }
            let confirmed = (breachesInARow ?? 1) + (gap > .zero ? 1 : 0)
            breachesInARow = confirmed
            if accrued >= needed { return fire(at: now) }
            if confirmed >= RuleState.confirmations, now - since >= needed { return fire(at: now) }
            phase = .pending(since: since, accrued: accrued, lastBreach: max(now, lastBreach))
            return nil
        }
    }

    private mutating func count(_ found: Int, isEnough: Bool, isBreach: Bool, at now: Instant) -> Change? {
        switch phase {
        case .firing: return isEnough ? nil : clear()
        case .inactive:
            if isEnough { return fire(at: now) }
            guard isBreach else { return nil }
            phase = .pending(since: now, accrued: .zero, lastBreach: now)
            return .pending
        case .pending(let since, _, let lastBreach):
            if isEnough { return fire(at: now) }
            if found == 0 { return clear() }
            phase = .pending(since: since, accrued: .zero, lastBreach: isBreach ? now : lastBreach)
            return nil
        }
    }

    private mutating func fire(at now: Instant) -> Change {
        phase = .firing(since: now)
        (wasReported, breachesInARow) = (false, nil)
        return .firing
    }

    private mutating func clear() -> Change? {
        mutedUntil = nil
        (wasReported, breachesInARow) = (false, nil)
        guard phase != .inactive else { return nil }
        phase = .inactive
        return .cleared
    }
}

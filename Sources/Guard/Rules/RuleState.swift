package import Model
package import Policy

/// Where one rule stands on one campaign or pool: inactive, pending or firing.
///
/// Time accrues on evidence alone: between good samples that breach and lie no further apart than `maxGap`.
/// Samples without an outcome freeze the state; only a good sample that does not breach clears it. However sparse the
/// good samples are, a breach that ``confirmations`` of them in a row show fires once they span the rule's `for`.
package struct RuleState: Hashable, Sendable, Codable {
    package enum Phase: Hashable, Sendable, Codable {
        /// The condition does not hold. To: pending, firing.
        case inactive
        /// The condition holds, not yet for long enough. To: inactive, firing.
        case pending(since: Instant, accrued: Duration, lastBreach: Instant)
        /// The condition has held for its `for`. To: inactive.
        case firing(since: Instant)
    }

    /// What one sample says of a condition.
    package enum Outcome: Hashable, Sendable {
        case ok
        case breach
        /// The sample is good, but does not tell: no data, 0/0, a window without samples.
        case unknown
        /// There was no usable answer.
        case error

        package init(_ truth: Truth) {
            switch truth {
            case .yes: self = .breach
            case .no: self = .ok
            case .unknown: self = .unknown
            }
        }
    }

    /// A transition, for the journal.
    package enum Change: Hashable, Sendable {
        case pending, firing, cleared
    }

    /// So many good samples in a row confirm a breach, whatever gaps lie between them.
    ///
    /// As many as a `for` of two minutes takes at one poll a minute; two could be one wrong answer and its copy from a
    /// cache.
    package static let confirmations = 3

    package private(set) var phase: Phase = .inactive
    /// Good samples in a row that breach, while pending; nil otherwise, and in what older versions stored.
    private var breachesInARow: Int?
    /// The last good samples, the newest in the lowest bit, 1 for a breach.
    private var recent: UInt64 = 0
    /// A person restarted the campaign against this rule: until then, or until the breach clears, it only watches.
    package var mutedUntil: Instant?
    /// In observe mode: what would have been done was reported for this firing.
    package var wasReported = false

    /// As ledgers store it.
    private enum CodingKeys: String, CodingKey {
        case phase, breachesInARow, recent, mutedUntil
        case wasReported = "wasTold"
    }

    package init() {}

    /// The same state where no time lies ahead of `now`: a clock that was set back must not stop evidence.
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

    /// Since when it has been firing; nil where it is not.
    package var firingSince: Instant? {
        if case .firing(let since) = phase { return since }
        return nil
    }

    package var isFiring: Bool {
        if case .firing = phase { return true }
        return false
    }

    /// Takes one sample in; the transition it made, if any.
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

import Model
import Policy

/// Why a launch does not start now.
enum LaunchObstacle {
    /// The launch is over or has expired.
    case over
    /// A person holds the launch.
    case person(Order)
    case notDue
    /// A start of its campaign is under way for another launch, such as one that a reload replaced.
    case startUnderWay
    /// The counters show that the campaign was started before.
    case alreadyStarted
    case hold(LaunchHold)
    case startLimit(until: Instant)
    /// An earlier launch is not settled yet, so the pool volume that it takes is unknown.
    case behind
}

/// Decides whether a launch may start now. The queue, the decision and the last check before the start share it.
extension Guard {
    /// Why the launch does not start now; nil if it can start.
    ///
    /// Evaluated before fresh stats are requested, when they are in, and again just before the start is sent.
    ///
    /// - Parameters:
    ///   - isForced: true if a person starts it regardless of its rules.
    ///   - isBehind: true if an earlier launch is not settled; nil if that is to be determined.
    func obstacle(_ index: Int, isForced: Bool, isBehind: Bool? = nil, at now: Instant) -> LaunchObstacle? {
        let launch = launches[index]
        guard launch.isOpen, let campaign = campaigns[launch.entry.campaign] else { return .over }
        if let expires = launch.entry.expires, monotonic(expires) <= now { return .over }
        if let order = launch.heldBy ?? campaign.launchHold ?? campaign.orderedPause?.order { return .person(order) }
        if !isForced, let notBefore = launch.entry.notBefore, monotonic(notBefore) > now { return .notDue }
        if campaign.startUnderWay != nil, launch.phase != .starting { return .startUnderWay }
        if let obstacle = evidence(against: launch, campaign, isForced: isForced, at: now) { return obstacle }
        if !isForced, let quiet = quietSpell(of: campaign.entry.workspace, at: now) {
            return .hold(LaunchHold([.quietHours(quiet)]))
        }
        if !isForced, isBehind ?? (launchAhead(of: index, at: now) != nil) { return .behind }
        if ledger.isFailing { return .hold(LaunchHold([.ledger])) }
        if policy.mode == .enforce, !isForced {
            var limit = startLimit
            return limit.earliestStart(of: campaign.entry.id, policy, at: now).map { .startLimit(until: $0) }
        }
        return nil
    }

    /// Holds a launch, or finds it started; an obstacle that time or a person removes changes nothing.
    mutating func take(_ obstacle: LaunchObstacle, _ index: Int, at now: Instant) -> [Effect] {
        switch obstacle {
        case .over, .notDue, .behind, .startUnderWay: return []
        case .person(let order): return take(LaunchHold([.person(order.by)]), index, at: now)
        case .alreadyStarted: return foundStarted(launch: index, isFirstPoll: true, at: now)
        case .hold(let hold): return take(hold, index, at: now)
        case .startLimit(let until):
            launches.update(index) { $0.waitUntil(until) }
            return startLimit.report(policy) + take(LaunchHold([.startLimit]), index, at: now)
        }
    }

    /// The obstacle that the counters or the rules present; nil only if every rule is known to be false.
    func evidence(
        against launch: LaunchMachine, _ campaign: CampaignMachine, isForced: Bool, at now: Instant
    ) -> LaunchObstacle? {
        guard let latest = campaign.samples.latest, !campaign.samples.isMissing,
            campaign.samples.age(at: now) <= policy.staleAfter
        else { return .hold(LaunchHold([.noStats])) }
        if latest.stats.showsSending { return .alreadyStarted }
        switch campaign.phase {
        // A stopped campaign is not a launch, even before its first email.
        case .pausing, .paused, .pausedByAnother, .resuming: return .hold(LaunchHold([.paused]))
        case .unknown, .draft, .starting, .running: break
        }
        guard latest.stats.provesDraft, let enrolled = latest.stats.totalEnrolled else {
            return .hold(LaunchHold([.noStats]))
        }
        if enrolled == 0 { return .hold(LaunchHold([.noLeads])) }
        if isForced { return nil }
        var hold = LaunchHold([])
        let readings = campaign.readings(in: context(of: campaign.entry, at: now))
        for rule in campaign.rules.set.holding {
            let evaluation = rule.condition.evaluate(readings)
            switch evaluation.truth {
            case .no: continue
            case .yes: hold.reasons.append(.rule(rule.name))
            case .unknown: hold.reasons.append(.unknownRule(rule.name))
            }
            if hold.rule == nil { (hold.rule, hold.evaluation) = (rule, evaluation) }
        }
        return hold.reasons.isEmpty ? nil : .hold(hold)
    }
}

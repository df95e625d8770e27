import Model
import Policy

/// How soon a campaign may breach a rule at worst, and so when it is to be looked at again.
struct Outlook: Hashable, Sendable {
    /// The rule that may be breached first.
    var rule: String
    /// After so many mails more.
    var mails: Double
    /// Where this share of them bounced.
    var bounceRate: Double
    /// How long those mails take at the pace that it sends at.
    var time: Duration
}

/// Polls go where danger is.
extension Guard {
    /// A list that turns bad is taken to bounce so much: what is foreseen is foreseen for this rate, or a worse one
    /// where the latest mails let one fear it.
    private static let badRate = 0.25
    /// A campaign is looked at again after this part of the time that a breach is away.
    private static let lookAgain = 3.0
    /// The number of mails until a breach is found to within so many halvings of its logarithm.
    private static let halvings = 6

    /// Plans the next look at a campaign by what is known of it now.
    mutating func replan(_ place: Int, at now: Instant) {
        guard !policy.poll.stats.isFixed else { return }
        campaigns[place].outlook = nil
        // Whether its counters restarted, the next answer tells.
        if campaigns[place].falls.isOpen { return plan.want(policy.poll.stats.min, place) }
        switch campaigns[place].phase {
        case .unknown, .running: break
        // What does not send is in no danger; what a person starts is seen in time.
        case .draft, .releasing, .pausing, .paused, .resuming, .pausedByAnother:
            return plan.want(policy.poll.stats.max, place)
        }
        guard campaigns[place].latest != nil, let perSecond = campaigns[place].pace.perSecond else {
            return plan.wantEven(place)
        }
        plan.want(nextLook(place, perSecond, at: now), place)
    }

    private mutating func nextLook(_ place: Int, _ perSecond: Double, at now: Instant) -> Duration {
        var wanted = policy.poll.stats.max
        var foreseen: [(rule: Rule, condition: Condition, readings: CampaignReadings)] = []
        for index in campaigns[place].rules.keys.sorted() {
            let rule = policy.rules[index]
            guard rule.action == .pause, let state = campaigns[place].rules[index],
                mute(of: index, place, at: now) == nil
            else { continue }
            switch state.phase {
            // Either it is told and watched only, or the next good look decides.
            case .firing: if !state.wasTold { wanted = policy.poll.stats.min }
            case .pending(_, let accrued, _):
                switch rule.forClause {
                case .duration(let needed): wanted = min(wanted, needed - accrued)
                case .count: wanted = policy.poll.stats.min
                }
            case .inactive: foreseen.append((rule, rule.condition, readings(place, of: index, at: now)))
            }
        }
        if campaigns[place].recovery.isOnProbation, let base = campaigns[place].recovery.baseline,
            let rule = policy.rule(base.rule), let probation = rule.resume?.probation
        {
            foreseen.append((rule, probation.condition, readings(place, at: now).counting(from: base)))
        }
        // Beyond this no breach makes a difference.
        var horizon = perSecond * wanted.seconds * Guard.lookAgain
        let rate = max(Guard.badRate, campaigns[place].pace.highestRate)
        for (rule, condition, readings) in foreseen {
            guard let mails = mailsUntil(condition, readings, rate, perSecond, horizon) else { continue }
            horizon = mails
            let time = Duration.seconds(mails / perSecond)
            campaigns[place].outlook = Outlook(rule: rule.name, mails: mails, bounceRate: rate, time: time)
            wanted = min(wanted, time / Guard.lookAgain)
        }
        return wanted
    }

    /// After how many mails the condition would hold if that share bounced; nil where that is beyond the horizon.
    private func mailsUntil(
        _ condition: Condition, _ readings: CampaignReadings, _ rate: Double, _ perSecond: Double, _ horizon: Double
    ) -> Double? {
        func holds(after mails: Double) -> Bool {
            let elapsed = Duration.seconds(mails / perSecond)
            let forecast = Forecast(now: readings, mails: mails, bounceRate: rate, elapsed: elapsed)
            return condition.evaluate(forecast).truth == .yes
        }
        guard horizon >= 1, holds(after: horizon) else { return nil }
        var (low, high) = (1.0, horizon)
        if holds(after: low) { return low }
        for _ in 0..<Guard.halvings where high - low > 1 {
            let middle = (low * high).squareRoot()
            if holds(after: middle) { high = middle } else { low = middle }
        }
        return high
    }
}

extension Guard {
    /// A pool is worth a look when its volume comes back, soon after it was used, and while a rule on it waits.
    ///
    /// - Parameters:
    ///   - target: what told of pools just now.
    ///   - isUsed: a start or a resume that draws on it has just been answered.
    mutating func replanPools(_ target: Target, isUsed: Bool = false, at now: Instant) {
        guard !policy.poll.pools.isFixed else { return }
        let pools = usedPools().filter { platform.target(of: $0, in: home(of: $0)) == target }
        let renewal = pools.compactMap { platform.pools[$0]?.renewsAt(at: now) }.min()
        if let renewal { plan.hasten(target, to: renewal + .seconds(1)) }
        let isAwaited = renewal == nil && launches.contains { $0.isOpen && $0.heldSince != nil }
        let isChanging = pools.contains { doubtfulPools.contains($0) || senders[$0]?.isChanging ?? false }
        if isUsed || isAwaited || isChanging || hasPendingRule(pools) { plan.hasten(target, to: now) }
    }

    private func hasPendingRule(_ pools: [PoolID]) -> Bool {
        pools.contains { pool in
            poolRules[pool]?.values.contains { if case .pending = $0.phase { true } else { false } } ?? false
        }
    }
}

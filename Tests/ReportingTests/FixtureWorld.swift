@testable import Guard
import Model
import Policy
import Testing

/// The policy, campaigns, pools and readings of the fixtures.
struct FixtureWorld {
    static let noon = Instant(milliseconds: 1_796_040_000_000)
    static let policyText = """
        version: 1
        workspaces:
          - {name: acme, provider: leadterra, credential: leadterra.key}
          - {name: acme-twilio, provider: twilio_comms, credential: twilio.key}
        pools:
          - {name: main, pool_where: {name: Marketing, tags: {team: growth}}, per_sender_daily: 50}
        campaigns:
          - {id: camp_1, name: VP Sales, pool: pool_a, labels: {team: sales}}
          - {id: camp_2, pool: pool_a}
        rules:
          - name: bounce-rate
            when: bounceRate(24h) > 5% and increase(resolved, 24h) >= 50
            for: 2m
            then: pause
            resume: {after: 4h, probation: {sends: 200, when: bounceRate > 4%}, at_most: 3 per 7d}
          - {name: bounces-in-polls, when: bounceRate > 5%, for: 3 of 5, then: pause, severity: critical}
          - {name: sure-bounce-rate, when: bounceRate > 5%, confidence: 95%, then: pause, severity: info}
          - {name: changed-bounce-rate, when: bounceRate > 5%, confidence: 99%, within: 10000, then: pause}
          - {name: watched-bounce-rate, when: bounceRate > 3%, then: pause, mode: observe}
          - {name: team-bounces, on: group, by: team, when: bounceRate > 5%, then: pause}
          - {name: fits-pool, on: launch, when: totalEnrolled > pool.available, then: hold}
          - {name: big-launch, on: launch, when: totalEnrolled > 10000, then: hold}
          - {name: pool-low, on: pool, when: pool.available < 100, then: alert}
          - {name: drop-dead, on: pool, pools: [main], when: pool.senders > pool.activeSenders, then: remove_sender,
             sender: {status: DEACTIVATED}, keep_at_least: 2}
          - {name: put-back, on: pool, pools: [main], when: pool.activeSenders < 3, then: restore_sender}
        """

    let policy: CheckedPolicy

    init() throws {
        let outcome = PolicyLoader.load(SourceFile(name: "fixtures", text: Self.policyText))
        policy = try #require(outcome.policy, "\(outcome.diagnostics.map(\.message))")
    }

    // MARK: Parts

    func rule(_ name: String) throws -> Rule { try #require(policy.rule(name), "\(name)") }

    var binding: PoolBinding { policy.pools[0] }

    /// `camp_1`, with a name and counters.
    var sales: CampaignSnapshot {
        CampaignSnapshot(
            entry: policy.campaigns[0],
            stats: CampaignStats(totalEnrolled: 1000, sent: 520, delivered: 453, bounced: 27, queued: 480))
    }

    /// `camp_2`, without a name and not polled yet.
    var unpolled: CampaignSnapshot { CampaignSnapshot(entry: policy.campaigns[1], stats: nil) }

    /// 27 of 480 emails bounced within the window; samples cover `covered` of it.
    func breach(_ rule: Rule, covered: Duration = .seconds(86400)) -> Evaluation {
        rule.condition.evaluate(readings(covered))
    }

    func readings(_ covered: Duration = .seconds(86400)) -> FixtureReadings {
        FixtureReadings(
            gauges: [
                .rate(.bounceRate): 0.05625, .counter(.totalEnrolled): 1000, .pool(.available): 782, .pool(.senders): 4,
                .pool(.activeSenders): 2,
            ],
            increases: [.bounced: 27, .resolved: 480], covered: covered)
    }

    func decision(_ cause: Decision.Cause, _ rule: Rule? = nil, covered: Duration = .seconds(86400)) -> Decision {
        Decision(
            id: 7, at: Self.noon, campaign: sales.entry.id, cause: cause, conditionText: rule?.conditionText,
            evidence: rule.map { breach($0, covered: covered) })
    }

    func pause(repetitions: Int? = nil) throws -> Pause {
        Pause(
            decision: decision(.rule("bounce-rate"), try rule("bounce-rate")), pausedAt: Self.noon, isOurs: true,
            standstill: Standstill(since: Self.noon, grace: .seconds(60)), repetitions: repetitions)
    }

    func order(_ act: Order.Act, _ campaign: String = "camp_1", rule: String? = nil, isForced: Bool = false) -> Order {
        Order(
            act, CampaignID(unchecked: campaign), rule: rule, isForced: isForced, reason: "bad list",
            by: "anna (uid 1000, pid 4711)")
    }

    /// `pool_a` with the given remaining volume, part of it reserved.
    func pool(remaining: Int? = 1000, reserved: Int = 218, capacity: Int = 2000) -> PoolReading {
        PoolReading(
            pool: volumes(remaining: remaining, capacity: capacity), renewsAt: Self.noon + .seconds(12 * 3600),
            reserved: reserved, activeSenders: 3, wallTime: Self.noon)
    }

    func volumes(remaining: Int?, capacity: Int? = 2000, resets: Bool = false) -> SenderPool {
        SenderPool(
            id: PoolID(unchecked: "pool_a"), dailyCapacity: capacity, remainingVolume: remaining,
            resetAt: resets ? Self.noon + .seconds(12 * 3600) : nil)
    }

    var sender: PoolSender {
        PoolSender(
            id: SenderID(unchecked: "sender_1"), address: "sales@acme.example", channel: .email, status: .deactivated)
    }

    func change(_ action: SenderChange.Action) throws -> SenderChange {
        let rule = try rule(action == .remove ? "drop-dead" : "put-back")
        return SenderChange(
            action: action, pool: binding.name, platformPool: PoolID(unchecked: "comms_pool_1"), sender: sender,
            rule: rule.name, decision: 9, conditionText: rule.conditionText, evidence: breach(rule), sentAt: Self.noon)
    }

    func label(isOnly: Bool) -> WorkspaceLabel {
        WorkspaceLabel(name: policy.workspaces[0].name, provider: policy.workspaces[0].provider, isOnly: isOnly)
    }
}

/// Readings from tables; missing values are unknown.
struct FixtureReadings: Readings {
    var gauges: [Gauge: Double] = [:]
    var increases: [Counter: Double] = [:]
    var covered: Duration
    var armed: (hits: Double, trials: Double)?
    var changed: ChangeReading?

    func value(of gauge: Gauge) -> Double? { gauges[gauge] }
    func increase(of counter: Counter, over window: TimeWindow) -> Increase? {
        increases[counter].map { Increase(amount: $0, covered: min(covered, window.length)) }
    }
    func age(of source: Source) -> Duration? { nil }
    func label(_ name: String) -> String { "" }
    func sinceArmed(_ hits: Counter, of trials: Counter) -> (hits: Double, trials: Double)? { armed }
    func change() -> ChangeReading? { changed }
}

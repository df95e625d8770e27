import Guard
import HeapModule
import Model
import Policy
import Simulator

/// One world under one way to poll, with somebody beside it who looks at everything each second.
struct PollingTrial {
    struct Outcome {
        /// Mails between breach and pause, of every campaign that was paused.
        var overshoots: [Double] = []
        /// Seconds between breach and pause.
        var delays: [Double] = []
        var requests = 0
        var minutes = 0.0
        /// Campaigns that breached and were not paused.
        var missed = 0
    }

    /// Something on its way to the platform, or back.
    private struct Errand: Comparable {
        enum Kind {
            case look(Target, requestedAt: Instant)
            case send(Intent)
        }

        var at: Instant
        var number: Int
        var kind: Kind

        static func < (left: Errand, right: Errand) -> Bool { (left.at, left.number) < (right.at, right.number) }
        static func == (left: Errand, right: Errand) -> Bool { left.number == right.number }
    }

    /// How long a request takes.
    private static let latency: Duration = .milliseconds(100)
    private static let start = Instant(milliseconds: 1_796_000_000_000)

    private let policy: CheckedPolicy
    private let hours: Int
    private var world: World
    private var warden: Guard
    private var errands = Heap<Errand>()
    private var lastErrand = 0
    private var outcome = Outcome()
    private var watchers: [CampaignReplay]
    private var pausedAt: [CampaignID: (at: Instant, sent: Int)] = [:]

    init(policy: CheckedPolicy, hours: Int, seed: UInt64) {
        (self.policy, self.hours) = (policy, hours)
        world = World(PollingTrial.description(policy, seed: seed), seed: seed, at: PollingTrial.start)
        warden = Guard(policy: policy, at: PollingTrial.start)
        watchers = policy.campaigns.map { CampaignReplay($0, policy: policy) }
    }

    /// Half of the lists are good, a quarter is bad from the start, a quarter turns bad; paces differ thirtyfold.
    private static func description(_ policy: CheckedPolicy, seed: UInt64) -> WorldDescription {
        var dice = Dice(seed: seed)
        var description = WorldDescription()
        description.start = start
        description.pools = [WorldDescription.Pool(id: PoolID(unchecked: "pool_a"), name: "A", capacity: 1_000_000_000)]
        for (place, entry) in policy.campaigns.enumerated() {
            var campaign = WorldDescription.Campaign(id: entry.id, name: entry.id.text, pool: description.pools[0].id)
            (campaign.status, campaign.leads) = (.running, 5000)
            campaign.rate = [20.0, 60, 120, 300, 600][dice.below(5)]
            campaign.bounceRate = [0.005, 0.01, 0.02, 0.03][dice.below(4)]
            if place % 4 == 1 { campaign.bounceRate = [0.08, 0.1, 0.15, 0.2][dice.below(4)] }
            if place % 4 == 3 { campaign.turnsBad = (50 + dice.below(500), [0.15, 0.2, 0.3][dice.below(3)]) }
            description.campaigns.append(campaign)
        }
        return description
    }

    func run() -> Outcome {
        var trial = self
        trial.live()
        return trial.outcome
    }

    private mutating func live() {
        let end = PollingTrial.start + .seconds(3600 * hours)
        var second = PollingTrial.start
        take(warden.handle(.started, at: second))
        while second < end {
            let deadline = [warden.nextDeadline, errands.min?.at, second + .seconds(1)].compactMap { $0 }.min() ?? end
            let now = max(world.now, deadline)
            world.advance(to: now)
            if now >= second + .seconds(1) {
                second = second + .seconds(1)
                watch(at: second)
            }
            while let errand = errands.min, errand.at <= now {
                errands.removeMin()
                carryOut(errand.kind, at: now)
            }
            if let deadline = warden.nextDeadline, deadline <= now { take(warden.handle(.tick, at: now)) }
        }
        count()
        outcome.minutes = Double(hours) * 60
    }

    /// Looks at every campaign that has not been paused.
    private mutating func watch(at now: Instant) {
        for (place, entry) in policy.campaigns.enumerated() where pausedAt[entry.id] == nil {
            guard watchers[place].stops.isEmpty, let stats = world.stats(of: entry.id) else { continue }
            watchers[place].observe(stats, at: now)
        }
    }

    private mutating func take(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .poll(let target): begin(.look(target, requestedAt: world.now))
            case .send(let intent): begin(.send(intent))
            case .change, .report, .record, .ready, .reply: break
            }
        }
    }

    private mutating func begin(_ kind: Errand.Kind) {
        outcome.requests += 1
        lastErrand += 1
        errands.insert(Errand(at: world.now + PollingTrial.latency, number: lastErrand, kind: kind))
    }

    private mutating func carryOut(_ kind: Errand.Kind, at now: Instant) {
        switch kind {
        case .look(.stats(let id), let requestedAt):
            guard let stats = world.stats(of: id) else { return }
            see(.stats(id), .stats(stats), requestedAt, at: now)
        case .look(.pools(let workspace), let requestedAt):
            let pool = SenderPool(
                id: PoolID(unchecked: "pool_a"), dailyCapacity: 1_000_000_000, remainingVolume: 1_000_000_000)
            see(.pools(workspace), .pools([pool]), requestedAt, at: now)
        case .look(.accounts(let workspace), let requestedAt):
            see(.accounts(workspace), .accounts([]), requestedAt, at: now)
        // The policy gives no pool a name.
        case .look(.pool, _), .look(.operation, _): break
        case .send(let intent):
            pausedAt[intent.campaign] = (now, world.campaign(intent.campaign)?.sent ?? 0)
            world.pause(intent.campaign, at: now)
            let answer = ActionAnswer(status: .paused, pausedAt: now, startedAt: nil, serverTimeAtRequest: now)
            take(warden.handle(.answered(intent, .success(answer), jitter: 1), at: now))
        }
    }

    private mutating func see(_ target: Target, _ reading: Observation.Reading, _ requestedAt: Instant, at now: Instant)
    {
        let observation = Observation(target: target, requestedAt: requestedAt, result: .success(reading))
        take(warden.handle(.observed(observation), at: now))
    }

    private mutating func count() {
        for (place, entry) in policy.campaigns.enumerated() {
            let pause = pausedAt[entry.id]
            guard let breach = watchers[place].stops.first else {
                // Paused within the second in which it would have fired.
                if pause != nil { record(mails: 0, seconds: 0) }
                continue
            }
            guard let pause else {
                outcome.missed += 1
                continue
            }
            record(mails: max(0, Double(pause.sent) - breach.sent), seconds: max(0, (pause.at - breach.at).seconds))
        }
    }

    private mutating func record(mails: Double, seconds: Double) {
        outcome.overshoots.append(mails)
        outcome.delays.append(seconds)
    }

    /// A die for the making of worlds.
    private struct Dice {
        var seed: UInt64

        mutating func below(_ count: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((seed >> 33) % UInt64(count))
        }
    }
}

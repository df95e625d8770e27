import Guard
import HeapModule
import Model
import Policy
import Simulator

/// One world with one polling strategy, and an observer that sees every campaign each second.
struct PollingTrial {
    struct Outcome {
        /// Emails between breach and pause, of every paused campaign.
        var overshoots: [Double] = []
        /// Seconds between breach and pause.
        var delays: [Double] = []
        var requests = 0
        var minutes = 0.0
        /// Campaigns that breached but were not paused.
        var missed = 0
    }

    /// A request in flight.
    private struct Request: Comparable {
        enum Kind {
            case poll(Target, requestedAt: Instant)
            case send(Intent)
        }

        var at: Instant
        var number: Int
        var kind: Kind

        static func < (left: Request, right: Request) -> Bool { (left.at, left.number) < (right.at, right.number) }
        static func == (left: Request, right: Request) -> Bool { left.number == right.number }
    }

    /// The duration of a request.
    private static let latency: Duration = .milliseconds(100)
    private static let start = Instant(milliseconds: 1_796_000_000_000)

    private let policy: CheckedPolicy
    private let hours: Int
    private var world: World
    private var warden: Guard
    private var requests = Heap<Request>()
    private var lastNumber = 0
    private var outcome = Outcome()
    private var observers: [CampaignReplay]
    private var pausedAt: [CampaignID: (at: Instant, sent: Int)] = [:]

    init(policy: CheckedPolicy, hours: Int, seed: UInt64) {
        (self.policy, self.hours) = (policy, hours)
        world = World(PollingTrial.description(policy, seed: seed), seed: seed, at: PollingTrial.start)
        warden = Guard(policy: policy, at: PollingTrial.start)
        observers = policy.campaigns.map { CampaignReplay($0, policy: policy) }
    }

    /// Half of the lists are good, a quarter is bad, a quarter turns bad; send rates differ by a factor of 30.
    private static func description(_ policy: CheckedPolicy, seed: UInt64) -> WorldDescription {
        var numbers = SeededNumbers(seed: seed)
        var description = WorldDescription()
        description.start = start
        description.pools = [WorldDescription.Pool(id: PoolID(unchecked: "pool_a"), name: "A", capacity: 1_000_000_000)]
        for (index, entry) in policy.campaigns.enumerated() {
            var campaign = WorldDescription.Campaign(id: entry.id, name: entry.id.text, pool: description.pools[0].id)
            (campaign.status, campaign.leads) = (.running, 5000)
            campaign.rate = [20.0, 60, 120, 300, 600][numbers.below(5)]
            campaign.bounceRate = [0.005, 0.01, 0.02, 0.03][numbers.below(4)]
            if index % 4 == 1 { campaign.bounceRate = [0.08, 0.1, 0.15, 0.2][numbers.below(4)] }
            if index % 4 == 3 { campaign.turnsBad = (50 + numbers.below(500), [0.15, 0.2, 0.3][numbers.below(3)]) }
            description.campaigns.append(campaign)
        }
        return description
    }

    func run() -> Outcome {
        var trial = self
        trial.simulate()
        return trial.outcome
    }

    private mutating func simulate() {
        let end = PollingTrial.start + .seconds(3600 * hours)
        var second = PollingTrial.start
        take(warden.handle(.started, at: second))
        while second < end {
            let deadline = [warden.nextDeadline, requests.min?.at, second + .seconds(1)].compactMap { $0 }.min() ?? end
            let now = max(world.now, deadline)
            world.advance(to: now)
            if now >= second + .seconds(1) {
                second = second + .seconds(1)
                observe(at: second)
            }
            while let request = requests.min, request.at <= now {
                requests.removeMin()
                complete(request.kind, at: now)
            }
            if let deadline = warden.nextDeadline, deadline <= now { take(warden.handle(.tick, at: now)) }
        }
        count()
        outcome.minutes = Double(hours) * 60
    }

    /// Shows the observer every campaign that is not paused.
    private mutating func observe(at now: Instant) {
        for (index, entry) in policy.campaigns.enumerated() where pausedAt[entry.id] == nil {
            guard observers[index].stops.isEmpty, let stats = world.stats(of: entry.id) else { continue }
            observers[index].observe(stats, at: now)
        }
    }

    private mutating func take(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .poll(let target): begin(.poll(target, requestedAt: world.now))
            case .send(let intent): begin(.send(intent))
            case .change, .report, .record, .ready, .reply, .replyToMute: break
            }
        }
    }

    private mutating func begin(_ kind: Request.Kind) {
        outcome.requests += 1
        lastNumber += 1
        requests.insert(Request(at: world.now + PollingTrial.latency, number: lastNumber, kind: kind))
    }

    private mutating func complete(_ kind: Request.Kind, at now: Instant) {
        switch kind {
        case .poll(.stats(let id), let requestedAt):
            guard let stats = world.stats(of: id) else { return }
            see(.stats(id), .stats(stats), requestedAt, at: now)
        case .poll(.pools(let workspace), let requestedAt):
            let pool = SenderPool(
                id: PoolID(unchecked: "pool_a"), dailyCapacity: 1_000_000_000, remainingVolume: 1_000_000_000)
            see(.pools(workspace), .pools([pool]), requestedAt, at: now)
        case .poll(.accounts(let workspace), let requestedAt):
            see(.accounts(workspace), .accounts([]), requestedAt, at: now)
        // The policy names no pools.
        case .poll(.pool, _), .poll(.operation, _): break
        case .send(let intent):
            pausedAt[intent.campaign] = (now, world.campaign(intent.campaign)?.sent ?? 0)
            world.pause(intent.campaign, at: now)
            let answer = ActionAnswer(status: .paused, pausedAt: now, startedAt: nil, serverTimeAtRequest: now)
            take(warden.handle(.answered(intent, .success(answer), jitter: 1), at: now))
        }
    }

    private mutating func see(_ target: Target, _ reading: PollOutcome.Reading, _ requestedAt: Instant, at now: Instant)
    {
        let observation = PollOutcome(target: target, requestedAt: requestedAt, result: .success(reading))
        take(warden.handle(.polled(observation), at: now))
    }

    private mutating func count() {
        for (index, entry) in policy.campaigns.enumerated() {
            let pause = pausedAt[entry.id]
            guard let breach = observers[index].stops.first else {
                // Paused within the second in which the rule would have fired.
                if pause != nil { record(emails: 0, seconds: 0) }
                continue
            }
            guard let pause else {
                outcome.missed += 1
                continue
            }
            record(emails: max(0, Double(pause.sent) - breach.sent), seconds: max(0, (pause.at - breach.at).seconds))
        }
    }

    private mutating func record(emails: Double, seconds: Double) {
        outcome.overshoots.append(emails)
        outcome.delays.append(seconds)
    }

    /// The generator of random numbers for worlds.
    private struct SeededNumbers {
        var seed: UInt64

        mutating func below(_ count: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((seed >> 33) % UInt64(count))
        }
    }
}

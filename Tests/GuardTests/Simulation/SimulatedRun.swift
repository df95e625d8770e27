import Guard
import Model
import Policy
import Simulator

/// The guard over a simulated world, in virtual time and without a network: requests take a while, some fail.
struct SimulatedRun {
    /// Something that happens at a time of its own.
    private enum Happening {
        /// A request reaches the platform.
        case look(Target, requestedAt: Instant)
        case apply(Intent)
        /// An answer reaches the guard.
        case tell(Event)
    }

    /// What the guard was told and did, for the checks that follow.
    enum Entry {
        case observed(Instant, Observation)
        case sent(Instant, Intent, statusThen: WorldDescription.Campaign.Status?)
        case reported(Instant, JournalEvent)
    }

    struct Weather {
        /// The share of requests that fail.
        var faults = 0.0
        /// The share of answers that lack a field.
        var gaps = 0.0
        var latencyMax: Duration = .seconds(2)
    }

    private(set) var warden: Guard
    private(set) var world: World
    private(set) var now: Instant
    private(set) var log: [Entry] = []
    private let weather: Weather
    private var generator: SeededGenerator
    private var queue: [(at: Instant, order: Int, happening: Happening)] = []
    private var order = 0
    private var lastTick: Instant?
    private var ticksNow = 0
    /// True where the guard asked for a tick again and again at one time.
    private(set) var isSpinning = false

    init(policy: CheckedPolicy, world: World, weather: Weather, seed: UInt64) {
        warden = Guard(policy: policy, at: world.now)
        self.world = world
        now = world.now
        self.weather = weather
        generator = SeededGenerator(seed: seed)
        carryOut(warden.handle(.started, at: now))
    }

    mutating func run(until end: Instant) {
        while true {
            let next = queue.min { ($0.at, $0.order) < ($1.at, $1.order) }
            let deadline = warden.nextDeadline.map { max($0, now) }
            guard let time = [next?.at, deadline].compactMap({ $0 }).min(), time <= end else { break }
            now = time
            world.advance(to: now)
            if let next, next.at <= now {
                queue.removeAll { $0.order == next.order }
                handle(next.happening)
            } else {
                ticksNow = time == lastTick ? ticksNow + 1 : 1
                lastTick = time
                // A deadline that a tick does not move would keep the daemon busy for nothing.
                guard ticksNow < 10 else {
                    isSpinning = true
                    break
                }
                carryOut(warden.handle(.tick, at: now))
            }
        }
        now = end
        world.advance(to: now)
    }

    private mutating func schedule(_ happening: Happening) {
        order += 1
        let latency = weather.latencyMax * Double.random(in: 0...1, using: &generator)
        queue.append((now + latency, order, happening))
    }

    private mutating func carryOut(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .poll(let target): schedule(.look(target, requestedAt: now))
            case .send(let intent):
                log.append(.sent(now, intent, statusThen: world.campaign(intent.campaign)?.status))
                schedule(.apply(intent))
            case .report(let event): log.append(.reported(now, event))
            case .ready, .record: break
            }
        }
    }

    private mutating func handle(_ happening: Happening) {
        switch happening {
        case .look(let target, let requestedAt):
            let observation = Observation(target: target, requestedAt: requestedAt, result: look(target))
            schedule(.tell(.observed(observation)))
        case .apply(let intent): schedule(.tell(apply(intent)))
        case .tell(let event):
            if case .observed(let observation) = event { log.append(.observed(now, observation)) }
            carryOut(warden.handle(event, at: now))
        }
    }

    private mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &generator) < share }

    private mutating func fault() -> Fault {
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: Fault(.unreachable, "no answer", mayHaveTakenEffect: true)
        case 1: Fault(.unauthorized, "HTTP 401")
        case 2: Fault(.throttled, "HTTP 429", retryAfter: .seconds(60))
        case 3: Fault(.unexpected, "the answer is not JSON", mayHaveTakenEffect: true)
        default: Fault(.unreachable, "HTTP 500", mayHaveTakenEffect: true)
        }
    }

    private mutating func look(_ target: Target) -> Result<Observation.Reading, Fault> {
        if chance(weather.faults) { return .failure(fault()) }
        switch target {
        case .stats(let id):
            guard var stats = world.stats(of: id) else { return .failure(Fault(.missing, "HTTP 404")) }
            if chance(weather.gaps) { stats.bounced = nil }
            if chance(weather.gaps) { stats.totalEnrolled = nil }
            if chance(weather.gaps) { stats.sent = nil }
            return .success(.stats(stats))
        case .pools:
            let midnight = world.now.nextMidnight
            return .success(
                .pools(
                    world.pools.map {
                        SenderPool(
                            id: $0.description.id, dailyCapacity: $0.description.capacity,
                            remainingVolume: $0.remaining,
                            resetAt: $0.description.window == .midnight ? midnight : nil)
                    }))
        case .accounts: return .success(.accounts([]))
        }
    }

    private mutating func apply(_ intent: Intent) -> Event {
        let fails = chance(weather.faults)
        let fault = fault()
        // A refused request has no effect; a lost answer may or may not have.
        if fails, !fault.mayHaveTakenEffect || chance(0.5) {
            return .answered(intent, .failure(fault), jitter: Double.random(in: 0...1, using: &generator))
        }
        switch intent.action {
        case .pause: world.pause(intent.campaign, at: now)
        case .start, .resume: world.start(intent.campaign, at: now)
        }
        if fails { return .answered(intent, .failure(fault), jitter: Double.random(in: 0...1, using: &generator)) }
        let campaign = world.campaign(intent.campaign)
        let status: CampaignStatus =
            switch campaign?.status {
            case .running: .running
            case .paused: .paused
            case .draft, nil: .draft
            }
        let answer = ActionAnswer(
            status: status, pausedAt: campaign?.pausedAt?.wholeSecond, startedAt: campaign?.startedAt?.wholeSecond,
            serverTimeAtRequest: nil)
        return .answered(intent, .success(answer), jitter: Double.random(in: 0...1, using: &generator))
    }
}

extension Instant {
    /// The platform tells whole seconds.
    fileprivate var wholeSecond: Instant { Instant(milliseconds: milliseconds - milliseconds % 1000) }
}

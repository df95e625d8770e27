import Guard
import Journal
import Ledger
import Model
import Policy
import Providers
import Simulator
import TestSupport

/// The guard over a simulated world, in virtual time and without a network: requests take a while, some fail.
struct SimulatedRun {
    /// Something that happens at a time of its own.
    private enum Happening {
        /// A poll asks to leave.
        case ask(Target)
        /// A request reaches the platform.
        case look(Target, requestedAt: Instant)
        case apply(Intent)
        /// An answer reaches the guard.
        case tell(Event)
    }

    /// What the guard was told and did, for the checks that follow.
    enum Entry {
        /// `isRunning`: whether the campaign it is about was sending at that time.
        case observed(Instant, Observation, isRunning: Bool)
        case sent(Instant, Intent, statusThen: WorldDescription.Campaign.Status?)
        /// A request failed; whether it may have taken effect all the same.
        case failed(Instant, Intent, mayHaveTakenEffect: Bool)
        case reported(Instant, JournalEvent)
        /// The process was killed, and begins anew.
        case crashed(Instant)
        /// An action reached the platform.
        case arrived(Instant, Intent)
    }

    struct Weather {
        /// The share of requests that fail.
        var faults = 0.0
        /// The share of answers that lack a field.
        var gaps = 0.0
        var latencyMax: Duration = .seconds(2)
        /// The share of events at which the process is killed.
        var crashes = 0.0
        /// The share of looks at a campaign that a lagging replica answers: with what it said before.
        var lags = 0.0
        /// The share of events after which the policy is edited, and that after which the wall clock is set.
        var changes = 0.0
        /// The share of events after which a person gives an order.
        var orders = 0.0
        /// The share of answers about campaigns that cannot be used, beside `faults`.
        var sparse = 0.0
        /// The share of answers about campaigns whose counters are all 0, for once.
        var zeros = 0.0
        /// The share of pauses that the platform confirms and does not carry out.
        var ineffective = 0.0
        /// How long the platform asks to be left alone where it does.
        var retryAfter: Duration = .seconds(60)
        /// The share of events after which whatever reads the log stops reading, or goes on.
        var readers = 0.0
        /// How far the platform stamps its actions off the clock of its answers.
        var skew: Duration = .zero
    }

    /// Where the guard's memory is kept.
    enum Store {
        /// As it is handed out.
        case inMemory
        /// In SQLite, read back after each crash.
        case ledger(path: String)
    }

    /// Who stopped a campaign last, as the world knows it.
    struct Stop {
        var isOurs: Bool
        var at: Instant
        /// It was running when a person started it anew, after a pause of ours: since then, with so many sent.
        var restartedAt: Instant?
    }

    private(set) var warden: Guard
    /// The last pause of each campaign that took effect.
    private(set) var stops: [CampaignID: Stop] = [:]
    private(set) var crashes = 0
    /// Resumes of what a person had stopped, long after it could be known.
    private(set) var trespasses: [String] = []
    /// Restarts that were reported though nobody but us had started the campaign.
    private(set) var blames: [String] = []
    /// Campaigns that someone started after a pause of ours, as the platform knows.
    private var restarted: Set<CampaignID> = []
    /// Campaigns that the platform says are paused, and that go on sending; since when it says so.
    private(set) var pretended: [CampaignID: Instant] = [:]
    private var statuses: [CampaignID: WorldDescription.Campaign.Status] = [:]
    private var starts: [CampaignID: Instant] = [:]
    /// What the policy is edited to, and back.
    private let policies: [CheckedPolicy]
    private var policy: CheckedPolicy
    private let store: Store
    private var lastAnswers: [CampaignID: CampaignStats] = [:]
    private var lagging: [CampaignID: Int] = [:]
    private var ledger: LedgerDatabase?
    private var kept = Memory()
    /// When the daemon's requests may leave, and its log, in a queue that is soon full.
    private var lanes: RequestLanes
    private var journal = JournalQueue(limits: .init(entriesMax: 24, bytesMax: 1 << 20))
    private var isReading = true
    /// The log as it was read: number and kind of each entry.
    private(set) var lines: [(sequence: Int, kind: EventKind)] = []
    private(set) var world: World
    private(set) var now: Instant
    private(set) var log: [Entry] = []
    private var weather: Weather
    private var generator: SeededGenerator
    private var queue: [(at: Instant, order: Int, happening: Happening)] = []
    private var order = 0
    private var lastTick: Instant?
    private var ticksNow = 0
    /// True where the guard asked for a tick again and again at one time.
    private(set) var isSpinning = false

    init(
        policies: [CheckedPolicy], world: World, weather: Weather, seed: UInt64, store: Store = .inMemory
    ) throws {
        self.policies = policies
        policy = policies[0]
        self.store = store
        warden = Guard(policy: policy, at: world.now)
        self.world = world
        now = world.now
        self.weather = weather
        lanes = RequestLanes(perSecond: policies[0].poll.budget.perSecond, at: world.now)
        generator = SeededGenerator(seed: seed)
        for campaign in world.campaigns {
            statuses[campaign.description.id] = campaign.status
            starts[campaign.description.id] = campaign.startedAt
        }
        try begin()
    }

    /// The process begins, with what was kept.
    private mutating func begin() throws {
        if case .ledger(let path) = store {
            ledger = nil
            let opened = try LedgerDatabase.open(path, LedgerScope(policy), at: now)
            (ledger, kept) = (opened.store, opened.memory)
        }
        warden = Guard(policy: policy, memory: kept, at: now)
        try carryOut(warden.handle(.started, at: now))
    }

    /// The process is killed: what it had not kept is gone, what it had sent may still arrive.
    private mutating func crash() throws {
        crashes += 1
        log.append(.crashed(now))
        for item in queue {
            if case .apply(let intent) = item.happening, chance(0.5) { _ = apply(intent) }
        }
        queue = []
        let downtime: [Duration] = [.seconds(1), .seconds(60), .seconds(1800), .seconds(6 * 3600)]
        now = now + downtime[Int.random(in: 0..<4, using: &generator)]
        advanceWorld()
        try begin()
    }

    private mutating func advanceWorld() {
        world.advance(to: now)
        // A change that none of our requests made is a person's.
        for campaign in world.campaigns {
            let id = campaign.description.id
            let before = statuses[id]
            statuses[id] = campaign.status
            if let started = starts[id], started != campaign.startedAt {
                // A start that none of our requests made is a person's, also of what only seemed to be paused.
                restarted.insert(id)
                pretended[id] = nil
            }
            starts[id] = campaign.startedAt ?? now
            guard before != campaign.status else { continue }
            switch campaign.status {
            case .paused:
                // Who stops what the platform says is paused already cannot be told from us.
                let isOurs = pretended.removeValue(forKey: id) != nil
                stops[id] = Stop(isOurs: isOurs, at: campaign.pausedAt ?? now, restartedAt: stops[id]?.restartedAt)
            case .running: if stops[id] != nil { stops[id]?.restartedAt = campaign.startedAt ?? now }
            case .draft: break
            }
        }
    }

    mutating func run(until end: Instant) throws {
        while true {
            let next = queue.min { ($0.at, $0.order) < ($1.at, $1.order) }
            let deadline = warden.nextDeadline.map { max($0, now) }
            guard let time = [next?.at, deadline].compactMap({ $0 }).min(), time <= end else { break }
            now = time
            advanceWorld()
            if let next, next.at <= now {
                queue.removeAll { $0.order == next.order }
                try handle(next.happening)
            } else {
                ticksNow = time == lastTick ? ticksNow + 1 : 1
                lastTick = time
                // A deadline that a tick does not move would keep the daemon busy for nothing.
                guard ticksNow < 10 else {
                    isSpinning = true
                    break
                }
                try carryOut(warden.handle(.tick, at: now))
            }
        }
        now = max(now, end)
        advanceWorld()
    }

    private mutating func schedule(_ happening: Happening, at time: Instant? = nil) {
        order += 1
        let latency = weather.latencyMax * Double.random(in: 0...1, using: &generator)
        queue.append((time ?? now + latency, order, happening))
    }

    private mutating func carryOut(_ effects: [Effect]) throws {
        // Killed before anything was told, before it was kept, before anything was sent, or not at all.
        let fate = chance(weather.crashes) ? Int.random(in: 0...2, using: &generator) : 3
        if fate == 0 { return try crash() }
        for case .report(let event) in effects {
            log.append(.reported(now, event))
            noteBlame(event)
            journal.offer(event, at: now)
        }
        readLog()
        if fate == 1 { return try crash() }
        try keep(effects)
        if fate == 2 { return try crash() }
        for effect in effects {
            switch effect {
            case .poll(let target): ask(target)
            case .send(let intent):
                log.append(.sent(now, intent, statusThen: world.campaign(intent.campaign)?.status))
                noteTrespass(intent)
                send(intent)
            case .change, .ready, .record, .report, .reply: break
            }
        }
    }

    // MARK: Requests and the log

    /// A poll leaves as its lane allows.
    private mutating func ask(_ target: Target) {
        switch lanes.ask(.poll, at: now) {
        case .go: schedule(.look(target, requestedAt: now))
        case .wait(let until): schedule(.ask(target), at: until)
        case .refused(let wait):
            let fault = Fault(.throttled, "the platform asked us to wait", retryAfter: wait)
            schedule(.tell(.observed(Observation(target: target, requestedAt: now, result: .failure(fault)))))
        }
    }

    /// An action leaves as its lane allows; what waits for its budget, waits.
    private mutating func send(_ intent: Intent) {
        switch lanes.ask(intent.action == .pause ? .pause : .start, at: now) {
        case .go: schedule(.apply(intent))
        case .wait(let until): schedule(.apply(intent), at: until)
        case .refused(let wait):
            let fault = Fault(.throttled, "the platform asked us to wait", retryAfter: wait, mayHaveTakenEffect: false)
            schedule(.tell(.answered(intent, .failure(fault), jitter: Double.random(in: 0...1, using: &generator))))
        }
    }

    /// What a reader takes of the log while it reads.
    private mutating func readLog() {
        while isReading, let entry = journal.next(at: now) {
            let sequence = entry.fields.first { $0.name == "SENDWARDEN_SEQ" }.flatMap { Int($0.value) } ?? 0
            lines.append((sequence, entry.kind))
        }
    }

    /// Entries that never were read, where the log is read to its end.
    var droppedEntries: Int { journal.dropped }

    private mutating func keep(_ effects: [Effect]) throws {
        let records = effects.compactMap { if case .record(let record) = $0 { record } else { nil } }
        if records.isEmpty { return }
        if let ledger { return try ledger.write(records, at: now) }
        for record in records { kept.keep(record) }
    }

    /// A resume of what a person stopped, where the numbers had told of the person for long enough.
    private mutating func noteTrespass(_ intent: Intent) {
        guard intent.action == .resume, !intent.isOrdered, let stop = stops[intent.campaign], !stop.isOurs,
            world.campaign(intent.campaign)?.status == .paused
        else { return }
        let wasSeen = stop.restartedAt.map { stop.at - $0 > .seconds(2 * 3600) } ?? true
        if wasSeen { trespasses.append("resumed \(intent.campaign), which a person stopped at \(stop.at), at \(now)") }
    }

    /// "Restarted on the platform, not by us" is said only where that is so.
    private mutating func noteBlame(_ event: JournalEvent) {
        guard event.kind == .campaignOverride, let id = event.fields[.campaign].flatMap({ CampaignID($0) }) else {
            return
        }
        if restarted.remove(id) == nil { blames.append("said that \(id) was restarted by someone else, at \(now)") }
    }

    private mutating func handle(_ happening: Happening) throws {
        switch happening {
        case .ask(let target): ask(target)
        case .look(let target, let requestedAt):
            let observation = Observation(target: target, requestedAt: requestedAt, result: look(target))
            if case .failure(let fault) = observation.result { obey(fault) }
            schedule(.tell(.observed(observation)))
        case .apply(let intent):
            log.append(.arrived(now, intent))
            let answer = apply(intent)
            if case .answered(_, .failure(let fault), _) = answer { obey(fault) }
            schedule(.tell(answer))
        case .tell(let event):
            if case .observed(let observation) = event, !isGlitch(observation) { log.append(entry(observation)) }
            if case .answered(let intent, .failure(let fault), _) = event {
                log.append(.failed(now, intent, mayHaveTakenEffect: fault.mayHaveTakenEffect))
            }
            try carryOut(warden.handle(event, at: now))
            try change()
        }
    }

    /// Marks an answer with zeros that are not so.
    private static let glitchRate = 0.987654

    /// Zeros about a campaign that has sent say nothing of its bounces.
    private func isGlitch(_ observation: Observation) -> Bool {
        guard case .success(.stats(let stats)) = observation.result else { return false }
        return stats.openRate == SimulatedRun.glitchRate
    }

    /// What the platform asks for, polls and starts obey.
    private mutating func obey(_ fault: Fault) {
        if let wait = fault.retryAfter { lanes.close(for: wait, at: now) }
    }

    private func entry(_ observation: Observation) -> Entry {
        var isRunning = false
        if case .stats(let id) = observation.target { isRunning = world.campaign(id)?.status == .running }
        return .observed(now, observation, isRunning: isRunning)
    }

    /// Goes on without any trouble.
    mutating func calm(for duration: Duration) throws {
        weather = Weather(latencyMax: .seconds(2))
        // Whatever was asked for is over, and somebody reads the log.
        lanes = RequestLanes(perSecond: policy.poll.budget.perSecond, at: now)
        isReading = true
        try run(until: now + duration)
    }

    /// Actions that should have been answered by now.
    var openActions: Int {
        queue.count { item in
            switch item.happening {
            case .apply(let intent), .tell(.answered(let intent, _, _)): now - intent.sentAt > .seconds(60)
            case .ask, .look, .tell: false
            }
        }
    }

    /// Somebody edits the policy, or the clock is set.
    private mutating func change() throws {
        if chance(weather.changes) {
            policy = policies[Int.random(in: policies.indices, using: &generator)]
            lanes.adjust(perSecond: policy.poll.budget.perSecond, at: now)
            try carryOut(warden.handle(.reloaded(policy), at: now))
        }
        if chance(weather.changes) {
            let ahead: [Duration] = [.seconds(-7200), .seconds(-30), .zero, .seconds(60), .seconds(7200)]
            let chosen = ahead[Int.random(in: ahead.indices, using: &generator)]
            try carryOut(warden.handle(.clockSet(ahead: chosen), at: now))
        }
        if chance(weather.readers) { isReading.toggle() }
        if chance(weather.orders) { try giveOrder() }
    }

    /// Somebody takes a hand.
    private mutating func giveOrder() throws {
        let acts: [Order.Act] = [.pause, .pause, .resume, .resume, .hold, .release, .mute]
        let order = Order(
            acts[Int.random(in: acts.indices, using: &generator)],
            world.campaigns[Int.random(in: world.campaigns.indices, using: &generator)].description.id,
            lasts: .seconds(7200), isForced: chance(0.3), by: "anna")
        let effects = warden.handle(.ordered(order), at: now)
        let isAccepted = effects.contains { if case .reply(let reply) = $0 { reply.accepted } else { false } }
        let before = crashes
        try carryOut(effects)
        // What is stopped already is hers from now on; she is told once that is kept.
        if isAccepted, crashes == before, order.act == .pause { stops[order.campaign]?.isOurs = false }
    }

    private mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &generator) < share }

    private mutating func fault() -> Fault {
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: Fault(.unreachable, "no answer", mayHaveTakenEffect: true)
        case 1: Fault(.unauthorized, "HTTP 401")
        case 2: Fault(.throttled, "HTTP 429", retryAfter: weather.retryAfter)
        case 3: Fault(.unexpected, "the answer is not JSON", mayHaveTakenEffect: true)
        default: Fault(.unreachable, "HTTP 500", mayHaveTakenEffect: true)
        }
    }

    private mutating func look(_ target: Target) -> Result<Observation.Reading, Fault> {
        if chance(weather.faults) { return .failure(fault()) }
        switch target {
        case .stats(let id):
            guard var stats = world.stats(of: id) else { return .failure(Fault(.missing, "HTTP 404")) }
            if chance(weather.sparse) { return .failure(Fault(.unexpected, "the answer is not JSON")) }
            if chance(weather.zeros) {
                return .success(
                    .stats(
                        CampaignStats(
                            totalEnrolled: stats.totalEnrolled, sent: 0, delivered: 0, bounced: 0, replied: 0,
                            queued: 0,
                            openRate: SimulatedRun.glitchRate)))
            }
            // A replica is behind for a look or two.
            if let before = lastAnswers[id], lagging[id, default: 0] < 2, chance(weather.lags) {
                lagging[id, default: 0] += 1
                return .success(.stats(before))
            }
            lagging[id] = 0
            if chance(weather.gaps) { stats.bounced = nil }
            if chance(weather.gaps) { stats.totalEnrolled = nil }
            if chance(weather.gaps) { stats.sent = nil }
            lastAnswers[id] = stats
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
        // The policy gives no pool a name.
        case .pool, .operation: return .failure(Fault(.missing, "HTTP 404"))
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
        case .pause:
            let isRunning = world.campaign(intent.campaign)?.status == .running
            if isRunning, chance(weather.ineffective) {
                pretended[intent.campaign] = pretended[intent.campaign] ?? now
            } else {
                if isRunning { stops[intent.campaign] = Stop(isOurs: !intent.isOrdered, at: now) }
                world.pause(intent.campaign, at: now)
            }
            restarted.remove(intent.campaign)
        case .start, .resume:
            world.start(intent.campaign, at: now)
            pretended[intent.campaign] = nil
        }
        statuses[intent.campaign] = world.campaign(intent.campaign)?.status
        starts[intent.campaign] = world.campaign(intent.campaign)?.startedAt ?? now
        if fails { return .answered(intent, .failure(fault), jitter: Double.random(in: 0...1, using: &generator)) }
        let campaign = world.campaign(intent.campaign)
        let status: CampaignStatus =
            switch campaign?.status {
            case .running: pretended[intent.campaign] == nil ? .running : .paused
            case .paused: .paused
            case .draft, nil: .draft
            }
        let answer = ActionAnswer(
            status: status,
            pausedAt: (pretended[intent.campaign] ?? campaign?.pausedAt).map { ($0 + weather.skew).wholeSecond },
            startedAt: campaign?.startedAt.map { ($0 + weather.skew).wholeSecond }, serverTimeAtRequest: nil)
        return .answered(intent, .success(answer), jitter: Double.random(in: 0...1, using: &generator))
    }
}

extension Intent {
    /// True where a person's word is behind it.
    var isOrdered: Bool { order != nil }

    var order: Order? {
        if case .order(let order) = decision.cause { order } else { nil }
    }
}

extension Instant {
    /// The platform tells whole seconds.
    fileprivate var wholeSecond: Instant { Instant(milliseconds: milliseconds - milliseconds % 1000) }
}

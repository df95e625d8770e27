import Guard
import Journal
import Ledger
import Model
import Policy
import Providers
import Reporting
import Simulator
import TestSupport

/// The guard on a simulated world in virtual time, with latency and faults but without a network.
struct SimulatedRun {
    var warden: Guard
    /// The last pause of each campaign that took effect.
    var stops: [CampaignID: Stop] = [:]
    private(set) var crashes = 0
    /// Resumes of a campaign that a person had paused, although the guard could have known.
    private(set) var forbiddenResumes: [String] = []
    /// What people ordered, and what was done against it.
    var obedience = Obedience()
    var windows: SimulatedWindows
    /// Restarts reported as someone else's although only the guard had started the campaign.
    var misattributions: [String] = []
    /// Campaigns whose last start was ours, according to the platform.
    var ourStarts: Set<CampaignID> = []
    /// Campaigns that wait for something that never comes.
    var stuck: [String] = []
    /// Campaigns that became younger.
    var rejuvenated: [String] = []
    /// The first sample of each campaign, as a process knew it from storage.
    var firstSamples: [CampaignID: Instant] = [:]
    /// The rules besides the usual one, and pauses of the one on groups that its sums do not justify.
    let rules: RandomRules?
    var groupViolations: [String] = []
    /// Campaigns that someone else started after a pause of ours, according to the platform.
    var restarted: Set<CampaignID> = []
    /// Campaigns that keep sending although the platform reports them as paused, and since when.
    var pretended: [CampaignID: Instant] = [:]
    var statuses: [CampaignID: WorldDescription.Campaign.Status] = [:]
    var starts: [CampaignID: Instant] = [:]
    var sentAtStart: [CampaignID: Int] = [:]
    /// The policy that reloads switch to and back from.
    let policies: [CheckedPolicy]
    let parts: [CheckedPolicy]
    var policy: CheckedPolicy
    /// The wall clock's offset from monotonic time.
    private(set) var clockAhead: Duration = .zero
    private let store: Store
    var lastAnswers: [CampaignID: CampaignStats] = [:]
    var lagging: [CampaignID: Int] = [:]
    /// How many more polls a stuck replica answers, and with what.
    var stuckPolls: [CampaignID: Int] = [:]
    var oldAnswers: [CampaignID: CampaignStats] = [:]
    /// The past answers about each campaign, and those that a replica gives on its way back.
    var pastAnswers: [CampaignID: [CampaignStats]] = [:]
    var returningAnswers: [CampaignID: [CampaignStats]] = [:]
    var omissions: [CampaignID: Omission] = [:]
    private var ledger: LedgerDatabase?
    private var stored = Memory()
    /// The daemon's request gate, and its log with a small queue.
    private var lanes: RequestLanes
    private var journal = JournalQueue(limits: .init(entriesMax: 24, bytesMax: 1 << 20))
    private var isReading = true
    /// The entries that the log reader got: number and kind.
    private(set) var lines: [(sequence: Int, kind: EventKind)] = []
    var world: World
    var now: Instant
    var log: [Entry] = []
    var weather: Weather
    var generator: SeededGenerator
    private(set) var queue: [(at: Instant, order: Int, pendingEvent: PendingEvent)] = []
    private var order = 0
    private var lastTick: Instant?
    private var ticksNow = 0
    /// True if the guard requested ticks at the same time without end.
    private(set) var isSpinning = false

    init(
        policies: [CheckedPolicy], parts: [CheckedPolicy] = [], world: World, weather: Weather, seed: UInt64,
        rules: RandomRules? = nil, store: Store = .inMemory
    ) throws {
        (self.policies, self.parts, self.rules) = (policies, parts, rules)
        policy = policies[0]
        self.store = store
        warden = Guard(policy: policy, at: world.now)
        self.world = world
        now = world.now
        self.weather = weather
        lanes = RequestLanes(perSecond: policies[0].poll.budget.perSecond, at: world.now)
        generator = SeededGenerator(seed: seed)
        windows = SimulatedWindows(seed: seed)
        for campaign in world.campaigns {
            statuses[campaign.description.id] = campaign.status
            starts[campaign.description.id] = campaign.startedAt
        }
        try begin()
    }

    /// Starts the process from stored memory.
    private mutating func begin() throws {
        if case .ledger(let path) = store {
            ledger = nil
            let opened = try LedgerDatabase.open(path, LedgerScope(policy), at: now)
            (ledger, stored) = (opened.store, opened.memory)
        }
        warden = Guard(policy: policy, memory: stored, at: now)
        checkAges(afterRestart: true)
        scheduleRestore()
        try execute(warden.handle(.started, at: now))
    }

    /// Kills the process: unstored state is lost, and requests in flight can still arrive.
    private mutating func crash() throws {
        crashes += 1
        windows.advance(to: now, wallClock: now + clockAhead)
        log.append(.crashed(now))
        for item in queue {
            if case .apply(let intent) = item.pendingEvent, chance(0.5) { _ = apply(intent) }
        }
        queue = []
        let downtime: [Duration] = [.seconds(1), .seconds(60), .seconds(1800), .seconds(6 * 3600)]
        now = now + downtime[Int.random(in: 0..<4, using: &generator)]
        advanceWorld()
        obedience.crashed(at: now)
        // A new process takes its time from the wall clock.
        clockAhead = .zero
        windows.advance(to: now, wallClock: now, isNewProcess: true)
        try begin()
    }

    private mutating func advanceWorld() {
        world.advance(to: now)
        // A change without a request of ours is a person's.
        for campaign in world.campaigns {
            let id = campaign.description.id
            let before = statuses[id]
            statuses[id] = campaign.status
            if let started = starts[id], started != campaign.startedAt {
                // A start without a request of ours is a person's, even if the campaign only appeared to be paused.
                restarted.insert(id)
                ourStarts.remove(id)
                obedience.startedByAnother(id)
                pretended[id] = nil
            }
            starts[id] = campaign.startedAt ?? now
            guard before != campaign.status else { continue }
            switch campaign.status {
            case .paused:
                // A person who stops a campaign that the platform reports as paused cannot be distinguished from us.
                let isOurs = pretended.removeValue(forKey: id) != nil
                stops[id] = Stop(
                    isOurs: isOurs, isByAnother: true, at: campaign.pausedAt ?? now,
                    restartedAt: stops[id]?.restartedAt, isVisible: campaign.sent != sentAtStart[id])
            case .running:
                sentAtStart[id] = campaign.sent
                if stops[id] != nil { stops[id]?.restartedAt = campaign.startedAt ?? now }
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
                try handle(next.pendingEvent)
            } else {
                ticksNow = time == lastTick ? ticksNow + 1 : 1
                lastTick = time
                // A deadline that a tick does not advance would make the daemon spin.
                guard ticksNow < 10 else {
                    isSpinning = true
                    break
                }
                try execute(warden.handle(.tick, at: now))
            }
        }
        now = max(now, end)
        advanceWorld()
    }

    mutating func schedule(_ pendingEvent: PendingEvent, at time: Instant? = nil) {
        order += 1
        let latency = weather.latencyMax * Double.random(in: 0...1, using: &generator)
        queue.append((time ?? now + latency, order, pendingEvent))
    }

    mutating func execute(_ effects: [Effect]) throws {
        // Killed before events are reported, before records are stored, before requests are sent, or not at all.
        let fate = chance(weather.crashes) ? Int.random(in: 0...2, using: &generator) : 3
        if fate == 0 { return try crash() }
        noteMuted()
        for case .report(let reported) in effects {
            let event = reported.entry
            log.append(.reported(now, event))
            checkAttribution(event)
            checkBlame(event)
            journal.offer(event, at: now)
        }
        readLog()
        checkGroupPauses(effects)
        if fate == 1 { return try crash() }
        try store(effects)
        if fate == 2 { return try crash() }
        for effect in effects {
            switch effect {
            case .poll(let target): ask(target)
            case .send(let intent):
                if isDisturbed(intent) {
                    schedule(.stored(intent))
                } else if intent.action != .pause, chance(weather.slowWrites) {
                    schedule(.stored(intent), at: now + .seconds(Int.random(in: 1...2400, using: &generator)))
                } else if !leave(intent) {
                    obedience.violations.append("\(intent.action) of \(intent.campaign) fell as it was made, \(now)")
                }
            case .change, .ready, .record, .report, .reply, .replyToMute: break
            }
        }
    }

    // MARK: Requests and the log

    /// Sends a poll when its lane allows.
    private mutating func ask(_ target: Target) {
        switch lanes.ask(.poll, at: now) {
        case .go: schedule(.poll(target, requestedAt: now))
        case .wait(let until): schedule(.ask(target), at: until)
        case .refused(let wait):
            let fault = Fault(.throttled, "the platform polled us to wait", retryAfter: wait)
            schedule(.deliver(.polled(PollOutcome(target: target, requestedAt: now, result: .failure(fault)))))
        }
    }

    /// Sends an action when its lane and the budget allow.
    mutating func send(_ intent: Intent) {
        switch lanes.ask(intent.action == .pause ? .pause : .start, at: now) {
        case .go: schedule(.apply(intent))
        case .wait(let until): schedule(.apply(intent), at: until)
        case .refused(let wait):
            let fault = Fault(.throttled, "the platform polled us to wait", retryAfter: wait, mayHaveTakenEffect: false)
            schedule(.deliver(.answered(intent, .failure(fault), jitter: Double.random(in: 0...1, using: &generator))))
        }
    }

    /// Takes the entries that the log reader reads.
    private mutating func readLog() {
        while isReading, let entry = journal.next(at: now) {
            let sequence = entry.fields.first { $0.name == "SENDWARDEN_SEQ" }.flatMap { Int($0.value) } ?? 0
            lines.append((sequence, entry.kind))
        }
    }

    /// The number of entries that were never read.
    var droppedEntries: Int { journal.dropped }

    private mutating func store(_ effects: [Effect]) throws {
        let records = effects.compactMap { if case .record(let record) = $0 { record } else { nil } }
        if records.isEmpty { return }
        if let ledger { return try ledger.write(records, at: now) }
        for record in records { stored.store(record) }
    }

    /// Records a resume of a campaign that a person had paused, if the guard could have known.
    mutating func checkResume(_ intent: Intent) {
        guard intent.action == .resume, !intent.isOrdered, let stop = stops[intent.campaign], !stop.isOurs,
            world.campaign(intent.campaign)?.status == .paused
        else { return }
        let wasSeen = stop.isVisible && (stop.restartedAt.map { stop.at - $0 > .seconds(2 * 3600) } ?? true)
        if wasSeen {
            forbiddenResumes.append("resumed \(intent.campaign), which a person stopped at \(stop.at), at \(now)")
        }
    }

    /// Records a restart that was reported as someone else's although it was not.
    private mutating func checkAttribution(_ event: JournalEvent) {
        guard event.kind == .campaignOverride, let id = event.fields[.campaign].flatMap({ CampaignID($0) }) else {
            return
        }
        if restarted.remove(id) == nil {
            misattributions.append("reported that \(id) was restarted by someone else, at \(now)")
        }
    }

    private mutating func handle(_ pendingEvent: PendingEvent) throws {
        switch pendingEvent {
        case .ask(let target): ask(target)
        case .stored(let intent): try proceed(intent)
        case .drop: try drop()
        case .restore: try restore()
        case .poll(let target, let requestedAt):
            let observation = PollOutcome(target: target, requestedAt: requestedAt, result: reading(target))
            if case .failure(let fault) = observation.result { obey(fault) }
            schedule(.deliver(.polled(observation)))
        case .apply(let intent):
            log.append(.arrived(now, intent))
            let answer = apply(intent)
            if case .answered(_, .failure(let fault), _) = answer { obey(fault) }
            schedule(.deliver(answer))
        case .deliver(let event):
            if case .polled(let observation) = event, !isGlitch(observation), isNamed(observation.target) {
                log.append(entry(observation))
            }
            if case .answered(let intent, .failure(let fault), _) = event {
                log.append(.failed(now, intent, mayHaveTakenEffect: fault.mayHaveTakenEffect))
            }
            try execute(warden.handle(event, at: now))
            try change()
            checkProgress()
        }
    }

    /// Replaces the counters of an answer with zeros.
    static let glitchRate = 0.987654

    /// True for zero counters of a campaign that has sent.
    private func isGlitch(_ observation: PollOutcome) -> Bool {
        guard case .success(.stats(let stats)) = observation.result else { return false }
        return stats.openRate == SimulatedRun.glitchRate
    }

    /// Applies the platform's `Retry-After` to polls and starts.
    private mutating func obey(_ fault: Fault) {
        if let wait = fault.retryAfter { lanes.close(for: wait, at: now) }
    }

    private func entry(_ observation: PollOutcome) -> Entry {
        var isRunning = false
        if case .stats(let id) = observation.target { isRunning = world.campaign(id)?.status == .running }
        return .observed(now, observation, isRunning: isRunning)
    }

    /// Continues without faults.
    mutating func calm(for duration: Duration) throws {
        // The clock stays as it is: the timestamp of a past pause does not change.
        weather = Weather(latencyMax: .seconds(2), skew: weather.skew, drift: weather.drift)
        // Waits requested by the platform are over, and the log reader reads.
        lanes = RequestLanes(perSecond: policy.poll.budget.perSecond, at: now)
        isReading = true
        try run(until: now + duration)
    }

    /// Actions whose response is overdue.
    var openActions: Int {
        queue.count { item in
            switch item.pendingEvent {
            case .apply(let intent), .stored(let intent), .deliver(.answered(let intent, _, _)):
                now - intent.sentAt > .seconds(60)
            case .ask, .poll, .deliver, .drop, .restore: false
            }
        }
    }

    /// Changes the policy or sets the clock.
    private mutating func change() throws {
        if chance(weather.changes) {
            policy = policies[Int.random(in: policies.indices, using: &generator)]
            lanes.adjust(perSecond: policy.poll.budget.perSecond, at: now)
            log.append(.reloaded(now, without: []))
            try execute(warden.handle(.reloaded(policy), at: now))
        }
        if weather.drops > 0, chance(weather.drops) { try drop() }
        if chance(weather.changes) {
            let ahead: [Duration] = [.seconds(-7200), .seconds(-30), .zero, .seconds(60), .seconds(7200)]
            let chosen = ahead[Int.random(in: ahead.indices, using: &generator)]
            // A window that began meanwhile did so by the old clock.
            windows.advance(to: now, wallClock: now + clockAhead)
            clockAhead = chosen
            windows.advance(to: now, wallClock: now + clockAhead)
            try execute(warden.handle(.clockSet(ahead: chosen), at: now))
        }
        if chance(weather.readers) { isReading.toggle() }
        if chance(weather.orders) { try giveOrder() }
        try planWindow()
    }
}

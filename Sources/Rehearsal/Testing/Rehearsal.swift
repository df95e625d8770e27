import Guard
import Model
import Policy
import Reporting

/// Runs the real guard over a test's input in virtual time.
///
/// A campaign's counters advance only while it runs: they stop at a pause and continue after a resume.
struct Rehearsal {
    private struct Player {
        var campaign: PolicyTest.Campaign
        var status: PolicyTest.Campaign.Status
        /// How long it has run before now, and when the current run began.
        var ranFor: Duration = .zero
        var runningSince: Instant?
        var pausedAt: Instant?
        var startedAt: Instant?
        var enrolled = 0
        var wasStarted: Bool

        func runTime(at now: Instant) -> Duration { ranFor + (runningSince.map { now - $0 } ?? .zero) }
    }

    /// A reported event, for the timeline of a failure.
    struct Moment: Sendable {
        var at: Duration
        var event: JournalEvent
    }

    private let test: PolicyTest
    private let policy: CheckedPolicy
    private var removedSenders: [PoolID: Set<SenderID>] = [:]
    private(set) var warden: Guard
    private(set) var now: Instant
    private(set) var moments: [Moment] = []
    /// The requests in the order they were sent: `pause camp_1`.
    private(set) var actions: [String] = []
    private var players: [CampaignID: Player] = [:]
    private var memory = Memory()
    private var acts: ArraySlice<(at: Duration, act: PolicyTest.Act)>
    /// When the stopped daemon starts again; nil while it runs.
    private var downUntil: Instant?

    init(_ test: PolicyTest, _ policy: CheckedPolicy) {
        self.test = test
        var policy = policy
        policy.mode = test.mode ?? policy.mode
        policy.poll.pollEvery(test.interval, campaigns: test.campaigns.count)
        let entries = Dictionary(policy.campaigns.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        policy.campaigns = test.campaigns.map { campaign in
            if let entry = entries[campaign.entry.id], !campaign.isDescribed { return entry }
            var entry = campaign.entry
            let sending = policy.workspaces.first { $0.provider.can(.campaigns) } ?? policy.workspace
            entry.workspace = entries[entry.id]?.workspace ?? sending.name
            return entry
        }
        let ids = Set(test.campaigns.map(\.entry.id))
        let described = Dictionary(
            test.campaigns.compactMap { campaign in campaign.launch.map { (campaign.entry.id, $0) } },
            uniquingKeysWith: { first, _ in first })
        policy.launches =
            policy.launches.filter { ids.contains($0.campaign) && described[$0.campaign] == nil }
            + test.campaigns.compactMap(\.launch)
        self.policy = policy
        now = test.start
        warden = Guard(policy: policy, at: now)
        acts = test.acts[...]
        for campaign in test.campaigns {
            let isRunning = campaign.status == .running
            players[campaign.entry.id] = Player(
                campaign: campaign, status: campaign.status, runningSince: isRunning ? now : nil,
                pausedAt: campaign.status == .paused ? now - .seconds(86400) : nil,
                startedAt: campaign.status == .draft ? nil : now - .seconds(86400),
                wasStarted: campaign.status != .draft)
        }
        carryOut(warden.handle(.started, at: now))
    }

    /// Advances to that time, and runs everything that is due before.
    mutating func run(until end: Duration) {
        let end = test.start + end
        while true {
            let act = acts.first.map { test.start + $0.at }
            var deadline = warden.nextDeadline.map { max($0, now) }
            if let downUntil { deadline = downUntil }
            guard let next = [act, deadline].compactMap({ $0 }).min(), next <= end else { break }
            now = next
            if let act, act <= now {
                perform(acts.removeFirst().act)
            } else if downUntil != nil {
                downUntil = nil
                warden = Guard(policy: policy, memory: memory, at: now)
                carryOut(warden.handle(.started, at: now))
            } else {
                carryOut(warden.handle(.tick, at: now))
            }
        }
        now = end
    }

    private mutating func perform(_ act: PolicyTest.Act) {
        switch act {
        case .start(let id): setRunning(id)
        case .pause(let id): setPaused(id)
        case .enroll(let id, let leads): players[id]?.enrolled += leads
        case .order(let order):
            guard downUntil == nil else { return }
            carryOut(warden.handle(.ordered(order), at: now))
        case .restart(let pause): downUntil = now + pause
        }
    }

    // MARK: The platform

    private mutating func setRunning(_ id: CampaignID) {
        guard var player = players[id], player.status != .running else { return }
        (player.status, player.wasStarted) = (.running, true)
        (player.runningSince, player.startedAt) = (now, now)
        players[id] = player
    }

    private mutating func setPaused(_ id: CampaignID) {
        guard var player = players[id], player.status == .running else { return }
        player.ranFor = player.runTime(at: now)
        (player.status, player.runningSince, player.pausedAt) = (.paused, nil, now)
        players[id] = player
    }

    private mutating func carryOut(_ effects: [Effect]) {
        var queue = effects[...]
        while let effect = queue.popFirst() {
            switch effect {
            case .report(let event): moments.append(Moment(at: now - test.start, event: event.entry))
            case .record(let record): memory.store(record)
            case .ready, .reply, .replyToMute: break
            case .poll(let target):
                let outcome = PollOutcome(target: target, requestedAt: now, result: read(target))
                queue += warden.handle(.polled(outcome), at: now)
            case .send(let intent):
                let word = intent.action == .start ? "start" : intent.action.rawValue
                actions.append("\(word) \(intent.campaign)")
                _ = warden.mayLeave(intent, at: now)
                queue += warden.handle(.answered(intent, apply(intent), jitter: 1), at: now)
            case .change(let change):
                actions.append("\(change.action.rawValue)_sender \(change.pool)")
                switch change.action {
                case .remove: removedSenders[change.pool, default: []].insert(change.sender.id)
                case .restore: removedSenders[change.pool]?.remove(change.sender.id)
                }
                queue += warden.handle(.changed(change, .success(ChangeReceipt(operation: nil))), at: now)
            }
        }
    }

    private func step(_ duration: Duration) -> Int { Int(duration.milliseconds / test.interval.milliseconds) }

    private func fault(_ answer: AnswerSeries.Answer) -> Fault? {
        switch answer {
        case .ok: nil
        case .error: Fault(.unreachable, "HTTP 500")
        case .stale: Fault(.unreachable, "request timed out")
        case .unauthorized: Fault(.unauthorized, "HTTP 401")
        case .throttled: Fault(.throttled, "HTTP 429", retryAfter: test.interval)
        case .missing: Fault(.missing, "HTTP 404")
        case .garbage: Fault(.unexpected, "response is not JSON")
        }
    }

    private func read(_ target: Target) -> Result<PollOutcome.Reading, Fault> {
        let step = step(now - test.start)
        switch target {
        case .stats(let id):
            guard let player = players[id] else { return .failure(Fault(.missing, "HTTP 404")) }
            if let fault = player.campaign.answers.flatMap({ fault($0[step]) }) { return .failure(fault) }
            return .success(.stats(stats(player)))
        case .pools:
            if let fault = test.poolAnswers.flatMap({ fault($0[step]) }) { return .failure(fault) }
            return .success(
                .pools(
                    test.pools.filter { warden.policy.binding($0.id) == nil }.map { pool in
                        func count(_ name: String) -> Int? { pool.series[name]?[step].map { Int($0) } }
                        return SenderPool(
                            id: pool.id, dailyCapacity: count("dailyCapacity"),
                            remainingVolume: count("remainingVolume"), resetAt: pool.resetAt.map { renewal(after: $0) },
                            activeSenderCount: count("activeSenders"))
                    }))
        case .accounts:
            var accounts: [SenderAccount] = []
            for (name, status) in [("active", SenderAccount.Status.active), ("paused", .paused), ("warming", .warming)]
            {
                let count = Int(test.accounts[name]?[step] ?? 0)
                for number in 0..<min(count, 100_000) {
                    accounts.append(SenderAccount(id: AccountID(unchecked: "\(name)_\(number)"), status: status))
                }
            }
            return .success(.accounts(accounts))
        case .pool(let name):
            if let fault = test.poolAnswers.flatMap({ fault($0[step]) }) { return .failure(fault) }
            return .success(.pool(members(of: name, step)))
        case .operation: return .failure(Fault(.missing, "HTTP 404"))
        }
    }

    /// The next end of a daily window, calculated from any one of its ends.
    private func renewal(after resetAt: Instant) -> Instant {
        guard resetAt <= now else { return resetAt }
        let days = (now - resetAt).milliseconds / 86_400_000 + 1
        return resetAt + .seconds(86400 * days)
    }

    /// A named pool with the test's number of senders, except those that were removed.
    private func members(of name: PoolID, _ step: Int) -> PoolFinding {
        guard let pool = test.pools.first(where: { $0.id == name }),
            let query = warden.rosterQuery(of: name, at: now)
        else { return .missing }
        func count(_ name: String) -> Int? { pool.series[name]?[step].map { min(Int($0), 100_000) } }
        guard let senders = count("senders") ?? count("activeSenders") else { return .missing }
        let active = count("activeSenders") ?? senders
        var roster = PoolRoster(
            pool: SenderPool(
                id: query.binding.target.id ?? name, name: query.binding.target.name, tags: query.binding.target.tags))
        for number in 0..<senders {
            let id = SenderID(unchecked: "sender_\(number + 1)")
            if removedSenders[name]?.contains(id) == true { continue }
            roster.add(
                PoolSender(
                    id: id, channel: query.binding.channel, status: number < active ? .activated : .deactivated), query)
        }
        return .found(roster)
    }

    /// The platform's current stats of a campaign; counters that the test omits are derived from the others.
    private func stats(_ player: Player) -> CampaignStats {
        let series = player.campaign.series
        let (run, wall) = (step(player.runTime(at: now)), step(now - test.start))
        func counter(_ name: String) -> Int?? {
            series[name].map { series -> Int? in player.wasStarted ? series[run].map { Int($0) } : 0 }
        }
        let bounced = counter("bounced") ?? 0
        let sent: Int? =
            counter("sent") ?? counter("delivered").map { sum($0, bounced) } ?? bounced
        let delivered: Int? = counter("delivered") ?? difference(sent, bounced)
        let planned = series["sent"]?.values.compactMap(\.self).max().map { Int($0) } ?? 1000
        let known: Int?? = series["totalEnrolled"].map { $0[wall].map { Int($0) } }
        let enrolled = (known ?? planned).map { $0 + player.enrolled }
        let rest = player.wasStarted ? difference(enrolled, sent) : 0
        let queued: Int? = series["queued"].map { $0[run].map { Int($0) } } ?? rest
        return CampaignStats(
            totalEnrolled: enrolled, sent: sent, delivered: delivered, bounced: bounced,
            replied: counter("replied") ?? 0, queued: queued, openRate: series["openRate"]?[wall],
            replyRate: series["replyRate"]?[wall], hardBounced: counter("hardBounced") ?? nil,
            softBounced: counter("softBounced") ?? nil, complained: counter("complained") ?? nil,
            unsubscribed: counter("unsubscribed") ?? nil, deferred: counter("deferred") ?? nil)
    }

    private func sum(_ left: Int?, _ right: Int?) -> Int? {
        left.flatMap { left in right.map { left + $0 } }
    }

    private func difference(_ left: Int?, _ right: Int?) -> Int? {
        left.flatMap { left in right.map { max(0, left - $0) } }
    }

    private mutating func apply(_ intent: Intent) -> Result<ActionAnswer, Fault> {
        switch intent.action {
        case .pause: setPaused(intent.campaign)
        case .start, .resume: setRunning(intent.campaign)
        }
        guard let player = players[intent.campaign] else { return .failure(Fault(.missing, "HTTP 404")) }
        let status: CampaignStatus =
            switch player.status {
            case .draft: .draft
            case .running: .running
            case .paused: .paused
            }
        return .success(ActionAnswer(status: status, pausedAt: player.pausedAt, startedAt: player.startedAt))
    }
}

extension PollSettings {
    /// Replaces poll ranges by the step, so that a test polls every step once.
    fileprivate mutating func pollEvery(_ step: Duration, campaigns: Int) {
        if !pools.isFixed { pools = PollInterval(step) }
        guard !stats.isFixed else { return }
        (stats, statsInterval) = (PollInterval(step), step)
        statsPerSecond = max(statsPerSecond, Double(campaigns) / step.seconds)
    }
}

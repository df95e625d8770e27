import Guard
import Journal
import Ledger
import Model
import Policy
import Providers
import Reporting
import Simulator
import TestSupport

/// The platform of a simulated run: its answers, and its faults.
extension SimulatedRun {
    mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &generator) < share }

    mutating func fault() -> Fault {
        switch Int.random(in: 0..<5, using: &generator) {
        case 0: Fault(.unreachable, "no answer", mayHaveTakenEffect: true)
        case 1: Fault(.unauthorized, "HTTP 401")
        case 2: Fault(.throttled, "HTTP 429", retryAfter: weather.retryAfter)
        case 3: Fault(.unexpected, "the answer is not JSON", mayHaveTakenEffect: true)
        default: Fault(.unreachable, "HTTP 500", mayHaveTakenEffect: true)
        }
    }

    mutating func reading(_ target: Target) -> Result<PollOutcome.Reading, Fault> {
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
            if let old = stuckAnswer(of: id, stats) ?? returningAnswer(of: id, stats) { return .success(.stats(old)) }
            // A replica lags for one or two polls.
            if let before = lastAnswers[id], lagging[id, default: 0] < 2, chance(weather.lags) {
                lagging[id, default: 0] += 1
                return .success(.stats(before))
            }
            lagging[id] = 0
            omitCounter(from: &stats, of: id)
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
        // The policy names no pools.
        case .pool, .operation: return .failure(Fault(.missing, "HTTP 404"))
        }
    }

    /// The old answer of a replica that is stuck; nil if there is none.
    private mutating func stuckAnswer(of id: CampaignID, _ stats: CampaignStats) -> CampaignStats? {
        guard weather.stuck > 0 else { return nil }
        let old = oldAnswers[id]
        if old == nil || chance(0.01) { oldAnswers[id] = stats }
        if let polls = stuckPolls[id], polls > 0 {
            stuckPolls[id] = polls - 1
            return old
        }
        if chance(weather.stuck) {
            let polls = Int.random(in: 2...30, using: &generator)
            // The newest answer, repeated this often, would be a standstill.
            let isOlder = (old?.sent ?? 0) < (lastAnswers[id]?.sent ?? 0)
            stuckPolls[id] = isOlder ? polls : 0
        }
        return nil
    }

    /// An old answer of a replica that was behind by more than half and returns in steps; nil if there is none.
    private mutating func returningAnswer(of id: CampaignID, _ stats: CampaignStats) -> CampaignStats? {
        // Without draws for other worlds, whose seeds stay as they are.
        guard weather.returns > 0 else { return nil }
        if let next = returningAnswers[id]?.first {
            returningAnswers[id]?.removeFirst()
            // Whoever reset the counters reset them on the replica too.
            if next.sent ?? 0 <= stats.sent ?? 0 { return next }
            returningAnswers[id] = []
        }
        if let last = pastAnswers[id]?.last, last.sent ?? 0 > stats.sent ?? 0 { pastAnswers[id] = [] }
        if pastAnswers[id]?.last?.sent != stats.sent { pastAnswers[id, default: []].append(stats) }
        let past = pastAnswers[id] ?? []
        guard let sent = stats.sent, sent >= 20, chance(weather.returns),
            let behind = past.lastIndex(where: { $0.sent ?? 0 < sent / 2 })
        else { return nil }
        // The way back leads over two to five of the answers since, the last of which is the present one.
        var places = [Int.random(in: 0...behind, using: &generator)]
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            places.append(Int.random(in: places[0]..<past.count, using: &generator))
        }
        // It stays behind for a while, but an answer on the way back that it gave often would be a standstill.
        returningAnswers[id] = Set(places).sorted().flatMap { place in
            let most = place == places[0] ? 8 : 2
            return Array(repeating: past[place], count: Int.random(in: 1...most, using: &generator))
        }
        return returningAnswer(of: id, stats)
    }

    /// Leaves out a counter for minutes or hours.
    private mutating func omitCounter(from stats: inout CampaignStats, of id: CampaignID) {
        // Without draws for other worlds, whose seeds stay as they are.
        guard weather.omissions > 0 else { return }
        if let omission = omissions[id], now >= omission.until { omissions[id] = nil }
        if omissions[id] == nil, chance(weather.omissions) {
            omissions[id] = Omission(
                counter: chance(0.7) ? .bounced : .delivered,
                until: now + .seconds(Int.random(in: 600...21600, using: &generator)))
        }
        switch omissions[id]?.counter {
        case .bounced: stats.bounced = nil
        case .delivered: stats.delivered = nil
        case nil: break
        }
    }

    /// That time by the platform's clock, in whole seconds as the platform reports it.
    private func stamp(_ time: Instant) -> Instant {
        (time + weather.skew + (time - RandomWorld.start) * weather.drift).wholeSecond
    }

    mutating func apply(_ intent: Intent) -> Event {
        let fails = chance(weather.faults)
        let fault = fault()
        // A refused request has no effect; one with a lost response may have.
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
            if let campaign = world.campaign(intent.campaign), campaign.status != .running {
                ourStarts.insert(intent.campaign)
                sentAtStart[intent.campaign] = campaign.sent
            }
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
            pausedAt: (pretended[intent.campaign] ?? campaign?.pausedAt).map(stamp),
            startedAt: campaign?.startedAt.map(stamp), serverTimeAtRequest: nil)
        return .answered(intent, .success(answer), jitter: Double.random(in: 0...1, using: &generator))
    }
}

extension Intent {
    /// True if a person ordered it.
    var isOrdered: Bool { order != nil }

    var order: Order? {
        if case .order(let order) = decision.cause { order } else { nil }
    }
}

extension Instant {
    /// The platform reports whole seconds.
    fileprivate var wholeSecond: Instant { Instant(milliseconds: milliseconds - milliseconds % 1000) }
}

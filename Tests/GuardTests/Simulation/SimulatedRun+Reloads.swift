import Guard
import Journal
import Model
import Policy
import Simulator

/// Reloads that drop launches and campaigns while requests are in flight, and what must not come of them.
extension SimulatedRun {
    /// Loads a policy without the launches or without a campaign, until ``restore()``.
    mutating func drop() throws {
        guard weather.drops > 0 else { return }
        // The first one lacks the launches.
        policy = parts[chance(0.4) ? 0 : Int.random(in: parts.indices, using: &generator)]
        log.append(.reloaded(now, without: away))
        scheduleRestore()
        try execute(warden.handle(.reloaded(policy), at: now))
    }

    /// Drops part of the policy while the action is under way, in some cases; true if it first waits to be stored.
    mutating func isDisturbed(_ intent: Intent) -> Bool {
        guard weather.drops > 0 else { return false }
        if chance(intent.action == .pause ? 0.2 : 0.5) { schedule(.drop) }
        return intent.action != .pause && chance(0.5)
    }

    /// Sends a start or a resume that waited to be stored, if it still stands.
    mutating func proceed(_ intent: Intent) throws {
        if leave(intent) { return }
        let fault = Fault(.unreachable, "not sent", mayHaveTakenEffect: false)
        log.append(.failed(now, intent, mayHaveTakenEffect: false))
        try execute(warden.handle(.answered(intent, .failure(fault), jitter: 1), at: now))
    }

    mutating func restore() throws {
        guard isPart else { return }
        policy = policies[0]
        log.append(.reloaded(now, without: []))
        let effects = warden.handle(.reloaded(policy), at: now)
        checkAges()
        try execute(effects)
    }

    mutating func scheduleRestore() {
        guard isPart else { return }
        schedule(.restore, at: now + .seconds(Int.random(in: 1...300, using: &generator)))
    }

    private var isPart: Bool { !away.isEmpty || policy.launches != policies[0].launches }

    /// Campaigns that the policy does not name at present.
    private var away: Set<CampaignID> {
        Set(policies[0].campaigns.map(\.id)).subtracting(policy.campaigns.map(\.id))
    }

    func isNamed(_ target: Target) -> Bool {
        if case .stats(let id) = target { !away.contains(id) } else { true }
    }

    // MARK: Checks

    /// Records a campaign whose first sample is later than an earlier process had known from storage.
    mutating func checkAges(afterRestart: Bool = false) {
        for index in warden.campaigns.indices {
            let (id, first) = (warden.campaigns[index].entry.id, warden.campaigns[index].samples.firstAt)
            if let known = firstSamples[id], first.map({ $0 > known }) ?? true {
                rejuvenated.append("\(id) became younger at \(now)")
            }
            if afterRestart, let first { firstSamples[id] = first }
        }
    }

    /// Records a start or a pause of ours that was reported as someone else's.
    mutating func checkBlame(_ event: JournalEvent) {
        guard let id = event.fields[.campaign].flatMap({ CampaignID($0) }) else { return }
        switch event.kind {
        case .launchUnapproved:
            if ourStarts.contains(id) {
                misattributions.append("reported that someone else started \(id), at \(now)")
            }
        case .campaignAlreadyPaused:
            // A platform whose timestamps are behind, or a crash, may hide whose pause it was.
            let isBlame = !event.message.contains("is still paused")
            if isBlame, weather.skew >= .zero, crashes == 0, let stop = stops[id], stop.isOurs, !stop.isByAnother,
                world.campaign(id)?.status == .paused, pretended[id] == nil
            {
                misattributions.append("reported that someone else paused \(id) at \(stop.at), at \(now)")
            }
        default: break
        }
    }

    /// Records a campaign whose action is under way without a request in flight or a retry.
    mutating func checkProgress() {
        guard weather.drops > 0, stuck.isEmpty else { return }
        for index in warden.campaigns.indices {
            let campaign = warden.campaigns[index]
            let isStuck =
                switch campaign.phase {
                case .starting(let attempt): attempt.isUnderWay && !isInFlight(attempt.intent)
                case .pausing(let attempt): attempt.retryAt == nil && !isInFlight(attempt.intent)
                case .resuming(let attempt):
                    if case .sent(let intent) = attempt.step { !isInFlight(intent) } else { false }
                case .unknown, .draft, .running, .paused, .pausedByAnother: false
                }
            if isStuck { stuck.append("\(campaign.entry.id) is \(campaign.state) without a request, at \(now)") }
        }
    }

    private func isInFlight(_ intent: Intent) -> Bool {
        queue.contains { item in
            switch item.pendingEvent {
            case .apply(let sent), .stored(let sent), .deliver(.answered(let sent, _, _)): sent == intent
            case .ask, .poll, .deliver, .drop, .restore: false
            }
        }
    }
}

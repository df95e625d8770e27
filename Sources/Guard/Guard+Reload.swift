import Model
import Policy

/// A new policy takes over; what it does not change goes on.
extension Guard {
    mutating func reload(_ newer: CheckedPolicy, at now: Instant) -> [Effect] {
        let previous = policy
        policy = newer
        let old = Dictionary(uniqueKeysWithValues: campaigns.map { ($0.entry.id, $0) })
        campaigns = newer.campaigns.map { entry in
            guard var state = old[entry.id] else { return CampaignState(entry: entry, policy: newer, at: now) }
            state.adopt(entry, policy: newer, previous: previous)
            return state
        }
        // What is kept names the rules.
        if newer.rules != previous.rules { (saved.campaigns, saved.pools) = ([:], [:]) }
        places = Guard.places(newer)
        launchPlaces = Guard.launchPlaces(newer)
        namedPools = Guard.namedPools(newer)
        poollessWorkspaces = Guard.poollessWorkspaces(newer)
        let oldLaunches = Dictionary(uniqueKeysWithValues: launches.map { ($0.entry.campaign, $0) })
        launches = newer.launches.enumerated().map { position, entry in
            guard var launch = oldLaunches[entry.campaign] else { return LaunchState(entry: entry, position: position) }
            let isChanged = launch.entry != entry
            (launch.entry, launch.position) = (entry, position)
            // A launch that failed or expired is given another chance by a reload, a changed one by its change.
            let canStart = old[entry.campaign]?.latest?.stats.showsSending != true
            if (launch.phase == .closed && canStart) || (isChanged && launch.phase != .released && !launch.isUnderWay) {
                // What the platform asked us to wait for is still to be waited for.
                launch = LaunchState(
                    entry: entry, position: position, retryAt: launch.retryAt, lostStart: launch.lostStart,
                    heldBy: launch.heldBy)
            }
            return launch
        }
        launchOrder = Guard.launchOrder(launches)
        platform.adopt(newer)
        adoptPoolRules(previous)
        dropPausesOfOthers()
        reconsiderToldLaunches()
        let targets = Guard.targets(newer)
        let fresh = targets.subtracting(Guard.targets(previous))
        unanswered = unanswered.intersection(targets).union(fresh)
        adoptHealth(targets: targets, at: now)
        var plan = PollPlan(policy: newer, at: now)
        plan.adopt(self.plan, at: now)
        self.plan = plan
        for place in campaigns.indices where campaigns[place].latest != nil { replan(place, at: now) }
        let isNews: (CampaignID) -> Bool = { id in
            guard let old = oldLaunches[id] else { return true }
            return old.phase == .closed || (old.wasOnlyTold && newer.mode == .enforce)
        }
        return waitingNews(launches.filter { isNews($0.entry.campaign) }) + dueWork(everything: true, at: now)
    }

    private mutating func adoptPoolRules(_ previous: CheckedPolicy) {
        var kept: [PoolID: [Int: RuleState]] = [:]
        for (pool, states) in poolRules {
            for (index, rule) in policy.rules.enumerated() where rule.trigger == .pool {
                if let before = previous.rules.firstIndex(of: rule) { kept[pool, default: [:]][index] = states[before] }
            }
        }
        poolRules = kept
    }

    /// What observe mode would have started still waits for its start once decisions are acted on.
    mutating func reconsiderToldLaunches() {
        guard policy.mode == .enforce else { return }
        for index in launches.indices where launches[index].wasOnlyTold {
            let launch = launches[index]
            platform.reservations.cancel(launch.entry.campaign)
            launches[index] = LaunchState(
                entry: launch.entry, position: launch.position, heldBy: launch.heldBy)
        }
    }

    /// Campaigns that left the policy are nobody's to pause; the other pauses are judged again before their next attempt.
    private mutating func dropPausesOfOthers() {
        pausing = pausing.filter { id in
            guard let place = places[id], case .pausing = campaigns[place].phase else { return false }
            return true
        }
    }
}

extension LaunchState {
    /// True while a request of ours decides about it.
    var isUnderWay: Bool {
        switch phase {
        case .judging, .releasing: true
        case .waiting, .held, .released, .closed: false
        }
    }
}

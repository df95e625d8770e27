import Model
import Policy

/// Carries out orders of people: they outrank the rules, and only a person resumes what a person stopped.
extension Guard {
    /// Carries out orders that were given at once.
    mutating func obey(_ orders: [Order], at now: Instant) -> [Effect] {
        guard let act = orders.first?.act, act == .watch || act == .unwatch else {
            return orders.flatMap { obey($0, at: now) }
        }
        let (outcomes, effects) = changeWatches(orders, at: now)
        let replies = zip(orders, outcomes).flatMap { order, outcome -> [Effect] in
            let entry = campaigns.index(of: order.campaign).map { campaigns[$0].entry }
            return [.report(.order(order, entry: entry, outcome)), .reply(order, entry: entry, outcome)]
        }
        return replies + effects
    }

    mutating func obey(_ order: Order, at now: Instant) -> [Effect] {
        let (outcome, effects) = carryOut(order, at: now)
        let entry = campaigns.index(of: order.campaign).map { campaigns[$0].entry }
        return [.report(.order(order, entry: entry, outcome)), .reply(order, entry: entry, outcome)] + effects
    }

    private mutating func carryOut(_ order: Order, at now: Instant) -> (OrderOutcome, [Effect]) {
        switch (order.act, campaigns.index(of: order.campaign)) {
        case (.watch, _), (.unwatch, _): changeWatch(order, at: now)
        case (.pause, let index?): orderPause(order, index, at: now)
        case (.resume, let index?): orderResume(order, index, at: now)
        case (.hold, let index?): orderHold(order, index, at: now)
        case (.release, let index?): orderRelease(order, index, at: now)
        case (.mute, let index?): (orderMute(order, index, at: now), [])
        case (.pause, nil), (.resume, nil), (.hold, nil), (.release, nil), (.mute, nil):
            (.refused(unknown(order.campaign)), [])
        }
    }

    private mutating func changeWatch(_ order: Order, at now: Instant) -> (OrderOutcome, [Effect]) {
        let (outcomes, effects) = changeWatches([order], at: now)
        return (outcomes[0], effects)
    }

    /// The refusal of an order about a campaign that is not watched.
    func unknown(_ campaign: CampaignID) -> OrderRefusal {
        .unknownCampaign(nearest: NearestName.of(campaign.text, in: policy.campaigns.map(\.id.text)))
    }

    private mutating func orderPause(_ order: Order, _ index: Int, at now: Instant) -> (OrderOutcome, [Effect]) {
        guard policy.mode == .enforce else { return (.refused(.observeMode), []) }
        _ = withdrawStart(index)
        withdrawResume(index, at: now)
        let decision = Decision(
            id: nextDecisionID(), at: now, campaign: order.campaign, cause: .order(order), conditionText: nil,
            evidence: nil)
        let (acceptance, effects) = campaigns.update(index) { $0.orderPause(decision, at: now) }
        // Only an order resumes a campaign that has sent emails. Its launch would start one that has not.
        let launch = launches.openIndex(of: order.campaign)
        guard launch != nil || campaigns[index].samples.latest?.stats.showsSending != true else {
            return (.accepted(acceptance), effects)
        }
        campaigns.update(index) { $0.launchHold = order }
        return (
            .accepted(.holdingLaunch(acceptance, isInPolicy: launch != nil)),
            effects + (launch.map { hold($0, by: order, at: now) } ?? [])
        )
    }

    /// Withdraws a start that was decided but not sent; false if there is none.
    private mutating func withdrawStart(_ index: Int) -> Bool {
        guard campaigns.update(index, { $0.withdrawStart() }) else { return false }
        let id = campaigns[index].entry.id
        // A start that may have taken effect stays reserved.
        if !campaigns[index].awaitsLostStart { pools.cancelReservation(of: id) }
        // This includes a launch that a reload dropped meanwhile, because it may return.
        if let launch = launches.knownIndex(of: id), launches[launch].phase == .starting {
            launches.update(launch) { $0.stepBack() }
        }
        return true
    }

    private mutating func withdrawResume(_ index: Int, at now: Instant) {
        guard campaigns.update(index, { $0.withdrawResume(at: now) }),
            case .resuming(let attempt) = campaigns[index].phase, !attempt.mayHaveTakenEffect
        else { return }
        pools.cancelReservation(of: campaigns[index].entry.id)
    }

    /// Holds a launch for a person; if the start was already sent, its response comes first.
    private mutating func hold(_ launch: Int, by order: Order, at now: Instant) -> [Effect] {
        launches.update(launch) { $0.hold(by: order) }
        if launches[launch].phase == .starting { return [] }
        return take(LaunchHold([.person(order.by)]), launch, at: now)
    }

    /// Holds the launches that the policy has added since a person ordered a hold.
    mutating func holdAsOrdered(at now: Instant) -> [Effect] {
        launches.open.flatMap { index -> [Effect] in
            guard launches[index].heldBy == nil, let order = campaigns[launches[index].entry.campaign]?.launchHold
            else { return [] }
            return hold(index, by: order, at: now)
        }
    }

    private mutating func orderResume(_ order: Order, _ index: Int, at now: Instant) -> (OrderOutcome, [Effect]) {
        guard policy.mode == .enforce else { return (.refused(.observeMode), []) }
        if ledger.isFailing { return (.refused(.ledgerFailing), []) }
        let context = context(of: campaigns[index].entry, at: now)
        switch campaigns.update(index, { $0.orderResume(order, in: context) }) {
        case .refused(let refusal): return (.refused(refusal), [])
        case .begins(let warnings):
            if let launch = launches.openIndex(of: order.campaign), launches[launch].heldBy != nil {
                launches.update(launch) { $0.liftHold() }
            }
            let quiet = quietSpell(of: campaigns[index].entry.workspace, at: now)
            return (.accepted(.resuming(warnings: warnings, quiet: quiet)), requestResumeStats(index, at: now))
        }
    }

    // MARK: Launches

    private mutating func orderHold(_ order: Order, _ index: Int, at now: Instant) -> (OrderOutcome, [Effect]) {
        guard let launch = launches.index(of: order.campaign) else { return (.refused(.noLaunch), []) }
        // Only a pause stops what a lost start may have started.
        if campaigns[index].hasLostStart { return (.refused(.startMayHaveTakenEffect), []) }
        switch launches[launch].phase {
        case .starting: if !withdrawStart(index) { return (.refused(.startAlreadySent), []) }
        case .released: return (.refused(.alreadyReleased), [])
        case .closed: return (.refused(.launchOver), [])
        case .waiting, .held, .evaluating: break
        }
        campaigns.update(index) { $0.launchHold = order }
        return (.accepted(.launchHeld), hold(launch, by: order, at: now))
    }

    private mutating func orderRelease(_ order: Order, _ index: Int, at now: Instant) -> (OrderOutcome, [Effect]) {
        switch campaigns[index].phase {
        case .paused, .pausedByAnother, .resuming: return orderResume(order, index, at: now)
        case .unknown, .draft, .starting, .running, .pausing: break
        }
        guard let launch = launches.openIndex(of: order.campaign) else {
            let retained = launches.knownIndex(of: order.campaign)
            let isHeld = retained.map { launches[$0].isOpen && launches[$0].heldBy != nil } ?? false
            guard isHeld || campaigns[index].launchHold != nil else { return (.refused(.nothingToRelease), []) }
            liftHold(index)
            if let retained, isHeld { launches.update(retained) { $0.liftHold() } }
            return (.accepted(.holdLiftedWithoutLaunch), [])
        }
        switch launches[launch].phase {
        case .starting: return (.refused(.startUnderWay), [])
        case .evaluating where launches[launch].heldBy == nil && !order.isForced:
            return (.refused(.launchBeingEvaluated), [])
        case .evaluating, .waiting, .held, .released, .closed: break
        }
        if order.isForced {
            guard policy.mode == .enforce else { return (.refused(.observeMode), []) }
            liftHold(index)
            launches.update(launch) { $0.force(by: order, until: now + CampaignMachine.orderMax) }
            let quiet = quietSpell(of: campaigns[index].entry.workspace, at: now)
            return (.accepted(.startingByForce(quiet: quiet)), advanceLaunches(at: now))
        }
        let wait = wait(of: launch, at: now)
        if launches[launch].heldBy == nil { return (.refused(.notHeldByPerson(waitsFor: wait)), []) }
        liftHold(index)
        launches.update(launch) { $0.liftHold() }
        return (.accepted(.holdLifted(waitsFor: wait)), advanceLaunches(at: now))
    }

    /// Lifts the campaign's launch hold, and the pause ordered in case a lost start takes effect.
    private mutating func liftHold(_ index: Int) {
        campaigns.update(index) { campaign in
            campaign.launchHold = nil
            if campaign.hasLostStart { campaign.orderedPause = nil }
        }
    }

    /// The reason why a launch that nobody holds would still wait; nil if no reason is known.
    private func wait(of index: Int, at now: Instant) -> LaunchWait? {
        if let notBefore = launches[index].entry.notBefore, monotonic(notBefore) > now { return .notBefore(notBefore) }
        guard let campaign = campaigns[launches[index].entry.campaign] else { return nil }
        guard let obstacle = evidence(against: launches[index], campaign, isForced: false, at: now) else {
            return quietSpell(of: campaign.entry.workspace, at: now).map { .held([.quietHours($0)], nil) }
        }
        guard case .hold(let hold) = obstacle else { return nil }
        return .held(hold.reasons, hold.evaluation?.decisive)
    }

    // MARK: Mutes

    private mutating func orderMute(_ order: Order, _ index: Int, at now: Instant) -> OrderOutcome {
        var names = campaigns[index].pausingRules
        if let wanted = order.rule {
            guard names.contains(wanted) else {
                return .refused(.noSuchRule(wanted, nearest: NearestName.of(wanted, in: names)))
            }
            names = [wanted]
        }
        guard !names.isEmpty else { return .refused(.noPausingRule) }
        let lasts = order.lasts ?? policy.overrideFor
        let until = now + lasts
        campaigns.update(index) { campaign in
            for name in names {
                if lasts > .zero { campaign.mute(name, until: until, by: order.by) } else { campaign.unmute(name) }
            }
        }
        guard lasts > .zero else {
            let labels = campaigns[index].entry.labels
            let remaining = windows.all.filter { window in
                window.hasBegun && labels.hasAll(window.labels) && (window.rule.map(names.contains) ?? true)
            }
            return .accepted(.unmuted(rules: names, windows: remaining))
        }
        return .accepted(.muted(rules: names, until: until + wallClockOffset))
    }
}

import Model
import Policy

/// Carries out orders of people: they outrank the rules, and only a person resumes what a person stopped.
extension Guard {
    mutating func obey(_ order: Order, at now: Instant) -> [Effect] {
        guard let index = campaigns.index(of: order.campaign) else {
            let near = NearestName.of(order.campaign.text, in: policy.campaigns.map(\.id.text))
            return answer(order, nil, .refused(.unknownCampaign(nearest: near)))
        }
        let entry = campaigns[index].entry
        let (outcome, effects) = carryOut(order, index, at: now)
        return answer(order, entry, outcome) + effects
    }

    private func answer(_ order: Order, _ entry: CampaignEntry?, _ outcome: OrderOutcome) -> [Effect] {
        [.report(.order(order, entry: entry, outcome)), .reply(order, entry: entry, outcome)]
    }

    private mutating func carryOut(_ order: Order, _ index: Int, at now: Instant) -> (OrderOutcome, [Effect]) {
        switch order.act {
        case .pause: orderPause(order, index, at: now)
        case .resume: orderResume(order, index, at: now)
        case .hold: orderHold(order, at: now)
        case .release: orderRelease(order, index, at: now)
        case .mute: (orderMute(order, index, at: now), [])
        }
    }

    private mutating func orderPause(_ order: Order, _ index: Int, at now: Instant) -> (OrderOutcome, [Effect]) {
        guard policy.mode == .enforce else { return (.refused(.observeMode), []) }
        let decision = Decision(
            id: nextDecisionID(), at: now, campaign: order.campaign, cause: .order(order), conditionText: nil,
            evidence: nil)
        let (acceptance, effects) = campaigns.update(index) { $0.orderPause(decision, order, at: now) }
        if acceptance.isPausingOnceAnswered, let launch = launches.openIndex(of: order.campaign) {
            launches.update(launch) { $0.holdAfterPause(by: order) }
        }
        return (.accepted(acceptance), effects)
    }

    private mutating func orderResume(_ order: Order, _ index: Int, at now: Instant) -> (OrderOutcome, [Effect]) {
        guard policy.mode == .enforce else { return (.refused(.observeMode), []) }
        if ledger.isFailing { return (.refused(.ledgerFailing), []) }
        let context = context(of: campaigns[index].entry, at: now)
        switch campaigns.update(index, { $0.orderResume(order, in: context) }) {
        case .refused(let refusal): return (.refused(refusal), [])
        case .begins(let warnings):
            return (.accepted(.resuming(warnings: warnings)), requestResumeStats(index, at: now))
        }
    }

    // MARK: Launches

    private mutating func orderHold(_ order: Order, at now: Instant) -> (OrderOutcome, [Effect]) {
        guard let index = launches.index(of: order.campaign) else { return (.refused(.noLaunch), []) }
        switch launches[index].phase {
        case .starting: return (.refused(.startAlreadySent), [])
        case .released: return (.refused(.alreadyReleased), [])
        case .closed: return (.refused(.launchOver), [])
        case .waiting, .held, .evaluating:
            if campaigns[order.campaign]?.lostStart != nil { return (.refused(.startMayHaveTakenEffect), []) }
            launches.update(index) { $0.hold(by: order) }
            return (.accepted(.launchHeld), take(LaunchHold([.person(order.by)]), index, at: now))
        }
    }

    private mutating func orderRelease(_ order: Order, _ index: Int, at now: Instant) -> (OrderOutcome, [Effect]) {
        switch campaigns[index].phase {
        case .paused, .pausedByAnother, .resuming: return orderResume(order, index, at: now)
        case .unknown, .draft, .starting, .running, .pausing: break
        }
        guard let launch = launches.openIndex(of: order.campaign) else { return (.refused(.nothingToRelease), []) }
        switch launches[launch].phase {
        case .starting: return (.refused(.startUnderWay), [])
        case .evaluating where launches[launch].heldBy == nil && !order.isForced:
            return (.refused(.launchBeingEvaluated), [])
        case .evaluating, .waiting, .held, .released, .closed: break
        }
        if order.isForced {
            guard policy.mode == .enforce else { return (.refused(.observeMode), []) }
            launches.update(launch) { $0.force(by: order, until: now + CampaignMachine.orderMax) }
            return (.accepted(.startingByForce), advanceLaunches(at: now))
        }
        let wait = wait(of: launch, at: now)
        if launches[launch].heldBy == nil { return (.refused(.notHeldByPerson(waitsFor: wait)), []) }
        launches.update(launch) { $0.liftHold() }
        return (.accepted(.holdLifted(waitsFor: wait)), advanceLaunches(at: now))
    }

    /// The reason why a launch that nobody holds would still wait; nil if no reason is known.
    private func wait(of index: Int, at now: Instant) -> LaunchWait? {
        if let notBefore = launches[index].entry.notBefore, monotonic(notBefore) > now { return .notBefore(notBefore) }
        guard case .hold(let hold) = verdict(index, at: now) else { return nil }
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
        guard lasts > .zero else { return .accepted(.unmuted(rules: names)) }
        return .accepted(.muted(rules: names, until: until + wallClockOffset))
    }
}

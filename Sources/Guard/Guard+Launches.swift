package import Model
import Policy

/// Evaluates launches in order, one at a time, on fresh stats.
extension Guard {
    /// Reports every waiting launch.
    func reportQueued(_ launches: [LaunchMachine]) -> [Effect] {
        launches.filter { $0.phase == .waiting }.compactMap { report(.queued, of: $0) }
    }

    private func report(_ event: LaunchEvent, of launch: LaunchMachine) -> Effect? {
        campaigns.knownIndex(of: launch.entry.campaign).map { report(event, of: launch.entry, $0) }
    }

    private func report(_ event: LaunchEvent, of launch: LaunchEntry, _ position: Int) -> Effect {
        .report(.launch(campaigns[position].snapshot, launch, event))
    }

    private func report(_ event: LaunchEvent, _ index: Int) -> [Effect] {
        report(event, of: launches[index]).map { [$0] } ?? []
    }

    /// Evaluates the open launches in start order and requests fresh stats for the first that may start.
    mutating func advanceLaunches(at now: Instant) -> [Effect] {
        guard launches.hasOpen else { return [] }
        var effects = dropExpired(at: now)
        if launches.busy != nil { return effects }
        var isBehind = false
        for index in launches.open where isDue(index, at: now) {
            if isAnswered(index, at: now) {
                effects += evaluateReportingRules(index, at: now)
                let isForced = launches[index].forcer(at: now) != nil
                if let obstacle = obstacle(index, isForced: isForced, isBehind: isBehind, at: now) {
                    effects += take(obstacle, index, at: now)
                } else {
                    launches.update(index) { $0.beginEvaluation(at: now) }
                    return effects + targets(index).map { planner.pollNow($0, at: now) }
                }
            }
            let isLast = launches.open.last == index
            let (mayRun, staleAfter) = (mayRun(index), policy.staleAfter)
            let (isAwaited, skippedAfter) = launches.update(index) {
                $0.noteSettling(mayRun: mayRun, isLast: isLast, staleAfter: staleAfter, at: now)
            }
            if let skippedAfter {
                effects += report(.skipped(after: skippedAfter, reasons: launches[index].reasons), index)
            }
            if isAwaited { isBehind = true }
        }
        return effects
    }

    private mutating func dropExpired(at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        for index in launches.open {
            guard let expires = launches[index].entry.expires, monotonic(expires) <= now, canExpire(index) else {
                continue
            }
            launches.update(index) { $0.close() }
            effects += report(.expired, index)
        }
        return effects
    }

    private func canExpire(_ index: Int) -> Bool {
        switch launches[index].phase {
        case .waiting, .held: !mayRun(index)
        case .evaluating, .starting, .released, .closed: false
        }
    }

    /// True if a start of the launch may have taken effect.
    private func mayRun(_ index: Int) -> Bool { campaigns[launches[index].entry.campaign]?.awaitsLostStart == true }

    /// True if the launch is due and nobody holds it.
    private func isDue(_ index: Int, at now: Instant) -> Bool {
        let launch = launches[index]
        guard launch.isOpen, launch.heldBy == nil else { return false }
        if launch.forcer(at: now) != nil { return true }
        return launch.entry.notBefore.map { monotonic($0) <= now } ?? true
    }

    /// True if every target of the launch has been answered at least once and no retry delay is running.
    private func isAnswered(_ index: Int, at now: Instant) -> Bool {
        if let retryAt = launches[index].retryAt, retryAt > now { return false }
        return planner.unanswered.isEmpty || planner.unanswered.isDisjoint(with: targets(index))
    }

    /// The targets that the launch is evaluated on.
    private func targets(_ index: Int) -> [Target] {
        guard let campaign = campaigns.index(of: launches[index].entry.campaign) else { return [] }
        return targets(of: campaigns[campaign].entry, campaigns[campaign].rules.set.launchSources)
    }

    /// The unsettled launch ahead of this one; nil if this one waits for none.
    package func launchAhead(of index: Int, at now: Instant) -> LaunchMachine? {
        for other in launches.open {
            if other == index { return nil }
            guard isDue(other, at: now), !launches[other].isSettled(mayRun: mayRun(other)) else { continue }
            if launches[other].unsettledSince.map({ now - $0 < policy.staleAfter }) ?? true { return launches[other] }
        }
        return nil
    }

    /// Evaluates launch rules that only report; each reports when it becomes true and when it no longer holds.
    private mutating func evaluateReportingRules(_ index: Int, at now: Instant) -> [Effect] {
        guard let campaign = campaigns[launches[index].entry.campaign] else { return [] }
        let rules = campaign.rules.set.launch.filter { $0.action == .alert || $0.mode == .observe }
        if rules.isEmpty { return [] }
        let readings = campaign.readings(in: context(of: campaign.entry, at: now))
        return rules.compactMap { rule in
            let evaluation = rule.condition.evaluate(readings)
            let change = launches.update(index) { $0.note(evaluation.truth, of: rule) }
            return change.map {
                .report(.rule(RuleTransition($0, rule, evaluation, on: .campaign(campaign.entry))))
            }
        }
    }

    // MARK: Evaluation

    /// Handles a fresh response or its failure; once all are in, the launch is started or held.
    mutating func settleLaunch(_ outcome: PollOutcome, at now: Instant) -> [Effect] {
        guard let index = launches.busy, case .evaluating(let since) = launches[index].phase else { return [] }
        let targets = targets(index)
        guard targets.contains(outcome.target), outcome.requestedAt >= since else { return [] }
        if outcome.isFailure {
            let retryAt = now + policy.poll.pools.min
            launches.update(index) { $0.waitUntil(retryAt) }
            return take(LaunchHold([.noFreshStats]), index, at: now)
        }
        guard targets.allSatisfy({ isFresh($0, since: since) }) else { return [] }
        let isForced = launches[index].forcer(at: now) != nil
        guard let obstacle = obstacle(index, isForced: isForced, at: now) else { return release(index, at: now) }
        switch obstacle {
        // Meanwhile, an earlier launch came due, or this one expired or was postponed.
        case .over, .notDue, .behind, .startUnderWay:
            launches.update(index) { $0.stepBack() }
            return advanceLaunches(at: now)
        case .person, .alreadyStarted, .hold, .startLimit: return take(obstacle, index, at: now)
        }
    }

    /// Holds the launch and reports why.
    mutating func take(_ hold: LaunchHold, _ index: Int, at now: Instant) -> [Effect] {
        var hold = hold
        if let campaign = campaigns[launches[index].entry.campaign] {
            hold.enrolled = campaign.samples.latest?.stats.totalEnrolled
            hold.pool = pools.reading(for: campaign.entry, at: now)
        }
        let staleAfter = policy.staleAfter
        let events = launches.update(index) { [hold] in $0.hold(hold, staleAfter: staleAfter, at: now) }
        return events.flatMap { report($0, index) }
    }

    // MARK: Starting

    private mutating func release(_ index: Int, at now: Instant) -> [Effect] {
        let launch = launches[index]
        guard let position = campaigns.index(of: launch.entry.campaign) else { return [] }
        let entry = campaigns[position].entry
        let (conditions, evidence) = passedRules(position, at: now)
        let decision = Decision(
            id: nextDecisionID(), at: now, campaign: entry.id,
            cause: launch.forcer(at: now).map { .order($0) } ?? .launchRulesPass, conditionText: conditions,
            evidence: evidence)
        let pool = pools.reading(of: entry, at: now)
        if let pool, let enrolled = campaigns[position].samples.latest?.stats.totalEnrolled {
            pools.reserve(launch: enrolled, in: pool.pool.id, for: entry.id)
        }
        guard policy.mode == .enforce else {
            launches.update(index) { $0.release(isDryRun: true) }
            return report(.released(ReleaseReport(decision: decision, mode: .observe, pool: pool)), index)
        }
        launches.update(index) { $0.beginStart() }
        startLimit.note(entry.id, at: now)
        return campaigns.update(position) { $0.beginStart(decision, at: now) }
    }

    /// The holding rules joined into one condition; it can be true only if a person forced the launch.
    private func passedRules(_ index: Int, at now: Instant) -> (conditions: String?, evidence: Evaluation?) {
        let rules = campaigns[index].rules.set.holding
        if rules.isEmpty { return (nil, nil) }
        let readings = campaigns[index].readings(in: context(of: campaigns[index].entry, at: now))
        let evaluations = rules.map { $0.condition.evaluate(readings) }
        let evidence = Evaluation(
            truth: evaluations.map(\.truth).reduce(.no) { $0.or($1) }, findings: evaluations.flatMap(\.findings),
            coverage: evaluations.compactMap(\.coverage).min())
        return (rules.map { "(\($0.conditionText))" }.joined(separator: " or "), evidence)
    }

    /// Settles a start, even if its launch or its campaign left the policy meanwhile.
    mutating func startAnswered(
        _ intent: Intent, _ result: Result<ActionAnswer, Fault>, jitter: Double, at now: Instant
    ) -> [Effect] {
        guard let position = campaigns.knownIndex(of: intent.campaign), campaigns[position].startUnderWay == intent
        else { return [] }
        let effects: [Effect]
        switch result {
        case .success(let answer):
            switch answer.status {
            case .running: effects = started(position, intent, answer, at: now)
            case .draft, .paused, .other:
                let fault = Fault(.unexpected, "the response to a start reports that the campaign is not running")
                effects = startFailed(position, intent, fault, jitter: jitter, at: now)
            }
        case .failure(let fault): effects = startFailed(position, intent, fault, jitter: jitter, at: now)
        }
        return effects + advanceLaunches(at: now)
    }

    private mutating func started(
        _ position: Int, _ intent: Intent, _ answer: ActionAnswer, at now: Instant
    ) -> [Effect] {
        learnSkew(answer.startedAt, intent, .success(answer))
        let earliest = skews[campaigns[position].entry.workspace].earliest
        let ranSince = answer.startedAt.flatMap { intent.offset(of: $0, answer) < earliest ? $0 : nil }
        return confirmStart(position, intent, ranSince.map { .ranSince($0) }, at: now)
    }

    /// Marks the campaign and its launch as started by us, and reports it.
    private mutating func confirmStart(
        _ position: Int, _ intent: Intent, _ note: ReleaseReport.Note?, at now: Instant
    ) -> [Effect] {
        campaigns.update(position) { $0.confirmStart(at: now) }
        if let index = launches.knownIndex(of: intent.campaign) { launches.update(index) { $0.release() } }
        let pool = pools.reading(of: campaigns[position].entry, at: now)
        let release = ReleaseReport(decision: intent.decision, mode: .enforce, pool: pool, note: note)
        return [report(.released(release), of: launchEntry(intent.campaign), position)]
    }

    /// The campaign's launch as the policy has it or had it.
    private func launchEntry(_ campaign: CampaignID) -> LaunchEntry {
        launches.known(campaign)?.entry ?? LaunchEntry(campaign: campaign)
    }

    private mutating func startFailed(
        _ position: Int, _ intent: Intent, _ fault: Fault, jitter: Double, at now: Instant
    ) -> [Effect] {
        let isFinal: Bool
        switch fault.kind {
        case .missing: isFinal = true
        case .refused: isFinal = fault.code != "no_leads_enrolled"
        case .unreachable, .unexpected, .unauthorized, .throttled: isFinal = false
        }
        campaigns.update(position) { $0.startFailed(fault, isFinal: isFinal, at: now) }
        // A start that may have taken effect stays reserved: only the counters can tell.
        if !campaigns[position].awaitsLostStart { pools.cancelReservation(of: intent.campaign) }
        let waitMin = max(fault.retryAfter ?? .zero, policy.poll.pools.min)
        var next = isFinal ? StartFailureAftermath.closed : .triedAgain
        var isDue = true
        if let index = launches.knownIndex(of: intent.campaign) {
            isDue = launches.update(index) { launch in
                if isFinal { launch.close() }
                return isFinal || launch.startFailed(fault.summary, waitMin: waitMin, random: jitter, at: now)
            }
        }
        let index = launches.openIndex(of: intent.campaign)
        if launches.index(of: intent.campaign) == nil { next = .notInPolicy }
        let effects =
            isDue ? [report(.failed(intent.decision, fault, next), of: launchEntry(intent.campaign), position)] : []
        guard let index, let order = launches[index].heldBy else { return effects }
        return effects + take(LaunchHold([.person(order.by)]), index, at: now)
    }

    /// Gives up a lost start whose campaign has stayed a draft for a day, so that others may use its volume.
    mutating func giveUpLostStart(_ position: Int, at now: Instant) -> [Effect] {
        guard let lost = campaigns.update(position, { $0.giveUpLostStart(at: now) }) else { return [] }
        pools.cancelReservation(of: lost.campaign)
        let fault = Fault(.unreachable, "its start received no response, and the campaign is still a draft")
        return [report(.failed(lost.decision, fault, .givenUp), of: launchEntry(lost.campaign), position)]
    }

    // MARK: Started by someone

    mutating func foundStarted(launch index: Int, isFirstPoll: Bool, at now: Instant) -> [Effect] {
        campaigns.index(of: launches[index].entry.campaign).map {
            foundStarted($0, isFirstPoll: isFirstPoll, at: now)
        } ?? []
    }

    /// Handles counters that show a start; it is ours if a start of ours was lost.
    mutating func foundStarted(_ position: Int, isFirstPoll: Bool, at now: Instant) -> [Effect] {
        // The response to our start is still to come and settles this.
        if campaigns[position].startUnderWay != nil { return [] }
        // Our start counts even if its launch left the policy or is over.
        if let intent = campaigns[position].lostStart {
            return confirmStart(position, intent, .seenInCounters, at: now)
        }
        guard let index = launches.openIndex(of: campaigns[position].entry.id) else {
            return isFirstPoll ? [] : foundUnplanned(position, launch: nil, at: now)
        }
        launches.update(index) { $0.close() }
        if isFirstPoll { return report(.alreadyStarted, index) }
        return foundUnplanned(position, launch: launches[index], at: now)
    }

    /// Reports a draft that began to send without us, if its launch was not released or its rules would have held it.
    private mutating func foundUnplanned(_ position: Int, launch: LaunchMachine?, at now: Instant) -> [Effect] {
        let entry = campaigns[position].entry
        let planned = launches[entry.id]
        // In observe mode, people start the launches reported as released.
        if planned?.phase == .released { return [] }
        let readings = campaigns[position].readings(in: context(of: entry, at: now))
        var holding: (rule: Rule, evaluation: Evaluation)?
        for rule in campaigns[position].rules.set.launch where rule.action == .hold && holding == nil {
            let evaluation = rule.condition.evaluate(readings)
            if evaluation.truth == .yes { holding = (rule, evaluation) }
        }
        guard launch != nil || holding != nil else { return [] }
        let launchEntry = planned?.entry ?? LaunchEntry(campaign: entry.id)
        var effects: [Effect] = [
            .report(
                .launch(
                    campaigns[position].snapshot, launchEntry,
                    .unapproved(rule: holding?.rule, holding?.evaluation)))
        ]
        guard policy.onUnapproved == .pause, let (rule, evaluation) = holding else { return effects }
        let decision = Decision(
            id: nextDecisionID(), at: now, campaign: entry.id, cause: .unapprovedLaunch,
            conditionText: rule.conditionText, evidence: evaluation)
        if policy.enforces(rule) {
            effects += campaigns.update(position) { $0.beginPause(decision, at: now) }
        } else {
            effects.append(campaigns[position].reportPause(decision, rule, mode: .observe))
        }
        return effects
    }
}

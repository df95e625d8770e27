import Model
import Policy

/// Launches: judged in order, on fresh numbers, one at a time.
extension Guard {
    /// Tells of every launch that waits.
    func queueLaunches(at now: Instant) -> [Effect] {
        waitingNews(launches)
    }

    func waitingNews(_ launches: [LaunchState]) -> [Effect] {
        launches.filter { $0.phase == .waiting }.compactMap { launch in
            campaign(launch.entry.campaign).map { .report(Wording.queued(launch.entry, $0.entry)) }
        }
    }

    /// Judges every open launch in the order in which they may start; asks for fresh numbers for the first that may.
    mutating func advanceLaunches(at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        for index in launchOrder where launches[index].isOpen {
            if let expires = launches[index].entry.expires, evenTime(expires) <= now, canExpire(index) {
                launches[index].phase = .closed
                if let campaign = campaign(launches[index].entry.campaign) {
                    effects.append(.report(Wording.expired(launches[index].entry, campaign.entry)))
                }
            }
        }
        if isLaunchBusy { return effects }
        // One that goes first is still to be judged: what it takes of a pool is not known.
        var isBehind = false
        for index in launchOrder where hasComeDue(index, at: now) {
            if isAnswered(index, at: now) {
                effects += tellLaunchRules(index, at: now)
                switch verdict(index, at: now) {
                case .pass where isBehind && forcer(index, at: now) == nil: break
                case .pass:
                    let (more, isBegun) = beginLaunch(index, at: now)
                    effects += more
                    if isBegun { return effects }
                case .hold(let reasons, let finding, let rule, let evaluation):
                    effects += hold(index, reasons, finding, rule, evaluation, at: now)
                case .alreadyStarted:
                    effects += foundStarted(launches[index].entry.campaign, isFirstLook: true, at: now)
                }
            }
            let (more, isAwaited) = noteSettling(index, at: now)
            effects += more
            if isAwaited { isBehind = true }
        }
        return effects
    }

    /// The launch rules allow it: fresh numbers are asked for, unless the ledger or the start limit keep it waiting.
    private mutating func beginLaunch(_ index: Int, at now: Instant) -> (effects: [Effect], isBegun: Bool) {
        if ledgerTrouble != nil { return (hold(index, [.ledger], nil, nil, nil, at: now), false) }
        if policy.mode == .enforce, forcer(index, at: now) == nil,
            let until = startBelt(launches[index].entry.campaign, at: now)
        {
            launches[index].retryAt = until
            return (tellBelt(at: now) + hold(index, [.belt], nil, nil, nil, at: now), false)
        }
        return (beginJudging(index, at: now), true)
    }

    /// Whether launches behind a due one wait for it: until it is judged, but no longer than `stale_after`.
    private mutating func noteSettling(_ index: Int, at now: Instant) -> (effects: [Effect], isAwaited: Bool) {
        guard launches[index].isOpen, !launches[index].isSettled else {
            if launches[index].unsettledSince != nil {
                (launches[index].unsettledSince, launches[index].toldSkipped) = (nil, false)
            }
            return ([], false)
        }
        guard let since = launches[index].unsettledSince else {
            launches[index].unsettledSince = now
            return ([], true)
        }
        if now - since < policy.staleAfter { return ([], true) }
        let isLast = launchOrder.last { launches[$0].isOpen } == index
        guard !launches[index].toldSkipped, !isLast, let campaign = campaign(launches[index].entry.campaign) else {
            return ([], false)
        }
        launches[index].toldSkipped = true
        return ([.report(Wording.skipped(launches[index], campaign, after: now - since))], false)
    }

    /// The launch that goes before this one and is still to be judged; nil where this one waits for none.
    func launchAhead(of index: Int, at now: Instant) -> LaunchState? {
        for other in launchOrder {
            if other == index { return nil }
            let launch = launches[other]
            guard hasComeDue(other, at: now), !launch.isSettled else { continue }
            if launch.unsettledSince.map({ now - $0 < policy.staleAfter }) ?? true { return launch }
        }
        return nil
    }

    private func canExpire(_ index: Int) -> Bool {
        switch launches[index].phase {
        case .waiting, .held: launches[index].lostStart == nil
        case .judging, .releasing, .released, .closed: false
        }
    }

    /// Its time has come, and no person holds it.
    private func hasComeDue(_ index: Int, at now: Instant) -> Bool {
        let launch = launches[index]
        guard launch.isOpen, launch.heldBy == nil else { return false }
        if forcer(index, at: now) != nil { return true }
        return launch.entry.notBefore.map { evenTime($0) <= now } ?? true
    }

    /// What it is judged on has been answered at least once, and nothing asks to wait.
    private func isAnswered(_ index: Int, at now: Instant) -> Bool {
        if let retryAt = launches[index].retryAt, retryAt > now { return false }
        return unanswered.isDisjoint(with: needed(index))
    }

    /// What a launch is judged on.
    private func needed(_ index: Int) -> Set<Target> {
        let id = launches[index].entry.campaign
        var sources: Set<Source> = [.stats]
        for rule in launchRules(id) { sources.formUnion(rule.condition.sources) }
        return Set(targets(of: id, sources))
    }

    /// Where a campaign's numbers come from, in the order in which they are to be asked for.
    ///
    /// Statistics first: what is sent between two answers is then reserved once too often, never too rarely.
    func targets(of id: CampaignID, _ sources: Set<Source>) -> [Target] {
        guard let entry = campaign(id)?.entry else { return [] }
        let all: [(Source, Target)] = [
            (.stats, .stats(id)), (.accounts, .accounts(entry.workspace)),
            (.pools, platform.target(of: entry.pool, in: entry.workspace)),
        ]
        return all.filter { sources.contains($0.0) }.map(\.1).filter { plan.asks(for: $0) }
    }

    func launchRules(_ id: CampaignID) -> [Rule] {
        guard let entry = campaign(id)?.entry else { return [] }
        return policy.rules.filter { $0.trigger == .launch && $0.mode != .off && $0.applies(to: entry) }
    }

    /// The launch rules that keep the campaign from being started, and from being resumed.
    func holdingRules(_ id: CampaignID) -> [Rule] {
        launchRules(id).filter { $0.action == .hold && $0.mode == .enforce }
    }

    /// Launch rules that do not hold, but only tell: each says once that it is true, and once that it is no more.
    private mutating func tellLaunchRules(_ index: Int, at now: Instant) -> [Effect] {
        guard let place = places[launches[index].entry.campaign] else { return [] }
        var effects: [Effect] = []
        let readings = readings(place, at: now)
        for rule in launchRules(launches[index].entry.campaign) where rule.action == .alert || rule.mode == .observe {
            let evaluation = rule.condition.evaluate(readings)
            let change: RuleState.Change
            switch evaluation.truth {
            case .unknown: continue
            case .yes:
                guard launches[index].toldRules.insert(rule.name).inserted else { continue }
                change = .firing
            case .no:
                guard launches[index].toldRules.remove(rule.name) != nil else { continue }
                change = .cleared
            }
            effects.append(.report(Wording.change(change, rule, evaluation, .campaign(campaigns[place].entry))))
        }
        return effects
    }

    // MARK: Judging

    private mutating func beginJudging(_ index: Int, at now: Instant) -> [Effect] {
        launches[index].phase = .judging(since: now)
        launches[index].retryAt = nil
        var effects: [Effect] = []
        let needed = needed(index)
        for target in targets(of: launches[index].entry.campaign, Set(Source.allCases)) where needed.contains(target) {
            plan.noteExtra(target, at: now)
            effects.append(.poll(target))
        }
        return effects
    }

    /// A fresh number came, or failed to: once all are there, the launch is started or held.
    mutating func settleJudging(_ observation: Observation, at now: Instant) -> [Effect] {
        guard isLaunchBusy else { return [] }
        for index in launches.indices {
            guard case .judging(let since) = launches[index].phase else { continue }
            let needed = needed(index)
            guard needed.contains(observation.target), observation.requestedAt >= since else { return [] }
            if case .failure = observation.result {
                launches[index].retryAt = now + policy.poll.pools.min
                return hold(index, [.noFreshLook], nil, nil, nil, at: now)
            }
            guard needed.allSatisfy({ isFresh($0, since: since) }) else { return [] }
            switch verdict(index, at: now) {
            case .pass:
                // One that goes first may have come due meanwhile.
                if forcer(index, at: now) == nil, launchAhead(of: index, at: now) != nil {
                    launches[index].phase = .waiting
                    return advanceLaunches(at: now)
                }
                return release(index, at: now)
            case .hold(let reasons, let finding, let rule, let evaluation):
                return hold(index, reasons, finding, rule, evaluation, at: now)
            case .alreadyStarted: return foundStarted(launches[index].entry.campaign, isFirstLook: true, at: now)
            }
        }
        return []
    }

    func isFresh(_ target: Target, since: Instant) -> Bool {
        let requestedAt: Instant? =
            switch target {
            case .stats(let id): campaign(id)?.latest?.requestedAt
            case .pools, .accounts, .pool, .operation: platform.requestedAt(target)
            }
        return requestedAt.map { $0 >= since } ?? false
    }

    /// What the numbers at hand say of the launch: every rule must be known and false.
    func verdict(_ index: Int, at now: Instant) -> LaunchVerdict {
        let id = launches[index].entry.campaign
        guard let place = places[id], let latest = campaigns[place].latest, !campaigns[place].isMissing,
            campaigns[place].age(at: now) <= policy.staleAfter
        else { return .hold([.noNumbers], nil, rule: nil, nil) }
        if latest.stats.showsSending { return .alreadyStarted }
        switch campaigns[place].phase {
        // What was stopped is no launch, even before its first mail.
        case .pausing, .paused, .pausedByAnother, .resuming: return .hold([.paused], nil, rule: nil, nil)
        case .unknown, .draft, .releasing, .running: break
        }
        guard latest.stats.provesDraft, let enrolled = latest.stats.totalEnrolled else {
            return .hold([.noNumbers], nil, rule: nil, nil)
        }
        if enrolled == 0 { return .hold([.noLeads], nil, rule: nil, nil) }
        if forcer(index, at: now) != nil { return .pass }
        var reasons: [Hold.Reason] = []
        var first: (Finding?, Rule, Evaluation)?
        let readings = readings(place, at: now)
        for rule in holdingRules(id) {
            let evaluation = rule.condition.evaluate(readings)
            switch evaluation.truth {
            case .no: continue
            case .yes: reasons.append(.rule(rule.name))
            case .unknown: reasons.append(.unknownRule(rule.name))
            }
            if first == nil { first = (Wording.decisive(evaluation), rule, evaluation) }
        }
        guard let (finding, rule, evaluation) = first else { return .pass }
        return .hold(reasons, finding, rule: rule, evaluation)
    }

    mutating func hold(
        _ index: Int, _ reasons: [Hold.Reason], _ finding: Finding?, _ rule: Rule?, _ evaluation: Evaluation?,
        at now: Instant
    ) -> [Effect] {
        var effects: [Effect] = []
        var launch = launches[index]
        launch.phase = .held(reasons)
        launch.heldSince = launch.heldSince ?? now
        let lacksData = reasons.contains(where: \.isWantOfData)
        launch.blindSince = lacksData ? launch.blindSince ?? now : nil
        if launch != launches[index] { launches[index] = launch }
        guard let campaign = campaign(launch.entry.campaign) else { return [] }
        let pool = platform.reading(for: campaign.entry, at: now)
        if isNews(reasons, for: launch, at: now) {
            launches[index].toldReasons = reasons
            effects.append(.report(Wording.held(launch.entry, campaign, reasons, rule, evaluation, pool, at: now)))
        }
        if let enrolled = campaign.latest?.stats.totalEnrolled, let pool, let capacity = pool.pool.dailyCapacity,
            pool.neverTakes(enrolled), launch.toldCannotFit != enrolled,
            rule?.condition.sources.contains(.pools) == true
        {
            launches[index].toldCannotFit = enrolled
            effects.append(.report(Wording.cannotFit(launch.entry, campaign, enrolled, capacity, pool)))
        }
        return effects
    }

    /// Whether the reasons are to be told.
    ///
    /// For a launch that is known to wait, a gap in the data is news once it lasts.
    private func isNews(_ reasons: [Hold.Reason], for launch: LaunchState, at now: Instant) -> Bool {
        guard let told = launch.toldReasons else { return true }
        if reasons == told { return false }
        let known = reasons.filter { !$0.isWantOfData }
        if known.count == reasons.count { return true }
        if !known.isEmpty, known != told.filter({ !$0.isWantOfData }) { return true }
        return launch.blindSince.map { now - $0 >= policy.staleAfter } ?? false
    }

    // MARK: Starting

    private mutating func release(_ index: Int, at now: Instant) -> [Effect] {
        let id = launches[index].entry.campaign
        guard let place = places[id] else { return [] }
        let (conditions, evidence) = passedRules(place, at: now)
        let decision = Decision(
            id: nextDecisionID(), at: now, campaign: id,
            cause: forcer(index, at: now).map { .order($0) } ?? .launchRulesPass, conditionText: conditions,
            evidence: evidence)
        let pool = platform.reading(of: campaigns[place].entry, at: now)
        if let pool, let enrolled = campaigns[place].latest?.stats.totalEnrolled {
            platform.reservations.reserve(enrolled, in: pool.pool.id, for: id)
        }
        guard policy.mode == .enforce else {
            launches[index].phase = .released
            launches[index].wasOnlyTold = true
            return [.report(Wording.released(campaigns[place], decision, pool, note: nil, mode: .observe))]
        }
        let intent = Intent(action: .start, campaign: id, decision: decision, firstSentAt: now, attempt: 1)
        launches[index].phase = .releasing(intent)
        campaigns[place].phase = .releasing
        belt.noteStart(id, at: now)
        news += [.decision(decision), .intent(intent, outcome: nil)]
        return [.send(intent)]
    }

    /// The launch rules that might have held it, as one condition, which only a person's word lets be true.
    private func passedRules(_ place: Int, at now: Instant) -> (conditions: String?, evidence: Evaluation?) {
        let readings = readings(place, at: now)
        let rules = holdingRules(campaigns[place].entry.id)
        if rules.isEmpty { return (nil, nil) }
        let evaluations = rules.map { $0.condition.evaluate(readings) }
        let evidence = Evaluation(
            truth: evaluations.map(\.truth).reduce(.no) { $0.or($1) }, findings: evaluations.flatMap(\.findings),
            coverage: evaluations.compactMap(\.coverage).min())
        return (rules.map { "(\($0.conditionText))" }.joined(separator: " or "), evidence)
    }

    mutating func startAnswered(
        _ intent: Intent, _ result: Result<ActionAnswer, Fault>, at now: Instant
    ) -> [Effect] {
        guard let place = places[intent.campaign],
            let index = launches.firstIndex(where: { $0.phase == .releasing(intent) })
        else { return [] }
        campaigns[place].freshAfter = now
        var effects: [Effect]
        switch result {
        case .success(let answer):
            switch answer.status {
            case .running: effects = started(index, place, intent, answer, at: now)
            case .draft, .paused, .other:
                let fault = Fault(.unexpected, "the answer to a start says that the campaign does not run")
                effects = startFailed(index, place, intent, fault, at: now)
            }
        case .failure(let fault): effects = startFailed(index, place, intent, fault, at: now)
        }
        return effects + advanceLaunches(at: now)
    }

    private mutating func started(
        _ index: Int, _ place: Int, _ intent: Intent, _ answer: ActionAnswer, at now: Instant
    ) -> [Effect] {
        launches[index].phase = .released
        launches[index].lostStart = nil
        campaigns[place].phase = .running
        if let startedAt = answer.startedAt { noteSkew(of: startedAt, intent, answer) }
        let ranBefore = answer.startedAt.map { isOlder($0, than: intent, answer) } ?? false
        let note = ranBefore ? "the platform says that it has run since \(answer.startedAt?.rfc3339 ?? "before")" : nil
        let pool = platform.reading(of: campaigns[place].entry, at: now)
        return [.report(Wording.released(campaigns[place], intent.decision, pool, note: note, mode: .enforce))]
    }

    private mutating func startFailed(
        _ index: Int, _ place: Int, _ intent: Intent, _ fault: Fault, at now: Instant
    ) -> [Effect] {
        let id = intent.campaign
        let isFinal: Bool
        switch fault.kind {
        case .missing: isFinal = true
        case .refused: isFinal = fault.code != "no_leads_enrolled"
        case .unreachable, .unexpected:
            // It may have taken effect: only numbers can tell. Until then its volume stays promised.
            if fault.mayHaveTakenEffect { launches[index].lostStart = intent }
            isFinal = false
        case .unauthorized, .throttled: isFinal = false
        }
        if isFinal { launches[index].lostStart = nil }
        if launches[index].lostStart == nil {
            platform.reservations.cancel(id)
            campaigns[place].phase = .draft
        }
        if isFinal {
            launches[index].phase = .closed
        } else {
            launches[index].phase = .held([.startFailed])
            launches[index].retryAt = now + max(fault.retryAfter ?? .zero, policy.poll.pools.min)
        }
        return [.report(Wording.launchFailed(campaigns[place], intent, fault, isFinal: isFinal))]
    }

    // MARK: Started by someone

    /// The counters show that the campaign was started; by us, if a start of ours got lost.
    mutating func foundStarted(_ id: CampaignID, isFirstLook: Bool, at now: Instant) -> [Effect] {
        guard let place = places[id] else { return [] }
        guard let index = openLaunchPlace(id) else {
            return isFirstLook ? [] : foundUnplanned(place, launch: nil, at: now)
        }
        switch launches[index].phase {
        // The answer to our start is still to come and will tell.
        case .releasing: return []
        case .waiting, .held, .judging, .released, .closed: break
        }
        if let intent = launches[index].lostStart {
            launches[index].phase = .released
            launches[index].lostStart = nil
            campaigns[place].phase = .running
            let pool = platform.reading(of: campaigns[place].entry, at: now)
            let note = "the answer to our start was lost, but its numbers show that it runs"
            return [.report(Wording.released(campaigns[place], intent.decision, pool, note: note, mode: .enforce))]
        }
        launches[index].phase = .closed
        if isFirstLook {
            return [.report(Wording.alreadyStarted(campaigns[place]))]
        }
        return foundUnplanned(place, launch: launches[index], at: now)
    }

    /// A draft began to send without us: reported if its launch was not released, or its rules would have held it.
    private mutating func foundUnplanned(_ place: Int, launch: LaunchState?, at now: Instant) -> [Effect] {
        // In observe mode a launch that "was released" is started by people.
        if let index = launchPlaces[campaigns[place].entry.id], launches[index].phase == .released { return [] }
        var holding: (Rule, Evaluation)?
        let readings = readings(place, at: now)
        for rule in launchRules(campaigns[place].entry.id) where rule.action == .hold {
            let evaluation = rule.condition.evaluate(readings)
            if evaluation.truth == .yes, holding == nil { holding = (rule, evaluation) }
        }
        guard launch != nil || holding != nil else { return [] }
        var effects: [Effect] = [.report(Wording.unapproved(campaigns[place], holding))]
        if policy.onUnapproved == .pause, let (rule, evaluation) = holding {
            let decision = Decision(
                id: nextDecisionID(), at: now, campaign: campaigns[place].entry.id, cause: .unapprovedLaunch,
                conditionText: rule.conditionText, evidence: evaluation)
            if policy.mode == .enforce, rule.mode == .enforce {
                effects += beginPause(place, decision, at: now)
            } else {
                effects.append(.report(Wording.paused(campaigns[place], rule, decision, mode: .observe)))
            }
        }
        return effects
    }
}

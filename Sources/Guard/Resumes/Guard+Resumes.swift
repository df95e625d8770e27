import Model
import Policy

/// Resumes: after the cool-down, on fresh numbers, and then on probation.
extension Guard {
    /// A resume waits at most so long for launches to use what is reserved for them: every window of a pool ends by then.
    private static let volumeWaitMax: Duration = .seconds(86400)

    /// When a pause of ours ends by itself; nil where a person has to end it.
    mutating func plannedResume(_ place: Int, _ rule: Rule?, at now: Instant) -> Instant? {
        rule.flatMap { campaigns[place].recovery.paused(by: $0, at: now) }
    }

    /// When the campaign is next to be looked at for its resume.
    func resumeDue(_ id: CampaignID) -> Instant? {
        guard policy.mode == .enforce, let phase = campaign(id)?.phase else { return nil }
        switch phase {
        // What goes on sending needs no resume.
        case .paused(let pause): return pause.ineffective == nil ? pause.resumeAt : nil
        case .resuming(let attempt):
            if case .waiting(let until) = attempt.step { return until }
            return nil
        case .unknown, .draft, .releasing, .running, .pausing, .pausedByAnother: return nil
        }
    }

    /// Looks at every campaign whose cool-down is over: fresh numbers are asked for.
    mutating func advanceResumes(at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        for id in resting.sorted() {
            guard let place = places[id] else {
                resting.remove(id)
                continue
            }
            guard let due = resumeDue(id), due <= now else { continue }
            var attempt: ResumeAttempt
            switch campaigns[place].phase {
            case .paused(let pause): attempt = ResumeAttempt(pause: pause, step: .judging(since: now))
            case .resuming(let resting): attempt = resting
            case .unknown, .draft, .releasing, .running, .pausing, .pausedByAnother: continue
            }
            guard attempt.order != nil || resumeRule(attempt) != nil else {
                campaigns[place].phase = attempt.withoutResume
                resting.remove(id)
                continue
            }
            if let orderedAt = attempt.orderedAt, now - orderedAt >= Guard.orderMax, !attempt.mayHaveTakenEffect {
                effects += endOrder(place, attempt, "it could not be done within \(Guard.orderMax.policyText)")
                continue
            }
            attempt.step = .judging(since: now)
            campaigns[place].phase = .resuming(attempt)
            effects += askForResume(place, at: now)
        }
        return effects
    }

    /// Asks for the fresh numbers that a resume is judged on.
    mutating func askForResume(_ place: Int, at now: Instant) -> [Effect] {
        resumeTargets(campaigns[place].entry.id).map { target in
            plan.noteExtra(target, at: now)
            return .poll(target)
        }
    }

    /// The rule whose pause it was, if it still is one that resumes.
    private func resumeRule(_ attempt: ResumeAttempt) -> Rule? {
        rule(of: attempt.pause.decision).flatMap { $0.resume != nil && $0.mode == .enforce ? $0 : nil }
    }

    /// What a resume is judged on, statistics first.
    private func resumeTargets(_ id: CampaignID) -> [Target] {
        var sources: Set<Source> = [.stats]
        for rule in holdingRules(id) { sources.formUnion(rule.condition.sources) }
        return targets(of: id, sources)
    }

    // MARK: Judging

    /// A fresh number came, or failed to: once all are there, the campaign is started, or rests on.
    mutating func settleResumes(_ observation: Observation, at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        let candidates: [CampaignID]
        switch observation.target {
        case .stats(let id): candidates = resting.contains(id) ? [id] : []
        case .pools, .accounts, .pool: candidates = resting.sorted()
        case .operation: candidates = []
        }
        for id in candidates {
            guard let place = places[id], case .resuming(let attempt) = campaigns[place].phase,
                case .judging(let since) = attempt.step, attempt.order != nil || resumeRule(attempt) != nil
            else { continue }
            let targets = resumeTargets(id)
            guard targets.contains(observation.target), observation.requestedAt >= since else { continue }
            if case .failure(let fault) = observation.result, case .stats = observation.target {
                effects += restOn(
                    place, attempt, "fresh numbers could not be had: \(fault.summary)", isWantOfData: true, at: now)
            } else if isFresh(.stats(id), since: since),
                isFailure(observation)
                    || targets.allSatisfy({ isFresh($0, since: since) })
            {
                effects += judgeResume(place, attempt, rule(of: attempt.pause.decision), at: now)
            }
        }
        return effects
    }

    /// What else is asked for only warns: without it, the campaign's own numbers decide.
    private func isFailure(_ observation: Observation) -> Bool {
        if case .failure = observation.result { true } else { false }
    }

    private mutating func judgeResume(
        _ place: Int, _ attempt: ResumeAttempt, _ rule: Rule?, at now: Instant
    ) -> [Effect] {
        let id = campaigns[place].entry.id
        if attempt.order == nil, let rule, let resume = rule.resume,
            campaigns[place].recovery.isExhausted(resume, at: now)
        {
            campaigns[place].phase = attempt.withoutResume
            resting.remove(id)
            return [.report(Wording.waitsForPerson(campaigns[place], rule))]
        }
        guard let stats = campaigns[place].latest?.stats, stats.sent != nil, stats.resolved != nil else {
            return restOn(place, attempt, "its fresh numbers are incomplete", isWantOfData: true, at: now)
        }
        let isForced = attempt.order?.isForced ?? false
        let obstacles = isForced ? basicObstacles(place) : obstacles(place, rule, at: now)
        if !obstacles.isEmpty {
            let reasons = obstacles.joined(separator: "; ")
            // A person is told all of them, and decides.
            return attempt.order == nil
                ? restOn(place, attempt, reasons, at: now) : endOrder(place, attempt, reasons)
        }
        var attempt = attempt
        if attempt.order == nil, let reason = promisedVolume(place, at: now) {
            let since = attempt.awaitsVolumeSince ?? now
            attempt.awaitsVolumeSince = since
            if now - since < Guard.volumeWaitMax { return restOn(place, attempt, reason, at: now) }
        }
        if attempt.order == nil, let until = startBelt(id, at: now) {
            return tellBelt(at: now) + restOn(place, attempt, "enough was started for now, belt", until: until, at: now)
        }
        let decision = Decision(
            id: nextDecisionID(), at: now, campaign: id,
            cause: attempt.order.map { .order($0) } ?? .coolDownOver(rule?.name ?? "of the policy no more"),
            conditionText: rule?.conditionText, evidence: rule?.condition.evaluate(readings(place, at: now)))
        let intent = Intent(action: .resume, campaign: id, decision: decision, firstSentAt: now, attempt: 1)
        attempt.step = .sent(intent)
        if !attempt.mayHaveTakenEffect { attempt.countedBefore = stats }
        campaigns[place].phase = .resuming(attempt)
        belt.noteStart(id, at: now)
        promiseRest(place)
        news += [.decision(decision), .intent(intent, outcome: nil)]
        return [.send(intent)]
    }

    /// Why the campaign must not go on yet, all of it: rules that pause it, the ledger, an id that is not known.
    ///
    /// Launch rules judge what a launch adds. A campaign that ran before adds nothing, so they only warn: see
    /// ``launchWarnings(_:at:)``.
    func obstacles(_ place: Int, _ owner: Rule?, at now: Instant) -> [String] {
        var obstacles = basicObstacles(place)
        for index in campaigns[place].rules.keys.sorted() {
            let rule = policy.rules[index]
            guard rule.action == .pause, rule.mode == .enforce, rule.name != owner?.name,
                mute(of: index, place, at: now) == nil
            else { continue }
            let evaluation = rule.condition.evaluate(readings(place, of: index, at: now))
            guard evaluation.truth == .yes || campaigns[place].rules[index]?.isFiring == true else { continue }
            let evidence = Wording.decisive(evaluation).map(Wording.text) ?? rule.conditionText
            obstacles.append("rule \(rule.name) is breached: \(evidence)")
        }
        return obstacles
    }

    /// The launch rules that would hold it, were it a launch of what it still has to send.
    func launchWarnings(_ place: Int, at now: Instant) -> [String] {
        let readings = readings(place, at: now).ofTheRest
        return holdingRules(campaigns[place].entry.id).compactMap { rule in
            let evaluation = rule.condition.evaluate(readings)
            guard evaluation.truth == .yes else { return nil }
            let evidence = Wording.decisive(evaluation).map(Wording.text) ?? rule.conditionText
            return "launch rule \(rule.name) would hold a launch of what is left to send: \(evidence)"
        }
    }

    /// What no person can overrule.
    private func basicObstacles(_ place: Int) -> [String] {
        var obstacles: [String] = []
        if ledgerTrouble != nil { obstacles.append("the ledger cannot be written") }
        if campaigns[place].isMissing { obstacles.append("the platform does not know the campaign") }
        return obstacles
    }

    /// Why a resume would take volume that is reserved for launches; nil where it takes none.
    private func promisedVolume(_ place: Int, at now: Instant) -> String? {
        let entry = campaigns[place].entry
        guard let pool = entry.pool ?? platform.single(entry.workspace)?.id else { return nil }
        let reserved = platform.reservations.reservedForLaunches(in: pool, except: entry.id)
        guard reserved > 0 else { return nil }
        guard let stats = campaigns[place].latest?.stats, let enrolled = stats.totalEnrolled, let sent = stats.sent
        else {
            return "its remaining emails are unknown, and \(reserved) emails of pool \(pool) are reserved for launches"
        }
        let rest = max(0, enrolled - sent)
        guard rest > 0 else { return nil }
        let remaining = platform.reading(for: entry, at: now)?.pool.remainingVolume
        if let remaining, rest <= remaining - reserved { return nil }
        return "it has \(rest) emails left to send, and \(reserved) emails of pool \(pool) are reserved for launches"
    }

    /// A person's resume comes to nothing: everything is as it was before.
    private mutating func endOrder(_ place: Int, _ attempt: ResumeAttempt, _ reason: String) -> [Effect] {
        campaigns[place].phase = attempt.withoutResume
        // A cool-down that was under way goes on.
        if case .paused(let pause) = campaigns[place].phase, pause.resumeAt == nil {
            resting.remove(campaigns[place].entry.id)
        }
        if case .pausedByAnother = campaigns[place].phase { resting.remove(campaigns[place].entry.id) }
        return [.report(Wording.resumeFailed(campaigns[place], attempt, reason))]
    }

    /// What it still has to send is promised to it.
    private mutating func promiseRest(_ place: Int) {
        let entry = campaigns[place].entry
        // Also where nothing fresh is known of the pool: it is drawn on all the same.
        guard let pool = entry.pool ?? platform.single(entry.workspace)?.id,
            let stats = campaigns[place].latest?.stats, let enrolled = stats.totalEnrolled
        else { return }
        platform.reservations.reserve(
            enrolled, sent: stats.sent ?? 0, in: pool, for: entry.id, isOfResume: true)
    }

    private mutating func restOn(
        _ place: Int, _ attempt: ResumeAttempt, _ reason: String, until: Instant? = nil, isWantOfData: Bool = false,
        at now: Instant
    ) -> [Effect] {
        var attempt = attempt
        attempt.step = .waiting(until: until ?? now + Recovery.retryInterval(policy))
        // A gap in the data is no news where a reason is known: the API's trouble is told by itself.
        let isNews = isWantOfData ? attempt.toldReason == nil : attempt.toldReason != reason
        if isNews { attempt.toldReason = reason }
        campaigns[place].phase = .resuming(attempt)
        return isNews ? [.report(Wording.resumeFailed(campaigns[place], attempt, reason))] : []
    }

    // MARK: Starting again

    mutating func resumeAnswered(
        _ intent: Intent, _ result: Result<ActionAnswer, Fault>, at now: Instant
    ) -> [Effect] {
        guard let place = places[intent.campaign], case .resuming(var attempt) = campaigns[place].phase,
            attempt.step == .sent(intent)
        else { return [] }
        campaigns[place].freshAfter = now
        switch result {
        case .success(let answer) where answer.status == .running:
            if let startedAt = answer.startedAt { noteSkew(of: startedAt, intent, answer) }
            // Where it never stood still, it may be that the pause had no effect.
            if let startedAt = answer.startedAt, isOlder(startedAt, than: intent, answer), !attempt.mayHaveTakenEffect,
                attempt.pause.standstill.stoodStill
            {
                campaigns[place].phase = .running
                return overridden(place, attempt.pause, at: now)
            }
            return resumed(place, attempt, at: now)
        case .success:
            return restOn(place, attempt, "the answer says that it does not run", at: now)
        case .failure(let fault):
            if fault.mayHaveTakenEffect { attempt.mayHaveTakenEffect = true }
            if !attempt.mayHaveTakenEffect {
                platform.reservations.cancel(intent.campaign)
                if attempt.order != nil, fault.kind == .refused || fault.kind == .missing {
                    return endOrder(place, attempt, fault.summary)
                }
            }
            let wait =
                switch fault.kind {
                case .refused, .missing: Guard.retryRefused
                case .unreachable, .unauthorized, .throttled, .unexpected: fault.retryAfter ?? policy.poll.pools.min
                }
            return restOn(place, attempt, fault.summary, until: now + wait, at: now)
        }
    }

    /// It runs again by our doing: the rule is armed anew and counts from here.
    mutating func resumed(_ place: Int, _ attempt: ResumeAttempt, at now: Instant) -> [Effect] {
        resting.remove(campaigns[place].entry.id)
        campaigns[place].phase = .running
        campaigns[place].freshAfter = now
        if let order = attempt.order, order.isForced { overruleBreaches(place, order, at: now) }
        let warnings = launchWarnings(place, at: now)
        guard let index = ruleIndex(of: attempt.pause.decision),
            let before = attempt.countedBefore ?? campaigns[place].latest?.stats
        else { return [.report(Wording.resumed(campaigns[place], nil, attempt.order, warnings))] }
        campaigns[place].recovery.resumed(by: policy.rules[index], from: before, at: now)
        var effects: [Effect] = [
            .report(Wording.resumed(campaigns[place], policy.rules[index], attempt.order, warnings))
        ]
        if let state = campaigns[place].rules[index] {
            if state.phase != .inactive {
                effects.append(.report(Wording.armedAnew(campaigns[place], policy.rules[index])))
            }
            campaigns[place].rules[index] = RuleState()
            if campaigns[place].armed[index] != nil { campaigns[place].armed[index] = before }
        }
        return effects
    }

    // MARK: Probation

    /// A resumed campaign proves itself on what was counted since.
    mutating func judgeProbation(_ place: Int, requestedAt: Instant, at now: Instant) -> [Effect] {
        guard let baseline = campaigns[place].recovery.baseline, baseline.isOnProbation,
            requestedAt >= campaigns[place].freshAfter, case .running = campaigns[place].phase,
            let index = policy.rules.firstIndex(where: { $0.name == baseline.rule }),
            let probation = policy.rules[index].resume?.probation
        else { return [] }
        let rule = policy.rules[index]
        let evaluation = probation.condition.evaluate(readings(place, at: now).counting(from: baseline))
        if evaluation.truth == .yes {
            if mute(of: index, place, at: now) != nil { return [] }
            var effects: [Effect] = [.report(Wording.relapsed(campaigns[place], rule, evaluation))]
            guard policy.mode == .enforce, rule.mode == .enforce else {
                campaigns[place].recovery.baseline?.isOnProbation = false
                return effects
            }
            let decision = Decision(
                id: nextDecisionID(), at: now, campaign: campaigns[place].entry.id, cause: .relapse(rule.name),
                conditionText: probation.conditionText, evidence: evaluation)
            effects += beginPause(place, decision, at: now)
            return effects
        }
        let since = campaigns[place].latest.flatMap { $0.stats.counted(from: baseline.stats).resolved }
        guard let since,
            campaigns[place].recovery.passesProbation(evaluation.truth, resolved: since, probation)
        else { return [] }
        return [.report(Wording.probationPassed(campaigns[place], rule, resolved: since))]
    }
}

extension ResumeAttempt {
    /// The phase as it stays where no resume follows.
    var withoutResume: CampaignPhase {
        if wasAnothers == true { return .pausedByAnother(pause.standstill) }
        var pause = pause
        // An order that came to nothing leaves the cool-down as it was.
        if order == nil { pause.resumeAt = nil }
        return .paused(pause)
    }
}

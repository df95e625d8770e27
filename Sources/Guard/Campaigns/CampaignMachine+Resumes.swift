import Model
import Policy

/// Resumes a campaign after its cooldown, on fresh stats and then on probation.
extension CampaignMachine {
    /// The longest wait for launches to use their reserved volume; every pool's window ends within it.
    private static let volumeWaitMax: Duration = .seconds(86400)
    /// The wait after a plain refusal of a resume, because a retry is unlikely to succeed soon.
    private static let retryRefused: Duration = .seconds(300)
    /// The age at which an order that could not be carried out expires; by then, its author has found another way.
    static let orderMax: Duration = .seconds(3600)
    /// How often a resume is evaluated again if quiet hours never end.
    private static let quietHoursRetry: Duration = .seconds(86400)

    /// When the campaign is next evaluated for a resume; nil if no resume is planned or it waits for stats.
    var resumeAt: Instant? {
        switch phase {
        // A campaign that is still sending needs no resume.
        case .paused(let pause): return pause.ineffective == nil ? pause.resumeAt : nil
        case .resuming(let attempt):
            switch attempt.step {
            case .waiting(let until): return until
            case .evaluating, .sent: return nil
            }
        case .unknown, .draft, .starting, .running, .pausing, .pausedByAnother: return nil
        }
    }

    /// True if a resume is planned or under way.
    var awaitsResume: Bool {
        switch phase {
        case .paused(let pause): pause.resumeAt != nil
        case .resuming: true
        case .unknown, .draft, .starting, .running, .pausing, .pausedByAnother: false
        }
    }

    /// Requests fresh stats once the cooldown is over, unless no rule resumes the campaign any more.
    mutating func advanceResume(in context: CampaignContext) -> (effects: [Effect], needsStats: Bool) {
        var attempt: ResumeAttempt
        switch phase {
        case .paused(let pause): attempt = ResumeAttempt(pause: pause, step: .evaluating(since: context.now))
        case .resuming(let current): attempt = current
        case .unknown, .draft, .starting, .running, .pausing, .pausedByAnother: return ([], false)
        }
        guard isResumeWanted(attempt, in: context) else {
            phase = attempt.withoutResume
            return ([reportHindrance(attempt, .noRuleResumes, isRetried: false)], false)
        }
        if isExpired(attempt, at: context.now) {
            return (endOrder(attempt, .orderExpired(after: CampaignMachine.orderMax)), false)
        }
        if attempt.order == nil, let quiet = context.quiet {
            return (waitForQuietHours(attempt, quiet, context), false)
        }
        attempt.step = .evaluating(since: context.now)
        phase = .resuming(attempt)
        return ([], true)
    }

    /// The rule behind the pause; nil if it no longer resumes.
    private func resumingRule(_ attempt: ResumeAttempt, _ context: CampaignContext) -> Rule? {
        guard let rule = context.book.rule(attempt.pause.decision.cause.rule, on: entry), rule.resume != nil,
            rule.mode == .enforce
        else { return nil }
        return rule
    }

    /// True if a person or a rule of the policy still wants the resume.
    func isResumeWanted(_ attempt: ResumeAttempt, in context: CampaignContext) -> Bool {
        attempt.order != nil || resumingRule(attempt, context) != nil
    }

    /// Since when a resume waits for fresh stats; nil if none does.
    func awaitsResumeStats(in context: CampaignContext) -> Instant? {
        guard case .resuming(let attempt) = phase, case .evaluating(let since) = attempt.step,
            isResumeWanted(attempt, in: context)
        else { return nil }
        return since
    }

    // MARK: Evaluation

    /// The result of evaluating a resume on fresh stats.
    enum ResumeVerdict {
        case waits([Effect])
        /// Nothing hinders the resume; it is sent unless the start limit is reached.
        case passes(ResumeAttempt, Rule?)
    }

    /// Why a resume is not sent now, apart from the start limit.
    enum ResumeBlock {
        /// No rule and no person wants the resume any more.
        case unwanted
        /// The order to resume is too old.
        case orderExpired
        case exhausted(Rule)
        case quietHours(QuietSpell)
        case lacksStats
        case obstacles([ResumeObstacle])
        /// It would take volume reserved for launches.
        case volume(ResumeHindrance)
    }

    /// Why the resume is not sent now; nil if it can be sent.
    ///
    /// Evaluated when its fresh stats are in, and again just before it is sent.
    func resumeBlock(_ attempt: ResumeAttempt, in context: CampaignContext) -> ResumeBlock? {
        let rule = context.book.rule(attempt.pause.decision.cause.rule, on: entry)
        if orderedPause != nil { return .unwanted }
        if attempt.order == nil {
            guard let resume = resumingRule(attempt, context)?.resume, let rule else { return .unwanted }
            if resumes.isExhausted(resume, at: context.now) { return .exhausted(rule) }
            if let quiet = context.quiet { return .quietHours(quiet) }
        } else if isExpired(attempt, at: context.now) {
            return .orderExpired
        }
        guard let stats = samples.latest?.stats, stats.sent != nil, stats.resolved != nil,
            samples.age(at: context.now) <= context.policy.staleAfter
        else { return .lacksStats }
        let isForced = attempt.order?.isForced ?? false
        let obstacles = isForced ? basicObstacles(in: context) : obstacles(to: rule, in: context)
        if !obstacles.isEmpty { return .obstacles(obstacles) }
        if attempt.order == nil, let hindrance = reservedVolume(in: context) {
            let since = attempt.awaitsVolumeSince ?? context.now
            if context.now - since < CampaignMachine.volumeWaitMax { return .volume(hindrance) }
        }
        return nil
    }

    private func isExpired(_ attempt: ResumeAttempt, at now: Instant) -> Bool {
        guard let orderedAt = attempt.orderedAt, !attempt.mayHaveTakenEffect else { return false }
        return now - orderedAt >= CampaignMachine.orderMax
    }

    /// Handles a failed request for fresh stats.
    mutating func resumeLacksStats(_ fault: Fault, in context: CampaignContext) -> [Effect] {
        guard case .resuming(let attempt) = phase else { return [] }
        return waitOn(attempt, .noFreshStats(fault.summary), lacksData: true, in: context)
    }

    mutating func evaluateResume(in context: CampaignContext) -> ResumeVerdict {
        guard case .resuming(var attempt) = phase else { return .waits([]) }
        switch resumeBlock(attempt, in: context) {
        case nil: return .passes(attempt, context.book.rule(attempt.pause.decision.cause.rule, on: entry))
        case .unwanted:
            phase = attempt.withoutResume
            // A person who ordered a pause knows that it is not resumed.
            if orderedPause != nil { return .waits([]) }
            return .waits([reportHindrance(attempt, .noRuleResumes, isRetried: false)])
        case .orderExpired:
            return .waits(endOrder(attempt, .orderExpired(after: CampaignMachine.orderMax)))
        case .exhausted(let rule):
            phase = attempt.withoutResume
            return .waits([report(.resumesExhausted(rule))])
        case .quietHours(let quiet): return .waits(waitForQuietHours(attempt, quiet, context))
        case .lacksStats: return .waits(waitOn(attempt, .incompleteStats, lacksData: true, in: context))
        // A person sees all of the obstacles and decides.
        case .obstacles(let obstacles):
            return .waits(
                attempt.order == nil
                    ? waitOn(attempt, .obstacles(obstacles), in: context) : endOrder(attempt, .obstacles(obstacles)))
        case .volume(let hindrance):
            attempt.awaitsVolumeSince = attempt.awaitsVolumeSince ?? context.now
            return .waits(waitOn(attempt, hindrance, in: context))
        }
    }

    /// Waits until the start limit allows a resume.
    mutating func waitForStartLimit(_ attempt: ResumeAttempt, until: Instant, in context: CampaignContext) -> [Effect] {
        waitOn(attempt, .startLimit, until: until, in: context)
    }

    /// Waits for the end of quiet hours, which ends any wait for volume.
    private mutating func waitForQuietHours(
        _ attempt: ResumeAttempt, _ quiet: QuietSpell, _ context: CampaignContext
    ) -> [Effect] {
        var attempt = attempt
        attempt.awaitsVolumeSince = nil
        let until = quiet.until.map { $0 - context.wallClockOffset } ?? context.now + CampaignMachine.quietHoursRetry
        return waitOn(attempt, .quietHours(quiet), until: until, in: context)
    }

    /// Evaluates a resume again that waits for quiet hours, which may have changed.
    mutating func stopWaitingForQuietHours(at now: Instant) {
        guard case .resuming(var attempt) = phase, case .waiting = attempt.step, attempt.order == nil,
            case .quietHours = attempt.reported
        else { return }
        attempt.step = .waiting(until: now)
        phase = .resuming(attempt)
    }

    mutating func sendResume(_ attempt: ResumeAttempt, _ rule: Rule?, decision id: Int, in context: CampaignContext)
        -> [Effect]
    {
        var attempt = attempt
        let evidence = rule.map { $0.condition.evaluate(readings(in: context)) }
        let decision = Decision(
            id: id, at: context.now, campaign: entry.id,
            cause: attempt.order.map { .order($0) } ?? .cooldownOver(rule?.name ?? ""),
            conditionText: rule?.conditionText, evidence: evidence)
        let intent = Intent(
            action: .resume, campaign: entry.id, decision: decision, firstSentAt: context.now, attempt: 1)
        attempt.step = .sent(intent)
        if !attempt.mayHaveTakenEffect { attempt.countedBefore = samples.latest?.stats }
        phase = .resuming(attempt)
        return [.record(.decision(decision)), .record(.intent(intent, outcome: nil)), .send(intent)]
    }

    /// Notes that a start or a resume is sent; emails counted while it was being stored were sent before it.
    mutating func leave(_ intent: Intent) {
        departed = intent
        guard case .resuming(var attempt) = phase, attempt.step == .sent(intent), !attempt.mayHaveTakenEffect else {
            return
        }
        attempt.countedBefore = samples.latest?.stats
        phase = .resuming(attempt)
    }

    /// Every reason why the campaign must not run yet: pausing rules, the ledger, an unknown id.
    ///
    /// Launch rules evaluate what a launch adds. A campaign that ran before adds nothing, so they only warn; see
    /// ``launchWarnings(in:)``.
    ///
    /// - Parameter owner: the rule that paused the campaign; it counts from the resume.
    func obstacles(to owner: Rule?, in context: CampaignContext) -> [ResumeObstacle] {
        var obstacles = basicObstacles(in: context)
        for (index, running) in rules.set.running.enumerated() {
            let rule = running.rule
            guard running.pauses, rule.mode == .enforce, rule.name != owner?.name,
                rules.mute(ofSlot: index, at: context.now) == nil
            else { continue }
            let evaluation = rule.condition.evaluate(readings(ofSlot: index, in: context))
            guard evaluation.truth == .yes || rules.slot(index).state.isFiring else { continue }
            obstacles.append(
                .breached(rule: rule.name, conditionText: rule.conditionText, finding: evaluation.decisive))
        }
        return obstacles
    }

    /// The obstacles that not even a forced order overrules.
    func basicObstacles(in context: CampaignContext) -> [ResumeObstacle] {
        var obstacles: [ResumeObstacle] = []
        if context.isLedgerFailing { obstacles.append(.ledgerFailing) }
        if samples.isMissing { obstacles.append(.campaignMissing) }
        return obstacles
    }

    /// The reason why a resume would take volume reserved for launches; nil if it would not.
    private func reservedVolume(in context: CampaignContext) -> ResumeHindrance? {
        guard let pool = context.pools.poolID(of: entry) else { return nil }
        let reserved = context.pools.reservedForLaunches(in: pool, except: entry.id)
        guard reserved > 0 else { return nil }
        guard let stats = samples.latest?.stats, let enrolled = stats.totalEnrolled, let sent = stats.sent else {
            return .volumeReserved(remaining: nil, reserved: reserved, pool: pool)
        }
        let rest = max(0, enrolled - sent)
        guard rest > 0 else { return nil }
        let left = context.pools.reading(for: entry, at: context.now)?.pool.remainingVolume
        if let left, rest <= left - reserved { return nil }
        return .volumeReserved(remaining: rest, reserved: reserved, pool: pool)
    }

    /// Ends a person's resume without a result and restores the earlier state.
    mutating func endOrder(_ attempt: ResumeAttempt, _ hindrance: ResumeHindrance) -> [Effect] {
        phase = attempt.withoutResume
        return [reportHindrance(attempt, hindrance, isRetried: false)]
    }

    private mutating func waitOn(
        _ attempt: ResumeAttempt, _ hindrance: ResumeHindrance, until: Instant? = nil, lacksData: Bool = false,
        in context: CampaignContext
    ) -> [Effect] {
        guard isResumeWanted(attempt, in: context) else {
            phase = attempt.withoutResume
            return [reportHindrance(attempt, hindrance, isRetried: false)]
        }
        var attempt = attempt
        attempt.step = .waiting(until: until ?? context.now + ResumePolicy.retryInterval(context.policy))
        // Missing data is not reported while a reason is known: the API's failure is reported separately.
        let isNew = lacksData ? attempt.reported == nil : attempt.reported?.isSame(as: hindrance) != true
        if isNew { attempt.reported = hindrance }
        phase = .resuming(attempt)
        let isRetried = context.book.names(entry.id) && context.policy.mode == .enforce
        return isNew ? [reportHindrance(attempt, hindrance, isRetried: isRetried)] : []
    }

    private func reportHindrance(
        _ attempt: ResumeAttempt, _ hindrance: ResumeHindrance, isRetried: Bool
    ) -> Effect {
        report(
            .resumeFailed(
                rule: attempt.pause.decision.cause.rule, order: attempt.order, hindrance, isRetried: isRetried))
    }

    // MARK: Answers

    /// The consequences of a response to a resume.
    struct ResumeAnswer {
        var effects: [Effect] = []
        /// The platform's timestamp of our own action, from which its skew is learned.
        var stamp: Instant?
        /// True if the campaign is certainly not running, so nothing is reserved for it.
        var releasesVolume = false
    }

    mutating func resumeAnswered(
        _ intent: Intent, _ result: Result<ActionAnswer, Fault>, in context: CampaignContext
    ) -> ResumeAnswer {
        guard case .resuming(var attempt) = phase, attempt.step == .sent(intent) else { return ResumeAnswer() }
        freshAfter = context.now
        switch result {
        case .success(let answer) where answer.status == .running:
            var skew = context.skew
            if let startedAt = answer.startedAt { skew.note(intent.offset(of: startedAt, answer)) }
            let isOlder = answer.startedAt.map { intent.offset(of: $0, answer) < skew.earliest } ?? false
            // If the campaign never stood still, the pause may have had no effect.
            if isOlder, !attempt.mayHaveTakenEffect, attempt.pause.standstill.stoodStill {
                phase = .running
                return ResumeAnswer(effects: overridden(attempt.pause, in: context), stamp: answer.startedAt)
            }
            return ResumeAnswer(effects: resumed(attempt, in: context), stamp: answer.startedAt)
        case .success: return ResumeAnswer(effects: waitOn(attempt, .notRunning, in: context))
        case .failure(let fault):
            if fault.mayHaveTakenEffect { attempt.mayHaveTakenEffect = true }
            let isVoid = !attempt.mayHaveTakenEffect
            if isVoid, attempt.order != nil, fault.kind == .refused || fault.kind == .missing {
                return ResumeAnswer(effects: endOrder(attempt, .failed(fault.summary)), releasesVolume: true)
            }
            let wait =
                switch fault.kind {
                case .refused, .missing: CampaignMachine.retryRefused
                case .unreachable, .unauthorized, .throttled, .unexpected:
                    fault.retryAfter ?? context.policy.poll.pools.min
                }
            return ResumeAnswer(
                effects: waitOn(attempt, .failed(fault.summary), until: context.now + wait, in: context),
                releasesVolume: isVoid)
        }
    }

    /// Handles a resume of ours that took effect: the rule restarts without evidence and counts from here.
    mutating func resumed(_ attempt: ResumeAttempt, in context: CampaignContext) -> [Effect] {
        phase = .running
        freshAfter = context.now
        if let order = attempt.order, order.isForced { overruleBreaches(order, in: context) }
        let warnings = launchWarnings(in: context)
        // The rule counts from here even if the policy does not have it at present.
        let name = attempt.pause.decision.cause.rule
        let rule = context.book.rule(name, on: entry)
        let before = attempt.countedBefore ?? samples.latest?.stats
        if let name, let before {
            resumes.resumed(
                by: name, isOnProbation: rule?.resume?.probation != nil, from: before, at: context.now)
        }
        var resume = ResumeReport(
            rule: rule, order: attempt.order, resumes: resumes.resumes.count, warnings: warnings)
        resume.ruleName = name
        var effects = [report(.resumed(resume))]
        if let rule, let before, let index = rules.index(of: rule.name) {
            // A rule on groups is reported for the group, and never fired on this campaign alone.
            // The rules of a campaign that left the policy were reported as clear then.
            let isReported = !rules.set.running[index].isOnGroup && context.book.names(entry.id)
            if isReported, rules.slot(index).state.phase != .inactive { effects.append(report(.ruleRearmed(rule))) }
            rules.restart(slot: index, at: before, context.now)
        }
        return effects
    }

    /// Reports that someone else restarted a campaign that we had paused, and reacts as the policy says.
    mutating func overridden(_ pause: Pause, in context: CampaignContext) -> [Effect] {
        var consequence = OverrideConsequence.evaluatedAsBefore
        if let rule = context.book.rule(pause.decision.cause.rule, on: entry) {
            let isRespected = (rule.onOverride ?? context.policy.onOverride) == .respect
            consequence = isRespected ? .ruleMuted : .pausedAgain
            let index = rules.index(of: rule.name)
            if isRespected, pause.standstill.countersRestarted == true, let stats = samples.latest?.stats {
                // Earlier counts do not count against the campaign; later counts are new evidence.
                consequence = .countedFromRestart
                resumes.count(from: stats, rule, at: context.now)
                if let index { rules.restart(slot: index, at: stats, context.now) }
            } else if isRespected, let index {
                rules.mute(ofSlot: index, until: context.now + context.policy.overrideFor)
            }
        }
        return [report(.overridden(pause, consequence))]
    }
}

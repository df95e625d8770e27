package import Model
import Policy

extension Guard {
    /// Why the campaign is as it is; nil where the policy does not name it.
    package func explanation(of id: CampaignID, at now: Instant) -> Explanation? {
        guard let place = places[id] else { return nil }
        let campaign = campaigns[place]
        let launch = launchPlaces[id].map { launches[$0] }
        var explanation = Explanation(
            at: now, workspace: campaign.entry.workspace.text, mode: policy.mode.rawValue, id: id,
            name: campaign.entry.name,
            pool: campaign.entry.pool, labels: campaign.entry.labels, state: campaign.word,
            stats: campaign.latest?.stats, statsAge: campaign.latest.map { (now - $0.at).seconds },
            isStale: campaign.isStale, isMissing: campaign.isMissing, pause: pausePart(campaign),
            launch: launch.map { launchPart($0, at: now) }, rules: [], next: [])
        for index in campaign.rules.keys.sorted() { explanation.rules.append(rulePart(index, place, at: now)) }
        if launch?.isOpen == true {
            let readings = readings(place, at: now)
            for rule in launchRules(id) { explanation.rules.append(launchRulePart(rule, readings)) }
        }
        if let owner = pausedBy(place) {
            explanation.resumeObstacles = obstacles(place, rule(of: owner), at: now)
            explanation.resumeWarnings = launchWarnings(place, at: now)
        }
        explanation.next = next(place, launch, at: now)
        return explanation
    }

    /// The ids that an explanation could have meant.
    package func nearest(to name: String) -> String? {
        NearestName.of(
            name, in: policy.campaigns.map(\.id.text) + policy.rules.map(\.name) + namedPools.map(\.text))
    }

    // MARK: Pauses

    /// The decision whose pause a resume would end; nil where nothing is paused.
    private func pausedBy(_ place: Int) -> Decision? {
        switch campaigns[place].phase {
        case .unknown, .draft, .releasing, .running, .pausing: nil
        case .paused(let pause): pause.decision
        case .resuming(let attempt): attempt.pause.decision
        // None of ours, so that every rule counts.
        case .pausedByAnother(let standstill):
            Decision(
                id: 0, at: standstill.settlesAt, campaign: campaigns[place].entry.id, cause: .launchRulesPass,
                conditionText: nil, evidence: nil)
        }
    }

    private func pausePart(_ campaign: CampaignState) -> Explanation.PausePart? {
        switch campaign.phase {
        case .unknown, .draft, .releasing, .running: return nil
        case .pausing(let attempt):
            return part(attempt.intent.decision, at: attempt.intent.firstSentAt, suffix: ", not answered yet")
        case .paused(let pause): return part(pause)
        case .resuming(let attempt): return part(attempt.pause)
        case .pausedByAnother(let standstill): return anothers(standstill)
        }
    }

    private func part(_ pause: Pause) -> Explanation.PausePart {
        // A pause that no decision of ours made.
        if pause.decision.id == 0 { return anothers(pause.standstill) }
        let keeper = pause.keptBy.map { "; \($0.authority), wants it to stay so" } ?? ""
        var part = part(pause.decision, at: pause.pausedAt, suffix: keeper)
        part.resumesAt = pause.resumeAt
        return part
    }

    private func anothers(_ standstill: Standstill) -> Explanation.PausePart {
        Explanation.PausePart(
            decision: nil, at: standstill.settlesAt - policy.overrideGrace,
            why: "someone else had paused it before we asked for it, by then at the latest", condition: nil,
            evidence: [])
    }

    private func part(
        _ decision: Decision, at time: Instant, suffix: String
    ) -> Explanation.PausePart {
        Explanation.PausePart(
            decision: decision.id, at: time, why: decision.cause.sentence + suffix, condition: decision.conditionText,
            evidence: decision.evidence?.sentences ?? [])
    }

    // MARK: Rules

    private func rulePart(_ index: Int, _ place: Int, at now: Instant) -> Explanation.RulePart {
        let rule = policy.rules[index]
        let base = baseline(of: rule, place)
        let readings = readings(place, of: index, at: now)
        let state = campaigns[place].rules[index] ?? RuleState()
        var part = Explanation.RulePart(
            name: rule.name, on: rule.trigger.rawValue, then: rule.action.rawValue, mode: rule.mode.rawValue,
            condition: rule.conditionText, lasting: Wording.forText(rule), tree: rule.condition.tree(readings),
            state: state.standing.state.rawValue, since: state.standing.since, countsSince: base?.at)
        switch state.phase {
        case .inactive: break
        case .pending(_, let accrued, _):
            if case .duration(let needed) = rule.forClause {
                let rest = max(.zero, needed - accrued)
                part.change =
                    "fires at \((now + rest).clockTime) at the earliest, if every poll until then breaches; "
                    + "one good poll that does not clears it"
            }
        case .firing: part.change = "clears at the first good poll that does not breach"
        }
        let mute = mute(of: index, place, at: now)
        (part.mutedUntil, part.mutedBy) = (mute?.until, mute?.by)
        if part.change == nil { part.change = distance(rule.condition, readings) }
        return part
    }

    /// How far a condition is from holding, where a number of mails tells.
    private func distance(_ condition: Condition, _ readings: CampaignReadings) -> String? {
        var parts: [String] = []
        var unknown: [String] = []
        for part in condition.conjuncts {
            guard case .compare(let comparison) = part else { return nil }
            if comparison.test != nil { return nil }
            let finding = part.evaluate(readings).findings.first
            switch finding?.truth {
            case .yes: continue
            case .unknown, nil:
                unknown.append("\(comparison.text), which lacks data")
                continue
            case .no: break
            }
            guard comparison.comparison == .greater || comparison.comparison == .greaterOrEqual,
                case .constant(let limit) = comparison.right, let left = finding?.left
            else { return nil }
            switch comparison.left {
            case .bounceRate(let window):
                guard let bounced = readings.increase(of: .bounced, over: window)?.amount,
                    let resolved = readings.increase(of: .resolved, over: window)?.amount
                else { return nil }
                parts.append(bounces(bounced, resolved, limit))
            case .gauge(.bounceRate):
                guard let bounced = readings.value(of: .bounced), let resolved = readings.value(of: .resolved) else {
                    return nil
                }
                parts.append(bounces(bounced, resolved, limit))
            case .gauge(let gauge) where gauge.isCounted:
                parts.append("\(Unit.count.text((limit - left).rounded(.up))) more \(gauge.rawValue)")
            case .increase(let counter, let window):
                parts.append(
                    "\(Unit.count.text((limit - left).rounded(.up))) more \(counter.rawValue) within "
                        + window.policyText)
            default: return nil
            }
        }
        let all = parts + unknown
        return all.isEmpty ? nil : "would breach with " + all.joined(separator: ", and ")
    }

    /// So many mails in a row would have to bounce: (b + k) / (r + k) > limit.
    private func bounces(_ bounced: Double, _ resolved: Double, _ limit: Double) -> String {
        guard limit < 1 else { return "no number of bounces" }
        let more = max(1, ((limit * resolved - bounced) / (1 - limit)).rounded(.down) + 1)
        return "\(Unit.count.text(more)) more bounce\(more == 1 ? "" : "s") in a row"
    }

    private func launchRulePart(_ rule: Rule, _ readings: CampaignReadings) -> Explanation.RulePart {
        let truth = rule.condition.evaluate(readings).truth
        return Explanation.RulePart(
            name: rule.name, on: rule.trigger.rawValue, then: rule.action.rawValue, mode: rule.mode.rawValue,
            condition: rule.conditionText, lasting: "", tree: rule.condition.tree(readings),
            state: truth.launchWord)
    }

    // MARK: Launches

    private func launchPart(_ launch: LaunchState, at now: Instant) -> Explanation.LaunchPart {
        let fit = fit(launch, at: now)
        return Explanation.LaunchPart(
            state: launch.word.rawValue, reasons: launch.reasons.map(\.text), heldSince: launch.heldSince,
            notBefore: launch.entry.notBefore, expires: launch.entry.expires, missing: fit.missing,
            earliest: fit.earliest)
    }

    /// What the pool lacks for a launch that waits, and when it could be there.
    func fit(_ launch: LaunchState, at now: Instant) -> (missing: Int?, earliest: Instant?) {
        guard launch.isOpen, let campaign = campaign(launch.entry.campaign),
            let enrolled = campaign.latest?.stats.totalEnrolled,
            launchRules(launch.entry.campaign).contains(where: { $0.condition.sources.contains(.pools) }),
            let pool = platform.reading(for: campaign.entry, at: now),
            let missing = pool.missing(for: enrolled)
        else { return (nil, nil) }
        return (missing, pool.neverTakes(enrolled) ? nil : pool.renewsAt)
    }

    // MARK: What follows

    private func next(_ place: Int, _ launch: LaunchState?, at now: Instant) -> [String] {
        let campaign = campaigns[place]
        let id = campaign.entry.id
        var next: [String] = []
        if policy.mode == .observe { next.append("observe mode: whatever is decided, nothing is sent") }
        if campaign.isMissing { next.append("the platform does not know this id: mend the policy") }
        if campaign.isStale { next.append("no rule can fire until fresh numbers come") }
        switch campaign.phase {
        case .unknown: next.append("whether it runs is not known until its counters move")
        case .running, .draft: break
        case .releasing: next.append("its start is under way; the answer decides")
        case .pausing(let attempt):
            let retry = attempt.retryAt.map { "; tried again at \($0.clockTime)" } ?? ""
            next.append("its pause is under way, after \(attempt.failures) failures\(retry)")
        case .paused(let pause):
            if let repetitions = pause.repetitions {
                next.append(
                    "the platform confirmed \(repetitions + 1) pauses, but the campaign kept sending; the pause is sent "
                        + "again until sending stops")
            }
            next.append(afterPause(place, pause, at: now))
        case .resuming(let attempt):
            let obstacle = attempt.toldReason.map { "; last time: \($0)" } ?? ""
            switch attempt.step {
            case .waiting(let until): next.append("its resume is looked at again at \(until.clockTime)\(obstacle)")
            case .judging: next.append("fresh numbers for its resume have been asked for\(obstacle)")
            case .sent: next.append("its resume is under way; the answer decides")
            }
        case .pausedByAnother:
            next.append("only a person starts it again: on the platform, or with 'sendwarden resume \(id)'")
        }
        if campaign.recovery.isOnProbation, let base = campaign.recovery.baseline,
            let probation = policy.rule(base.rule)?.resume?.probation
        {
            let resolved = campaign.latest.flatMap { $0.stats.counted(from: base.stats).resolved } ?? 0
            next.append(
                "on probation since \(base.at.flooredToSecond.rfc3339): \(resolved) of \(probation.sends) mails resolved; paused again "
                    + "where \(probation.conditionText)")
        }
        if let launch, launch.isOpen { next += afterLaunch(launch, at: now) }
        if let looks = nextLooks(place) { next.append(looks) }
        return next
    }

    /// How often it is looked at, and why, where danger decides about that.
    private func nextLooks(_ place: Int) -> String? {
        guard !policy.poll.stats.isFixed else { return nil }
        let looks = "looked at every \(plan.interval(place).policyText)"
        guard let outlook = campaigns[place].outlook else { return looks }
        let mails = Int(outlook.mails.rounded(.up))
        return "\(looks): if \(Unit.ratio.text(outlook.bounceRate)) bounced from now on, \(mails) mail"
            + "\(mails == 1 ? "" : "s") more, or \(outlook.time.spokenText) at its pace, would breach \(outlook.rule)"
    }

    private func afterPause(_ place: Int, _ pause: Pause, at now: Instant) -> String {
        let campaign = campaigns[place]
        guard let resumeAt = pause.resumeAt else {
            return "only a person starts it again: on the platform, or with 'sendwarden resume \(campaign.entry.id)'"
        }
        let relapses = campaign.recovery.relapses
        let history = relapses > 0 ? ", longer after \(relapses) relapse\(relapses == 1 ? "" : "s")" : ""
        return
            "in cooldown until \(resumeAt.flooredToSecond.rfc3339)\(history); then it is resumed unless fresh "
            + "stats show a reason not to"
    }

    private func afterLaunch(_ launch: LaunchState, at now: Instant) -> [String] {
        let id = launch.entry.campaign
        if let order = launch.heldBy {
            return ["\(order.authority), holds its launch; 'sendwarden release \(id)' ends that"]
        }
        var next: [String] = []
        if let notBefore = launch.entry.notBefore, evenTime(notBefore) > now {
            next.append("its launch is not to start before \(notBefore.flooredToSecond.rfc3339)")
        }
        if let index = launchPlaces[id], let ahead = launchAhead(of: index, at: now) {
            next.append(
                "it waits up to \(policy.staleAfter.policyText) for the launch of \(ahead.entry.campaign), which goes "
                    + "first and has not been evaluated yet")
        }
        let fit = fit(launch, at: now)
        if let missing = fit.missing {
            let earliest = fit.earliest.map { "; the pool is renewed at \($0.flooredToSecond.rfc3339)" } ?? ""
            next.append("the pool lacks \(missing) mails for its launch\(earliest)")
            if let enrolled = campaign(id)?.latest?.stats.totalEnrolled,
                let pool = campaign(id).flatMap({ platform.reading(of: $0.entry, at: now) }), pool.neverTakes(enrolled),
                let capacity = pool.pool.dailyCapacity
            {
                next.append("it \(Wording.neverFits(enrolled, capacity))")
            }
        }
        if let expires = launch.entry.expires {
            next.append("its launch is dropped at \(expires.flooredToSecond.rfc3339)")
        }
        return next
    }

    // MARK: A rule everywhere

    /// Where a rule stands on every campaign or pool that it applies to; nil where the policy has no such rule.
    package func explanation(ofRule name: String, at now: Instant) -> RuleExplanation? {
        guard let index = policy.rules.firstIndex(where: { $0.name == name }) else { return nil }
        let rule = policy.rules[index]
        var places: [RuleExplanation.Place] = []
        switch rule.trigger {
        case .running:
            for place in campaigns.indices {
                guard let state = campaigns[place].rules[index] else { continue }
                let readings = readings(place, of: index, at: now)
                let (entry, evaluation) = (campaigns[place].entry, rule.condition.evaluate(readings))
                places.append(self.place(entry.id.text, entry.name, state, evaluation))
            }
        case .launch:
            for launch in launches where launch.isOpen {
                guard let place = self.places[launch.entry.campaign], rule.applies(to: campaigns[place].entry) else {
                    continue
                }
                let evaluation = rule.condition.evaluate(readings(place, at: now))
                places.append(
                    .init(
                        id: launch.entry.campaign.text, name: campaigns[place].entry.name,
                        state: evaluation.truth.launchWord,
                        since: nil,
                        evidence: Wording.decisive(evaluation).map(Wording.text)))
            }
        case .pool:
            for (id, states) in poolRules.sorted(by: { $0.key < $1.key }) {
                guard let state = states[index] else { continue }
                let readings = poolReadings(id, at: now)
                places.append(place(id.text, nil, state, rule.condition.evaluate(readings)))
            }
        }
        let order = ["firing", "holds", "pending", "unknown"]
        let rank: (String) -> Int = { order.firstIndex(of: $0) ?? order.count }
        places = places.enumerated().sorted {
            (rank($0.element.state), $0.offset) < (rank($1.element.state), $1.offset)
        }.map(\.element)
        return RuleExplanation(
            at: now, name: rule.name, on: rule.trigger.rawValue, then: rule.action.rawValue, mode: rule.mode.rawValue,
            severity: rule.severity.rawValue, condition: rule.conditionText, lasting: Wording.forText(rule),
            resume: rule.resume.map(Wording.resumeText), places: places)
    }

    private func place(
        _ id: String, _ name: String?, _ state: RuleState, _ evaluation: Evaluation
    ) -> RuleExplanation.Place {
        let (standing, since) = state.standing
        let isUnknown = standing == .inactive && evaluation.truth == .unknown
        return RuleExplanation.Place(
            id: id, name: name, state: isUnknown ? "unknown" : standing.rawValue, since: since,
            evidence: Wording.decisive(evaluation).map(Wording.text))
    }

    /// The pools as an earlier process saw them, for a guard that is only asked.
    package mutating func recollect(pools: [SenderPool], at then: Instant) {
        platform.recollect(pools, of: policy, at: then)
    }
}

extension Truth {
    /// What a launch rule that came out so does with the launch.
    fileprivate var launchWord: String {
        switch self {
        case .yes: "holds"
        case .no: "allows"
        case .unknown: "unknown"
        }
    }
}

extension Evaluation {
    /// Each comparison with its numbers and what came of it.
    package var sentences: [String] { findings.map { "\(Wording.text($0)): \($0.truth.word)" } }
}

extension Decision.Cause {
    /// Who or what decided, as the beginning of a sentence.
    package var sentence: String {
        switch self {
        case .rule(let name): "rule \(name) fired"
        case .relapse(let name): "it breached its probation, rule \(name)"
        case .coolDownOver(let name): "its cool-down was over, rule \(name)"
        case .launchRulesPass: "every launch rule allowed it"
        case .unapprovedLaunch: "it was started while its launch was held"
        case .order(let order): "ordered by \(order.authority)"
        }
    }
}

extension Gauge {
    /// True where more mails make it grow.
    fileprivate var isCounted: Bool {
        switch self {
        case .totalEnrolled, .sent, .delivered, .bounced, .replied, .resolved: true
        default: false
        }
    }
}

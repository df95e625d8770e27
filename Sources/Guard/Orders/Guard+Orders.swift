import Model
import Policy

/// Orders of people: they outrank the rules, and what they stopped only they start.
extension Guard {
    private enum Verdict {
        case accepted(String, [Effect] = [], canBeForced: Bool = false)
        case refused(String, canBeForced: Bool = false)
    }

    mutating func obey(_ order: Order, at now: Instant) -> [Effect] {
        let verdict: Verdict
        if let place = places[order.campaign] {
            switch order.act {
            case .pause: verdict = orderPause(place, order, at: now)
            case .resume: verdict = orderResume(place, order, at: now)
            case .hold: verdict = orderHold(place, order, at: now)
            case .release: verdict = orderRelease(place, order, at: now)
            case .mute: verdict = orderMute(place, order, at: now)
            }
        } else {
            verdict = .refused(unknown(order.campaign))
        }
        let entry = campaign(order.campaign)?.entry
        switch verdict {
        case .accepted(let message, let effects, let canBeForced):
            return [
                .report(Wording.accepted(order, entry, message)),
                .reply(OrderReply(accepted: true, message: message, canBeForced: canBeForced)),
            ] + effects
        case .refused(let message, let canBeForced):
            return [
                .report(Wording.refused(order, entry, message)),
                .reply(OrderReply(accepted: false, message: message, canBeForced: canBeForced)),
            ]
        }
    }

    private func unknown(_ id: CampaignID) -> String {
        let near = NearestName.of(id.text, in: policy.campaigns.map(\.id.text))
        return "the policy names no campaign \(id)" + (near.map { "; did you mean \($0)?" } ?? "")
    }

    private mutating func decide(_ order: Order, at now: Instant) -> Decision {
        Decision(
            id: nextDecisionID(), at: now, campaign: order.campaign, cause: .order(order), conditionText: nil,
            evidence: nil)
    }

    /// An order that could not be carried out for so long is over: who gave it looks elsewhere by then.
    static let orderMax: Duration = .seconds(3600)
    private static let observing = "observe mode sends nothing; set mode: enforce, or do it on the platform itself"

    // MARK: Pause

    private mutating func orderPause(_ place: Int, _ order: Order, at now: Instant) -> Verdict {
        guard policy.mode == .enforce else { return .refused(Guard.observing) }
        let name = Wording.name(campaigns[place].entry)
        switch campaigns[place].phase {
        case .unknown, .draft, .running, .pausedByAnother:
            return .accepted("pausing \(name)", beginPause(place, decide(order, at: now), at: now))
        case .paused(let pause):
            keepPaused(place, pause, order)
            let doubt =
                pause.repetitions == nil ? "" : "; warning: it is still sending; the pause is sent again until it stops"
            return .accepted("\(name) is paused already, and stays so until a person resumes it\(doubt)")
        case .pausing, .releasing:
            remember(place, decide(order, at: now))
            if let index = openLaunchPlace(order.campaign) { launches[index].heldBy = order }
            return .accepted("pausing \(name) as soon as what is under way is answered")
        case .resuming(let attempt):
            remember(place, decide(order, at: now))
            if case .sent = attempt.step { return .accepted("pausing \(name) as soon as its resume is answered") }
            return .accepted("\(name) stays paused until a person resumes it")
        }
    }

    private mutating func remember(_ place: Int, _ decision: Decision) {
        campaigns[place].orderedPause = decision
        orderedPauses.insert(campaigns[place].entry.id)
    }

    /// It is paused, and from now on by a person's word.
    private mutating func keepPaused(_ place: Int, _ pause: Pause, _ order: Order?) {
        var pause = pause
        (pause.keptBy, pause.resumeAt) = (order, nil)
        campaigns[place].phase = .paused(pause)
        resting.remove(campaigns[place].entry.id)
    }

    /// What people ordered while a request was under way is done once that has been answered.
    mutating func pauseAsOrdered(at now: Instant) -> [Effect] {
        var effects: [Effect] = []
        for id in orderedPauses.sorted() {
            guard let place = places[id], let decision = campaigns[place].orderedPause else {
                orderedPauses.remove(id)
                continue
            }
            var order: Order?
            if case .order(let person) = decision.cause { order = person }
            switch campaigns[place].phase {
            case .pausing, .releasing: continue
            case .resuming(let attempt):
                if case .sent = attempt.step { continue }
                if attempt.mayHaveTakenEffect {
                    effects += beginPause(place, decision, at: now)
                    resting.remove(id)
                } else if attempt.wasAnothers == true {
                    campaigns[place].phase = .pausedByAnother(attempt.pause.standstill)
                    resting.remove(id)
                } else {
                    keepPaused(place, attempt.pause, order)
                }
            case .paused(let pause): keepPaused(place, pause, order)
            case .running, .unknown: effects += beginPause(place, decision, at: now)
            // It did not start, or someone else had paused it: there is nothing to do.
            case .draft, .pausedByAnother: break
            }
            campaigns[place].orderedPause = nil
            orderedPauses.remove(id)
        }
        return effects
    }

    // MARK: Resume

    private mutating func orderResume(_ place: Int, _ order: Order, at now: Instant) -> Verdict {
        guard policy.mode == .enforce else { return .refused(Guard.observing) }
        if ledgerTrouble != nil { return .refused("the ledger cannot be written, so nothing is started") }
        let name = Wording.name(campaigns[place].entry)
        var attempt: ResumeAttempt
        switch campaigns[place].phase {
        case .draft:
            return .refused("\(name) is a draft that never ran; 'release' starts a launch that the policy names")
        case .pausing: return .refused("its pause is under way; ask again in a moment")
        case .releasing: return .refused("its start is under way")
        case .running, .unknown:
            // While it may be running it is guarded, which a resume that is under way would suspend.
            return .refused(
                "\(name) is not known to be paused; if it is, start it on the platform: it is guarded there")
        case .pausedByAnother(let standstill):
            attempt = ResumeAttempt(pause: anothersPause(order, standstill, at: now), step: .judging(since: now))
            attempt.wasAnothers = true
        case .paused(let pause): attempt = ResumeAttempt(pause: pause, step: .judging(since: now))
        case .resuming(let other):
            if case .sent = other.step { return .refused("its resume is under way") }
            attempt = other
            attempt.step = .judging(since: now)
        }
        let owner = rule(of: attempt.pause.decision)
        let obstacles = order.isForced ? [] : obstacles(place, owner, at: now)
        if !obstacles.isEmpty { return .refused(obstacles.joined(separator: "; "), canBeForced: true) }
        (attempt.order, attempt.orderedAt) = (order, now)
        attempt.toldReason = nil
        campaigns[place].phase = .resuming(attempt)
        resting.insert(order.campaign)
        let warnings = launchWarnings(place, at: now).map { "; warning: \($0)" }.joined()
        return .accepted("resuming \(name) on fresh numbers\(warnings)", askForResume(place, at: now))
    }

    /// The pause of someone else, as far as a resume has to know it.
    private func anothersPause(_ order: Order, _ standstill: Standstill, at now: Instant) -> Pause {
        Pause(
            decision: Decision(
                id: 0, at: now, campaign: order.campaign, cause: .order(order), conditionText: nil, evidence: nil),
            pausedAt: now, isOurs: false, standstill: standstill)
    }

    // MARK: Launches

    private mutating func orderHold(_ place: Int, _ order: Order, at now: Instant) -> Verdict {
        let name = Wording.name(campaigns[place].entry)
        guard let index = launchPlaces[order.campaign] else {
            return .refused("the policy has no launch of \(name); 'pause' stops a campaign that runs")
        }
        switch launches[index].phase {
        case .releasing: return .refused("its start is under way; 'pause' stops it")
        case .released: return .refused("it was released already; 'pause' stops it")
        case .closed: return .refused("its launch is over")
        case .waiting, .held, .judging:
            if launches[index].lostStart != nil {
                return .refused("a start of it may have taken effect; 'pause' stops it")
            }
            launches[index].heldBy = order
            launches[index].forcedBy = nil
            let effects = hold(index, [.person(order.by)], nil, nil, nil, at: now)
            return .accepted("the launch of \(name) waits until a person releases it", effects)
        }
    }

    private mutating func orderRelease(_ place: Int, _ order: Order, at now: Instant) -> Verdict {
        let name = Wording.name(campaigns[place].entry)
        switch campaigns[place].phase {
        case .paused, .pausedByAnother, .resuming: return orderResume(place, order, at: now)
        case .unknown, .draft, .releasing, .running, .pausing: break
        }
        guard let index = openLaunchPlace(order.campaign) else {
            return .refused("\(name) has no launch that waits, and no pause that could end")
        }
        switch launches[index].phase {
        case .releasing: return .refused("its start is under way")
        case .judging where launches[index].heldBy == nil && !order.isForced:
            return .refused("its launch is being judged on fresh numbers")
        case .judging, .waiting, .held, .released, .closed: break
        }
        let wasHeld = launches[index].heldBy != nil
        if order.isForced {
            guard policy.mode == .enforce else { return .refused(Guard.observing) }
            launches[index].heldBy = nil
            (launches[index].forcedBy, launches[index].forcedUntil) = (order, now + Guard.orderMax)
            launches[index].retryAt = nil
            return .accepted("starting \(name) on fresh numbers, whatever its rules say", advanceLaunches(at: now))
        }
        let why = waitingFor(index, at: now)
        if !wasHeld {
            return .refused(
                why.map { "no person holds the launch of \(name); it waits: \($0)" }
                    ?? "no person holds the launch of \(name); it is about to start", canBeForced: why != nil)
        }
        launches[index].heldBy = nil
        launches[index].phase = .waiting
        launches[index].toldReasons = nil
        let effects = advanceLaunches(at: now)
        return .accepted(
            why.map { "the hold on the launch of \(name) is lifted; it still waits: \($0)" }
                ?? "the hold on the launch of \(name) is lifted; its rules decide", effects, canBeForced: why != nil)
    }

    /// What a launch that no person holds would still wait for; nil where nothing is known to.
    private func waitingFor(_ index: Int, at now: Instant) -> String? {
        if let notBefore = launches[index].entry.notBefore, evenTime(notBefore) > now {
            return "it is not to start before \(notBefore.rfc3339)"
        }
        guard case .hold(let reasons, let finding, _, _) = verdict(index, at: now) else { return nil }
        let evidence = finding.map { " (\(Wording.text($0)))" } ?? ""
        return reasons.map(\.text).joined(separator: "; ") + evidence
    }

    // MARK: Mutes

    private mutating func orderMute(_ place: Int, _ order: Order, at now: Instant) -> Verdict {
        let name = Wording.name(campaigns[place].entry)
        let pausing = campaigns[place].rules.keys.sorted().map { policy.rules[$0] }.filter { $0.action == .pause }
        var names = pausing.map(\.name)
        if let wanted = order.rule {
            guard names.contains(wanted) else {
                let near = NearestName.of(wanted, in: names).map { "; did you mean \($0)?" } ?? ""
                return .refused("no rule \(wanted) pauses \(name)" + near)
            }
            names = [wanted]
        }
        guard !names.isEmpty else { return .refused("no rule pauses \(name)") }
        let list = names.joined(separator: ", ")
        let lasts = order.lasts ?? policy.overrideFor
        guard lasts > .zero else {
            for name in names { campaigns[place].mutes[name] = nil }
            return .accepted("\(list) guards \(name) again")
        }
        let until = now + lasts
        for name in names { campaigns[place].mutes[name] = Mute(until: until, by: order.by) }
        return .accepted("\(list) only watches \(name) until \((until + clockAhead).rfc3339)")
    }

    /// The person who wants the launch started whatever its rules say; nil where none does any more.
    func forcer(_ index: Int, at now: Instant) -> Order? {
        guard let until = launches[index].forcedUntil, now < until else { return nil }
        return launches[index].forcedBy
    }

    /// Who has taken a rule's right to pause the campaign, and until when: a person's word, or a person's restart.
    func mute(of index: Int, _ place: Int, at now: Instant) -> Mute? {
        if let mute = campaigns[place].mutes[policy.rules[index].name], now < mute.until { return mute }
        guard let until = campaigns[place].rules[index]?.mutedUntil, now < until else { return nil }
        return Mute(until: until, by: "a restart by hand")
    }

    /// A forced resume overrules what speaks against it, as a restart by hand would.
    mutating func overruleBreaches(_ place: Int, _ order: Order, at now: Instant) {
        for (index, state) in campaigns[place].rules where policy.rules[index].action == .pause {
            let rule = policy.rules[index]
            let isBreached = rule.condition.evaluate(readings(place, of: index, at: now)).truth == .yes
            guard state.isFiring || isBreached else { continue }
            campaigns[place].mutes[rule.name] = Mute(until: now + policy.overrideFor, by: order.by)
        }
    }
}

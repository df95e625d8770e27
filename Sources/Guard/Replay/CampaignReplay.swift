package import Model
package import Policy

/// One campaign over recorded counters: when each rule would have fired, and what a pause would have avoided.
///
/// It drives the machine that the guard drives, where every pause and resume is answered at once. What the campaign sent in
/// reality while it would have been paused is left out of what follows: see ``RecordedCampaign``. Known differences: a
/// policy in observe mode pauses too, sparse recordings as ``SampleSpacing`` has it, and what one campaign does not decide
/// for itself is left out: circuit breaker, start limit, launches, pools, people.
package struct CampaignReplay: Sendable {
    /// A pause as it would have been.
    package struct Stop: Sendable {
        package var rule: String
        package var at: Instant
        /// What had been counted when the rule fired, over the campaign's life so far.
        package var bounced: Double
        package var resolved: Double
        package var sent: Double
        /// When it would have been resumed; nil where a person would have had to, or the recording ends before.
        package var resumedAt: Instant?
        /// What was sent in reality meanwhile.
        package var avoidedSent = 0.0
        package var avoidedBounced = 0.0
        package var isRelapse = false
    }

    /// How often a rule fired.
    package struct Firings: Sendable {
        package var rule: String
        package var count = 0
        package var first: Instant?
    }

    package private(set) var stops: [Stop] = []
    /// In the policy's order.
    package private(set) var firings: [Firings]
    private var machine: CampaignMachine
    /// Stored, as making one for each sample would cost more than the sample.
    private var context: CampaignContext
    private var recording = RecordedCampaign()
    private var spacing: SampleSpacing
    private var lastDecision = 0
    /// True while a pause lasts.
    private var isPaused = false

    package init(_ entry: CampaignEntry, policy: CheckedPolicy) {
        var enforced = policy
        (enforced.mode, enforced.campaigns, enforced.launches) = (.enforce, [entry], [])
        let book = RuleBook(enforced)
        let start = Instant(milliseconds: 0)
        machine = CampaignMachine(entry, book.campaigns[0], at: start)
        context = CampaignContext(book: book, pools: PoolDirectory(enforced, at: start), now: start)
        spacing = SampleSpacing(policy)
        firings = machine.rules.set.running.map { Firings(rule: $0.rule.name) }
    }

    /// What was sent, and what bounced, within the recording.
    package var total: (sent: Double, bounced: Double) { recording.grown }

    /// Takes in the next sample; samples come in the order of their times.
    package mutating func observe(_ recorded: CampaignStats, at now: Instant) {
        (context.now, context.maxGap) = (now, spacing.observe(at: now))
        let stats = recording.observe(recorded, at: now)
        if isPaused { (stops[stops.count - 1].avoidedSent, stops[stops.count - 1].avoidedBounced) = recording.spared }
        if let resumeAt = machine.resumeAt, resumeAt <= now { _ = machine.advanceResume(in: context) }
        let sample = StatsSample(stats: stats, at: now, requestedAt: now)
        guard machine.take(sample, in: context).isUsable else { return }
        let (effects, demands) = machine.evaluateRules(in: context)
        for effect in effects { note(effect, at: now) }
        for demand in demands { meet(demand, in: context) }
        if let relapse = machine.evaluateProbation(in: context).demand { pause(relapse, isRelapse: true, in: context) }
        if machine.awaitsResumeStats(in: context) != nil { resume(in: context) }
    }

    private mutating func note(_ effect: Effect, at now: Instant) {
        guard case .report(.rule(let transition)) = effect, transition.change == .firing,
            let slot = machine.rules.index(of: transition.rule.name)
        else { return }
        firings[slot].count += 1
        firings[slot].first = firings[slot].first ?? now
    }

    private mutating func meet(_ demand: PauseDemand, in context: CampaignContext) {
        guard machine.acceptsPause else { return }
        if machine.isEnforced(demand.rule, context.policy) {
            pause(demand, isRelapse: false, in: context)
        } else {
            machine.noteDryRun(demand)
        }
    }

    private mutating func decisionID() -> Int {
        lastDecision += 1
        return lastDecision
    }

    private mutating func pause(_ demand: PauseDemand, isRelapse: Bool, in context: CampaignContext) {
        let counted = machine.samples.history.total ?? .zero
        stops.append(
            Stop(
                rule: demand.rule.name, at: context.now, bounced: counted.bounced, resolved: counted[.resolved],
                sent: counted.sent, isRelapse: isRelapse))
        let decision = Decision(
            id: decisionID(), at: context.now, campaign: machine.entry.id, cause: demand.cause,
            conditionText: demand.conditionText, evidence: demand.evaluation)
        for case .send(let intent) in machine.beginPause(decision, at: context.now) {
            let answer = ActionAnswer(status: .paused, pausedAt: context.now)
            _ = machine.pauseAnswered(intent, .success(answer), jitter: 1, in: context)
        }
        isPaused = true
        recording.pause()
    }

    private mutating func resume(in context: CampaignContext) {
        guard case .passes(let attempt, let rule) = machine.evaluateResume(in: context) else { return }
        for case .send(let intent) in machine.sendResume(attempt, rule, decision: decisionID(), in: context) {
            let answer = ActionAnswer(status: .running, startedAt: context.now)
            _ = machine.resumeAnswered(intent, .success(answer), in: context)
        }
        stops[stops.count - 1].resumedAt = context.now
        isPaused = false
        recording.resume()
    }
}

package import Model
package import Policy

/// Replays one campaign's recorded counters: when each rule fires, and what its pauses avoid.
///
/// The replay drives the guard's own machine and answers every pause and resume at once. Emails sent in reality during
/// a replayed pause are taken out of the later samples; see ``RecordedCampaign``. It differs from the guard in three
/// ways: observe mode pauses too, sparse recordings follow ``SampleSpacing``, and everything beyond one campaign is
/// left out (circuit breaker, start limit, launches, pools, orders).
package struct CampaignReplay: Sendable {
    /// A replayed pause.
    package struct Stop: Sendable {
        package var rule: String
        package var at: Instant
        /// Counted over the campaign's life when the rule fired, as are `resolved` and `sent`.
        package var bounced: Double
        package var resolved: Double
        package var sent: Double
        /// When the campaign would have resumed; nil if only a person could resume it or the recording ends first.
        package var resumedAt: Instant?
        /// Emails sent in reality during the pause.
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
    /// In policy order.
    package private(set) var firings: [Firings]
    private var machine: CampaignMachine
    /// Stored, because creating a context for each sample would cost more than the sample.
    private var context: CampaignContext
    private var recording = RecordedCampaign()
    private var spacing: SampleSpacing
    private var lastDecision = 0
    /// True during a replayed pause.
    private var isPaused = false

    package init(_ entry: CampaignEntry, policy: CheckedPolicy) {
        var enforced = policy
        (enforced.mode, enforced.campaigns, enforced.launches) = (.enforce, [entry], [])
        let book = RuleBook(enforced)
        let start = Instant(milliseconds: 0)
        machine = CampaignMachine(entry, book.campaigns[0], at: start)
        context = CampaignContext(book: book, pools: PoolDirectory(enforced, at: start), now: start)
        context.watchesData = false
        spacing = SampleSpacing(policy)
        firings = machine.rules.set.running.map { Firings(rule: $0.rule.name) }
    }

    /// Emails sent and bounced within the recording.
    package var total: (sent: Double, bounced: Double) { recording.grown }

    /// Replays the next sample; samples must be in time order.
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
        if context.policy.enforces(demand.rule) {
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

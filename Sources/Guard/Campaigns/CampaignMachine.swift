import Model
package import Policy

/// One campaign: what its counters show, where the rules on it stand, and what is done about it.
///
/// Samples and answers come in through its methods, with the time; the effects that they return are to be carried out.
package struct CampaignMachine: Sendable {
    package internal(set) var entry: CampaignEntry
    package internal(set) var phase = CampaignPhase.unknown
    package internal(set) var samples: CampaignSamples
    package internal(set) var rules: RuleTable
    package internal(set) var resumes = ResumePolicy()
    /// A person's pause that waits for the answer to what is under way.
    var orderedPause: Decision?
    /// Samples requested before this are too old to act on: an action has been taken since.
    var freshAfter: Instant
    /// Pauses of someone else's that the platform confirmed, and that emails outlasted; nil where none did.
    var outlasted: Outlasted?
    var standstill = LongStandstill()
    /// What polls were last planned by; nil where no breach is near.
    package internal(set) var outlook: Outlook?

    init(_ entry: CampaignEntry, _ rules: CampaignRules, at now: Instant) {
        self.entry = entry
        self.rules = RuleTable(rules)
        samples = CampaignSamples(windows: rules.windows, at: now)
        freshAfter = now
    }

    /// Takes a new policy over; rules that are the same go on.
    mutating func adopt(_ entry: CampaignEntry, _ newer: CampaignRules) {
        self.entry = entry
        rules.adopt(newer)
        samples.adopt(windows: newer.windows)
    }

    // MARK: Events

    package var snapshot: CampaignSnapshot { CampaignSnapshot(entry: entry, stats: samples.latest?.stats) }

    func report(_ event: CampaignEvent) -> Effect { .report(.campaign(snapshot, event)) }

    // MARK: Figures

    /// What rules read of it.
    func figures(in context: CampaignContext, withSurroundings: Bool = true) -> CampaignFigures {
        let age = samples.age(at: context.now)
        return CampaignFigures(
            samples.latest, samples.counters, samples.history.windows, age: age,
            isStale: age > context.policy.staleAfter,
            withSurroundings ? context.pools.surroundings(of: entry, at: context.now) : nil)
    }

    /// What launch rules read of it.
    func readings(in context: CampaignContext) -> CampaignReadings {
        CampaignReadings(figures(in: context), labels: entry.labels)
    }

    /// What one of its rules reads: from its resume on, and from when it was armed.
    func readings(ofSlot index: Int, in context: CampaignContext) -> CampaignReadings {
        CampaignReadings(figures(figures(in: context), ofSlot: index), labels: entry.labels)
    }

    func figures(_ figures: CampaignFigures, ofSlot index: Int) -> CampaignFigures {
        var figures = figures
        turn(&figures, toSlot: index)
        return figures
    }

    /// Makes the figures those that one of its rules reads, whichever rule read them before.
    func turn(_ figures: inout CampaignFigures, toSlot index: Int) {
        let running = rules.set.running[index]
        if resumes.baseline != nil { figures.count(from: baseline(of: running.rule.name)) }
        guard let test = running.test else { return figures.arm(nil) }
        figures.arm(rules.slot(index).armed.map { CampaignFigures.Armed(test: test, counters: Counters($0)) })
    }

    /// What the rule counts from: the resume that ended its own pause.
    func baseline(of rule: String) -> CampaignFigures.Baseline? {
        resumes.baseline(of: rule).map { CampaignFigures.Baseline(counters: Counters($0.stats), at: $0.at) }
    }

    /// What a probation counts from.
    var probationBaseline: CampaignFigures.Baseline? { resumes.baseline.flatMap { baseline(of: $0.rule) } }

    // MARK: Standing

    /// True where a pause may begin that a rule demands.
    var acceptsPause: Bool {
        switch phase {
        case .unknown, .running: true
        case .draft, .starting, .pausing, .paused, .pausedByAnother, .resuming: false
        }
    }

    /// True where it counts as running for the circuit breaker; a pause since `start` counts as running then.
    func isRunning(since start: Instant) -> Bool? {
        switch phase {
        case .running, .pausing: true
        case .unknown: samples.latest?.stats.showsSending == true
        case .paused(let pause): pause.decision.at > start
        case .draft, .starting, .pausedByAnother, .resuming: nil
        }
    }
}

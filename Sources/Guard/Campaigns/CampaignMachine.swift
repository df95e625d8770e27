import Model
package import Policy

/// The state machine of one campaign: its counters, its rules and the actions taken on it.
///
/// Methods take samples and responses with the time, and return the effects to carry out.
package struct CampaignMachine: Sendable {
    package internal(set) var entry: CampaignEntry
    package internal(set) var phase = CampaignPhase.unknown
    package internal(set) var samples: CampaignSamples
    package internal(set) var rules: RuleTable
    package internal(set) var resumes = ResumePolicy()
    /// A pause ordered by a person that waits for the response to a request under way; nil if there is none.
    var orderedPause: Decision?
    /// The order that holds the campaign's launch, including one that a later policy adds; nil if there is none.
    package internal(set) var launchHold: Order?
    /// The order to watch the campaign, also while the policy lists it itself; nil if there is none.
    package internal(set) var watch: Watch?
    /// The latest start or resume that was sent; an order can still withdraw a later one.
    var departed: Intent?
    /// Samples requested before this time are not acted on, because an action was taken since.
    var freshAfter: Instant
    /// Someone else's confirmed pauses that did not stop the sending; nil if there are none.
    var outlasted: Outlasted?
    var standstill = LongStandstill()
    /// The state before a restart of the counters that may yet prove to be none.
    var beforeRestart: BeforeRestart?
    /// The forecast behind the latest poll plan; nil if no breach is near.
    package internal(set) var outlook: Outlook?

    init(_ entry: CampaignEntry, _ rules: CampaignRules, at now: Instant) {
        self.entry = entry
        self.rules = RuleTable(rules)
        samples = CampaignSamples(windows: rules.windows, at: now)
        freshAfter = now
    }

    /// Adopts a new policy; rules with the same identity keep their state.
    mutating func adopt(_ entry: CampaignEntry, _ newer: CampaignRules) {
        self.entry = entry
        rules.adopt(newer)
        samples.adopt(windows: newer.windows)
    }

    // MARK: Events

    package var snapshot: CampaignSnapshot { CampaignSnapshot(entry: entry, stats: samples.latest?.stats) }

    func report(_ event: CampaignEvent) -> Effect { .report(.campaign(snapshot, event)) }

    // MARK: Figures

    /// The figures that rules read.
    func figures(in context: CampaignContext, withSurroundings: Bool = true) -> CampaignFigures {
        let age = samples.age(at: context.now)
        return CampaignFigures(
            samples.latest, samples.counters, samples.history.windows, statsAge: age,
            isStale: age > context.policy.staleAfter, age: samples.campaignAge(at: context.now),
            wallTime: context.wallTime,
            withSurroundings ? context.pools.surroundings(of: entry, at: context.now) : nil, groups: context.groups)
    }

    /// The readings of launch rules.
    func readings(in context: CampaignContext) -> CampaignReadings {
        CampaignReadings(figures(in: context), labels: entry.labels)
    }

    /// The readings of one running rule, counted from its resume and from when it was armed.
    func readings(ofSlot index: Int, in context: CampaignContext) -> CampaignReadings {
        CampaignReadings(figures(figures(in: context), ofSlot: index), labels: entry.labels)
    }

    func figures(_ figures: CampaignFigures, ofSlot index: Int) -> CampaignFigures {
        var figures = figures
        turn(&figures, toSlot: index)
        return figures
    }

    /// Switches the figures to those of one rule, whichever rule read them before.
    func turn(_ figures: inout CampaignFigures, toSlot index: Int) {
        let running = rules.set.running[index]
        if resumes.baseline != nil { figures.count(from: baseline(of: running.rule.name)) }
        figures.read(groupOfRule: running.isOnGroup ? running.index : nil)
        guard let test = running.test else { return figures.arm(nil) }
        let slot = rules.slot(index)
        figures.arm(
            slot.armed.map {
                CampaignFigures.Armed(test: test, counters: Counters($0), change: slot.change?.evidence)
            })
    }

    /// The baseline that the rule counts from; nil for every rule but the one that had paused the campaign.
    func baseline(of rule: String) -> CampaignFigures.Baseline? {
        resumes.baseline(of: rule).map { CampaignFigures.Baseline(counters: Counters($0.stats), at: $0.at) }
    }

    /// The baseline that a probation counts from; nil if there is none.
    var probationBaseline: CampaignFigures.Baseline? { resumes.baseline.flatMap { baseline(of: $0.rule) } }

    // MARK: Standing

    /// True if a pause that a rule demands may begin.
    var acceptsPause: Bool {
        switch phase {
        case .unknown, .running: true
        case .draft, .starting, .pausing, .paused, .pausedByAnother, .resuming: false
        }
    }

    /// True unless the campaign is known not to send.
    var mayBeSending: Bool {
        switch phase {
        case .running: true
        case .unknown: samples.latest?.stats.sent != 0
        // Counters that show sending would have confirmed the start, so a lost one matters only while they are missing.
        case .starting(let attempt): attempt.lost != nil && samples.latest?.stats.sent != 0
        case .draft, .pausing, .paused, .pausedByAnother, .resuming: false
        }
    }

    /// True if the circuit breaker counts the campaign as running, also if paused after `start`; nil if not counted.
    func isRunning(since start: Instant) -> Bool? {
        switch phase {
        case .running, .pausing: true
        case .unknown: samples.latest?.stats.showsSending == true
        case .paused(let pause): pause.decision.at > start
        case .draft, .starting, .pausedByAnother, .resuming: nil
        }
    }
}

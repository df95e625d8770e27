import Model
import Policy

/// The numbers that a compiled rule reads from a campaign; NaN if missing or stale.
struct CampaignFigures: CompiledReadings {
    /// The counters and the time of the resume that a rule counts from.
    struct Baseline: Sendable {
        var counters: Counters
        var at: Instant
    }

    /// A confidence test and the counters at which its rule was armed.
    struct Armed: Sendable {
        var test: SequentialTest
        var counters: Counters
        /// The evidence of a rule with `within`.
        var change: ChangeEvidence?
    }

    private let latest: Counters
    let latestAt: Instant
    private let queued: Double
    private let openRate: Double
    private let replyRate: Double
    private let windows: [CounterWindow]
    let statsAge: Duration
    /// Since the first sample; nil before it.
    let age: Duration?
    let wallTime: Instant?
    /// Stale stats read as unknown.
    private let isStale: Bool
    /// The pool and the accounts; nil if no rule in question reads them.
    private let surroundings: Surroundings?
    private var baseline: Baseline?
    private var counted: Counters
    private var armed: Armed?
    /// The sums of the campaign's groups.
    private let groups: [GroupSums]
    /// The sums that the next rule reads instead of the campaign's own numbers; nil unless the rule is on groups.
    private var sums: GroupSums?
    /// True for a resume, which only sends the rest: `totalEnrolled` then excludes sent emails.
    private var countsRest = false

    init(
        _ sample: StatsSample?, _ counters: Counters, _ windows: [CounterWindow], statsAge: Duration, isStale: Bool,
        age: Duration?, wallTime: Instant, _ surroundings: Surroundings?, groups: [GroupSums] = []
    ) {
        self.groups = groups
        latest = counters
        latestAt = sample?.at ?? Instant(milliseconds: 0)
        queued = sample?.stats.queued.map(Double.init) ?? .nan
        openRate = sample?.stats.openRate ?? .nan
        replyRate = sample?.stats.replyRate ?? .nan
        self.windows = windows
        self.wallTime = wallTime
        (self.statsAge, self.isStale, self.surroundings) = (statsAge, isStale || sample == nil, surroundings)
        self.age = age
        counted = counters
    }

    /// Counts from a resume; nil counts from the campaign's start.
    mutating func count(from baseline: Baseline?) {
        self.baseline = baseline
        counted = baseline.map { latest.counted(from: $0.counters) } ?? latest
    }

    /// Sets the test of the rule evaluated next; nil if the rule is not armed.
    mutating func arm(_ armed: Armed?) { self.armed = armed }

    /// These figures, with counters that start at a resume.
    func counting(from baseline: Baseline?) -> CampaignFigures {
        var figures = self
        figures.count(from: baseline)
        return figures
    }

    /// These figures, with `totalEnrolled` less the emails sent, as a launch rule reads them for a resume.
    var ofTheRest: CampaignFigures {
        var figures = self
        figures.countsRest = true
        return figures
    }

    /// Reads the sums of the group that the rule is on; nil reads the campaign's own numbers.
    mutating func read(groupOfRule index: Int?) {
        sums = index.map { index in groups.first { $0.ruleIndex == index } ?? GroupSums.unknown }
    }

    /// The counters since the resume that is counted from; unknown if they are stale.
    var currentCounters: Counters { isStale ? .unknown : counted }

    func value(of gauge: Gauge) -> Double {
        if let sums { return sums.value(of: gauge) }
        if gauge.source != .stats { return surroundings?.value(of: gauge) ?? .nan }
        if isStale { return .nan }
        switch gauge {
        case .counter(.totalEnrolled):
            guard countsRest else { return counted.totalEnrolled }
            let rest = counted.totalEnrolled - counted.sent
            // Unknown values stay unknown, because every comparison with NaN is false.
            return rest < 0 ? 0 : rest
        case .counter(let counter): return counted[counter]
        case .rate(let rate): return counted[rate]
        case .platform(.queued): return queued
        case .platform(.openRate): return openRate
        case .platform(.replyRate): return replyRate
        case .pool, .accounts: return .nan
        }
    }

    func increase(of counter: Counter, window: Int) -> (amount: Double, hours: Double) {
        if let sums {
            return sums.growth(of: counter, windows[window].window) ?? (.nan, .nan)
        }
        guard !isStale, let growth = growth(of: counter, window: window) else { return (.nan, .nan) }
        return (growth.amount, Double(growth.covered) / 3_600_000)
    }

    func increase(of counter: Counter, over window: TimeWindow) -> Increase? {
        if let sums { return GroupReadings(sums: sums, wallTime: nil).increase(of: counter, over: window) }
        guard !isStale, let index = windows.firstIndex(where: { $0.window == window }),
            let growth = growth(of: counter, window: index)
        else { return nil }
        return Increase(amount: growth.amount, covered: .milliseconds(growth.covered))
    }

    /// The growth of a counter within the window and since the resume, whichever is less.
    private func growth(of counter: Counter, window: Int) -> (amount: Double, covered: Int64)? {
        // Through the buffer, because taking a window out of the array copies it.
        let growth = windows.withUnsafeBufferPointer { $0[window].growth(of: counter) }
        // A window in the past also reads what was counted before the resume.
        guard let growth, let baseline, windows[window].window.offset == .zero else { return growth }
        guard let since = latest.growth(of: counter, since: baseline.counters) else { return nil }
        let sinceResume = latestAt.milliseconds - baseline.at.milliseconds
        return (min(growth.amount, since), min(growth.covered, max(1, sinceResume)))
    }

    func age(of source: Source) -> Double { duration(of: source)?.seconds ?? .nan }

    var campaignAgeSeconds: Double { age?.seconds ?? .nan }

    func duration(of source: Source) -> Duration? {
        switch source {
        case .stats: statsAge
        case .pools: surroundings?.poolsAge
        case .accounts: surroundings?.accountsAge
        }
    }

    var armedTest: SequentialTest? { armed?.test }

    func poolTag(_ name: String) -> String? { surroundings?.poolTag(name) }

    func sinceArmed(_ counter: Counter) -> Double {
        guard !isStale, let armed, let evidence = latest.evidence(for: armed.test, since: armed.counters) else {
            return .nan
        }
        return counter == armed.test.hits ? evidence.hits : evidence.trials
    }

    func sinceArmed(_ hits: Counter, of trials: Counter) -> (hits: Double, trials: Double)? {
        guard !isStale, let armed else { return nil }
        return latest.evidence(hits, of: trials, since: armed.counters)
    }

    /// The evidence for a change and the counts since the rule was armed; nil if it was not armed or a counter is
    /// unknown.
    var change: (evidence: ChangeEvidence, armed: (hits: Double, trials: Double), test: SequentialTest)? {
        guard let armed, let evidence = armed.change,
            let counts = sinceArmed(armed.test.hits, of: armed.test.trials)
        else { return nil }
        return (evidence, counts, armed.test)
    }

    func changeEvidence(_ detector: ChangeDetector) -> Double {
        change.map { detector.logEvidence($0.evidence) } ?? .nan
    }
}

/// The same numbers for a full evaluation, which includes evidence.
struct CampaignReadings: Readings {
    var figures: CampaignFigures
    private let labels: [String: String]

    init(_ figures: CampaignFigures, labels: [String: String]) { (self.figures, self.labels) = (figures, labels) }

    func value(of gauge: Gauge) -> Double? { known(figures.value(of: gauge)) }

    func increase(of counter: Counter, over window: TimeWindow) -> Increase? {
        figures.increase(of: counter, over: window)
    }

    func age(of source: Source) -> Duration? { figures.duration(of: source) }

    var campaignAge: Duration? { figures.age }

    var wallTime: Instant? { figures.wallTime }

    func label(_ name: String) -> String { labels[name] ?? "" }

    func poolTag(_ name: String) -> String? { figures.poolTag(name) }

    func sinceArmed(_ hits: Counter, of trials: Counter) -> (hits: Double, trials: Double)? {
        figures.sinceArmed(hits, of: trials)
    }

    func change() -> ChangeReading? {
        figures.change.map { ChangeReading($0.evidence, armed: $0.armed, $0.test) }
    }

    private func known(_ value: Double) -> Double? { value.isNaN ? nil : value }
}

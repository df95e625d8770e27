import Model
import Policy

/// What a replayed rule reads: as ``CampaignReadings``, by compiled conditions.
struct ReplayReadings: CompiledReadings {
    private let stats: CampaignStats
    private let latest: Counters
    /// Those since the resume that the rule counts from; the same where there is none.
    private let counted: Counters
    private let baseline: Baseline?
    private let now: Instant
    private let armed: (test: SequentialTest, at: Counters)?
    private let windows: UnsafeBufferPointer<CounterWindow>

    /// What had been counted at the resume that the rule counts from, and when that was.
    struct Baseline: Sendable {
        var counters: Counters
        var at: Instant
    }

    /// - Parameters:
    ///   - armed: what had been counted when a rule with a confidence was armed.
    ///   - windows: by the numbers that the compiled condition has for them.
    init(
        _ stats: CampaignStats, _ latest: Counters, since baseline: Baseline?,
        armed: (test: SequentialTest, at: Counters)?, windows: UnsafeBufferPointer<CounterWindow>, at now: Instant
    ) {
        (self.stats, self.latest, self.baseline, self.now) = (stats, latest, baseline, now)
        counted = baseline.map { latest.counted(from: $0.counters) } ?? latest
        (self.armed, self.windows) = (armed, windows)
    }

    func value(of gauge: Gauge) -> Double {
        switch gauge {
        case .totalEnrolled: counted.totalEnrolled
        case .sent: counted.sent
        case .delivered: counted.delivered
        case .bounced: counted.bounced
        case .replied: counted.replied
        case .resolved: counted[.resolved]
        case .bounceRate: counted[.resolved] > 0 ? counted.bounced / counted[.resolved] : .nan
        case .queued: stats.queued.map(Double.init) ?? .nan
        case .openRate: stats.openRate ?? .nan
        case .replyRate: stats.replyRate ?? .nan
        case .poolDailyCapacity, .poolRemainingVolume, .poolReserved, .poolAvailable, .poolSenders, .poolActiveSenders,
            .poolAge, .poolUpdated, .accountsActive, .accountsPaused, .accountsWarming:
            .nan
        }
    }

    func increase(of counter: Counter, window: Int) -> (amount: Double, hours: Double) {
        guard let increase = windows[window].increase(of: counter) else { return (.nan, .nan) }
        guard let baseline else { return (increase.amount, increase.covered.hours) }
        guard let since = latest.growth(of: counter, since: baseline.counters) else { return (.nan, .nan) }
        let covered = min(increase.covered, max(.milliseconds(1), now - baseline.at))
        return (min(increase.amount, since), covered.hours)
    }

    func age(of source: Source) -> Double { source == .stats ? 0 : .nan }

    func sinceArmed(_ counter: Counter) -> Double {
        guard let (test, at) = armed, let evidence = latest.evidence(test.hits, of: test.trials, sinceArmedAt: at)
        else { return .nan }
        return counter == test.hits ? evidence.hits : evidence.trials
    }
}

import Model
import Policy

/// What a rule on a campaign, or on a launch, may read; too old is unknown.
struct CampaignReadings: Readings {
    let campaign: CampaignState
    let pool: PoolReading?
    let platform: PlatformState
    let now: Instant
    /// Past this age a campaign's numbers are unknown.
    let staleAfter: Duration
    /// Counters count from here; nil for the campaign's whole life.
    private var baseline: Recovery.Baseline?
    /// What had been counted when the rule that is judged was armed; nil before.
    private var armed: CampaignStats?
    /// A resume has only the rest to send: that is then what is enrolled.
    private var countsRest = false

    init(campaign: CampaignState, pool: PoolReading?, platform: PlatformState, now: Instant, staleAfter: Duration) {
        self.campaign = campaign
        self.pool = pool
        self.platform = platform
        self.now = now
        self.staleAfter = staleAfter
    }

    /// The same readings with counters that count from a resume on.
    func counting(from baseline: Recovery.Baseline?) -> CampaignReadings {
        var readings = self
        readings.baseline = baseline
        return readings
    }

    /// The same readings for a rule that was armed at these numbers.
    func armed(from stats: CampaignStats?) -> CampaignReadings {
        var readings = self
        readings.armed = stats
        return readings
    }

    /// The same readings with `totalEnrolled` less what has been sent, as a launch rule is to judge a resume.
    var ofTheRest: CampaignReadings {
        var readings = self
        readings.countsRest = true
        return readings
    }

    func value(of gauge: Gauge) -> Double? {
        switch gauge.source {
        case .stats: stat(gauge).map(Double.init(_:))
        case .pools: pool?.value(of: gauge)
        case .accounts: platform.accountsValue(of: gauge, in: campaign.entry.workspace, at: now)
        }
    }

    private func stat(_ gauge: Gauge) -> Double? {
        guard let latest = campaign.latest, campaign.age(at: now) <= staleAfter else { return nil }
        var stats = latest.stats
        if let baseline { stats = stats.counted(from: baseline.stats) }
        switch gauge {
        case .totalEnrolled where countsRest:
            guard let enrolled = stats.totalEnrolled, let sent = stats.sent else { return nil }
            return Double(max(0, enrolled - sent))
        case .totalEnrolled: return stats.totalEnrolled.map(Double.init)
        case .sent: return stats.sent.map(Double.init)
        case .delivered: return stats.delivered.map(Double.init)
        case .bounced: return stats.bounced.map(Double.init)
        case .replied: return stats.replied.map(Double.init)
        case .queued: return stats.queued.map(Double.init)
        case .resolved: return stats.resolved.map(Double.init)
        case .openRate: return stats.openRate
        case .replyRate: return stats.replyRate
        case .bounceRate:
            guard let bounced = stats.bounced, let resolved = stats.resolved else { return nil }
            return Ratio(bounced, of: resolved)?.value
        case .poolDailyCapacity, .poolRemainingVolume, .poolReserved, .poolAvailable, .poolSenders, .poolActiveSenders,
            .poolAge, .poolUpdated, .accountsActive, .accountsPaused, .accountsWarming:
            return nil
        }
    }

    func increase(of counter: Counter, over window: Duration) -> Increase? {
        guard campaign.age(at: now) <= staleAfter else { return nil }
        guard let increase = campaign.history.increase(of: counter, over: window) else { return nil }
        guard let baseline else { return increase }
        // Counters only grow, so the growth since both the window's start and the resume is the lesser of the two.
        guard let latest = campaign.latest,
            let since = Counters.growth(of: counter, from: baseline.stats, to: latest.stats)
        else { return nil }
        let covered = min(increase.covered, max(.milliseconds(1), latest.at - baseline.at))
        return Increase(amount: min(increase.amount, since), covered: covered)
    }

    func sinceArmed(_ hits: Counter, of trials: Counter) -> (hits: Double, trials: Double)? {
        guard let armed, let latest = campaign.latest?.stats, campaign.age(at: now) <= staleAfter else { return nil }
        return Counters(latest).evidence(hits, of: trials, sinceArmedAt: Counters(armed))
    }

    func age(of source: Source) -> Duration? {
        switch source {
        case .stats: campaign.age(at: now)
        case .pools, .accounts:
            platform.age(of: source, pool: campaign.entry.pool, in: campaign.entry.workspace, at: now)
        }
    }

    func label(_ name: String) -> String {
        campaign.entry.labels[name] ?? ""
    }

    func poolTag(_ name: String) -> String? { pool?.pool.tags.map { $0[name] ?? "" } }
}

/// What a rule on pools may read.
struct PoolReadings: Readings {
    let id: PoolID
    let workspace: WorkspaceName
    let pool: PoolReading?
    let platform: PlatformState
    let now: Instant

    func value(of gauge: Gauge) -> Double? {
        switch gauge.source {
        case .stats: nil
        case .pools: pool?.value(of: gauge)
        case .accounts: platform.accountsValue(of: gauge, in: workspace, at: now)
        }
    }

    func increase(of counter: Counter, over window: Duration) -> Increase? { nil }

    func age(of source: Source) -> Duration? { platform.age(of: source, pool: id, in: workspace, at: now) }

    func label(_ name: String) -> String { "" }

    func poolTag(_ name: String) -> String? { pool?.pool.tags.map { $0[name] ?? "" } }
}

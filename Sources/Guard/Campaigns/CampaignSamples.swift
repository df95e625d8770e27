package import Model
package import Policy

/// A campaign's counters: the newest sample, the windows that rules read, and how well its answers can be used.
package struct CampaignSamples: Sendable {
    /// The newest usable sample; nil before the first.
    package private(set) var latest: StatsSample?
    /// Its counters; unknown before the first.
    private(set) var counters = Counters.unknown
    private(set) var history: SampleHistory
    private(set) var pace = SendingPace()
    /// Counters that fell below half of what they were, until it is known whether they restarted.
    private var falls = CounterFalls()
    /// Why the latest answer could not be used; nil where it could.
    package private(set) var lastFault: String?
    /// How many of the latest answers could be used.
    package private(set) var answers = AnswerShare()
    package private(set) var isMissing = false
    package private(set) var isStale = false
    /// Since when it is polled, for the age of stats that never came.
    private let watchedSince: Instant

    init(windows: [CampaignRules.Window], at now: Instant) {
        history = SampleHistory(windows: windows)
        watchedSince = now
    }

    /// How long ago the newest usable sample came, or since when none has.
    package func age(at now: Instant) -> Duration { max(.zero, now - (latest?.at ?? watchedSince)) }

    /// Its counters fell, and later samples will show whether they restarted.
    var isFallOpen: Bool { falls.isOpen }

    /// Bounces within each of so many parts of the window, as a rate, oldest first.
    package func trend(_ window: Duration, _ count: Int) -> [Double?] { history.trend(window, count) }

    package func increase(of counter: Counter, over window: Duration) -> Increase? {
        history.increase(of: counter, over: window)
    }

    // MARK: Taking in

    /// What became of a sample.
    enum Intake {
        /// A newer one was taken in already.
        case outdated
        /// Its counters fell; later samples tell whether they restarted.
        case doubtful(AnswerShare.Change?)
        case taken(Taken)
    }

    struct Taken {
        /// The sample before, or zero counters where they restarted; nil for the first.
        var previous: StatsSample?
        /// The counters restarted before it; nil where they did not, which is nearly always.
        var restart: Restart?
        var answers: AnswerShare.Change?
        /// Stats had been missing or stale for so long.
        var freshAfter: Duration?
    }

    /// The first sample that showed a restart, and the counters before it; an object, as a sample is a large value.
    final class Restart: Sendable {
        let sample: StatsSample
        let before: CampaignStats

        init(_ sample: StatsSample, before: CampaignStats) { (self.sample, self.before) = (sample, before) }
    }

    /// - Parameter isFresh: false where it is too old itself to end a lack of stats.
    mutating func take(_ sample: StatsSample, isFresh: Bool) -> Intake {
        // Two polls may overtake each other: the older answer shows nothing new.
        if let latest, sample.requestedAt < latest.requestedAt { return .outdated }
        let finding = latest == nil ? .usable : falls.note(sample, since: history.last ?? counters)
        if finding == .doubtful { return .doubtful(answers.note(isUsable: false)) }
        var taken = Taken(previous: latest, answers: answers.note(isUsable: true))
        if isFresh, isStale || isMissing {
            taken.freshAfter = age(at: sample.at)
            (isStale, isMissing) = (false, false)
        }
        if case .restarted(let restart) = finding, let before = latest {
            // What was first seen of the restart is the base.
            taken.restart = Restart(restart, before: before.stats)
            history.append(Counters(restart.stats), at: restart.at)
            taken.previous = StatsSample(
                stats: CampaignStats.zeroCounters, at: before.at, requestedAt: restart.requestedAt)
        }
        counters = Counters(sample.stats)
        history.append(counters, at: sample.at)
        pace.observe(counters, at: sample.at)
        latest = sample
        lastFault = nil
        return .taken(taken)
    }

    /// Takes in that a poll brought no sample; `isUnusable` is false where that says nothing about this campaign.
    mutating func note(_ fault: Fault, isUnusable: Bool) -> AnswerShare.Change? {
        lastFault = fault.summary
        return isUnusable ? answers.note(isUsable: false) : nil
    }

    /// The platform does not know the campaign; true where that is new.
    mutating func noteMissing() -> Bool {
        defer { isMissing = true }
        return !isMissing
    }

    /// True where the stats have just become too old; of a campaign that the platform does not know, that was reported.
    mutating func becomesStale(after limit: Duration, at now: Instant) -> Bool {
        guard !isStale, !isMissing, age(at: now) > limit else { return false }
        isStale = true
        return true
    }

    /// How fast it sends from now on is not shown by how it stood still.
    mutating func forgetPace() { pace = SendingPace() }

    mutating func adopt(windows: [CampaignRules.Window]) { history.rearrange(windows) }

    // MARK: Storage

    /// Takes up what was stored, oldest first.
    mutating func recall(_ stored: [(at: Instant, stats: CampaignStats)], at now: Instant) {
        for sample in stored where sample.at <= now {
            counters = Counters(sample.stats)
            history.append(counters, at: sample.at)
            pace.observe(counters, at: sample.at)
            latest = StatsSample(stats: sample.stats, at: sample.at, requestedAt: sample.at)
        }
    }

    mutating func takeUp(_ memory: CampaignMemory, at now: Instant) {
        if let sample = memory.latest, sample.at <= now, sample.at >= latest?.at ?? sample.at {
            latest = sample
            counters = Counters(sample.stats)
        }
        (isMissing, isStale) = (memory.isMissing, memory.isStale)
    }
}

package import Model
package import Policy

/// A campaign's counters: the newest sample, the windows that rules read, and the share of usable responses.
package struct CampaignSamples: Sendable {
    /// The newest usable sample; nil before the first.
    package private(set) var latest: StatsSample?
    /// When the first usable sample ever was taken, also by an earlier process; nil before it.
    package private(set) var firstAt: Instant?
    /// The counters of ``latest``; unknown before the first sample.
    private(set) var counters = Counters.unknown
    private(set) var history: SampleHistory
    private(set) var pace = SendingPace()
    private(set) var highestSent = HighestSent()
    /// Fallen counters of which it is not known yet whether they restarted.
    private var falls = CounterFalls()
    private var earlier: Earlier?
    /// Why the latest response was unusable; nil if it was usable.
    package private(set) var lastFault: String?
    /// The usable share of the latest responses.
    package private(set) var answers = AnswerShare()
    package private(set) var isMissing = false
    package private(set) var isStale = false
    /// When polling began; the age of stats that never came counts from here.
    private var watchedSince: Instant

    init(windows: [CampaignRules.Window], at now: Instant) {
        history = SampleHistory(windows: windows)
        watchedSince = now
    }

    /// The age of the newest usable sample, or the time without any.
    package func age(at now: Instant) -> Duration { max(.zero, now - (latest?.at ?? watchedSince)) }

    /// The time since the first usable sample ever; nil before it.
    package func campaignAge(at now: Instant) -> Duration? { firstAt.map { max(.zero, now - $0) } }

    /// Notes a usable sample of that time, which may be earlier than the known ones.
    private mutating func noteFirst(_ time: Instant) { firstAt = min(firstAt ?? time, time) }

    /// The highest count of sent emails before a restart that may yet prove to be none; nil if there is none, or if
    /// the campaign was seen to send since.
    var sentBeforeRestart: (sent: Int, at: Instant)? {
        guard let rises = history.risesSinceRestart, rises < Standstill.sending.risesMin else { return nil }
        return earlier?.highestSent.known
    }

    /// True while it is unknown whether fallen counters restarted.
    var isFallOpen: Bool { falls.isOpen }

    /// When the counters last restarted, if that may still prove to be no restart; otherwise nil.
    var restartedAt: Instant? { history.restartedAt }

    /// True while the last restart of the counters may yet prove to be none.
    var isRestartOpen: Bool { history.isRestartOpen }

    /// The bounce rate in each of `count` equal parts of the window, oldest first.
    package func trend(_ window: Duration, _ count: Int) -> [Double?] { history.trend(window, count) }

    package func increase(of counter: Counter, over window: Duration) -> Increase? {
        history.increase(of: counter, over: window)
    }

    // MARK: Taking in

    /// The result of taking a sample.
    enum Intake {
        /// A newer sample was taken before.
        case outdated
        /// The counters fell; later samples show whether they restarted.
        case doubtful(AnswerShare.Change?)
        case taken(Taken)
    }

    struct Taken {
        /// The sample before, with zero counters after a restart; nil for the first sample.
        var previous: StatsSample?
        /// The restart of the counters before this sample; nil if there was none, which is the usual case.
        var restart: Restart?
        /// The counters are back at their values before the last restart, which therefore was none.
        var isReturn = false
        /// The growth since ``previous`` was not sent since then: a replica that lagged catches up.
        var isStep = false
        var answers: AnswerShare.Change?
        /// How long stats had been missing or stale; nil if they were not.
        var freshAfter: Duration?
    }

    /// The first sample after a restart and the counters before it; a class, because a sample is a large value.
    final class Restart: Sendable {
        let sample: StatsSample
        let before: CampaignStats

        init(_ sample: StatsSample, before: CampaignStats) { (self.sample, self.before) = (sample, before) }
    }

    /// The state before a restart that may yet prove to be none.
    private final class Earlier: Sendable {
        let latest: StatsSample
        let pace: SendingPace
        let highestSent: HighestSent

        init(_ latest: StatsSample, _ pace: SendingPace, _ highestSent: HighestSent) {
            (self.latest, self.pace, self.highestSent) = (latest, pace, highestSent)
        }
    }

    /// - Parameter isFresh: false if the sample itself is too old to end missing or stale stats.
    mutating func take(_ sample: StatsSample, isFresh: Bool) -> Intake {
        // Polls may overtake each other; the older response shows nothing new.
        if let latest, sample.requestedAt < latest.requestedAt { return .outdated }
        let finding = latest == nil ? .usable : falls.note(sample, since: history.last ?? counters)
        if finding == .doubtful { return .doubtful(answers.note(isUsable: false)) }
        var taken = Taken(previous: latest, answers: answers.note(isUsable: true))
        if isFresh, isStale || isMissing {
            taken.freshAfter = age(at: sample.at)
            (isStale, isMissing) = (false, false)
        }
        if case .restarted(let restart) = finding, let before = latest {
            taken.restart = Restart(restart, before: before.stats)
            history.append(Counters(restart.stats), at: restart.at)
            noteRestart(at: restart.at)
            taken.previous = StatsSample(
                stats: CampaignStats.zeroCounters, at: before.at, requestedAt: restart.requestedAt)
        }
        let before = earlier
        switch append(sample) {
        case .none, .restarted: break
        case .stepped: taken.isStep = true
        case .returned: if let before { (taken.isReturn, taken.previous) = (true, before.latest) }
        }
        if firstAt == nil { firstAt = sample.at }
        lastFault = nil
        return .taken(taken)
    }

    /// Counts a usable sample; returns what it shows about restarts.
    private mutating func append(_ sample: StatsSample) -> UnbrokenCounters.Change {
        counters = Counters(sample.stats)
        let change = history.append(counters, at: sample.at)
        switch change {
        case .none: break
        case .stepped: pace.skip(to: counters, at: sample.at)
        case .restarted: noteRestart(at: sample.at)
        case .returned: if let earlier { (pace, highestSent) = (earlier.pace, earlier.highestSent) }
        }
        if !history.isRestartOpen { earlier = nil }
        if change != .stepped { pace.observe(counters, at: sample.at) }
        highestSent.note(sample.stats.sent, at: sample.at)
        latest = sample
        return change
    }

    /// Remembers the state before a restart, unless the counters fell again after one that may be none.
    private mutating func noteRestart(at time: Instant) {
        if history.restartedAt == time { earlier = latest.map { Earlier($0, pace, highestSent) } }
        highestSent = HighestSent()
    }

    /// Notes a poll without a sample; `isUnusable` is false if that says nothing about this campaign.
    mutating func note(_ fault: Fault, isUnusable: Bool) -> AnswerShare.Change? {
        lastFault = fault.summary
        return isUnusable ? answers.note(isUsable: false) : nil
    }

    /// Notes that the platform does not know the campaign; true if that is new.
    mutating func noteMissing() -> Bool {
        defer { isMissing = true }
        return !isMissing
    }

    /// True if the stats have just become stale; false for a missing campaign, which is already reported.
    mutating func becomesStale(after limit: Duration, at now: Instant) -> Bool {
        guard !isStale, !isMissing, age(at: now) > limit else { return false }
        isStale = true
        return true
    }

    /// Forgets the pace, because a standstill says nothing about the pace after a start.
    mutating func forgetPace() { pace = SendingPace() }

    mutating func adopt(windows: [CampaignRules.Window]) { history.rearrange(windows) }

    /// Fills the windows that a reload added from stored samples, oldest first.
    mutating func fill(from stored: [(at: Instant, stats: CampaignStats)]) {
        history.fill(
            from: stored.map { ($0.at, Counters($0.stats)) },
            latest: latest.map { ($0.at, history.last ?? counters) })
    }

    /// Begins to watch the campaign again.
    mutating func watch(since now: Instant) { watchedSince = now }

    // MARK: Storage

    /// Restores stored samples, oldest first; returns the times of those whose growth was not sent then.
    ///
    /// - Parameter first: when the oldest sample was taken, if it is older than these.
    @discardableResult
    mutating func recall(
        _ stored: [(at: Instant, stats: CampaignStats)], first: Instant? = nil, at now: Instant
    ) -> Set<Instant> {
        var steps: Set<Instant> = []
        if let first = [first, stored.first?.at].compactMap({ $0 }).min() { noteFirst(min(first, now)) }
        for sample in stored where sample.at <= now {
            let change = append(StatsSample(stats: sample.stats, at: sample.at, requestedAt: sample.at))
            if change == .stepped { steps.insert(sample.at) }
        }
        return steps
    }

    mutating func takeUp(_ memory: CampaignMemory, at now: Instant) {
        // Records of older versions have only the latest sample.
        if let first = memory.firstAt ?? memory.latest?.at { noteFirst(min(first, now)) }
        if let sample = memory.latest, sample.at <= now, sample.at >= latest?.at ?? sample.at {
            latest = sample
            counters = Counters(sample.stats)
            highestSent.note(sample.stats.sent, at: sample.at)
        }
        (isMissing, isStale) = (memory.isMissing, memory.isStale)
    }
}

import Model
import Policy

/// The progress of a rule with `within` on one campaign: its evidence, and the emails that it has counted.
///
/// Counting a sample again changes nothing, so stored samples can be counted again after a restart.
struct ChangeState: Codable, Hashable, Sendable {
    /// The state is stored after at most this many emails; later ones are counted again from stored samples.
    private static let storedEvery = 100.0
    /// The campaign is quiet once it has sent nothing, and no new trial was a miss, for this long.
    ///
    /// It is longer than two polls and than the usual time from an email to its bounce, but so short that few late hits
    /// arrive before it is over.
    static let quietAfter = Duration.seconds(15 * 60)
    /// The emails of a longer gap between samples are not counted, because late hits of earlier emails are among them.
    static let gapMax = Duration.seconds(3600)
    /// The number of hits that count while the campaign is quiet; each miss allows one more.
    ///
    /// This is enough for a campaign that sends an email every few hours, and for a platform that rarely reports.
    static let quietHitsMax = 5.0

    /// The latest activity of the campaign, and its counters at that time.
    private struct Activity: Codable, Hashable, Sendable {
        /// The highest count of sent emails.
        var sent: Double
        /// When an email was last sent or, unless the campaign was quiet, the misses last grew.
        var at: Instant
        /// The count of hits before the campaign was quiet, plus the hits skipped since.
        var hits: Double
        /// The count of misses before the campaign was quiet.
        var misses: Double

        /// Notes a sample of a campaign that is not quiet; more misses keep it from becoming quiet.
        mutating func note(_ counts: Counts, at now: Instant) {
            hits = counts.hits
            guard counts.trials - counts.hits > misses else { return }
            (misses, at) = (counts.trials - counts.hits, now)
        }
    }

    private typealias Counts = (hits: Double, trials: Double)

    private(set) var evidence = ChangeEvidence()
    /// The counts up to which emails were counted; if a counter is corrected downwards, its growth back to this count
    /// is not counted again.
    private var hits: Double
    private var trials: Double
    /// The time of the newest counted sample, or of the arming of the rule.
    private var at: Instant
    /// Nil until a sample contains the counter of sent emails.
    private var activity: Activity?

    /// Nil if a counter of the test is unknown.
    init?(_ test: SequentialTest, from counters: Counters, at now: Instant) {
        guard !counters[test.hits].isNaN, !counters[test.trials].isNaN else { return nil }
        (hits, trials, at) = (counters[test.hits], counters[test.trials], now)
        _ = isQuiet(counters, (hits, trials), at: now)
    }

    /// Counts the emails that a sample adds.
    mutating func count(_ counters: Counters, at now: Instant, _ test: SequentialTest, _ detector: ChangeDetector) {
        let isGap = now - at > ChangeState.gapMax
        at = now
        let newest = (hits: counters[test.hits], trials: counters[test.trials])
        guard !newest.hits.isNaN, !newest.trials.isNaN else { return }
        let isQuiet = isQuiet(counters, newest, at: now)
        if isGap {
            skip(newest)
            return
        }
        if isQuiet { skipLateHits(newest) }
        guard newest.trials > trials else { return }
        let grown = newest.trials - trials
        // Hits without new trials wait for later trials: the platform first counted these emails as misses.
        let hit = min(grown, max(0, newest.hits - hits))
        detector.count(hit, of: grown, at: now, in: &evidence)
        (hits, trials) = (hits + hit, newest.trials)
    }

    /// Leaves the growth up to these counters uncounted, because it is not new.
    mutating func skip(to counters: Counters, at now: Instant, _ test: SequentialTest) {
        at = now
        let newest = (hits: counters[test.hits], trials: counters[test.trials])
        if !newest.hits.isNaN, !newest.trials.isNaN { skip(newest) }
    }

    private mutating func skip(_ newest: Counts) {
        (hits, trials) = (max(hits, newest.hits), max(trials, newest.trials))
    }

    /// Notes the newest activity; true if the latest was more than ``quietAfter`` ago.
    ///
    /// Only an email that is sent ends a quiet time. Without the counter of sent emails, no campaign is quiet.
    private mutating func isQuiet(_ counters: Counters, _ newest: Counts, at now: Instant) -> Bool {
        guard !counters.sent.isNaN else { return false }
        guard let last = activity, counters.sent <= last.sent else {
            activity = Activity(sent: counters.sent, at: now, hits: newest.hits, misses: newest.trials - newest.hits)
            return false
        }
        if now - last.at > ChangeState.quietAfter { return true }
        activity?.note(newest, at: now)
        return false
    }

    /// Skips the hits beyond ``quietHitsMax``.
    ///
    /// They belong to emails sent before the quiet time, whose misses were already counted. In a quiet time, late hits
    /// arrive without misses, so they would look like a change even in a good list.
    private mutating func skipLateHits(_ newest: Counts) {
        guard let last = activity else { return }
        let misses = max(0, newest.trials - newest.hits - last.misses)
        let skipped = newest.hits - hits - max(0, last.hits + ChangeState.quietHitsMax + misses - hits)
        guard skipped > 0 else { return }
        hits += skipped
        activity?.hits += skipped
        trials += min(skipped, max(0, newest.trials - trials))
    }

    /// True for a stored sample that is not older than the newest one counted.
    func precedes(_ time: Instant) -> Bool { time >= at }

    /// The state with no time after `now`, because the clock may have been set back.
    func clamped(to now: Instant) -> ChangeState {
        var state = self
        state.at = min(at, now)
        if let activity { state.activity?.at = min(activity.at, now) }
        return state
    }

    /// Changes whenever the state has to be stored.
    var storageMark: Int { Int(exactly: (trials / ChangeState.storedEvery).rounded(.down)) ?? 0 }
}

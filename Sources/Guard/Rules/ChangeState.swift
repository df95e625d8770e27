import Model
import Policy

/// The progress of a rule with `within` on one campaign: its evidence, and the emails that it has counted.
///
/// Counting a sample again changes nothing, so stored samples can be counted again after a restart.
struct ChangeState: Codable, Hashable, Sendable {
    /// The state is stored after at most this many emails; those since are counted again from stored samples.
    private static let storedEvery = 100.0
    /// The campaign is quiet once it has sent nothing, and no trial was a miss, for this long.
    ///
    /// Longer than two polls and than the usual time from an email to its bounce, but so short that few late hits come
    /// before.
    static let quietAfter = Duration.seconds(15 * 60)
    /// While the campaign is quiet, so many hits count, and one more for each miss.
    ///
    /// This is enough for a campaign that sends an email every few hours, and for a platform that rarely reports.
    static let quietHitsMax = 5.0

    /// The end of the time in which the campaign was not quiet.
    private struct Activity: Codable, Hashable, Sendable {
        /// The highest counter of sent emails.
        var sent: Double
        /// When an email was last sent or, before the campaign was quiet, a trial was last a miss.
        var at: Instant
        /// The counter of hits before the campaign was quiet, and the hits skipped since.
        var hits: Double
        /// The trials without a hit, before the campaign was quiet.
        var misses: Double

        /// Notes a sample of a campaign that is not quiet yet, and stays so while misses come.
        mutating func note(_ counts: Counts, at now: Instant) {
            hits = counts.hits
            guard counts.trials - counts.hits > misses else { return }
            (misses, at) = (counts.trials - counts.hits, now)
        }
    }

    private typealias Counts = (hits: Double, trials: Double)

    private(set) var evidence = ChangeEvidence()
    /// The counters up to which emails are counted: a counter that is corrected downwards does not count its growth
    /// back to there.
    private var hits: Double
    private var trials: Double
    /// The time of the newest sample counted, or of the restart of the rule.
    private var at: Instant
    /// Nil before a sample with the counter of sent emails.
    private var activity: Activity?

    /// Nil if a counter of the test is unknown.
    init?(_ test: SequentialTest, from counters: Counters, at now: Instant) {
        guard !counters[test.hits].isNaN, !counters[test.trials].isNaN else { return nil }
        (hits, trials, at) = (counters[test.hits], counters[test.trials], now)
        _ = isQuiet(counters, (hits, trials), at: now)
    }

    /// Counts the emails that a sample adds.
    mutating func count(_ counters: Counters, at now: Instant, _ test: SequentialTest, _ detector: ChangeDetector) {
        at = now
        let newest = (hits: counters[test.hits], trials: counters[test.trials])
        guard !newest.hits.isNaN, !newest.trials.isNaN else { return }
        if isQuiet(counters, newest, at: now) { skipLateHits(newest) }
        guard newest.trials > trials else { return }
        let grown = newest.trials - trials
        // Hits beyond the trials wait for later trials: the platform first counted these emails as misses.
        let hit = min(grown, max(0, newest.hits - hits))
        detector.count(hit, of: grown, at: now, in: &evidence)
        (hits, trials) = (hits + hit, newest.trials)
    }

    /// Notes the newest activity; true if that is long ago.
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
    /// They belong to emails sent before, and the misses among those were counted then. Late hits come by themselves in
    /// a quiet time, at whatever rate, so they would look like a change.
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

    /// The state with no time after `now`, as the clock may have been set back.
    func clamped(to now: Instant) -> ChangeState {
        var state = self
        state.at = min(at, now)
        if let activity { state.activity?.at = min(activity.at, now) }
        return state
    }

    /// Changes whenever the state has to be stored.
    var storageMark: Int { Int(exactly: (trials / ChangeState.storedEvery).rounded(.down)) ?? 0 }
}

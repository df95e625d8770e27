package import Model
import Policy

/// A campaign's history of resumes: what it still has to prove, and how patient we are.
struct Recovery: Codable, Hashable, Sendable {
    /// Resumes kept; no policy counts more.
    private static let resumesMax = 100
    /// The longest that a cool-down grows to by doubling.
    static let coolDownMax: Duration = .seconds(7 * 86400)

    /// How long after a resume a new pause by the same rule counts as a relapse, where there is no probation.
    private static let relapseWithin: Duration = .seconds(86400)

    /// When it was resumed, newest last.
    private(set) var resumes: [Instant] = []
    /// Relapses since it last passed a probation: each doubles the cool-down.
    var relapses = 0
    /// What had been counted at the last resume; the rule that paused it counts from there.
    var baseline: Baseline?

    struct Baseline: Codable, Hashable, Sendable {
        var rule: String
        var stats: CampaignStats
        var at: Instant
        var isOnProbation: Bool
    }

    var isOnProbation: Bool { baseline?.isOnProbation ?? false }

    mutating func resumed(by rule: Rule, from stats: CampaignStats, at now: Instant) {
        resumes.append(now)
        if resumes.count > Recovery.resumesMax { resumes.removeFirst() }
        baseline = Baseline(rule: rule.name, stats: stats, at: now, isOnProbation: rule.resume?.probation != nil)
    }

    /// The rule counts from here on, without a resume of ours.
    mutating func count(from stats: CampaignStats, _ rule: Rule, at now: Instant) {
        baseline = Baseline(rule: rule.name, stats: stats, at: now, isOnProbation: false)
    }

    /// The platform's counters restarted.
    mutating func countFromZero() { baseline?.stats = CampaignStats.zeroCounters }

    /// A rule pauses the campaign: when that ends by itself; nil where a person has to end it.
    mutating func paused(by rule: Rule, at now: Instant) -> Instant? {
        guard let resume = rule.resume else { return nil }
        if let baseline, baseline.rule == rule.name {
            let isRecent = resume.probation == nil && now - baseline.at < Recovery.relapseWithin
            if baseline.isOnProbation || isRecent { relapses += 1 }
        }
        baseline?.isOnProbation = false
        if isExhausted(resume, at: now) { return nil }
        return now + coolDown(resume)
    }

    /// Ends the probation where its condition is known not to hold after enough emails; true where it does.
    mutating func passesProbation(_ truth: Truth, resolved: Int?, _ probation: Resume.Probation) -> Bool {
        guard let resolved, resolved >= probation.sends, truth == .no else { return false }
        baseline?.isOnProbation = false
        relapses = 0
        return true
    }

    /// How long a resume that cannot be done yet waits until it is judged again: what hinders it has been read by then.
    static func retryInterval(_ policy: CheckedPolicy) -> Duration {
        max(policy.poll.pools.max, policy.poll.statsInterval)
    }

    /// How long it rests before the next resume.
    func coolDown(_ resume: Resume) -> Duration {
        max(resume.after, min(resume.after * (1 << min(relapses, 20)), Recovery.coolDownMax))
    }

    /// True where the policy allows no resume at that time; a person has to decide.
    func isExhausted(_ resume: Resume, at now: Instant) -> Bool {
        guard let limit = resume.atMost else { return false }
        return resumes.count { $0 > now - limit.per } >= limit.times
    }
}

/// A resume that is under way: first fresh numbers, then the start.
package struct ResumeAttempt: Codable, Hashable, Sendable {
    package enum Step: Codable, Hashable, Sendable {
        /// Not looked at again before then.
        case waiting(until: Instant)
        /// Fresh numbers have been asked for.
        case judging(since: Instant)
        /// The start is on its way.
        case sent(Intent)
    }

    package var pause: Pause
    package var step: Step
    /// A start's answer was lost: the campaign may be running.
    package var mayHaveTakenEffect = false
    /// What had been counted just before the start; an attempt that may have taken effect keeps its own.
    package var countedBefore: CampaignStats?
    /// Why it could not be resumed, as last told.
    package var toldReason: String?
    /// Since when it waits only for volume that is reserved for launches; nil where it does not.
    package var awaitsVolumeSince: Instant?
    /// A person's word that it is to go on; nil where its cool-down is over.
    package var order: Order?
    /// When that was said.
    package var orderedAt: Instant?
    /// The pause was not ours, and stays another's if the resume comes to nothing; nil is false.
    package var wasAnothers: Bool?
}

/// A bound on how much is started, and found faulty, at once.
struct BeltState: Codable, Hashable, Sendable {
    /// The campaigns that were started or resumed within the period, and when.
    private(set) var starts: [CampaignID: Instant] = [:]
    /// That there were too many was told, and has not ceased since.
    var toldStarts = false
    var toldPauses = false

    /// A start that is tried again counts once.
    mutating func noteStart(_ campaign: CampaignID, at now: Instant) { starts[campaign] = starts[campaign] ?? now }

    mutating func forget(before start: Instant) { starts = starts.filter { $0.value > start } }

    /// Times ahead of the clock are those of a clock that has been set back.
    mutating func clamp(to now: Instant) { starts = starts.mapValues { min($0, now) } }
}

package import Model
import Policy

/// When and how often a paused campaign is resumed, and its probation afterwards.
package struct ResumePolicy: Codable, Hashable, Sendable {
    /// The maximum of stored resumes; no policy counts more.
    private static let resumesMax = 100
    /// The longest cooldown that doubling leads to.
    static let cooldownMax: Duration = .seconds(7 * 86400)

    /// Without a probation, a new pause by the same rule this soon after a resume counts as a relapse.
    private static let relapseWithin: Duration = .seconds(86400)

    /// The times of the resumes, newest last.
    package private(set) var resumes: [Instant] = []
    /// Relapses since the last passed probation; each doubles the cooldown.
    package private(set) var relapses = 0
    /// The counters at the last resume; the rule that had paused the campaign counts from there.
    package private(set) var baseline: Baseline?

    package struct Baseline: Codable, Hashable, Sendable {
        package var rule: String
        package var stats: CampaignStats
        package var at: Instant
        package var isOnProbation: Bool
    }

    package var isOnProbation: Bool { baseline?.isOnProbation ?? false }

    mutating func resumed(by rule: Rule, from stats: CampaignStats, at now: Instant) {
        resumed(by: rule.name, isOnProbation: rule.resume?.probation != nil, from: stats, at: now)
    }

    /// Counts a resume from a pause by the rule, which the policy may no longer have.
    mutating func resumed(by rule: String, isOnProbation: Bool, from stats: CampaignStats, at now: Instant) {
        resumes.append(now)
        if resumes.count > ResumePolicy.resumesMax { resumes.removeFirst() }
        baseline = Baseline(rule: rule, stats: stats, at: now, isOnProbation: isOnProbation)
    }

    /// Counts the rule from here without a resume of ours.
    mutating func count(from stats: CampaignStats, _ rule: Rule, at now: Instant) {
        baseline = Baseline(rule: rule.name, stats: stats, at: now, isOnProbation: false)
    }

    /// Ends a probation that was breached, or that observe mode does not act on.
    mutating func endProbation() { baseline?.isOnProbation = false }

    /// The baseline that the rule counts from; nil for every rule but the one that had paused the campaign.
    package func baseline(of rule: String) -> Baseline? { baseline.flatMap { $0.rule == rule ? $0 : nil } }

    /// Counts from zero, because the platform's counters restarted.
    mutating func countFromZero() { baseline?.stats = CampaignStats.zeroCounters }

    /// Restores the baseline from before a restart that was none, unless there was a resume since.
    mutating func undoRestart(to earlier: Baseline?) {
        guard let earlier, earlier.at == baseline?.at else { return }
        baseline?.stats = earlier.stats
    }

    /// Handles a pause by a rule and returns when it ends by itself; nil if a person has to end it.
    mutating func paused(by rule: Rule, at now: Instant) -> Instant? {
        guard let resume = rule.resume else { return nil }
        if let baseline, baseline.rule == rule.name {
            let isRecent = resume.probation == nil && now - baseline.at < ResumePolicy.relapseWithin
            if baseline.isOnProbation || isRecent { relapses += 1 }
        }
        baseline?.isOnProbation = false
        if isExhausted(resume, at: now) { return nil }
        return now + cooldown(resume)
    }

    /// Ends the probation if its condition is known to be false after enough emails; true if it ended.
    mutating func passesProbation(_ truth: Truth, resolved: Int?, _ probation: Resume.Probation) -> Bool {
        guard let resolved, resolved >= probation.sends, truth == .no else { return false }
        baseline?.isOnProbation = false
        relapses = 0
        return true
    }

    /// How long a hindered resume waits before it is evaluated again; the hindrance is polled within that time.
    static func retryInterval(_ policy: CheckedPolicy) -> Duration {
        max(policy.poll.pools.max, policy.poll.statsInterval)
    }

    /// How long the campaign stays paused before its next resume.
    func cooldown(_ resume: Resume) -> Duration {
        max(resume.after, min(resume.after * (1 << min(relapses, 20)), ResumePolicy.cooldownMax))
    }

    /// True if the policy allows no resume at that time, so that a person has to decide.
    func isExhausted(_ resume: Resume, at now: Instant) -> Bool {
        guard let limit = resume.atMost else { return false }
        return resumes.count { $0 > now - limit.per } >= limit.times
    }
}

/// A resume under way: fresh stats first, then the start.
package struct ResumeAttempt: Codable, Hashable, Sendable {
    package enum Step: Codable, Hashable, Sendable {
        /// Not evaluated again before this time.
        case waiting(until: Instant)
        /// Fresh stats were requested.
        case evaluating(since: Instant)
        /// The start is under way.
        case sent(Intent)

        /// The key names in stored ledgers.
        private enum CodingKeys: String, CodingKey {
            case waiting
            case evaluating = "judging"
            case sent
        }
    }

    package var pause: Pause
    package var step: Step
    /// The response to a start was lost, so the campaign may be running.
    package var mayHaveTakenEffect = false
    /// The counters just before the start; an attempt that may have taken effect keeps its own.
    package var countedBefore: CampaignStats?
    /// The last reported hindrance; nil if none was reported.
    package var reported: ResumeHindrance?
    /// Since when the resume waits only for volume reserved for launches; nil if it does not.
    package var awaitsVolumeSince: Instant?
    /// The order to resume; nil if the cooldown ended.
    package var order: Order?
    /// When the order was given.
    package var orderedAt: Instant?
    /// True if the pause is someone else's and stays so if the resume fails; nil is false.
    package var wasAnothers: Bool?

    init(pause: Pause, step: Step) {
        (self.pause, self.step) = (pause, step)
        self.pause.lostResume = nil
        guard let lost = pause.lostResume else { return }
        (mayHaveTakenEffect, countedBefore) = (true, lost.countedBefore)
    }

    var isSent: Bool {
        switch step {
        case .waiting, .evaluating: false
        case .sent: true
        }
    }

    /// True while fresh stats or a response are awaited, or a start without a response may have taken effect.
    var isUnderWay: Bool {
        switch step {
        case .waiting: mayHaveTakenEffect
        case .evaluating, .sent: true
        }
    }

    /// The phase if no resume follows.
    var withoutResume: CampaignPhase {
        if wasAnothers == true { return .pausedByAnother(pause.standstill) }
        var pause = pause
        if mayHaveTakenEffect { pause.lostResume = LostResume(order: order, countedBefore: countedBefore) }
        // An order without a result leaves the cooldown unchanged.
        if order == nil { pause.resumeAt = nil }
        return .paused(pause)
    }
}

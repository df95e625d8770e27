package import Model
import Policy

/// When a paused campaign is resumed, how often, and what it has to prove afterwards: cooldown, `at_most`, probation.
package struct ResumePolicy: Codable, Hashable, Sendable {
    /// Resumes stored; no policy counts more.
    private static let resumesMax = 100
    /// The longest that a cooldown grows to by doubling.
    static let cooldownMax: Duration = .seconds(7 * 86400)

    /// How long after a resume a new pause by the same rule counts as a relapse, where there is no probation.
    private static let relapseWithin: Duration = .seconds(86400)

    /// When it was resumed, newest last.
    package private(set) var resumes: [Instant] = []
    /// Relapses since it last passed a probation: each doubles the cooldown.
    package private(set) var relapses = 0
    /// What had been counted at the last resume; the rule that paused it counts from there.
    package private(set) var baseline: Baseline?

    package struct Baseline: Codable, Hashable, Sendable {
        package var rule: String
        package var stats: CampaignStats
        package var at: Instant
        package var isOnProbation: Bool
    }

    package var isOnProbation: Bool { baseline?.isOnProbation ?? false }

    mutating func resumed(by rule: Rule, from stats: CampaignStats, at now: Instant) {
        resumes.append(now)
        if resumes.count > ResumePolicy.resumesMax { resumes.removeFirst() }
        baseline = Baseline(rule: rule.name, stats: stats, at: now, isOnProbation: rule.resume?.probation != nil)
    }

    /// The rule counts from here on, without a resume of ours.
    mutating func count(from stats: CampaignStats, _ rule: Rule, at now: Instant) {
        baseline = Baseline(rule: rule.name, stats: stats, at: now, isOnProbation: false)
    }

    /// A probation that was breached, or that observe mode does not act on, is over.
    mutating func endProbation() { baseline?.isOnProbation = false }

    /// What the rule counts from: the resume that ended its own pause; nil for other rules.
    package func baseline(of rule: String) -> Baseline? { baseline.flatMap { $0.rule == rule ? $0 : nil } }

    /// The platform's counters restarted.
    mutating func countFromZero() { baseline?.stats = CampaignStats.zeroCounters }

    /// A rule pauses the campaign: when that ends by itself; nil where a person has to end it.
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

    /// Ends the probation where its condition is known not to hold after enough emails; true where it does.
    mutating func passesProbation(_ truth: Truth, resolved: Int?, _ probation: Resume.Probation) -> Bool {
        guard let resolved, resolved >= probation.sends, truth == .no else { return false }
        baseline?.isOnProbation = false
        relapses = 0
        return true
    }

    /// How long a resume that cannot be done yet waits before it is evaluated again: what hinders it has been polled by then.
    static func retryInterval(_ policy: CheckedPolicy) -> Duration {
        max(policy.poll.pools.max, policy.poll.statsInterval)
    }

    /// How long it stays paused before the next resume.
    func cooldown(_ resume: Resume) -> Duration {
        max(resume.after, min(resume.after * (1 << min(relapses, 20)), ResumePolicy.cooldownMax))
    }

    /// True where the policy allows no resume at that time; a person has to decide.
    func isExhausted(_ resume: Resume, at now: Instant) -> Bool {
        guard let limit = resume.atMost else { return false }
        return resumes.count { $0 > now - limit.per } >= limit.times
    }
}

/// A resume that is under way: first fresh stats, then the start.
package struct ResumeAttempt: Codable, Hashable, Sendable {
    package enum Step: Codable, Hashable, Sendable {
        /// Not evaluated again before then.
        case waiting(until: Instant)
        /// Fresh stats have been requested.
        case evaluating(since: Instant)
        /// The start is on its way.
        case sent(Intent)

        /// As ledgers store it.
        private enum CodingKeys: String, CodingKey {
            case waiting
            case evaluating = "judging"
            case sent
        }
    }

    package var pause: Pause
    package var step: Step
    /// A start's answer was lost: the campaign may be running.
    package var mayHaveTakenEffect = false
    /// What had been counted just before the start; an attempt that may have taken effect retains its own.
    package var countedBefore: CampaignStats?
    /// Why it could not be resumed, as last reported.
    package var reported: ResumeHindrance?
    /// Since when it waits only for volume that is reserved for launches; nil where it does not.
    package var awaitsVolumeSince: Instant?
    /// The order that it is to be resumed; nil where its cooldown is over.
    package var order: Order?
    /// When that was given.
    package var orderedAt: Instant?
    /// The pause was not ours, and stays another's if the resume comes to nothing; nil is false.
    package var wasAnothers: Bool?

    init(pause: Pause, step: Step) { (self.pause, self.step) = (pause, step) }

    var isSent: Bool {
        switch step {
        case .waiting, .evaluating: false
        case .sent: true
        }
    }

    /// The phase as it stays where no resume follows.
    var withoutResume: CampaignPhase {
        if wasAnothers == true { return .pausedByAnother(pause.standstill) }
        var pause = pause
        // An order that came to nothing leaves the cooldown as it was.
        if order == nil { pause.resumeAt = nil }
        return .paused(pause)
    }
}

import Model
import Policy

/// All that the guard knows of one campaign.
struct CampaignState: Sendable {
    var entry: CampaignEntry
    var phase: CampaignPhase = .unknown
    /// The newest good answer; nil before the first.
    var latest: StatsSample?
    var history: SampleHistory
    /// One state for each rule on running campaigns that applies here, by the rule's place in the policy.
    var rules: [Int: RuleState]
    /// What had been counted when a rule with a confidence was armed, by the rule's place in the policy.
    var armed: [Int: CampaignStats] = [:]
    /// Counters that fell below half of what they were, until it is known whether they restarted.
    var falls = CounterFalls()
    /// Pauses of someone else's that the platform confirmed, and that emails outlasted; nil where none did.
    var outlasted: Outlasted?
    /// Why the latest answer could not be used; nil where it could.
    var lastFault: String?
    /// How many of the latest answers could be used.
    var answers = AnswerShare()
    var isMissing = false
    var isStale = false
    /// When we began to look, for the age of numbers that never came.
    var watchedSince: Instant
    /// Samples asked for before this are too old to act on: an action has been taken since.
    var freshAfter: Instant
    var recovery = Recovery()
    /// Rules that a person muted here, by their names.
    var mutes: [String: Mute] = [:]
    /// A person's pause that waits for the answer to what is under way.
    var orderedPause: Decision?
    /// Since when it has sent nothing although mail waits; nil where it sends, or nothing waits.
    var stillSince: Instant?
    var toldStill = false
    var pace = SendingPace()
    /// What polls were last planned by; nil where nothing is near.
    var outlook: Outlook?

    init(entry: CampaignEntry, policy: CheckedPolicy, at now: Instant) {
        self.entry = entry
        let applying = CampaignState.applying(policy, to: entry)
        history = SampleHistory(windows: CampaignState.windows(policy, applying))
        rules = [:]
        for index in applying where policy.rules[index].trigger == .running { rules[index] = RuleState() }
        watchedSince = now
        freshAfter = now
    }

    /// How long ago the newest good answer came, or since when none has.
    func age(at now: Instant) -> Duration {
        max(.zero, now - (latest?.at ?? watchedSince))
    }

    /// The counters restarted: what is counted from a resume on is counted from zero, and what is watched for a restart
    /// from what was first seen.
    mutating func countFromZero(since restart: StatsSample) {
        let zero = CampaignStats.zeroCounters
        recovery.countFromZero()
        armed = armed.mapValues { _ in zero }
        switch phase {
        case .paused(var pause):
            pause.standstill.restartCounters(sent: restart.stats.sent, at: restart.at)
            phase = .paused(pause)
        case .pausedByAnother(var standstill):
            standstill.restartCounters(sent: restart.stats.sent, at: restart.at)
            phase = .pausedByAnother(standstill)
        case .resuming(var attempt):
            if attempt.countedBefore != nil { attempt.countedBefore = zero }
            attempt.pause.standstill.restartCounters(sent: restart.stats.sent, at: restart.at)
            phase = .resuming(attempt)
        case .unknown, .draft, .releasing, .running, .pausing: break
        }
    }

    /// Takes a new policy over; states of rules that did not change go on.
    mutating func adopt(_ entry: CampaignEntry, policy: CheckedPolicy, previous: CheckedPolicy) {
        let applying = CampaignState.applying(policy, to: entry)
        var kept: [Int: RuleState] = [:]
        var stillArmed: [Int: CampaignStats] = [:]
        for index in applying where policy.rules[index].trigger == .running {
            let before = previous.rules.firstIndex(of: policy.rules[index])
            kept[index] = before.flatMap { rules[$0] } ?? RuleState()
            stillArmed[index] = before.flatMap { armed[$0] }
        }
        armed = stillArmed
        self.entry = entry
        rules = kept
        history.rearrange(CampaignState.windows(policy, applying))
    }

    private static func applying(_ policy: CheckedPolicy, to entry: CampaignEntry) -> [Int] {
        policy.rules.indices.filter { index in
            let rule = policy.rules[index]
            return rule.trigger != .pool && rule.mode != .off && rule.applies(to: entry)
        }
    }

    private static func windows(_ policy: CheckedPolicy, _ rules: [Int]) -> [Duration: Set<Counter>] {
        rules.map { policy.rules[$0] }.windowedCounters
    }
}

extension CampaignStats {
    /// Counters that have counted nothing yet.
    static let zeroCounters = CampaignStats(totalEnrolled: 0, sent: 0, delivered: 0, bounced: 0, replied: 0)

    /// What was counted since an earlier answer; what either does not say is unknown.
    ///
    /// Enrollment and queue stay as they are.
    func counted(from before: CampaignStats) -> CampaignStats {
        func since(_ after: Int?, _ before: Int?) -> Int? {
            after.flatMap { after in before.map { max(0, after - $0) } }
        }
        var stats = self
        stats.sent = since(sent, before.sent)
        stats.delivered = since(delivered, before.delivered)
        stats.bounced = since(bounced, before.bounced)
        stats.replied = since(replied, before.replied)
        return stats
    }
}

/// Pauses in a row that the platform confirmed and dated before our request, and that emails outlasted.
struct Outlasted: Hashable, Sendable {
    var pauses = 0
    /// When it is next reported; nil before it is known to have no effect.
    var reminder: Reminder?
}

/// One good answer of a campaign's statistics.
struct StatsSample: Hashable, Sendable, Codable {
    var stats: CampaignStats
    var at: Instant
    var requestedAt: Instant
}

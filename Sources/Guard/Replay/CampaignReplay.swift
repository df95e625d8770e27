package import Model
package import Policy

/// The rules of one campaign over recorded numbers: when each would have fired, and what a pause would have spared.
///
/// What the campaign sent in reality while it would have been paused is left out of what follows: see
/// ``RecordedCampaign``. It decides what the guard decides, by the guard's own parts, where every pause and resume is
/// answered at once. Known differences: a policy in observe mode pauses too, sparse recordings as ``SampleSpacing`` has
/// it, and what one campaign does not decide for itself is left out: circuit breaker, start limit, launches, pools, people.
package struct CampaignReplay: Sendable {
    /// A pause as it would have been.
    package struct Stop: Sendable {
        package var rule: String
        package var at: Instant
        /// What had been counted by the rule's lights when it fired, over the campaign's life so far.
        package var bounced: Double
        package var resolved: Double
        package var sent: Double
        /// When it would have been resumed; nil where a person would have had to, or the recording ends before.
        package var resumedAt: Instant?
        /// What was sent in reality meanwhile.
        package var sparedSent = 0.0
        package var sparedBounced = 0.0
        package var isRelapse = false
    }

    /// One rule, ready to be judged.
    private struct Judge: Sendable {
        var rule: Rule
        /// Of the rule, so that it need not be copied for each sample.
        var forClause: Rule.For
        var pauses: Bool
        /// Where the rule has a confidence.
        var test: SequentialTest?
        var condition: CompiledCondition
        var probation: CompiledCondition?
        var state = RuleState()
        /// What the newest sample says of it.
        var truth = Truth.unknown
        /// What had been counted when it was armed, where it has a confidence.
        var armed: Counters?
        var firings = 0
        var firstFiring: Instant?
    }

    package private(set) var stops: [Stop] = []
    private var judges: [Judge]
    private var windows: [CounterWindow]
    private var recording = RecordedCampaign()
    private var spacing: SampleSpacing
    private var falls = CounterFalls()
    private var unbroken = UnbrokenCounters()
    /// The newest usable answer.
    private var latest: CampaignStats?
    /// Unknown, draft or running; a pause is beside it.
    private var phase = CampaignPhase.unknown
    private var recovery = Recovery()
    /// Of the recovery, with the rule that counts from there.
    private var baseline: (judge: Int, at: ReplayReadings.Baseline)?
    /// The rule whose pause lasts, and when its resume is next judged; without a time a person has to resume it.
    private var pause: (judge: Int, resumeAt: Instant?)?
    private let retryInterval: Duration

    package init(_ entry: CampaignEntry, policy: CheckedPolicy) {
        let rules = policy.rules.filter { $0.trigger == .running && $0.mode != .off && $0.applies(to: entry) }
        let asked = rules.windowedCounters
        let sorted = asked.keys.sorted()
        windows = sorted.map { CounterWindow(length: $0, counters: asked[$0] ?? []) }
        let label: (String) -> String = { entry.labels[$0] ?? "" }
        judges = rules.map { rule in
            Judge(
                rule: rule, forClause: rule.forClause, pauses: rule.action == .pause && rule.mode == .enforce,
                test: rule.condition.test,
                condition: CompiledCondition(rule.condition, windows: sorted, label: label),
                probation: rule.resume?.probation.map {
                    CompiledCondition($0.condition, windows: sorted, label: label)
                })
        }
        spacing = SampleSpacing(policy)
        retryInterval = Recovery.retryInterval(policy)
    }

    /// When each rule fired first, and how often; in the policy's order.
    package var firings: [(rule: String, count: Int, first: Instant?)] {
        judges.map { ($0.rule.name, $0.firings, $0.firstFiring) }
    }

    /// What was sent, and what bounced, within the recording.
    package var total: (sent: Double, bounced: Double) { recording.grown }

    /// Takes in the next sample; samples come in the order of their times.
    package mutating func observe(_ recorded: CampaignStats, at now: Instant) {
        let maxGap = spacing.observe(at: now)
        let stats = recording.observe(recorded, at: now)
        if pause != nil {
            (stops[stops.count - 1].sparedSent, stops[stops.count - 1].sparedBounced) = recording.spared
        }
        guard take(stats, at: now) else { return }
        let counters = Counters(stats)
        judgeRules(stats, counters, maxGap: maxGap, at: now)
        judgeProbation(stats, counters, at: now)
        judgeResume(stats, at: now)
    }

    /// False where the sample is as good as none.
    private mutating func take(_ stats: CampaignStats, at now: Instant) -> Bool {
        var previous = latest
        if let last = unbroken.last {
            switch falls.note(StatsSample(stats: stats, at: now, requestedAt: now), since: last) {
            case .usable: break
            case .doubtful: return false
            case .restarted(let restart):
                append(restart.stats, at: restart.at)
                recovery.countFromZero()
                baseline?.at.counters = .zero
                for index in judges.indices where judges[index].armed != nil { judges[index].armed = .zero }
                previous = CampaignStats.zeroCounters
            }
        }
        append(stats, at: now)
        phase.learn(from: stats, previous: previous)
        latest = stats
        return true
    }

    private mutating func append(_ stats: CampaignStats, at now: Instant) {
        let (counters, _) = unbroken.append(Counters(stats))
        for index in windows.indices { windows[index].append(counters, at: now) }
    }

    // MARK: Rules

    private mutating func judgeRules(
        _ stats: CampaignStats, _ counters: Counters, maxGap: Duration, at now: Instant
    ) {
        for index in judges.indices {
            var armed: (test: SequentialTest, at: Counters)?
            if let test = judges[index].test {
                if judges[index].armed == nil, test.canCount(from: counters) { judges[index].armed = counters }
                armed = judges[index].armed.map { (test, $0) }
            }
            let base = baseline.flatMap { $0.judge == index ? $0.at : nil }
            let truth = windows.withUnsafeBufferPointer {
                judges[index].condition.truth(
                    ReplayReadings(stats, counters, since: base, armed: armed, windows: $0, at: now))
            }
            judges[index].truth = truth
            let change = judges[index].state.observe(
                RuleState.Outcome(truth), at: now, for: judges[index].forClause, maxGap: maxGap)
            if change == .firing {
                judges[index].firings += 1
                judges[index].firstFiring = judges[index].firstFiring ?? now
            }
            if judges[index].pauses, truth == .yes, judges[index].state.isFiring {
                stop(index, isRelapse: false, at: now)
            }
        }
    }

    private mutating func judgeProbation(_ stats: CampaignStats, _ counters: Counters, at now: Instant) {
        guard pause == nil, recovery.isOnProbation, let (index, base) = baseline,
            let condition = judges[index].probation, let probation = judges[index].rule.resume?.probation
        else { return }
        let truth = windows.withUnsafeBufferPointer {
            condition.truth(ReplayReadings(stats, counters, since: base, armed: nil, windows: $0, at: now))
        }
        if truth == .yes { return stop(index, isRelapse: true, at: now) }
        let resolved = counters.counted(from: base.counters)[.resolved]
        _ = recovery.passesProbation(truth, resolved: Int(exactly: resolved), probation)
    }

    // MARK: Pauses and resumes

    private mutating func stop(_ index: Int, isRelapse: Bool, at now: Instant) {
        // A draft has sent nothing that a pause could stop.
        guard pause == nil, phase != .draft else { return }
        let counted = unbroken.total ?? .zero
        stops.append(
            Stop(
                rule: judges[index].rule.name, at: now, bounced: counted.bounced, resolved: counted[.resolved],
                sent: counted.sent, isRelapse: isRelapse))
        pause = (index, recovery.paused(by: judges[index].rule, at: now))
        recording.pause()
    }

    private mutating func judgeResume(_ stats: CampaignStats, at now: Instant) {
        guard let (index, resumeAt) = pause, let resumeAt, resumeAt <= now else { return }
        let name = judges[index].rule.name
        let isBreached = judges.contains {
            $0.pauses && $0.rule.name != name && ($0.truth == .yes || $0.state.isFiring)
        }
        if stats.sent == nil || stats.resolved == nil || isBreached {
            pause?.resumeAt = now + retryInterval
            return
        }
        stops[stops.count - 1].resumedAt = now
        (pause, phase) = (nil, .running)
        recording.resume()
        recovery.resumed(by: judges[index].rule, from: stats, at: now)
        baseline = (index, ReplayReadings.Baseline(counters: Counters(stats), at: now))
        judges[index].state = RuleState()
        if judges[index].armed != nil { judges[index].armed = Counters(stats) }
    }
}

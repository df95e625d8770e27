package import Model
package import Policy

/// The rules of one campaign over recorded numbers: when each would have fired, and what a pause would have spared.
///
/// What the campaign sent in reality while it would have been paused is left out of what follows: the rules see it go
/// on where it was stopped. Windows, `for`, cool-down, probation and relapses are the guard's own.
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
        var isSure: Bool
        var condition: CompiledCondition
        var probation: CompiledCondition?
        var state = RuleState()
        /// What had been counted when it was armed, where it has a confidence.
        var armed: Counters?
        var firings = 0
        var firstFiring: Instant?
    }

    package private(set) var stops: [Stop] = []
    private var judges: [Judge]
    private var windows: [CounterWindow]
    private var latest: Counters?
    /// What the platform reported last, before anything is left out.
    private var reported: Counters?
    /// What is left out, less what was counted before the counters began anew.
    private var offset = Counters.zero
    private var stoppedFrom: Counters?
    private var stoppedUntil: Instant?
    private var recovery = Recovery()
    private var baseline: (judge: Int, counters: Counters, at: Instant)?
    private var lastAt: Instant?
    private var lastGap: Duration = .zero
    private let maxGap: Duration

    package init(_ entry: CampaignEntry, policy: CheckedPolicy) {
        let rules = policy.rules.filter { $0.trigger == .running && $0.mode != .off && $0.applies(to: entry) }
        let asked = rules.windowedCounters
        let sorted = asked.keys.sorted()
        windows = sorted.map { CounterWindow(length: $0, counters: asked[$0] ?? []) }
        let label: (String) -> String = { entry.labels[$0] ?? "" }
        judges = rules.map { rule in
            Judge(
                rule: rule, forClause: rule.forClause, pauses: rule.action == .pause && rule.mode == .enforce,
                isSure: rule.condition.test != nil,
                condition: CompiledCondition(rule.condition, windows: sorted, label: label),
                probation: rule.resume?.probation.map {
                    CompiledCondition($0.condition, windows: sorted, label: label)
                })
        }
        maxGap = policy.maxGap
    }

    /// When each rule fired first, and how often; in the policy's order.
    package var firings: [(rule: String, count: Int, first: Instant?)] {
        judges.map { ($0.rule.name, $0.firings, $0.firstFiring) }
    }

    /// What was sent, and what bounced, within the recording.
    package private(set) var total = (sent: 0.0, bounced: 0.0)

    /// Takes in the next sample; samples come in the order of their times.
    package mutating func observe(_ stats: CampaignStats, at now: Instant) {
        var counters = Counters(stats)
        if let before = reported {
            let isReset = counters.restarted(since: before)
            if isReset { began(before) }
            let base = isReset ? Counters.zero : before
            total.sent += counters.growth(of: .sent, since: base) ?? 0
            total.bounced += counters.growth(of: .bounced, since: base) ?? 0
            reported = counters
            reported?.fill(from: before)
        } else {
            reported = counters
        }
        if let lastAt, now > lastAt { lastGap = now - lastAt }
        lastAt = now
        if let until = stoppedUntil {
            guard now >= until, let from = stoppedFrom, let index = stops.indices.last else {
                noteSpared(counters)
                return
            }
            noteSpared(counters)
            // It goes on where it was stopped.
            for counter in [Counter.totalEnrolled, .sent, .delivered, .bounced, .replied] {
                let skipped = counters[counter] - from[counter]
                if !skipped.isNaN, counter != .totalEnrolled { offset.add(-skipped, to: counter) }
            }
            stops[index].resumedAt = now
            (stoppedUntil, stoppedFrom) = (nil, nil)
            resume(stops[index].rule, at: now)
        }
        counters.add(offset)
        latest = counters
        for index in windows.indices { windows[index].append(counters, at: now) }
        judge(stats, counters, at: now)
    }

    private mutating func began(_ before: Counters) {
        var counted = before
        counted.fill(from: .zero)
        offset.add(counted)
        if var from = stoppedFrom {
            from.subtract(counted)
            stoppedFrom = from
        }
    }

    private mutating func noteSpared(_ counters: Counters) {
        guard let from = stoppedFrom, let index = stops.indices.last else { return }
        let (sent, bounced) = (counters.sent - from.sent, counters.bounced - from.bounced)
        if !sent.isNaN { stops[index].sparedSent = max(0, sent) }
        if !bounced.isNaN { stops[index].sparedBounced = max(0, bounced) }
    }

    private mutating func resume(_ rule: String, at now: Instant) {
        guard let index = judges.firstIndex(where: { $0.rule.name == rule }), let latest else { return }
        recovery.resumed(by: judges[index].rule, from: CampaignStats(), at: now)
        baseline = (index, latest, now)
        judges[index].state = RuleState()
        if judges[index].armed != nil { judges[index].armed = latest }
    }

    // MARK: Rules

    private mutating func judge(_ stats: CampaignStats, _ counters: Counters, at now: Instant) {
        let allowedGap = max(maxGap, lastGap * 3)
        for index in judges.indices {
            let base = baseline.flatMap { $0.judge == index ? $0 : nil }
            if judges[index].isSure, judges[index].armed == nil, !counters.bounced.isNaN, !counters.delivered.isNaN {
                judges[index].armed = counters
            }
            let armed = judges[index].armed
            let truth = windows.withReadings(stats, counters, base?.counters, base?.at, now, armed) {
                judges[index].condition.truth($0)
            }
            let change = judges[index].state.observe(
                RuleState.Outcome(truth), at: now, for: judges[index].forClause, maxGap: allowedGap)
            if change == .firing {
                judges[index].firings += 1
                judges[index].firstFiring = judges[index].firstFiring ?? now
            }
            guard stoppedUntil == nil, judges[index].pauses, truth == .yes, judges[index].state.isFiring else {
                continue
            }
            stop(judges[index].rule, counters, at: now, isRelapse: false)
        }
        judgeProbation(stats, counters, at: now)
    }

    private mutating func judgeProbation(_ stats: CampaignStats, _ counters: Counters, at now: Instant) {
        guard stoppedUntil == nil, recovery.isOnProbation, let base = baseline,
            let condition = judges[base.judge].probation,
            let probation = judges[base.judge].rule.resume?.probation
        else { return }
        let truth = windows.withReadings(stats, counters, base.counters, base.at, now, nil) { condition.truth($0) }
        if truth == .yes { return stop(judges[base.judge].rule, counters, at: now, isRelapse: true) }
        let resolved = counters[.resolved] - base.counters[.resolved]
        guard truth == .no, resolved >= Double(probation.sends) else { return }
        recovery.baseline?.isOnProbation = false
        recovery.relapses = 0
    }

    private mutating func stop(_ rule: Rule, _ counters: Counters, at now: Instant, isRelapse: Bool) {
        stops.append(
            Stop(
                rule: rule.name, at: now, bounced: counters.bounced, resolved: counters[.resolved],
                sent: counters.sent,
                isRelapse: isRelapse))
        stoppedFrom = reported
        stoppedUntil = Instant(milliseconds: .max)
        guard let resume = rule.resume else { return }
        if let base = recovery.baseline, base.rule == rule.name, base.isOnProbation { recovery.relapses += 1 }
        recovery.baseline?.isOnProbation = false
        if !recovery.isExhausted(resume, at: now) { stoppedUntil = now + recovery.coolDown(resume) }
    }
}

/// What a replayed rule reads.
private struct ReplayReadings: CompiledReadings {
    let stats: CampaignStats
    let counters: Counters
    let base: Counters?
    let baseAt: Instant?
    let now: Instant
    let armed: Counters?
    let windows: UnsafeBufferPointer<CounterWindow>

    private func counter(_ counter: Counter) -> Double {
        guard let base, counter != .totalEnrolled else { return counters[counter] }
        return max(0, counters[counter] - base[counter])
    }

    func value(of gauge: Gauge) -> Double {
        switch gauge {
        case .totalEnrolled: counters.totalEnrolled
        case .sent: counter(.sent)
        case .delivered: counter(.delivered)
        case .bounced: counter(.bounced)
        case .replied: counter(.replied)
        case .resolved: counter(.resolved)
        case .bounceRate:
            counter(.resolved) == 0 ? .nan : counter(.bounced) / counter(.resolved)
        case .queued: stats.queued.map(Double.init) ?? .nan
        case .openRate: stats.openRate ?? .nan
        case .replyRate: stats.replyRate ?? .nan
        case .poolDailyCapacity, .poolRemainingVolume, .poolReserved, .poolAvailable, .poolSenders, .poolActiveSenders,
            .poolAge, .poolUpdated, .accountsActive, .accountsPaused, .accountsWarming:
            .nan
        }
    }

    func increase(of counter: Counter, window: Int) -> (amount: Double, hours: Double) {
        guard let increase = windows[window].increase(of: counter) else { return (.nan, .nan) }
        guard let base, let baseAt else { return (increase.amount, increase.covered.hours) }
        let since = counters[counter] - base[counter]
        if since.isNaN { return (.nan, .nan) }
        let covered = min(increase.covered, max(.milliseconds(1), now - baseAt))
        return (min(increase.amount, max(0, since)), covered.hours)
    }

    func age(of source: Source) -> Double { source == .stats ? 0 : .nan }

    func sinceArmed(_ counter: Counter) -> Double {
        armed.map { max(0, counters[counter] - $0[counter]) } ?? .nan
    }
}

extension [CounterWindow] {
    fileprivate func withReadings<Result>(
        _ stats: CampaignStats, _ counters: Counters, _ base: Counters?, _ baseAt: Instant?, _ now: Instant,
        _ armed: Counters?, _ body: (ReplayReadings) -> Result
    ) -> Result {
        withUnsafeBufferPointer { windows in
            body(
                ReplayReadings(
                    stats: stats, counters: counters, base: base, baseAt: baseAt, now: now, armed: armed,
                    windows: windows))
        }
    }
}

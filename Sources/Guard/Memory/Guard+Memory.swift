package import Model
package import Policy

/// What the guard keeps of itself, and how it takes that up again.
extension Guard {
    /// A guard that goes on where another left off.
    ///
    /// What was under way is not known to have happened: pauses are sent again, starts and resumes are judged anew
    /// on fresh numbers. No time that lies ahead of `now` is believed, as the clock may have been set back.
    package init(policy: CheckedPolicy, memory: Memory, at now: Instant) {
        self.init(policy: policy, at: now)
        lastDecision = memory.workspace.lastDecision
        belt = memory.workspace.belt
        belt.clamp(to: now)
        skew = memory.workspace.skew ?? [:]
        platform.reservations = memory.workspace.reservations
        let remembered = Set(memory.campaigns.map(\.id))
        for place in campaigns.indices where !remembered.contains(campaigns[place].entry.id) {
            campaigns[place].recall(memory.samples[campaigns[place].entry.id] ?? [], at: now)
        }
        for remembered in memory.campaigns {
            guard let place = places[remembered.id] else { continue }
            campaigns[place].takeUp(remembered, policy: policy, samples: memory.samples[remembered.id] ?? [], at: now)
            switch campaigns[place].phase {
            case .pausing: pausing.insert(remembered.id)
            case .paused(let pause): if pause.resumeAt != nil { resting.insert(remembered.id) }
            case .resuming: resting.insert(remembered.id)
            case .unknown, .draft, .releasing, .running, .pausedByAnother: break
            }
            if campaigns[place].orderedPause != nil { orderedPauses.insert(remembered.id) }
            var taken = campaigns[place].memory(policy)
            taken.latest = remembered.latest
            if taken == remembered { saved.campaigns[remembered.id] = campaigns[place].mark(policy) }
            if case .resuming(let attempt) = remembered.phase, case .sent(let intent) = attempt.step {
                news.append(.intent(intent, outcome: Guard.unknownOutcome))
            }
        }
        let known = Dictionary(memory.launches.map { ($0.campaign, $0) }, uniquingKeysWith: { first, _ in first })
        for index in launches.indices {
            guard let remembered = known[launches[index].entry.campaign] else { continue }
            launches[index].takeUp(remembered, at: now)
            if case .releasing(let intent) = remembered.phase {
                news.append(.intent(intent, outcome: Guard.unknownOutcome))
            }
            saved.launches[remembered.campaign] = remembered
        }
        takeUp(memory.pools, at: now)
        recallSends(memory.samples, at: now)
        refreshDue(after: .started, restedUntil: nil)
        // In observe mode nothing is sent, also not what another mode had begun.
        if policy.mode == .observe { dropPausesNoLongerMeant() }
        reconsiderToldLaunches()
    }

    /// What came of an action whose answer an earlier process did not live to see.
    private static let unknownOutcome = "not known, judged anew"

    /// What changed since it was last kept.
    mutating func changes(after event: Event, _ effects: [Effect]) -> [Effect] {
        var records: [Effect] = []
        for place in touched(by: event, effects) {
            let mark = campaigns[place].mark(policy)
            guard saved.campaigns[campaigns[place].entry.id] != mark else { continue }
            saved.campaigns[campaigns[place].entry.id] = mark
            records.append(.record(.campaign(campaigns[place].memory(policy))))
        }
        for launch in haveLaunchesMoved ? launches : [] {
            let memory = launch.memory
            guard saved.launches[memory.campaign] != memory else { continue }
            saved.launches[memory.campaign] = memory
            records.append(.record(.launch(memory)))
        }
        haveLaunchesMoved = false
        if event.mayMovePools { records += poolChanges().map { .record(.poolState($0)) } }
        var workspace = WorkspaceMemory()
        workspace.reservations = platform.reservations
        workspace.lastDecision = lastDecision
        workspace.belt = belt
        workspace.skew = skew.isEmpty ? nil : skew
        if saved.workspace != workspace {
            saved.workspace = workspace
            records.append(.record(.workspace(workspace)))
        }
        defer { news = [] }
        return records + news.map { .record($0) }
    }

    // MARK: Pools

    private mutating func takeUp(_ pools: [PoolMemory], at now: Instant) {
        for pool in pools {
            senders[pool.id] = pool.senders.takenUp(at: now)
            for (index, rule) in policy.rules.enumerated() where rule.trigger == .pool && rule.applies(to: pool.id) {
                let kept = pool.rules.first { $0.name == rule.name && $0.fingerprint == rule.fingerprint }
                if let kept { poolRules[pool.id, default: [:]][index] = kept.state.clamped(to: now) }
            }
        }
    }

    /// What campaigns were seen to send today counts against pools that have no volumes of their own.
    private mutating func recallSends(
        _ samples: [CampaignID: [(at: Instant, stats: CampaignStats)]], at now: Instant
    ) {
        for campaign in campaigns {
            let known = (samples[campaign.entry.id] ?? []).filter { $0.at <= now }
            for (before, after) in zip(known, known.dropFirst()) {
                noteSends(campaign.entry, after.stats, since: before.stats, before.at, at: after.at)
            }
        }
    }

    /// What changed of the pools since it was last kept.
    private mutating func poolChanges() -> [PoolMemory] {
        var changed: [PoolMemory] = []
        for id in Set(poolRules.keys).union(senders.keys).sorted() {
            let rules = (poolRules[id] ?? [:]).sorted { $0.key < $1.key }.map { index, state in
                RuleMemory(
                    name: policy.rules[index].name, fingerprint: policy.rules[index].fingerprint, state: state,
                    armed: nil)
            }
            let memory = PoolMemory(id: id, rules: rules, senders: senders[id] ?? SenderState())
            guard saved.pools[id] != memory else { continue }
            saved.pools[id] = memory
            changed.append(memory)
        }
        return changed
    }

    /// The campaigns that an event may have changed.
    private func touched(by event: Event, _ effects: [Effect]) -> [Int] {
        var ids: Set<CampaignID> = []
        switch event {
        case .reloaded, .recorded(failure: nil): return Array(campaigns.indices)
        case .answered, .changed, .ordered, .observed, .started, .tick, .clockSet, .recorded:
            if let id = event.campaign { ids.insert(id) }
        }
        for effect in effects {
            switch effect {
            case .poll(.stats(let id)): ids.insert(id)
            case .send(let intent): ids.insert(intent.campaign)
            case .report(let event):
                if let id = event.fields[.campaign].flatMap({ CampaignID($0) }) { ids.insert(id) }
            case .poll, .change, .ready, .record, .reply: break
            }
        }
        if haveLaunchesMoved { ids.formUnion(launches.map(\.entry.campaign)) }
        return ids.compactMap { places[$0] }.sorted()
    }
}

/// What was last handed out to be kept.
struct SavedMemory: Sendable {
    /// Marks instead of copies; that one of 64 bits fails to show a change is not to be expected.
    var campaigns: [CampaignID: Int] = [:]
    var launches: [CampaignID: LaunchMemory] = [:]
    var pools: [PoolID: PoolMemory] = [:]
    var workspace: WorkspaceMemory?
}

extension CampaignState {
    /// Changes with whatever is kept of the campaign, but for its newest numbers, which are kept as samples.
    func mark(_ policy: CheckedPolicy) -> Int {
        var hasher = Hasher()
        hasher.combine(phase)
        for index in policy.rules.indices {
            guard let state = rules[index] else { continue }
            hasher.combine(state)
            hasher.combine(armed[index])
        }
        for flag in [isMissing, isStale, toldStill] { hasher.combine(flag) }
        hasher.combine(freshAfter)
        hasher.combine(recovery)
        hasher.combine(stillSince)
        hasher.combine(mutes)
        hasher.combine(orderedPause)
        return hasher.finalize()
    }

    func memory(_ policy: CheckedPolicy) -> CampaignMemory {
        CampaignMemory(
            id: entry.id, phase: phase, latest: latest,
            rules: rules.keys.sorted().compactMap { index in
                rules[index].map {
                    RuleMemory(
                        name: policy.rules[index].name, fingerprint: policy.rules[index].fingerprint, state: $0,
                        armed: armed[index])
                }
            },
            isMissing: isMissing, isStale: isStale, freshAfter: freshAfter, recovery: recovery,
            stillSince: stillSince, toldStill: toldStill, mutes: mutes.isEmpty ? nil : mutes,
            orderedPause: orderedPause)
    }

    /// Takes up what was counted, oldest first.
    mutating func recall(_ samples: [(at: Instant, stats: CampaignStats)], at now: Instant) {
        for sample in samples where sample.at <= now {
            _ = history.append(sample.stats, at: sample.at)
            pace.observe(sample.stats, at: sample.at)
            latest = StatsSample(stats: sample.stats, at: sample.at, requestedAt: sample.at)
        }
    }

    mutating func takeUp(
        _ memory: CampaignMemory, policy: CheckedPolicy, samples: [(at: Instant, stats: CampaignStats)], at now: Instant
    ) {
        recall(samples, at: now)
        if let sample = memory.latest, sample.at <= now, sample.at >= latest?.at ?? sample.at { latest = sample }
        for index in rules.keys {
            let rule = policy.rules[index]
            guard let kept = memory.rules.first(where: { $0.name == rule.name && $0.fingerprint == rule.fingerprint })
            else { continue }
            rules[index] = kept.state.clamped(to: now)
            armed[index] = kept.armed
        }
        (isMissing, isStale) = (memory.isMissing, memory.isStale)
        freshAfter = min(memory.freshAfter, now)
        recovery = memory.recovery
        stillSince = memory.stillSince.map { min($0, now) }
        toldStill = memory.toldStill
        mutes = memory.mutes ?? [:]
        orderedPause = memory.orderedPause
        phase = memory.phase.takenUp(grace: policy.overrideGrace, at: now)
    }
}

extension CampaignPhase {
    /// The phase as it is to go on after a restart.
    func takenUp(grace: Duration, at now: Instant) -> CampaignPhase {
        switch self {
        case .unknown, .draft, .releasing, .running: return self
        case .pausing(var attempt):
            attempt.intent.sentAt = min(attempt.intent.sentAt, now)
            attempt.noteLost()
            attempt.intent.firstSentAt = min(attempt.intent.firstSentAt, now)
            attempt.retryAt = now
            return .pausing(attempt)
        case .paused(var pause):
            pause.standstill.clamp(to: now + grace)
            return .paused(pause)
        case .pausedByAnother(var standstill):
            standstill.clamp(to: now + grace)
            return .pausedByAnother(standstill)
        case .resuming(var attempt):
            attempt.pause.standstill.clamp(to: now + grace)
            if case .sent = attempt.step { attempt.mayHaveTakenEffect = true }
            attempt.step = .waiting(until: now)
            return .resuming(attempt)
        }
    }
}

extension LaunchState {
    var memory: LaunchMemory {
        LaunchMemory(
            entry: entry, phase: phase, heldSince: heldSince, lostStart: lostStart, toldReasons: toldReasons,
            toldCannotFit: toldCannotFit, toldRules: toldRules, wasOnlyTold: wasOnlyTold, heldBy: heldBy,
            forcedBy: forcedBy, forcedUntil: forcedUntil)
    }

    mutating func takeUp(_ memory: LaunchMemory, at now: Instant) {
        lostStart = memory.lostStart
        // A person's hold is on the campaign's launch, however the launch was edited since.
        heldBy = memory.heldBy
        switch memory.phase {
        case .releasing(let intent):
            lostStart = intent
            phase = .held([.startFailed])
        case .judging: phase = .waiting
        case .waiting, .held, .released, .closed: phase = memory.phase
        }
        // A launch that was changed since is another one, but what may have taken effect stays so.
        guard memory.entry == entry || memory.phase == .released else {
            phase = lostStart == nil ? .waiting : phase
            return
        }
        heldSince = memory.heldSince
        toldReasons = memory.toldReasons
        toldCannotFit = memory.toldCannotFit
        toldRules = memory.toldRules
        wasOnlyTold = memory.wasOnlyTold ?? false
        forcedBy = memory.forcedBy
        forcedUntil = memory.forcedUntil.map { min($0, now + Guard.orderMax) }
    }
}

package import Model
package import Policy

/// One launch of the policy, from waiting to done.
package struct LaunchMachine: Sendable {
    package enum Phase: Hashable, Sendable {
        /// Its time has not come, or nothing is known yet. To: held, evaluating, closed.
        case waiting
        /// Held by rules or missing data. To: evaluating, closed.
        case held([HoldReason])
        /// Fresh stats have been requested; the answers decide. To: held, starting, closed.
        case evaluating(since: Instant)
        /// The campaign's start is on its way. To: released, held, closed.
        case starting
        /// We started it, or in observe mode would have.
        case released
        /// It will not be started by us: it failed for good, expired, or someone else started it.
        case closed
    }

    /// A person's order to start it whatever its rules say.
    private struct Force: Hashable, Sendable {
        var order: Order
        var until: Instant
    }

    package private(set) var entry: LaunchEntry
    /// Its index in the policy, which breaks ties.
    private(set) var position: Int
    package private(set) var phase = Phase.waiting
    /// Since when it has been held; nil before.
    package private(set) var heldSince: Instant?
    /// Since when data are missing to evaluate it; nil where they are all there.
    private var lacksDataSince: Instant?
    /// Since when it is due and can be neither started nor known to be held: launches behind it wait for that.
    private(set) var unsettledSince: Instant?
    /// That they no longer wait was reported.
    private var isSkipReported = false
    /// Not evaluated again before this.
    private(set) var retryAt: Instant?
    /// The reasons for holding it that were last reported.
    private var reportedReasons: [HoldReason]?
    /// The enrollment for which it was last reported that the pool can never take it.
    private var reportedCannotFit: Int?
    /// A person holds it.
    package private(set) var heldBy: Order?
    private var force: Force?
    /// Released in observe mode: nobody started it, and enforce mode evaluates it again.
    private(set) var wasDryRun = false
    /// Launch rules that only report, and have.
    private var reportedRules: Set<String> = []

    init(_ entry: LaunchEntry, position: Int) { (self.entry, self.position) = (entry, position) }

    /// The launch from its beginning: only what the platform, or a person, asked for stays.
    func restarted(_ entry: LaunchEntry, position: Int) -> LaunchMachine {
        var launch = LaunchMachine(entry, position: position)
        (launch.retryAt, launch.heldBy) = (retryAt, heldBy)
        return launch
    }

    mutating func move(to position: Int) { self.position = position }

    /// The same launch after an edit that does not concern what is under way.
    func renamed(_ entry: LaunchEntry) -> LaunchMachine {
        var launch = self
        launch.entry = entry
        return launch
    }

    // MARK: Questions

    package var isOpen: Bool {
        switch phase {
        case .waiting, .held, .evaluating, .starting: true
        case .released, .closed: false
        }
    }

    /// True while it is evaluated on fresh stats, or started: others wait for that.
    var isBusy: Bool {
        switch phase {
        case .evaluating, .starting: true
        case .waiting, .held, .released, .closed: false
        }
    }

    /// True where it is known to be held, or needs nothing more; false where its data, or its start, are still open.
    ///
    /// - Parameter mayRun: a start of it may have taken effect; its volume stays reserved, so that nobody waits for it.
    func isSettled(mayRun: Bool) -> Bool {
        switch phase {
        case .released, .closed: true
        case .waiting, .evaluating, .starting: false
        case .held(let reasons): mayRun || reasons.contains { !$0.isOpen }
        }
    }

    /// Why it is held; empty where it is not.
    package var reasons: [HoldReason] {
        if case .held(let reasons) = phase { return reasons }
        return []
    }

    /// The order to start it whatever its rules say; nil where none is in force.
    func forcer(at now: Instant) -> Order? { force.flatMap { now < $0.until ? $0.order : nil } }

    /// When it may change by time alone, of the wall clock's times by that offset, after `workedAt`.
    func nextTime(after workedAt: Instant, _ wallClockOffset: Duration) -> Instant? {
        let times = [
            entry.notBefore.map { $0 - wallClockOffset }, entry.expires.map { $0 - wallClockOffset }, retryAt,
            force?.until,
        ]
        return times.compactMap { $0 }.filter { $0 > workedAt }.min()
    }

    /// Priority, then time, then the order of the file.
    static func goesFirst(_ left: LaunchMachine, _ right: LaunchMachine) -> Bool {
        if left.entry.priority != right.entry.priority { return left.entry.priority > right.entry.priority }
        let (first, second) = (left.entry.notBefore?.milliseconds ?? .min, right.entry.notBefore?.milliseconds ?? .min)
        return first != second ? first < second : left.position < right.position
    }

    // MARK: Waiting

    /// Takes in whether it still has to be settled; whether launches behind it wait for that, and for how long they did
    /// where that is to be reported as over.
    mutating func noteSettling(mayRun: Bool, isLast: Bool, staleAfter: Duration, at now: Instant) -> (
        isAwaited: Bool, skippedAfter: Duration?
    ) {
        guard isOpen, !isSettled(mayRun: mayRun) else {
            (unsettledSince, isSkipReported) = (nil, false)
            return (false, nil)
        }
        guard let since = unsettledSince else {
            unsettledSince = now
            return (true, nil)
        }
        if now - since < staleAfter { return (true, nil) }
        guard !isSkipReported, !isLast else { return (false, nil) }
        isSkipReported = true
        return (false, now - since)
    }

    /// Takes in that it is held; what of that is to be reported.
    mutating func hold(_ hold: LaunchHold, staleAfter: Duration, at now: Instant) -> [LaunchEvent] {
        phase = .held(hold.reasons)
        heldSince = heldSince ?? now
        lacksDataSince = hold.reasons.contains(where: \.lacksData) ? lacksDataSince ?? now : nil
        var events: [LaunchEvent] = []
        if isNew(hold.reasons, staleAfter, now) {
            reportedReasons = hold.reasons
            events.append(
                .held(
                    HoldReport(
                        reasons: hold.reasons, rule: hold.rule, evaluation: hold.evaluation, pool: hold.pool)))
        }
        if let enrolled = hold.enrolled, let pool = hold.pool, let capacity = pool.pool.dailyCapacity,
            pool.neverTakes(enrolled), reportedCannotFit != enrolled,
            hold.rule?.condition.sources.contains(.pools) == true
        {
            reportedCannotFit = enrolled
            events.append(.cannotFit(enrolled: enrolled, capacity: capacity, pool: pool.pool.id))
        }
        return events
    }

    /// For a launch that is known to be held, a gap in the data is reported once it lasts.
    private func isNew(_ reasons: [HoldReason], _ staleAfter: Duration, _ now: Instant) -> Bool {
        guard let reported = reportedReasons else { return true }
        if reasons == reported { return false }
        let known = reasons.filter { !$0.lacksData }
        if known.count == reasons.count { return true }
        if !known.isEmpty, known != reported.filter({ !$0.lacksData }) { return true }
        return lacksDataSince.map { now - $0 >= staleAfter } ?? false
    }

    mutating func waitUntil(_ time: Instant) { retryAt = time }

    /// A rule that only reports is true, or no longer; the transition to report.
    mutating func note(_ truth: Truth, of rule: Rule) -> RuleState.Change? {
        switch truth {
        case .unknown: nil
        case .yes: reportedRules.insert(rule.name).inserted ? .firing : nil
        case .no: reportedRules.remove(rule.name) != nil ? .cleared : nil
        }
    }

    // MARK: Transitions

    mutating func beginEvaluation(at now: Instant) { (phase, retryAt) = (.evaluating(since: now), nil) }

    /// One that goes first came due meanwhile.
    mutating func stepBack() { phase = .waiting }

    mutating func beginStart() { phase = .starting }

    mutating func release(isDryRun: Bool = false) { (phase, wasDryRun) = (.released, isDryRun) }

    mutating func close() { phase = .closed }

    mutating func startFailed(retryAt time: Instant) { (phase, retryAt) = (.held([.startFailed]), time) }

    // MARK: Orders

    mutating func hold(by order: Order) { (heldBy, force) = (order, nil) }

    /// A person's hold is over.
    mutating func liftHold() { (heldBy, phase, reportedReasons) = (nil, .waiting, nil) }

    /// A person wants it started whatever its rules say.
    mutating func force(by order: Order, until: Instant) {
        (heldBy, force, retryAt) = (nil, Force(order: order, until: until), nil)
    }

    /// A pause that was ordered while its start is under way also holds its launch.
    mutating func holdAfterPause(by order: Order) { (heldBy, force) = (order, nil) }

    // MARK: Storage

    var memory: LaunchMemory {
        LaunchMemory(
            entry: entry, phase: storedPhase, heldSince: heldSince, reportedReasons: reportedReasons,
            reportedCannotFit: reportedCannotFit, reportedRules: reportedRules, wasDryRun: wasDryRun, heldBy: heldBy,
            forcedBy: force?.order, forcedUntil: force?.until)
    }

    private var storedPhase: LaunchMemory.Phase {
        switch phase {
        case .waiting: .waiting
        case .held(let reasons): .held(reasons)
        case .evaluating(let since): .judging(since: since)
        case .starting: .starting
        case .released: .released
        case .closed: .closed
        }
    }

    /// - Parameters:
    ///   - mayRun: a start of it may have taken effect.
    ///   - forceMax: the longest that an order to start it stays in force.
    mutating func takeUp(_ memory: LaunchMemory, mayRun: Bool, forceMax: Duration, at now: Instant) {
        // A person's hold is on the campaign's launch, however the launch was edited since.
        heldBy = memory.heldBy
        let stored: Phase
        switch memory.phase {
        case .starting, .releasing: stored = .held([.startFailed])
        case .judging, .waiting: stored = .waiting
        case .held(let reasons): stored = .held(reasons)
        case .released: stored = .released
        case .closed: stored = .closed
        }
        // A launch that was changed since is another one, but what may have taken effect stays so.
        guard memory.entry == entry || stored == .released else {
            phase = mayRun ? stored : .waiting
            return
        }
        phase = stored
        heldSince = memory.heldSince
        (reportedReasons, reportedCannotFit) = (memory.reportedReasons, memory.reportedCannotFit)
        reportedRules = memory.reportedRules
        wasDryRun = memory.wasDryRun ?? false
        if let order = memory.forcedBy, let until = memory.forcedUntil {
            force = Force(order: order, until: min(until, now + forceMax))
        }
    }
}

/// Why a launch is held, with what its report shows.
struct LaunchHold {
    var reasons: [HoldReason]
    var rule: Rule?
    var evaluation: Evaluation?
    var enrolled: Int?
    var pool: PoolReading?

    init(_ reasons: [HoldReason], rule: Rule? = nil, _ evaluation: Evaluation? = nil) {
        (self.reasons, self.rule, self.evaluation) = (reasons, rule, evaluation)
    }
}

/// The state of a launch in a word, for people, metrics and those who read the ledger.
package enum LaunchState: String, CaseIterable, Sendable, Codable {
    case waiting, held
    case evaluating = "judging"
    case starting = "releasing"
    case released, closed
}

extension LaunchMachine {
    package var state: LaunchState {
        switch phase {
        case .waiting: .waiting
        case .held: .held
        case .evaluating: .evaluating
        case .starting: .starting
        case .released: .released
        case .closed: .closed
        }
    }
}

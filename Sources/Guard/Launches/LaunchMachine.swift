package import Model
package import Policy

/// The state machine of one launch in the policy.
package struct LaunchMachine: Sendable {
    package enum Phase: Hashable, Sendable {
        /// Not due, or nothing is known yet. Transitions to held, evaluating, closed.
        case waiting
        /// Held by rules or missing data. Transitions to evaluating, closed.
        case held([HoldReason])
        /// Fresh stats were requested and decide. Transitions to held, starting, closed.
        case evaluating(since: Instant)
        /// The campaign's start is under way. Transitions to released, held, closed.
        case starting
        /// Sendwarden started the campaign, or would have in observe mode.
        case released
        /// Sendwarden will not start the campaign: it failed for good, expired, or someone else started it.
        case closed
    }

    /// A person's order to start the launch against its rules.
    private struct Force: Hashable, Sendable {
        var order: Order
        var until: Instant
    }

    /// The longest wait between failed starts, unless the platform or the policy asks for more.
    private static let retryMax: Duration = .seconds(900)

    package private(set) var entry: LaunchEntry
    /// The launch's index in the policy, which breaks ties.
    private(set) var position: Int
    package private(set) var phase = Phase.waiting
    /// Since when the launch is held; nil if it never was.
    package private(set) var heldSince: Instant?
    /// Since when data for its evaluation is missing; nil if none is.
    private var lacksDataSince: Instant?
    /// Since when it is due but neither startable nor known to be held; later launches wait for that.
    private(set) var unsettledSince: Instant?
    /// It was reported that later launches no longer wait.
    private var isSkipReported = false
    /// The launch is not evaluated again before this time.
    private(set) var retryAt: Instant?
    /// The last reported reasons of the hold.
    private var reportedReasons: [HoldReason]?
    /// The enrollment last reported as too large for the pool.
    private var reportedCannotFit: Int?
    /// The order that holds the launch; nil if nobody does.
    package private(set) var heldBy: Order?
    private var force: Force?
    /// Released in observe mode: nobody started it, and enforce mode evaluates it again.
    private(set) var wasDryRun = false
    /// The failed starts since the last success; nil if there are none.
    private var failures: StartFailures?
    /// Launch rules that only report and have reported.
    private var reportedRules: Set<String> = []

    init(_ entry: LaunchEntry, position: Int) { (self.entry, self.position) = (entry, position) }

    /// The launch restarted, with only the retry time, the failed starts and a person's hold retained.
    ///
    /// - Parameter mayRun: a start of the launch may have taken effect, which is retained too.
    func restarted(_ entry: LaunchEntry, position: Int, mayRun: Bool) -> LaunchMachine {
        var launch = LaunchMachine(entry, position: position)
        (launch.retryAt, launch.failures) = (retryAt, failures)
        if mayRun { launch.phase = phase }
        launch.keepHold(by: heldBy, since: heldSince)
        return launch
    }

    /// The launch without its place in the policy; only the response to a start still counts.
    func leaving() -> LaunchMachine {
        var launch = self
        if case .evaluating = phase { launch.phase = .waiting }
        (launch.unsettledSince, launch.isSkipReported) = (nil, false)
        return launch
    }

    mutating func move(to position: Int) { self.position = position }

    /// The same launch after an edit that does not concern its state.
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

    /// True while the launch is evaluated on fresh stats or started; others wait for that.
    var isBusy: Bool {
        switch phase {
        case .evaluating, .starting: true
        case .waiting, .held, .released, .closed: false
        }
    }

    /// True if the launch is known to be held or is over; false while its data or its start is undecided.
    ///
    /// - Parameter mayRun: a start may have taken effect; its volume stays reserved, so nobody waits for it.
    func isSettled(mayRun: Bool) -> Bool {
        switch phase {
        case .released, .closed: true
        case .waiting, .evaluating, .starting: false
        case .held(let reasons): mayRun || reasons.contains { !$0.isOpen }
        }
    }

    /// Why the launch is held; empty if it is not.
    package var reasons: [HoldReason] {
        if case .held(let reasons) = phase { return reasons }
        return []
    }

    /// The order to start the launch against its rules; nil if none is in force.
    func forcer(at now: Instant) -> Order? { force.flatMap { now < $0.until ? $0.order : nil } }

    /// The earliest time after `workedAt` at which time alone may change the launch; nil if there is none.
    func nextTime(after workedAt: Instant, _ wallClockOffset: Duration) -> Instant? {
        let times = [
            entry.notBefore.map { $0 - wallClockOffset }, entry.expires.map { $0 - wallClockOffset }, retryAt,
            force?.until,
        ]
        return times.compactMap { $0 }.filter { $0 > workedAt }.min()
    }

    /// Orders by priority, then time, then position in the file.
    static func goesFirst(_ left: LaunchMachine, _ right: LaunchMachine) -> Bool {
        if left.entry.priority != right.entry.priority { return left.entry.priority > right.entry.priority }
        let (first, second) = (left.entry.notBefore?.milliseconds ?? .min, right.entry.notBefore?.milliseconds ?? .min)
        return first != second ? first < second : left.position < right.position
    }

    // MARK: Waiting

    /// Notes whether the launch is undecided; returns whether later launches wait for it, and the length of a wait
    /// whose end is to be reported.
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

    /// Holds the launch and returns what to report.
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

    /// True if the reasons are to be reported; for a launch known to be held, missing data is reported once it lasts.
    private func isNew(_ reasons: [HoldReason], _ staleAfter: Duration, _ now: Instant) -> Bool {
        guard let reported = reportedReasons else { return true }
        if reasons == reported { return false }
        let known = reasons.filter { !$0.lacksData }
        if known.count == reasons.count { return true }
        if !known.isEmpty, known != reported.filter({ !$0.lacksData }) { return true }
        return lacksDataSince.map { now - $0 >= staleAfter } ?? false
    }

    mutating func waitUntil(_ time: Instant) { retryAt = time }

    /// Notes the result of a rule that only reports; returns the transition to report.
    mutating func note(_ truth: Truth, of rule: Rule) -> RuleState.Change? {
        switch truth {
        case .unknown: nil
        case .yes: reportedRules.insert(rule.name).inserted ? .firing : nil
        case .no: reportedRules.remove(rule.name) != nil ? .cleared : nil
        }
    }

    // MARK: Transitions

    mutating func beginEvaluation(at now: Instant) { (phase, retryAt) = (.evaluating(since: now), nil) }

    /// Steps back behind a launch further ahead that came due meanwhile.
    mutating func stepBack() { phase = .waiting }

    mutating func beginStart() { phase = .starting }

    mutating func release(isDryRun: Bool = false) { (phase, wasDryRun, failures) = (.released, isDryRun, nil) }

    mutating func close() { phase = .closed }

    /// Waits before the start is retried, longer after each failure; true if the failure is to be reported.
    ///
    /// - Parameters:
    ///   - waitMin: the shortest wait.
    ///   - random: a random number in 0…1 that spreads the attempts.
    mutating func startFailed(_ reason: String, waitMin: Duration, random: Double, at now: Instant) -> Bool {
        var failures = failures ?? StartFailures(reason: reason)
        failures.count += 1
        let wait = Backoff(first: waitMin, max: max(waitMin, LaunchMachine.retryMax), jitter: .equal)
            .wait(after: failures.count, random: random)
        (phase, retryAt) = (.held([.startFailed]), now + max(waitMin, wait))
        let isDue = Reminder.isDue(&failures.reminder, at: now)
        let isNew = failures.reason != reason
        failures.reason = reason
        self.failures = failures
        return isDue || isNew
    }

    // MARK: Orders

    mutating func hold(by order: Order) { (heldBy, force) = (order, nil) }

    /// Keeps the launch held by a person, who was told so before.
    private mutating func keepHold(by order: Order?, since time: Instant?) {
        heldBy = order
        guard let order else { return }
        let reasons = [HoldReason.person(order.by)]
        (phase, heldSince, reportedReasons) = (.held(reasons), time, reasons)
    }

    /// Lifts a person's hold.
    mutating func liftHold() {
        heldBy = nil
        if phase != .starting { (phase, reportedReasons) = (.waiting, nil) }
    }

    /// Starts the launch against its rules by a person's order.
    mutating func force(by order: Order, until: Instant) {
        (heldBy, force, retryAt) = (nil, Force(order: order, until: until), nil)
    }

    // MARK: Storage

    var memory: LaunchMemory {
        LaunchMemory(
            entry: entry, phase: storedPhase, heldSince: heldSince, reportedReasons: reportedReasons,
            reportedCannotFit: reportedCannotFit, reportedRules: reportedRules, wasDryRun: wasDryRun, heldBy: heldBy,
            forcedBy: force?.order, forcedUntil: force?.until, failures: failures)
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
    ///   - mayRun: a start of the launch may have taken effect.
    ///   - forceMax: the longest that an order to start it stays in force.
    mutating func takeUp(_ memory: LaunchMemory, mayRun: Bool, forceMax: Duration, at now: Instant) {
        // A person's hold applies to the campaign's launch, even if the launch was edited since.
        heldBy = memory.heldBy
        let stored: Phase
        switch memory.phase {
        case .starting, .releasing: stored = .held([.startFailed])
        case .judging, .waiting: stored = .waiting
        case .held(let reasons): stored = .held(reasons)
        case .released: stored = .released
        case .closed: stored = .closed
        }
        // A launch edited since is a new one, but a start that may have taken effect is kept.
        guard memory.entry == entry || stored == .released else {
            phase = mayRun ? stored : .waiting
            return keepHold(by: memory.heldBy, since: memory.heldSince)
        }
        phase = stored
        heldSince = memory.heldSince
        (reportedReasons, reportedCannotFit) = (memory.reportedReasons, memory.reportedCannotFit)
        reportedRules = memory.reportedRules
        wasDryRun = memory.wasDryRun ?? false
        failures = memory.failures
        if let order = memory.forcedBy, let until = memory.forcedUntil {
            force = Force(order: order, until: min(until, now + forceMax))
        }
        if phase == .waiting, heldBy != nil { keepHold(by: heldBy, since: heldSince) }
    }
}

/// The failed starts of a launch since its last success.
struct StartFailures: Codable, Hashable, Sendable {
    var count = 0
    /// The latest reason.
    var reason: String
    /// When the failure is next reported; nil before the first report.
    var reminder: Reminder?

    init(reason: String) { self.reason = reason }
}

/// Why a launch is held, with the data for its report.
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

/// A launch's state in one word, for people, metrics and the ledger.
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

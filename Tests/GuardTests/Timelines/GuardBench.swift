import Guard
import Model
import Policy
import Reporting
import Testing

/// A guard that a test feeds one event at a time.
struct GuardBench {
    private(set) var warden: Guard
    private(set) var now = Instant(milliseconds: 1_796_000_000_000)
    /// Events since the last call of ``reported()``.
    private(set) var events: [JournalEvent] = []
    private(set) var intents: [Intent] = []
    private(set) var polls: [Target] = []
    private(set) var records: [LedgerRecord] = []
    private(set) var replies: [OrderReply] = []
    private(set) var isReady = false
    /// True while the ledger is still storing, so that no start or resume leaves until ``leave(_:)``.
    var isStoring = false
    private(set) var changes: [SenderChange] = []
    /// The target of polls for the pools.
    static let pools = Target.pools(WorkspaceName("bench"))

    /// A policy with campaigns `camp_1`, `camp_2`, … in `pool_a`, and what the test adds.
    static func policy(_ more: String, campaigns: Int = 1) throws -> CheckedPolicy {
        let list = (1...campaigns).map { "  - {id: camp_\($0), pool: pool_a}\n" }.joined()
        let text = """
            version: 1
            \(more.hasPrefix("mode:") || more.contains("\nmode:") ? "" : "mode: enforce")
            workspace: {name: bench, provider: leadterra, credential: key}
            campaigns:
            \(list)\(more)
            """
        let outcome = PolicyLoader.load(SourceFile(name: "bench", text: text))
        let errors = outcome.diagnostics.filter { $0.severity == .error }.map { "\($0.position.line): \($0.message)" }
        return try #require(outcome.policy, "\(errors)")
    }

    /// The time of a new bench plus `duration`, as a policy writes it.
    static func start(after duration: Duration) -> String {
        (Instant(milliseconds: 1_796_000_000_000) + duration).rfc3339
    }

    init(_ more: String, campaigns: Int = 1) throws {
        warden = Guard(policy: try GuardBench.policy(more, campaigns: campaigns), at: now)
        take(warden.handle(.started, at: now))
    }

    init(_ policy: CheckedPolicy) {
        warden = Guard(policy: policy, at: now)
        take(warden.handle(.started, at: now))
    }

    private mutating func take(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .poll(let target): polls.append(target)
            case .send(let intent):
                if !isStoring { _ = warden.mayLeave(intent, at: now) }
                intents.append(intent)
            case .report(let event): events.append(event.entry)
            case .record(let record): records.append(record)
            case .ready: isReady = true
            case .reply(let order, let entry, let outcome): replies.append(OrderReply(outcome, order, entry))
            case .replyToMute(let order, let outcome): replies.append(OrderReply(outcome, order))
            case .change(let change): changes.append(change)
            }
        }
    }

    /// Restarts the process after a pause, from the stored records.
    mutating func restart(_ more: String, campaigns: Int = 1, after pause: Duration = .seconds(5)) throws {
        try restart(GuardBench.policy(more, campaigns: campaigns), after: pause)
    }

    mutating func restart(_ policy: CheckedPolicy, after pause: Duration = .seconds(5)) throws {
        var stored = StoredMemory()
        for record in records { try stored.store(record) }
        now = now + pause
        (polls, intents) = ([], [])
        warden = Guard(policy: policy, memory: stored.memory, at: now)
        take(warden.handle(.started, at: now))
    }

    mutating func reload(_ more: String, campaigns: Int = 1) throws {
        reload(try GuardBench.policy(more, campaigns: campaigns))
    }

    mutating func reload(_ policy: CheckedPolicy) { take(warden.handle(.reloaded(policy), at: now)) }

    mutating func handle(_ event: Event) { take(warden.handle(event, at: now)) }

    /// Advances the time, with every tick that is due.
    mutating func wait(_ duration: Duration) {
        let end = now + duration
        while let deadline = warden.nextDeadline, deadline <= end {
            now = max(now, deadline)
            take(warden.handle(.tick, at: now))
        }
        now = end
    }

    mutating func observe(_ target: Target, _ result: Result<PollOutcome.Reading, Fault>) {
        // Requests take time, so that the response to an older request is not fresh.
        now = now + .milliseconds(50)
        let requestedAt = now - .milliseconds(40)
        take(warden.handle(.polled(PollOutcome(target: target, requestedAt: requestedAt, result: result)), at: now))
    }

    /// A response to a request that was sent before others that have already been answered.
    mutating func seeLate(sent: Int, bounced: Int, requestedBefore: Duration) {
        let stats = CampaignStats(
            totalEnrolled: 1000, sent: sent, delivered: sent - bounced, bounced: bounced, queued: 1000 - sent)
        let target = Target.stats(CampaignID(unchecked: "camp_1"))
        take(
            warden.handle(
                .polled(
                    PollOutcome(target: target, requestedAt: now - requestedBefore, result: .success(.stats(stats)))),
                at: now))
    }

    mutating func see(_ campaign: Int = 1, _ stats: CampaignStats) {
        observe(.stats(CampaignID(unchecked: "camp_\(campaign)")), .success(.stats(stats)))
    }

    /// A campaign with 1000 leads that has sent `sent` emails, of which `bounced` bounced.
    mutating func see(_ campaign: Int = 1, sent: Int, bounced: Int) {
        see(
            campaign,
            CampaignStats(
                totalEnrolled: 1000, sent: sent, delivered: sent - bounced, bounced: bounced, replied: 0,
                queued: 1000 - sent, openRate: 0, replyRate: 0))
    }

    mutating func seeDraft(_ campaign: Int = 1, enrolled: Int) {
        see(
            campaign,
            CampaignStats(totalEnrolled: enrolled, sent: 0, delivered: 0, bounced: 0, replied: 0, queued: 0))
    }

    mutating func seePool(remaining: Int?, capacity: Int? = 2000, resetAt: Instant? = nil) {
        let pool = SenderPool(
            id: PoolID(unchecked: "pool_a"), dailyCapacity: capacity, remainingVolume: remaining, resetAt: resetAt)
        observe(GuardBench.pools, .success(.pools([pool])))
    }

    mutating func fail(_ target: Target, _ fault: Fault) { observe(target, .failure(fault)) }

    mutating func answer(_ intent: Intent, _ result: Result<ActionAnswer, Fault>, jitter: Double = 1) {
        take(warden.handle(.answered(intent, result, jitter: jitter), at: now))
    }

    /// Lets a stored start or resume leave, unless it no longer stands and is answered with that.
    mutating func leave(_ intent: Intent) -> Bool {
        if warden.mayLeave(intent, at: now) { return true }
        answer(intent, .failure(Fault(.unreachable, "outdated", mayHaveTakenEffect: false)))
        return false
    }

    /// Sets the wall clock; monotonic time continues.
    mutating func setClock(ahead: Duration) { take(warden.handle(.clockSet(ahead: ahead), at: now)) }

    /// Gives an order as `anna` and returns the reply.
    mutating func order(
        _ act: Order.Act, _ campaign: Int = 1, rule: String? = nil, for lasts: Duration? = nil, force: Bool = false,
        reason: String? = nil, watch: Watch? = nil
    ) throws -> OrderReply {
        let order = Order(
            act, CampaignID(unchecked: "camp_\(campaign)"), rule: rule, lasts: lasts, isForced: force, reason: reason,
            by: "anna (uid 1000, pid 7)", watch: watch)
        replies = []
        take(warden.handle(.ordered(order), at: now))
        #expect(replies.count == 1, "every order is answered once")
        return try #require(replies.first)
    }

    /// Orders mutes by labels as `anna` and returns the reply.
    mutating func order(
        _ act: MuteOrder.Act, _ labels: [String: String] = [:], rule: String? = nil, reason: String? = nil
    ) throws -> OrderReply {
        replies = []
        handle(.muteOrdered(MuteOrder(act, labels: labels, rule: rule, reason: reason, by: "anna (uid 1000, pid 7)")))
        #expect(replies.count == 1, "every order is answered once")
        return try #require(replies.first)
    }

    /// Reports the outcome of storing.
    mutating func reportRecording(_ failure: String?) {
        take(warden.handle(.recorded(failure: failure), at: now))
    }

    mutating func confirmPause(_ intent: Intent) {
        answer(intent, .success(ActionAnswer(status: .paused, pausedAt: now)))
    }

    mutating func confirmStart(_ intent: Intent) {
        answer(intent, .success(ActionAnswer(status: .running, startedAt: now)))
    }

    // MARK: Outputs

    /// The kinds of the events since the last call.
    mutating func reported() -> [EventKind] {
        defer { events = [] }
        return events.map(\.kind)
    }

    /// The events since the last call.
    mutating func reportedEvents() -> [JournalEvent] {
        defer { events = [] }
        return events
    }

    mutating func sent() -> [Intent] {
        defer { intents = [] }
        return intents
    }

    mutating func polled() -> [Target] {
        defer { polls = [] }
        return polls
    }

    /// Answers polls of drafts and their pool until no more are sent.
    mutating func answerPolls(_ drafts: [Int: Int], remaining: Int?, capacity: Int? = 2000) {
        for _ in 0..<10 {
            let open = polled()
            if open.isEmpty { return }
            for target in open {
                switch target {
                case .stats(let id):
                    let number = Int(id.text.dropFirst(5)) ?? 0
                    if let enrolled = drafts[number] { seeDraft(number, enrolled: enrolled) }
                case .pools: seePool(remaining: remaining, capacity: capacity)
                case .accounts, .pool, .operation: break
                }
            }
        }
    }
}

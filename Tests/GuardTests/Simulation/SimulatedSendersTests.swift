import Foundation
import Guard
import Model
import Policy
import Reporting
import TestSupport
import Testing

/// Simulated days of a pool whose members rules and people change, with faults of every kind.
@Suite struct SimulatedSendersTests {
    static let batches: [ClosedRange<UInt64>] = stride(from: 1, to: 160, by: 20).map { $0...($0 + 19) }

    @Test(arguments: batches)
    func everyDaySatisfiesItsInvariants(_ seeds: ClosedRange<UInt64>) throws {
        for seed in seeds {
            var run = try SenderRun(seed: seed)
            try run.go(for: .seconds(2 * 86400))
            run.calm()
            try run.go(for: .seconds(4 * 3600))
            #expect(run.isAtRest, "an attempt without an end; seed \(seed)")
            #expect(run.violations == [], "seed \(seed)")
        }
    }

    /// The invariants are meaningful only if the days produce every event.
    @Test func theSeedsReachEveryEvent() throws {
        var kinds: [EventKind: Int] = [:]
        for seed in (1...60) as ClosedRange<UInt64> {
            var run = try SenderRun(seed: seed)
            try run.go(for: .seconds(2 * 86400))
            for (kind, count) in run.kinds { kinds[kind, default: 0] += count }
        }
        for kind in [
            EventKind.senderRemoved, .senderRemoveFailed, .senderAlreadyRemoved, .senderRestored, .senderRestoreFailed,
            .senderOverride, .senderKept,
        ] {
            #expect(kinds[kind, default: 0] >= 5, "\(kind.rawValue): \(kinds[kind, default: 0])")
        }
    }
}

/// One guard, one pool, and a platform that records who removed each sender.
private struct SenderRun {
    /// Who removed a sender last, and since when it had been a member.
    private struct Absence {
        var isOurs: Bool
        /// When a person had restored it before that.
        var cameBackAt: Instant?
        var at: Instant
    }

    private struct Job {
        var change: SenderChange
        var id: OperationID
        var endsAt: Instant
        var status = PoolOperation.Status.processing
        var failed = 0
        var fate: Int
    }

    private static let main = PoolID(unchecked: "main")
    private static let keepAtLeast = 2
    private static let senders = (0..<7).map { RosterBench.sender($0) }

    private let policy: CheckedPolicy
    private var warden: Guard
    private var stored = StoredMemory()
    private(set) var now = Instant(milliseconds: 1_796_000_000_000)
    private var generator: SeededGenerator
    private var faults: Double
    private var crashes: Double
    private var people: Double
    private var members: Set<SenderID> = Set(senders)
    private var deactivated: Set<SenderID> = []
    private var absences: [SenderID: Absence] = [:]
    private var cameBack: [SenderID: Instant] = [:]
    private var jobs: [Job] = []
    private var lastJob = 0
    private var pending: [Target] = []
    private var changes: [SenderChange] = []
    private var restoredAt: [SenderID: Instant] = [:]
    private var refusedAt: [SenderID: Instant] = [:]
    private var lastPoll: (active: Int, all: Int) = (0, 0)
    private(set) var violations: [String] = []
    private(set) var kinds: [EventKind: Int] = [:]

    init(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        func pick<Element>(_ choices: [Element]) -> Element {
            choices[Int.random(in: 0..<choices.count, using: &generator)]
        }
        policy = try RosterBench.policy(
            """
            on_override: \(pick(["respect", "pause_again"]))
            poll: {stats: 5m, pools: \(pick(["1m", "5m", "{min: 30s, max: 5m}"]))}
            rules:
              - name: out
                on: pool
                when: pool.senders > pool.activeSenders
                for: \(pick(["0s", "10m", "2 of 3"]))
                then: remove_sender
                sender: {\(pick(["status: DEACTIVATED", "channel: EMAIL"]))}
                keep_at_least: \(SenderRun.keepAtLeast)
              - {name: back, on: pool, when: pool.senders < \(pick([4, 5, 6])), for: \(pick(["0s", "30m"])), then: restore_sender}
            """)
        (faults, crashes, people) = (pick([0, 0.05, 0.3]), pick([0, 0.01]), pick([0.002, 0.02]))
        self.generator = generator
        warden = Guard(policy: policy, at: now)
        try take(warden.handle(.started, at: now))
    }

    private mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &generator) < share }

    mutating func calm() { (faults, crashes, people) = (0, 0, 0) }

    var isAtRest: Bool {
        warden.operation(of: SenderRun.main) == nil
            && warden.status(at: now).pools.allSatisfy { $0.change == nil || changes.count > 0 }
    }

    // MARK: Time

    mutating func go(for duration: Duration) throws {
        let end = now + duration
        while now < end {
            now = now + .seconds(10)
            finishJobs()
            if chance(people) { actAsPerson() }
            if chance(crashes) { try restart() }
            if let deadline = warden.nextDeadline, deadline <= now { try take(warden.handle(.tick, at: now)) }
            try answer()
        }
    }

    private mutating func restart() throws {
        // Requests in flight can still arrive.
        for change in changes where chance(0.5) { begin(change) }
        (pending, changes) = ([], [])
        now = now + .seconds([5, 600, 7200][Int.random(in: 0..<3, using: &generator)])
        finishJobs()
        warden = Guard(policy: policy, memory: stored.memory, at: now)
        try take(warden.handle(.started, at: now))
    }

    private mutating func take(_ effects: [Effect]) throws {
        for case .record(let record) in effects { try stored.store(record) }
        for effect in effects {
            switch effect {
            case .poll(let target): pending.append(target)
            case .change(let change):
                check(change)
                changes.append(change)
            case .report(let event): kinds[event.entry.kind, default: 0] += 1
            case .send, .record, .ready, .reply, .replyToMute: break
            }
        }
    }

    private mutating func answer() throws {
        let (polls, sent) = (pending, changes)
        (pending, changes) = ([], [])
        for target in polls {
            let fails = chance(faults)
            let result: Result<PollOutcome.Reading, Fault>? =
                fails ? .failure(Fault(.unreachable, "no answer in time")) : reading(target).map { .success($0) }
            guard let result else { continue }
            try take(warden.handle(.polled(PollOutcome(target: target, requestedAt: now, result: result)), at: now))
        }
        for change in sent {
            try take(warden.handle(.changed(change, apply(change)), at: now))
        }
    }

    private mutating func reading(_ target: Target) -> PollOutcome.Reading? {
        switch target {
        case .pool(let name):
            guard let query = warden.rosterQuery(of: name, at: now) else { return nil }
            var roster = PoolRoster(pool: SenderPool(id: PoolID(unchecked: "comms_senderpool_x")))
            for (number, id) in SenderRun.senders.enumerated() where members.contains(id) {
                roster.add(RosterBench.member(number, deactivated.contains(id) ? .deactivated : .activated), query)
            }
            lastPoll = (roster.activeSenders, roster.senders)
            return .pool(.found(roster))
        case .operation(let name):
            guard let id = warden.operation(of: name), let job = jobs.first(where: { $0.id == id }) else { return nil }
            return .operation(PoolOperation(id: id, status: job.status, total: 1, failed: job.failed))
        case .stats: return .stats(CampaignStats(totalEnrolled: 10, sent: 0, delivered: 0, bounced: 0, queued: 10))
        case .pools, .accounts: return nil
        }
    }

    // MARK: The platform

    private mutating func apply(_ change: SenderChange) -> Result<ChangeReceipt, Fault> {
        let draw = chance(faults) ? Int.random(in: 0..<5, using: &generator) : -1
        switch draw {
        case 0: return .failure(Fault(.throttled, "HTTP 429", retryAfter: .seconds(60)))
        case 1: return .failure(Fault(.refused, "HTTP 409"))
        case 2:
            refusedAt[change.sender.id] = now
            return .failure(Fault(.unreachable, "HTTP 500", isRepeatable: false))
        default: break
        }
        if change.action == .remove, !members.contains(change.sender.id) {
            return .failure(Fault(.missing, "HTTP 404"))
        }
        // A change accepted without an operation is complete; a client cannot learn otherwise.
        let hasOperation = chance(0.8)
        let job = begin(change, mayFail: hasOperation)
        // The response is lost, but the change continues.
        if draw >= 3 { return .failure(Fault(.unreachable, "no answer in time")) }
        return .success(ChangeReceipt(operation: hasOperation ? job : nil))
    }

    @discardableResult private mutating func begin(_ change: SenderChange, mayFail: Bool = true) -> OperationID {
        lastJob += 1
        let id = OperationID(unchecked: "comms_operation_\(lastJob)")
        let fate = mayFail && chance(faults) ? Int.random(in: 0..<4, using: &generator) : 0
        let takes = Duration.seconds(Int.random(in: 1...40, using: &generator))
        jobs.append(Job(change: change, id: id, endsAt: now + takes, fate: fate))
        return id
    }

    private mutating func finishJobs() {
        for index in jobs.indices where jobs[index].status == .processing && jobs[index].endsAt <= now {
            let change = jobs[index].change
            switch jobs[index].fate {
            case 1: (jobs[index].status, jobs[index].failed) = (.completed, 1)
            case 2: jobs[index].status = .canceled
            default:
                // The last outcome is a completed change that is reported as failed.
                jobs[index].status = .completed
                jobs[index].failed = jobs[index].fate == 3 ? 1 : 0
                switch change.action {
                case .remove:
                    leave(change.sender.id, isOurs: true)
                    // A person was seconds faster; the platform still confirms our request.
                    if let gone = absences[change.sender.id], gone.at >= change.sentAt {
                        absences[change.sender.id]?.isOurs = true
                    }
                case .restore:
                    members.insert(change.sender.id)
                    restoredAt[change.sender.id] = now
                }
            }
        }
    }

    private mutating func leave(_ id: SenderID, isOurs: Bool) {
        guard members.remove(id) != nil else { return }
        absences[id] = Absence(isOurs: isOurs, cameBackAt: cameBack.removeValue(forKey: id), at: now)
    }

    private mutating func actAsPerson() {
        let id = SenderRun.senders[Int.random(in: SenderRun.senders.indices, using: &generator)]
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: leave(id, isOurs: false)
        case 1: if members.insert(id).inserted { cameBack[id] = now }
        case 2: deactivated.insert(id)
        default: deactivated.remove(id)
        }
    }

    // MARK: Invariants

    private mutating func check(_ change: SenderChange) {
        let id = change.sender.id
        switch change.action {
        case .remove:
            let canSend = change.sender.status == .activated
            if lastPoll.all <= SenderRun.keepAtLeast || (canSend && lastPoll.active <= SenderRun.keepAtLeast) {
                violations.append("removed \(id) from \(lastPoll) at \(now)")
            }
            if let at = restoredAt[id], now - at < .seconds(86400 - 60), !wasSeenByPeople(id, since: at) {
                violations.append("removed \(id) at \(now), restored at \(at)")
            }
            if let at = refusedAt[id], now - at < .seconds(86400 - 60) {
                violations.append("tried \(id) again at \(now), after a 500 at \(at)")
            }
        case .restore:
            guard let absence = absences[id], !members.contains(id), !absence.isOurs else { return }
            // A person restored and removed it again, with enough time in between for a poll.
            let wasSeen = absence.cameBackAt.map { absence.at - $0 > .seconds(2 * 3600) } ?? true
            // Our restore, whose response was lost, had just taken effect, and no poll had shown it.
            let isOfOurRestore = restoredAt[id].map { absence.at - $0 < .seconds(900) } ?? false
            if wasSeen, !isOfOurRestore {
                violations.append("restored \(id) at \(now), which a person took out at \(absence.at)")
            }
        }
    }

    /// True if a person changed it since, so that our change no longer counts.
    private func wasSeenByPeople(_ id: SenderID, since: Instant) -> Bool { absences[id].map { $0.at > since } ?? false }
}

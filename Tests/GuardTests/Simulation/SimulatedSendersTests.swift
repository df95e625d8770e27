import Foundation
import Guard
import Model
import Policy
import TestSupport
import Testing

/// Days of a pool whose members rules change and people change too, on a platform that fails in every way.
@Suite struct SimulatedSendersTests {
    static let batches: [ClosedRange<UInt64>] = stride(from: 1, to: 160, by: 20).map { $0...($0 + 19) }

    @Test(arguments: batches)
    func everyDayHoldsItsPromises(_ seeds: ClosedRange<UInt64>) throws {
        for seed in seeds {
            var run = try SenderRun(seed: seed)
            try run.go(for: .seconds(2 * 86400))
            run.calm()
            try run.go(for: .seconds(4 * 3600))
            #expect(run.isAtRest, "an attempt without an end; seed \(seed)")
            #expect(run.violations == [], "seed \(seed)")
        }
    }

    /// The days must be lively enough for the promises to mean anything.
    @Test func theSeedsReachEverything() throws {
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

/// One guard, one pool, and a platform that knows who took what out.
private struct SenderRun {
    /// Who took a sender out of the pool last, and since when it has been there before that.
    private struct Absence {
        var isOurs: Bool
        /// It came back by a person's hand then, and stayed until it went.
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
    private static let keep = 2
    private static let senders = (0..<7).map { RosterBench.sender($0) }

    private let policy: CheckedPolicy
    private var warden: Guard
    private var kept = KeptMemory()
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
    private var lastLook: (active: Int, all: Int) = (0, 0)
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
                keep_at_least: \(SenderRun.keep)
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
        // What had been sent may still arrive.
        for change in changes where chance(0.5) { begin(change) }
        (pending, changes) = ([], [])
        now = now + .seconds([5, 600, 7200][Int.random(in: 0..<3, using: &generator)])
        finishJobs()
        warden = Guard(policy: policy, memory: kept.memory, at: now)
        try take(warden.handle(.started, at: now))
    }

    private mutating func take(_ effects: [Effect]) throws {
        for case .record(let record) in effects { try kept.keep(record) }
        for effect in effects {
            switch effect {
            case .poll(let target): pending.append(target)
            case .change(let change):
                check(change)
                changes.append(change)
            case .report(let event): kinds[event.kind, default: 0] += 1
            case .send, .record, .ready, .reply: break
            }
        }
    }

    private mutating func answer() throws {
        let (looks, sent) = (pending, changes)
        (pending, changes) = ([], [])
        for target in looks {
            let fails = chance(faults)
            let result: Result<Observation.Reading, Fault>? =
                fails ? .failure(Fault(.unreachable, "no answer in time")) : look(target).map { .success($0) }
            guard let result else { continue }
            try take(warden.handle(.observed(Observation(target: target, requestedAt: now, result: result)), at: now))
        }
        for change in sent {
            try take(warden.handle(.changed(change, apply(change)), at: now))
        }
    }

    private mutating func look(_ target: Target) -> Observation.Reading? {
        switch target {
        case .pool(let name):
            guard let query = warden.rosterQuery(of: name, at: now) else { return nil }
            var roster = PoolRoster(pool: SenderPool(id: PoolID(unchecked: "comms_senderpool_x")))
            for (number, id) in SenderRun.senders.enumerated() where members.contains(id) {
                roster.add(RosterBench.member(number, deactivated.contains(id) ? .deactivated : .activated), query)
            }
            lastLook = (roster.activeSenders, roster.senders)
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
        // What is accepted without an operation is done; no client could learn otherwise.
        let tells = chance(0.8)
        let job = begin(change, mayFail: tells)
        // The answer is lost, but the change goes on.
        if draw >= 3 { return .failure(Fault(.unreachable, "no answer in time")) }
        return .success(ChangeReceipt(operation: tells ? job : nil))
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
                // The last fate is a change that is done, and said to have failed.
                jobs[index].status = .completed
                jobs[index].failed = jobs[index].fate == 3 ? 1 : 0
                switch change.action {
                case .remove:
                    leave(change.sender.id, isOurs: true)
                    // A person was faster by seconds: the platform confirms ours all the same.
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

    // MARK: Promises

    private mutating func check(_ change: SenderChange) {
        let id = change.sender.id
        switch change.action {
        case .remove:
            let canSend = change.sender.status == .activated
            if lastLook.all <= SenderRun.keep || (canSend && lastLook.active <= SenderRun.keep) {
                violations.append("removed \(id) from \(lastLook) at \(now)")
            }
            if let at = restoredAt[id], now - at < .seconds(86400 - 60), !wasSeenByPeople(id, since: at) {
                violations.append("removed \(id) at \(now), restored at \(at)")
            }
            if let at = refusedAt[id], now - at < .seconds(86400 - 60) {
                violations.append("tried \(id) again at \(now), after a 500 at \(at)")
            }
        case .restore:
            guard let absence = absences[id], !members.contains(id), !absence.isOurs else { return }
            // A person put it back and took it out again, for long enough to be seen in between.
            let wasSeen = absence.cameBackAt.map { absence.at - $0 > .seconds(2 * 3600) } ?? true
            // Our own restore, whose answer was lost, had just put it back, and no look had shown that.
            let isOfOurRestore = restoredAt[id].map { absence.at - $0 < .seconds(900) } ?? false
            if wasSeen, !isOfOurRestore {
                violations.append("restored \(id) at \(now), which a person took out at \(absence.at)")
            }
        }
    }

    /// A person had a hand in it since, so that what we did no longer counts.
    private func wasSeenByPeople(_ id: SenderID, since: Instant) -> Bool { absences[id].map { $0.at > since } ?? false }
}

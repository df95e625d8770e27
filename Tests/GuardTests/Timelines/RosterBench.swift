import Guard
import Model
import Policy
import Testing
import Reporting

/// A guard with one pool of another platform, whose members the test controls.
struct RosterBench {
    static let main = PoolID(unchecked: "main")

    private(set) var warden: Guard
    private(set) var now = Instant(milliseconds: 1_796_000_000_000)
    private(set) var events: [JournalEvent] = []
    private(set) var polls: [Target] = []
    private(set) var starts = 0
    private(set) var isReady = false
    /// The platform's id of the matching pool.
    var found = PoolID(unchecked: "comms_senderpool_x")
    private var records: [LedgerRecord] = []
    /// Requested changes that the test has not taken yet.
    var changes: [SenderChange] = []
    /// Four members that can send, the newest last, and two that cannot.
    private(set) var members: [PoolSender] = (0..<6).map { member($0, $0 < 4 ? .activated : .deactivated) }

    static func sender(_ number: Int) -> SenderID { SenderID(unchecked: "comms_sender_\(number)") }

    static func member(_ number: Int, _ status: PoolSender.Status) -> PoolSender {
        PoolSender(
            id: sender(number), address: "sender\(number)@mail.example", channel: .email, status: status,
            createdAt: Instant(
                milliseconds: 1_790_000_000_000 - Int64(status == .deactivated ? number : -number) * 1000))
    }

    static func policy(_ more: String) throws -> CheckedPolicy {
        let text = """
            version: 1
            \(more.hasPrefix("mode:") || more.contains("\nmode:") ? "" : "mode: enforce")
            workspaces:
              - {name: bench, provider: leadterra, credential: key}
              - {name: twilio, provider: twilio_comms, credential: key}
            pools:
              - {name: main, pool_where: {tags: {environment: production}}, per_sender_daily: 50}
            campaigns:
              - {id: camp_1, pool: main}
            \(more)
            """
        let outcome = PolicyLoader.load(SourceFile(name: "bench", text: text))
        let errors = outcome.diagnostics.filter { $0.severity == .error }.map { "\($0.position.line): \($0.message)" }
        return try #require(outcome.policy, "\(errors)")
    }

    init(_ more: String) throws {
        warden = Guard(policy: try RosterBench.policy(more), at: now)
        take(warden.handle(.started, at: now))
    }

    private mutating func take(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .poll(let target): polls.append(target)
            case .change(let change): changes.append(change)
            case .report(let event): events.append(event.entry)
            case .record(let record): records.append(record)
            case .send(let intent): if intent.action == .start { starts += 1 }
            case .ready: isReady = true
            case .reply, .replyToMute: break
            }
        }
    }

    mutating func restart(_ more: String) throws {
        var stored = StoredMemory()
        for record in records { try stored.store(record) }
        now = now + .seconds(5)
        (polls, changes) = ([], [])
        warden = Guard(policy: try RosterBench.policy(more), memory: stored.memory, at: now)
        take(warden.handle(.started, at: now))
    }

    mutating func wait(_ duration: Duration) {
        let end = now + duration
        while let deadline = warden.nextDeadline, deadline <= end {
            now = max(now, deadline)
            take(warden.handle(.tick, at: now))
        }
        now = end
    }

    private mutating func observe(
        _ target: Target, _ reading: PollOutcome.Reading, requestedBefore: Duration = .milliseconds(40)
    ) {
        now = now + .milliseconds(50)
        let requestedAt = now - requestedBefore
        take(
            warden.handle(
                .polled(PollOutcome(target: target, requestedAt: requestedAt, result: .success(reading))), at: now))
    }

    /// Answers a poll with the pool's current members.
    mutating func poll(after pause: Duration = .zero, requestedBefore: Duration = .milliseconds(40)) {
        if pause > .zero { wait(pause) }
        guard let query = warden.rosterQuery(of: RosterBench.main, at: now) else { return }
        var roster = PoolRoster(
            pool: SenderPool(
                id: found, name: "Marketing", tags: ["environment": "production"]))
        for member in members { roster.add(member, query) }
        observe(.pool(RosterBench.main), .pool(.found(roster)), requestedBefore: requestedBefore)
    }

    mutating func find(_ finding: PoolFinding) { observe(.pool(RosterBench.main), .pool(finding)) }

    mutating func fail(_ target: Target) {
        now = now + .milliseconds(50)
        let fault = Fault(.unreachable, "HTTP 503")
        take(
            warden.handle(
                .polled(PollOutcome(target: target, requestedAt: now, result: .failure(fault))), at: now))
    }

    mutating func operation(_ status: PoolOperation.Status, failed: Int? = nil) {
        guard let id = warden.operation(of: RosterBench.main) else { return }
        observe(
            .operation(RosterBench.main), .operation(PoolOperation(id: id, status: status, total: 1, failed: failed)))
    }

    mutating func accept(_ change: SenderChange, operation: Bool) {
        now = now + .milliseconds(50)
        let receipt = ChangeReceipt(operation: operation ? OperationID(unchecked: "comms_operation_1") : nil)
        take(warden.handle(.changed(change, .success(receipt)), at: now))
    }

    mutating func refuse(_ change: SenderChange, _ fault: Fault) {
        now = now + .milliseconds(50)
        take(warden.handle(.changed(change, .failure(fault)), at: now))
    }

    // MARK: The world

    mutating func leave(_ number: Int) { leave(RosterBench.sender(number)) }

    mutating func leave(_ id: SenderID) { members.removeAll { $0.id == id } }

    mutating func join(_ number: Int, _ status: PoolSender.Status) {
        members.append(RosterBench.member(number, status))
    }

    mutating func see(sent: Int) {
        let stats = CampaignStats(totalEnrolled: 1000, sent: sent, delivered: sent, bounced: 0, queued: 1000 - sent)
        observe(.stats(CampaignID(unchecked: "camp_1")), .stats(stats))
    }

    mutating func seeDraft(enrolled: Int) {
        let stats = CampaignStats(totalEnrolled: enrolled, sent: 0, delivered: 0, bounced: 0, replied: 0, queued: 0)
        observe(.stats(CampaignID(unchecked: "camp_1")), .stats(stats))
    }

    // MARK: Outputs

    var kinds: [EventKind] { events.map(\.kind) }

    mutating func polled() -> [Target] {
        defer { polls = [] }
        return polls
    }

    var status: GuardStatus.PoolStatus? { warden.status(at: now).pools.first { $0.id == RosterBench.main } }
}

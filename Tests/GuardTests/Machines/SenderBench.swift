import Model
import Policy

@testable import Guard

/// The members of one pool, with the list that the platform returns.
struct SenderBench {
    static let name = PoolID(unchecked: "main")
    static let operation = OperationID(unchecked: "comms_operation_1")

    var machine = SenderMachine()
    var now = Instant(milliseconds: 1_796_000_000_000)
    var members: Set<Int> = [1, 2]
    var platform = PoolID(unchecked: "comms_senderpool_x")
    let policy: CheckedPolicy

    init(_ more: String = "") throws { policy = try RosterBench.policy(more) }

    mutating func wait(_ seconds: Int) { now = now + .seconds(seconds) }

    func change(_ action: SenderChange.Action, _ number: Int = 1, decision: Int = 1) -> SenderChange {
        SenderChange(
            action: action, pool: SenderBench.name, platformPool: platform,
            sender: RosterBench.member(number, .deactivated), rule: "out", decision: decision,
            conditionText: "pool.senders > 1", evidence: Evaluation(truth: .yes, findings: [], coverage: nil),
            sentAt: now)
    }

    mutating func begin(_ change: SenderChange) -> [String] { Transcript.words(machine.begin(change)) }

    mutating func accept(_ change: SenderChange, _ operation: OperationID? = nil) -> [String] {
        Transcript.words(machine.answered(change, .success(ChangeReceipt(operation: operation)), policy, at: now))
    }

    mutating func fail(_ change: SenderChange, _ fault: Fault) -> [String] {
        Transcript.words(machine.answered(change, .failure(fault), policy, at: now))
    }

    mutating func look(askedBefore: Int = 0) -> [String] {
        let requestedAt = now - .seconds(askedBefore)
        return Transcript.words(
            machine.settle(SenderBench.name, roster, policy, requestedAt: requestedAt, at: now))
    }

    var roster: PoolRoster {
        var roster = PoolRoster(pool: SenderPool(id: platform))
        let query = RosterQuery(binding: policy.pools[0], watched: machine.watched)
        for number in members.sorted() { roster.add(RosterBench.member(number, .deactivated), query) }
        return roster
    }

    mutating func observe(_ status: PoolOperation.Status, failed: Int? = nil, id: OperationID = operation)
        -> [String]
    {
        Transcript.words(
            machine.observe(PoolOperation(id: id, status: status, total: 2, failed: failed), policy, at: now))
    }

    mutating func follow(isBound: Bool = true) -> (words: [String], polls: Bool) {
        let (effects, polls) = machine.followOperation(isBound: isBound, at: now)
        return (Transcript.words(effects), polls)
    }

    func mayBegin() -> Bool { machine.mayBegin(requestedAt: now, at: now) }

    /// Removes a sender, confirmed by the platform.
    mutating func remove() {
        _ = begin(change(.remove))
        _ = accept(change(.remove))
        members.remove(1)
        _ = look()
    }
}

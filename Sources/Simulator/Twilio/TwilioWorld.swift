package import Model

/// Sender pools over time: changes are accepted immediately and completed by operations.
///
/// A pure value.
package struct TwilioWorld: Sendable {
    package struct Pool: Sendable {
        package var id: String
        package var name: String
        package var tags: [String: String]
        /// In the order in which they were added.
        package var members: [String]
        package var createdAt: Instant
        package var updatedAt: Instant
    }

    package struct Sender: Sendable {
        package var id: String
        package var displayName: String?
        package var address: String
        package var channel: PoolSender.Channel
        package var status: PoolSender.Status
        package var tags: [String: String]
        package var createdAt: Instant
        package var updatedAt: Instant
    }

    /// What an operation does when it ends.
    enum Work: Sendable {
        case create(pool: String, name: String, tags: [String: String], senders: [String])
        case update(pool: String, name: String?, tags: [String: String]?)
        case delete(pool: String)
        case add(pool: String, senders: [String])
        case remove(pool: String, sender: String)

        var pool: String {
            switch self {
            case .create(let pool, _, _, _), .update(let pool, _, _), .delete(let pool), .add(let pool, _),
                .remove(let pool, _):
                pool
            }
        }

        /// The number of parts that can succeed or fail.
        var total: Int {
            if case .add(_, let senders) = self { senders.count } else { 1 }
        }
    }

    /// How an operation ends.
    enum Outcome: Sendable {
        case done, fails, canceled, never
    }

    package struct Operation: Sendable {
        package var id: String
        package var status = PoolOperation.Status.processing
        var work: Work
        var outcome: Outcome
        package var failed = 0
        var endsAt: Instant
        package var createdAt: Instant
        package var updatedAt: Instant
    }

    package let description: TwilioDescription
    /// In the order of creation.
    package private(set) var pools: [Pool] = []
    package private(set) var senders: [String: Sender] = [:]
    package private(set) var operations: [Operation] = []
    private let chance: Chance
    private var lastNumber = 0
    private var parts = 0

    /// The most operations that are stored; older ones are dropped.
    private static let operationsMax = 10_000

    init(_ description: TwilioDescription, _ chance: Chance, at now: Instant) {
        self.description = description
        self.chance = chance
        for pool in description.pools {
            let createdAt = now - pool.age
            let members = (0..<pool.active + pool.deactivated).map { index in
                makeSender(
                    pool.channel, index < pool.active ? .activated : .deactivated,
                    createdAt: createdAt + .seconds(index))
            }
            pools.append(
                Pool(
                    id: nextID("senderpool"), name: pool.name, tags: pool.tags, members: members, createdAt: createdAt,
                    updatedAt: createdAt))
        }
        for _ in 0..<description.spare { _ = makeSender(.email, .activated, createdAt: now) }
    }

    private mutating func nextID(_ kind: String) -> String {
        lastNumber += 1
        return TwilioIDs.id(kind, lastNumber)
    }

    private mutating func makeSender(
        _ channel: PoolSender.Channel, _ status: PoolSender.Status, createdAt: Instant
    ) -> String {
        let id = nextID("sender")
        senders[id] = Sender(
            id: id, displayName: lastNumber % 3 == 0 ? nil : "Sender \(lastNumber)",
            address: channel == .email ? "sender\(lastNumber)@mail.example" : "+1555\(1_000_000 + lastNumber)",
            channel: channel, status: status, tags: [:], createdAt: createdAt, updatedAt: createdAt)
        return id
    }

    func pool(_ id: String) -> Pool? { pools.first { $0.id == id } }

    func operation(_ id: String) -> Operation? { operations.first { $0.id == id } }

    /// True while an operation changes the pool; another change is a conflict.
    func isBusy(_ pool: String) -> Bool {
        operations.contains { $0.work.pool == pool && $0.status == .processing && $0.outcome != .never }
    }

    // MARK: Changes

    mutating func newPoolID() -> String { nextID("senderpool") }

    mutating func begin(_ work: Work, outcome: Outcome, at now: Instant) -> Operation {
        let operation = Operation(
            id: nextID("operation"), work: work, outcome: outcome, endsAt: now + description.operationTakes,
            createdAt: now,
            updatedAt: now)
        if operations.count >= TwilioWorld.operationsMax {
            operations.removeFirst(TwilioWorld.operationsMax / 10)
        }
        operations.append(operation)
        return operation
    }

    mutating func advance(to now: Instant) {
        for index in operations.indices where operations[index].status == .processing && operations[index].endsAt <= now
        {
            let at = operations[index].endsAt
            switch operations[index].outcome {
            case .never: continue
            case .canceled: operations[index].status = .canceled
            case .fails:
                operations[index].status = .completed
                operations[index].failed = operations[index].work.total
            case .done:
                operations[index].status = .completed
                operations[index].failed = carryOut(operations[index].work, at: at)
            }
            operations[index].updatedAt = at
        }
    }

    /// Executes the operation; returns how many parts failed.
    private mutating func carryOut(_ work: Work, at now: Instant) -> Int {
        if case .create(let id, let name, let tags, let members) = work {
            if partFails() { return 1 }
            pools.append(
                Pool(
                    id: id, name: name, tags: tags, members: members.filter { senders[$0] != nil }, createdAt: now,
                    updatedAt: now))
            return 0
        }
        guard let index = pools.firstIndex(where: { $0.id == work.pool }) else { return work.total }
        var failed = 0
        switch work {
        case .create: break
        case .update(_, let name, let tags):
            if partFails() { return 1 }
            pools[index].name = name ?? pools[index].name
            pools[index].tags = tags ?? pools[index].tags
        case .delete:
            if partFails() { return 1 }
            pools.remove(at: index)
            return 0
        case .add(_, let added):
            for sender in added {
                if senders[sender] == nil || partFails() {
                    failed += 1
                } else if !pools[index].members.contains(sender) {
                    pools[index].members.append(sender)
                }
            }
        case .remove(_, let sender):
            if partFails() { return 1 }
            pools[index].members.removeAll { $0 == sender }
        }
        pools[index].updatedAt = now
        return failed
    }

    private mutating func partFails() -> Bool {
        parts += 1
        return description.failures > 0 && chance.value(.operation, stream: 0, number: parts) < description.failures
    }

    // MARK: People

    /// A person changes a pool's members on the platform; takes effect immediately.
    package mutating func change(_ pool: String, at now: Instant, _ edit: (inout [String]) -> Void) {
        guard let index = pools.firstIndex(where: { $0.id == pool }) else { return }
        edit(&pools[index].members)
        pools[index].updatedAt = now
    }

    package mutating func setStatus(_ sender: String, _ status: PoolSender.Status, at now: Instant) {
        senders[sender]?.status = status
        senders[sender]?.updatedAt = now
    }
}

package import Model
import Policy

/// The campaigns of the policy, with what is found by their states: due pauses, due resumes, what has to be stored.
package struct CampaignTable: Sendable {
    /// In the policy's order.
    private var machines: [CampaignMachine]
    private let indexes: [CampaignID: Int]
    private var pausing: Set<Int> = []
    private var resuming: Set<Int> = []
    private var orderedPauses: Set<Int> = []
    /// What may have to be stored.
    private var changed: Set<Int> = []
    /// What was last handed out to be stored, by its hash; that one of 64 bits misses a change is not to be expected.
    private var stored: [CampaignID: Int] = [:]
    /// The earliest retry of a pause, and the earliest resume; nil where none waits, or not worked out yet.
    private var nextPause: Deadline = .unknown
    private var nextResume: Deadline = .unknown

    private enum Deadline: Sendable {
        case unknown
        case known(Instant?)
    }

    init(_ book: RuleBook, at now: Instant) {
        machines = zip(book.policy.campaigns, book.campaigns).map { CampaignMachine($0, $1, at: now) }
        indexes = CampaignTable.indexes(machines)
    }

    /// The campaigns of a new policy: those that stay go on.
    init(_ book: RuleBook, adopting previous: CampaignTable, at now: Instant) {
        machines = zip(book.policy.campaigns, book.campaigns).map { entry, rules in
            guard let index = previous.indexes[entry.id] else { return CampaignMachine(entry, rules, at: now) }
            var machine = previous.machines[index]
            machine.adopt(entry, rules)
            return machine
        }
        indexes = CampaignTable.indexes(machines)
        stored = previous.stored
        for index in machines.indices { file(index) }
        changed = Set(machines.indices)
    }

    private static func indexes(_ machines: [CampaignMachine]) -> [CampaignID: Int] {
        Dictionary(machines.enumerated().map { ($1.entry.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: Access

    package var count: Int { machines.count }
    package var indices: Range<Int> { machines.indices }
    /// In its slot, as a copy of a campaign costs more than most questions about it.
    package subscript(index: Int) -> CampaignMachine { _read { yield machines[index] } }
    package subscript(id: CampaignID) -> CampaignMachine? { indexes[id].map { machines[$0] } }
    package func index(of id: CampaignID) -> Int? { indexes[id] }

    /// Changes a campaign; what is found by its state follows.
    mutating func update<Result>(_ index: Int, _ body: (inout CampaignMachine) -> Result) -> Result {
        let (pauseBefore, resumeBefore) = (machines[index].pauseRetryAt, machines[index].resumeAt)
        defer {
            changed.insert(index)
            file(index)
            if machines[index].pauseRetryAt != pauseBefore { nextPause = .unknown }
            if machines[index].resumeAt != resumeBefore { nextResume = .unknown }
        }
        return body(&machines[index])
    }

    private mutating func file(_ index: Int) {
        if machines[index].isPausing { pausing.insert(index) } else { pausing.remove(index) }
        if machines[index].awaitsResume { resuming.insert(index) } else { resuming.remove(index) }
        if machines[index].orderedPause != nil { orderedPauses.insert(index) } else { orderedPauses.remove(index) }
    }

    // MARK: Found by state

    /// Campaigns with a pause that is not confirmed, in the order of their ids.
    var withPause: [Int] { sorted(pausing) }

    /// Campaigns that are to be resumed at some time, in the order of their ids.
    var awaitingResume: [Int] { sorted(resuming) }

    func awaitsResume(_ index: Int) -> Bool { resuming.contains(index) }

    /// Campaigns that a person wants paused once what is under way is answered, in the order of their ids.
    var withOrderedPause: [Int] { orderedPauses.isEmpty ? [] : sorted(orderedPauses) }

    private func sorted(_ indexes: Set<Int>) -> [Int] {
        indexes.sorted { machines[$0].entry.id < machines[$1].entry.id }
    }

    /// The earliest retry of a pause.
    mutating func earliestPause() -> Instant? {
        if case .known(let time) = nextPause { return time }
        let time = pausing.compactMap { machines[$0].pauseRetryAt }.min()
        nextPause = .known(time)
        return time
    }

    /// The earliest resume; one may be due again whose cooldown was over before an order or a doubt came in between.
    mutating func earliestResume() -> Instant? {
        if case .known(let time) = nextResume { return time }
        let time = resuming.compactMap { machines[$0].resumeAt }.min()
        nextResume = .known(time)
        return time
    }

    /// How many campaigns run, and how many of these breach a pausing rule since that time.
    func breaches(since start: Instant) -> (breaching: Int, running: Int) {
        var (breaching, running) = (0, 0)
        for index in machines.indices {
            guard let isRunning = machines[index].isRunning(since: start) else { continue }
            if isRunning { running += 1 }
            if machines[index].rules.breaches(since: start) { breaching += 1 }
        }
        return (breaching, running)
    }

    // MARK: Storage

    /// What changed since it was last handed out.
    mutating func takeChanges() -> [CampaignMemory] {
        guard !changed.isEmpty else { return [] }
        var memories: [CampaignMemory] = []
        for index in changed.count == 1 ? Array(changed) : changed.sorted() {
            let mark = machines[index].storageMark
            guard stored[machines[index].entry.id] != mark else { continue }
            stored[machines[index].entry.id] = mark
            memories.append(machines[index].memory)
        }
        changed = []
        return memories
    }

    /// What was handed out may not have been stored: everything is handed out again.
    mutating func storeAll() { (stored, changed) = ([:], Set(machines.indices)) }

    mutating func takeUp(_ memory: Memory, _ policy: CheckedPolicy, at now: Instant) {
        let byID = Dictionary(memory.campaigns.map { ($0.id, $0) }, uniquingKeysWith: { _, newer in newer })
        for index in machines.indices {
            let id = machines[index].entry.id
            machines[index].samples.recall(memory.samples[id] ?? [], at: now)
            guard let remembered = byID[id] else { continue }
            machines[index].takeUp(remembered, grace: policy.overrideGrace, at: now)
            var taken = machines[index].memory
            taken.latest = remembered.latest
            if taken == remembered { stored[id] = machines[index].storageMark } else { changed.insert(index) }
            file(index)
        }
    }
}

extension CampaignMachine {
    var isPausing: Bool {
        switch phase {
        case .pausing: true
        case .unknown, .draft, .starting, .running, .paused, .resuming, .pausedByAnother: false
        }
    }
}

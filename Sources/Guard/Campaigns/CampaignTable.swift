package import Model
import Policy

/// The policy's campaigns, indexed by due pauses, due resumes and pending records.
///
/// Campaigns that left the policy are retained behind them: responses to their requests still arrive, and a campaign
/// that returns continues where it was, as after a restart.
package struct CampaignTable: Sendable {
    /// In policy order, followed by the retained ones, the last to leave first.
    private var machines: [CampaignMachine]
    /// The number of campaigns in the policy.
    package let count: Int
    private let indexes: [CampaignID: Int]
    /// What the ledger has of further campaigns that the policy does not name.
    private var absent: [CampaignID: AbsentCampaign] = [:]
    private var pausing: Set<Int> = []
    private var resuming: Set<Int> = []
    private var orderedPauses: Set<Int> = []
    /// Campaigns that may have to be stored.
    private var changed: Set<Int> = []
    /// The hash of each campaign's last record; a collision of 64 bits is not to be expected.
    private var stored: [CampaignID: Int] = [:]
    /// Records of absent campaigns that no file lists any more.
    private var delisted: [CampaignMemory] = []
    /// The earliest retry of a pause and the earliest resume; nil inside if none is planned.
    private var nextPause: Deadline = .unknown
    private var nextResume: Deadline = .unknown

    private enum Deadline: Sendable {
        case unknown
        case known(Instant?)
    }

    /// As many campaigns are retained as a policy may name, so that a policy emptied by mistake loses nothing.
    private static let retainedMax = 20_000

    init(_ book: RuleBook, at now: Instant) {
        machines = zip(book.policy.campaigns, book.campaigns).map { CampaignMachine($0, $1, at: now) }
        count = machines.count
        indexes = CampaignTable.indexes(machines)
        // What files list is stored even before the first poll.
        changed = Set(indices.filter { machines[$0].entry.listing != nil })
    }

    /// Adopts the campaigns of a new policy: those that remain or return continue, and those that leave are retained.
    init(_ book: RuleBook, adopting previous: CampaignTable, at now: Instant) {
        var absent = previous.absent
        var machines = zip(book.policy.campaigns, book.campaigns).map { entry, rules in
            var machine = CampaignMachine(entry, rules, at: now)
            if let index = previous.indexes[entry.id] {
                machine = previous.machines[index]
                machine.adopt(entry, rules)
                machine.evaluateResumeAgain(at: now)
                if index >= previous.count { machine.comeBack(at: now) }
            } else if let stored = absent.removeValue(forKey: entry.id) {
                machine.comeBack(stored, grace: book.policy.overrideGrace, at: now)
            }
            return machine
        }
        count = machines.count
        let named = Set(machines.map(\.entry.id))
        for index in previous.machines.indices where !named.contains(previous.machines[index].entry.id) {
            guard machines.count - count < CampaignTable.retainedMax else { break }
            machines.append(previous.machines[index])
            machines[machines.count - 1].evaluateResumeAgain(at: now)
        }
        self.machines = machines
        self.absent = absent
        indexes = CampaignTable.indexes(machines)
        stored = previous.stored
        for index in indices { file(index) }
        changed = Set(machines.indices)
    }

    private static func indexes(_ machines: [CampaignMachine]) -> [CampaignID: Int] {
        Dictionary(machines.enumerated().map { ($1.entry.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: Access

    package var indices: Range<Int> { 0..<count }
    /// Read in place: a copy of a campaign costs more than most questions about it.
    package subscript(index: Int) -> CampaignMachine { _read { yield machines[index] } }
    package subscript(id: CampaignID) -> CampaignMachine? { index(of: id).map { machines[$0] } }
    /// The index of a campaign in the policy.
    package func index(of id: CampaignID) -> Int? { indexes[id].flatMap { isNamed($0) ? $0 : nil } }
    /// The index of a campaign in the policy or a retained one.
    func knownIndex(of id: CampaignID) -> Int? { indexes[id] }
    /// True if the policy names the campaign at that index.
    func isNamed(_ index: Int) -> Bool { index < count }

    /// Changes a campaign and updates the indexes.
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
        // Nothing is done for a campaign that the policy does not name.
        guard isNamed(index) else { return }
        if machines[index].isPausing { pausing.insert(index) } else { pausing.remove(index) }
        if machines[index].awaitsResume { resuming.insert(index) } else { resuming.remove(index) }
        if machines[index].orderedPause != nil { orderedPauses.insert(index) } else { orderedPauses.remove(index) }
    }

    /// The orders to watch campaigns, whether or not the policy names them now.
    var watches: [Watch] { machines.compactMap(\.watch) + absent.values.compactMap(\.memory.watch) }

    // MARK: Found by state

    /// Campaigns with an unconfirmed pause, in the order of their ids.
    var withPause: [Int] { sorted(pausing) }

    /// Campaigns with a planned or running resume, in the order of their ids.
    var awaitingResume: [Int] { sorted(resuming) }

    func awaitsResume(_ index: Int) -> Bool { resuming.contains(index) }

    /// Campaigns with an ordered pause that waits for a response, in the order of their ids.
    var withOrderedPause: [Int] { orderedPauses.isEmpty ? [] : sorted(orderedPauses) }

    private func sorted(_ indexes: Set<Int>) -> [Int] {
        indexes.sorted { machines[$0].entry.id < machines[$1].entry.id }
    }

    /// The earliest retry of a pause; nil if none is planned.
    mutating func earliestPause() -> Instant? {
        if case .known(let time) = nextPause { return time }
        let time = pausing.compactMap { machines[$0].pauseRetryAt }.min()
        nextPause = .known(time)
        return time
    }

    /// The earliest resume, which an order or a doubt may have left past due; nil if none is planned.
    mutating func earliestResume() -> Instant? {
        if case .known(let time) = nextResume { return time }
        let time = resuming.compactMap { machines[$0].resumeAt }.min()
        nextResume = .known(time)
        return time
    }

    /// The number of running campaigns, and of those that breach a pausing rule since `start`.
    func breaches(since start: Instant) -> (breaching: Int, running: Int) {
        var (breaching, running) = (0, 0)
        for index in indices {
            guard let isRunning = machines[index].isRunning(since: start) else { continue }
            if isRunning { running += 1 }
            if machines[index].rules.breaches(since: start) { breaching += 1 }
        }
        return (breaching, running)
    }

    // MARK: Storage

    /// The campaigns that may have changed since the last call of ``takeChanges()``.
    var changedIndices: Set<Int> { changed }

    /// The records of everything changed since the last call.
    mutating func takeChanges() -> [CampaignMemory] {
        guard !changed.isEmpty || !delisted.isEmpty else { return [] }
        var memories = delisted
        delisted = []
        for index in changed.count == 1 ? Array(changed) : changed.sorted() {
            let mark = mark(index)
            guard stored[machines[index].entry.id] != mark else { continue }
            stored[machines[index].entry.id] = mark
            var memory = machines[index].memory
            if !isNamed(index) { (memory.listing, memory.isAway) = (nil, true) }
            memories.append(memory)
        }
        changed = []
        return memories
    }

    /// Changes with the record of a campaign; one that the policy does not name is stored as away.
    private func mark(_ index: Int) -> Int {
        isNamed(index) ? machines[index].storageMark : ~machines[index].storageMark
    }

    /// Hands everything out again, because it may not have been stored.
    mutating func storeAll() { (stored, changed) = ([:], Set(machines.indices)) }

    /// Retains what the ledger has of campaigns that the policy does not name.
    mutating func retain(_ memory: Memory, _ policy: CheckedPolicy, at now: Instant) {
        let others = memory.campaigns.filter { indexes[$0.id] == nil && absent[$0.id] == nil }
        let windows = CampaignRules.windows(of: policy.rules)
        let room = CampaignTable.retainedMax - absent.count
        for other in others.sorted(by: { $0.freshAfter > $1.freshAfter }).prefix(max(0, room)) {
            var other = other
            if other.listing != nil {
                other.listing = nil
                delisted.append(other)
            }
            absent[other.id] = AbsentCampaign(other, in: memory, windows: windows, at: now)
        }
    }

    mutating func takeUp(_ memory: Memory, _ policy: CheckedPolicy, at now: Instant) {
        let byID = Dictionary(memory.campaigns.map { ($0.id, $0) }, uniquingKeysWith: { _, newer in newer })
        var unique = memory
        unique.campaigns = Array(byID.values)
        retain(unique, policy, at: now)
        for index in machines.indices {
            let id = machines[index].entry.id
            let stored = memory.samples[id] ?? []
            let steps = machines[index].samples.recall(stored, first: memory.firstSamples[id], at: now)
            guard let remembered = byID[id] else { continue }
            machines[index].takeUp(remembered, grace: policy.overrideGrace, at: now)
            machines[index].rules.recall(stored, skipping: steps, at: now)
            var taken = machines[index].memory
            taken.latest = remembered.latest
            if taken == remembered { self.stored[id] = mark(index) } else { changed.insert(index) }
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

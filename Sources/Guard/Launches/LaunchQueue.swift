package import Model
import Policy

/// The launches of the policy, in the order in which they may start; one at a time is evaluated and started.
package struct LaunchQueue: Sendable {
    /// All open launches are evaluated at least this often, so that none is forgotten.
    private static let intervalMax: Duration = .seconds(10)

    /// In the policy's order.
    private var launches: [LaunchMachine]
    private let indexes: [CampaignID: Int]
    /// Indexes in the order in which launches may start.
    private let order: [Int]
    /// Open ones, as they are looked through at most events.
    private var openCount: Int
    private var busyIndex: Int?
    private var changed: Set<Int> = []
    private var stored: [CampaignID: LaunchMemory] = [:]
    private var nextTime: Deadline = .unknown

    private enum Deadline: Sendable {
        case unknown
        case known(Instant?)
    }

    init(_ policy: CheckedPolicy) { self.init(policy.launches.enumerated().map { LaunchMachine($1, position: $0) }) }

    private init(_ launches: [LaunchMachine]) {
        self.launches = launches
        indexes = Dictionary(
            launches.enumerated().map { ($1.entry.campaign, $0) }, uniquingKeysWith: { first, _ in first })
        order = launches.indices.sorted { LaunchMachine.goesFirst(launches[$0], launches[$1]) }
        openCount = launches.count { $0.isOpen }
        busyIndex = launches.firstIndex { $0.isBusy }
    }

    /// The launches of a new policy: those that stay go on, others begin.
    ///
    /// - Parameters:
    ///   - canStart: false where the campaign is known to have been started.
    ///   - actsNow: decisions are acted on from now on, so that dry runs are evaluated again.
    init(
        _ policy: CheckedPolicy, adopting previous: LaunchQueue, actsNow: Bool, canStart: (CampaignID) -> Bool
    ) {
        let launches = policy.launches.enumerated().map { position, entry -> LaunchMachine in
            guard let index = previous.indexes[entry.campaign] else { return LaunchMachine(entry, position: position) }
            var launch = previous.launches[index]
            let isChanged = launch.entry != entry
            launch.move(to: position)
            // A launch that failed or expired is given another chance by a reload, a changed one by its change.
            let isOver = launch.phase == .closed && canStart(entry.campaign)
            let isReplaced = isChanged && launch.phase != .released && !launch.isBusy
            let isDryRun = actsNow && launch.wasDryRun
            if isOver || isReplaced || isDryRun { return launch.restarted(entry, position: position) }
            return isChanged ? launch.renamed(entry) : launch
        }
        self.init(launches)
        stored = previous.stored
        changed = Set(launches.indices)
    }

    // MARK: Access

    package var all: [LaunchMachine] { launches }
    package subscript(index: Int) -> LaunchMachine { _read { yield launches[index] } }

    /// The campaign's launch, open or not.
    package func index(of campaign: CampaignID) -> Int? { indexes[campaign] }

    package subscript(campaign: CampaignID) -> LaunchMachine? { indexes[campaign].map { launches[$0] } }

    /// The campaign's launch that is neither released nor over.
    func openIndex(of campaign: CampaignID) -> Int? { indexes[campaign].flatMap { launches[$0].isOpen ? $0 : nil } }

    var hasOpen: Bool { openCount > 0 }

    /// Open launches in the order in which they may start.
    var open: [Int] { openCount == 0 ? [] : order.filter { launches[$0].isOpen } }

    /// The launch that is evaluated or started; others wait for it.
    var busy: Int? { busyIndex }

    mutating func update<Result>(_ index: Int, _ body: (inout LaunchMachine) -> Result) -> Result {
        let wasOpen = launches[index].isOpen
        defer {
            openCount += (launches[index].isOpen ? 1 : 0) - (wasOpen ? 1 : 0)
            if launches[index].isBusy { busyIndex = index } else if busyIndex == index { busyIndex = nil }
            changed.insert(index)
            nextTime = .unknown
        }
        return body(&launches[index])
    }

    /// When launches may change by time alone.
    mutating func nextDeadline(after workedAt: Instant, _ wallClockOffset: Duration) -> Instant? {
        guard openCount > 0 else { return nil }
        let earliest: Instant?
        if case .known(let time) = nextTime, time.map({ $0 > workedAt }) ?? true {
            earliest = time
        } else {
            earliest = open.compactMap { launches[$0].nextTime(after: workedAt, wallClockOffset) }.min()
            nextTime = .known(earliest)
        }
        return min(earliest ?? workedAt + LaunchQueue.intervalMax, workedAt + LaunchQueue.intervalMax)
    }

    mutating func forgetDeadlines() { nextTime = .unknown }

    // MARK: Storage

    /// What changed since it was last handed out.
    mutating func takeChanges() -> [LaunchMemory] {
        guard !changed.isEmpty else { return [] }
        var memories: [LaunchMemory] = []
        for index in changed.sorted() {
            let memory = launches[index].memory
            guard stored[memory.campaign] != memory else { continue }
            stored[memory.campaign] = memory
            memories.append(memory)
        }
        changed = []
        return memories
    }

    /// What was handed out may not have been stored: everything is handed out again.
    mutating func storeAll() { (stored, changed) = ([:], Set(launches.indices)) }

    mutating func takeUp(
        _ memories: [LaunchMemory], forceMax: Duration, at now: Instant, mayRun: (CampaignID) -> Bool
    ) {
        for memory in memories {
            guard let index = indexes[memory.campaign] else { continue }
            launches[index].takeUp(memory, mayRun: mayRun(memory.campaign), forceMax: forceMax, at: now)
            stored[memory.campaign] = memory
            changed.insert(index)
        }
        openCount = launches.count { $0.isOpen }
    }

    /// In enforce mode, what observe mode would have started still waits for its start.
    mutating func restartDryRuns() -> [CampaignID] {
        let dryRuns = launches.indices.filter { launches[$0].wasDryRun }
        for index in dryRuns {
            launches[index] = launches[index].restarted(launches[index].entry, position: launches[index].position)
            changed.insert(index)
        }
        if !dryRuns.isEmpty { openCount = launches.count { $0.isOpen } }
        return dryRuns.map { launches[$0].entry.campaign }
    }
}

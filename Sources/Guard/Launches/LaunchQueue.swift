package import Model
import Policy

/// The launches of the policy in start order; one at a time is evaluated and started.
package struct LaunchQueue: Sendable {
    /// The longest interval between evaluations of all open launches, so that none is forgotten.
    private static let intervalMax: Duration = .seconds(10)

    /// In policy order.
    private var launches: [LaunchMachine]
    private let indexes: [CampaignID: Int]
    /// Indexes in start order.
    private let order: [Int]
    /// The number of open launches, cached because most events ask for it.
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

    /// Adopts the launches of a new policy; those that remain keep their state.
    ///
    /// - Parameters:
    ///   - canStart: false if the campaign is known to have been started.
    ///   - actsNow: the new policy enforces, so dry runs are evaluated again.
    init(
        _ policy: CheckedPolicy, adopting previous: LaunchQueue, actsNow: Bool, canStart: (CampaignID) -> Bool
    ) {
        let launches = policy.launches.enumerated().map { position, entry -> LaunchMachine in
            guard let index = previous.indexes[entry.campaign] else { return LaunchMachine(entry, position: position) }
            var launch = previous.launches[index]
            let isChanged = launch.entry != entry
            launch.move(to: position)
            // A reload retries a launch that failed or expired, and an edit restarts it.
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

    /// The index of the campaign's launch, open or not.
    package func index(of campaign: CampaignID) -> Int? { indexes[campaign] }

    package subscript(campaign: CampaignID) -> LaunchMachine? { indexes[campaign].map { launches[$0] } }

    /// The index of the campaign's launch that is neither released nor closed.
    func openIndex(of campaign: CampaignID) -> Int? { indexes[campaign].flatMap { launches[$0].isOpen ? $0 : nil } }

    var hasOpen: Bool { openCount > 0 }

    /// Open launches in start order.
    var open: [Int] { openCount == 0 ? [] : order.filter { launches[$0].isOpen } }

    /// The launch that is being evaluated or started; others wait for it.
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

    /// The records of everything changed since the last call.
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

    /// Hands everything out again, because it may not have been stored.
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

    /// Restarts the dry runs of observe mode, which enforce mode still has to start.
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

package import Model
import Policy

/// The launches of the policy in start order; one at a time is evaluated and started.
///
/// Launches that left the policy are retained behind them: the response to a start still arrives, and a launch that
/// returns continues where it was, as after a restart.
package struct LaunchQueue: Sendable {
    /// What is known of earlier starts of a launch's campaign.
    struct StartHistory {
        /// The counters show that the campaign was started.
        var wasStarted = false
        /// A start of ours may have taken effect.
        var mayRun = false
    }

    /// As many launches are retained as a policy may name.
    private static let retainedMax = 20_000
    /// The longest interval between evaluations of all open launches, so that none is forgotten.
    private static let intervalMax: Duration = .seconds(10)

    /// In policy order, followed by the retained ones, the last to leave first.
    private var launches: [LaunchMachine]
    /// The number of launches in the policy.
    private let count: Int
    private var indexes: [CampaignID: Int]
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

    private init(_ launches: [LaunchMachine], retained: [LaunchMachine] = []) {
        self.launches = launches + retained
        count = launches.count
        indexes = Dictionary(
            self.launches.enumerated().map { ($1.entry.campaign, $0) }, uniquingKeysWith: { first, _ in first })
        order = launches.indices.sorted { LaunchMachine.goesFirst(launches[$0], launches[$1]) }
        openCount = launches.count { $0.isOpen }
        busyIndex = launches.firstIndex { $0.isBusy }
    }

    /// Adopts the launches of a new policy: those that remain or return continue, and those that leave are retained.
    ///
    /// - Parameter actsNow: the new policy enforces, so dry runs are evaluated again.
    init(
        _ policy: CheckedPolicy, adopting previous: LaunchQueue, actsNow: Bool,
        history: (CampaignID) -> StartHistory
    ) {
        let launches = policy.launches.enumerated().map { position, entry -> LaunchMachine in
            guard var launch = previous.known(entry.campaign) else { return LaunchMachine(entry, position: position) }
            let (isChanged, history) = (launch.entry != entry, history(entry.campaign))
            launch.move(to: position)
            // A reload retries a launch that failed or expired, and an edit restarts it.
            let isOver = launch.phase == .closed && !history.wasStarted
            let isReplaced = isChanged && launch.phase != .released && !launch.isBusy
            let isDryRun = actsNow && launch.wasDryRun
            if isOver || isReplaced || isDryRun {
                return launch.restarted(entry, position: position, mayRun: history.mayRun)
            }
            return isChanged ? launch.renamed(entry) : launch
        }
        let named = Set(launches.map(\.entry.campaign))
        let left = previous.launches.filter { !named.contains($0.entry.campaign) }.map { $0.leaving() }
        self.init(launches, retained: Array(left.prefix(LaunchQueue.retainedMax)))
        stored = previous.stored
        changed = Set(self.launches.indices)
    }

    // MARK: Access

    /// The launches of the policy, in its order.
    package var all: [LaunchMachine] { launches.count == count ? launches : Array(launches.prefix(count)) }
    package subscript(index: Int) -> LaunchMachine { _read { yield launches[index] } }

    /// The index of the campaign's launch in the policy, open or not.
    package func index(of campaign: CampaignID) -> Int? { indexes[campaign].flatMap { isNamed($0) ? $0 : nil } }

    package subscript(campaign: CampaignID) -> LaunchMachine? { index(of: campaign).map { launches[$0] } }

    /// The index of the campaign's launch in the policy or of a retained one.
    func knownIndex(of campaign: CampaignID) -> Int? { indexes[campaign] }

    /// The campaign's launch in the policy or a retained one.
    func known(_ campaign: CampaignID) -> LaunchMachine? { indexes[campaign].map { launches[$0] } }

    /// True if the policy names the launch at that index.
    func isNamed(_ index: Int) -> Bool { index < count }

    /// The index of the campaign's launch in the policy that is neither released nor closed.
    func openIndex(of campaign: CampaignID) -> Int? {
        index(of: campaign).flatMap { launches[$0].isOpen ? $0 : nil }
    }

    var hasOpen: Bool { openCount > 0 }

    /// Open launches in start order.
    var open: [Int] { openCount == 0 ? [] : order.filter { launches[$0].isOpen } }

    /// The launch that is being evaluated or started; others wait for it.
    var busy: Int? { busyIndex }

    mutating func update<Result>(_ index: Int, _ body: (inout LaunchMachine) -> Result) -> Result {
        let wasOpen = launches[index].isOpen
        defer {
            if isNamed(index) {
                openCount += (launches[index].isOpen ? 1 : 0) - (wasOpen ? 1 : 0)
                if launches[index].isBusy { busyIndex = index } else if busyIndex == index { busyIndex = nil }
            }
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
            guard let index = indexes[memory.campaign] else {
                retain(memory, forceMax: forceMax, at: now)
                continue
            }
            launches[index].takeUp(memory, mayRun: mayRun(memory.campaign), forceMax: forceMax, at: now)
            stored[memory.campaign] = memory
            changed.insert(index)
        }
        openCount = all.count { $0.isOpen }
    }

    /// Retains what the ledger has of launches that the policy does not name.
    mutating func retain(_ memories: [LaunchMemory], forceMax: Duration, at now: Instant) {
        for memory in memories where indexes[memory.campaign] == nil { retain(memory, forceMax: forceMax, at: now) }
    }

    private mutating func retain(_ memory: LaunchMemory, forceMax: Duration, at now: Instant) {
        guard launches.count - count < LaunchQueue.retainedMax else { return }
        var launch = LaunchMachine(memory.entry, position: launches.count)
        launch.takeUp(memory, mayRun: false, forceMax: forceMax, at: now)
        indexes[memory.campaign] = launches.count
        launches.append(launch)
        stored[memory.campaign] = memory
    }

    /// Restarts the dry runs of observe mode, which enforce mode still has to start.
    mutating func restartDryRuns() -> [CampaignID] {
        let dryRuns = (0..<count).filter { launches[$0].wasDryRun }
        for index in dryRuns {
            launches[index] = launches[index].restarted(
                launches[index].entry, position: launches[index].position, mayRun: false)
            changed.insert(index)
        }
        if !dryRuns.isEmpty { openCount = all.count { $0.isOpen } }
        return dryRuns.map { launches[$0].entry.campaign }
    }
}

import Model
import Policy

/// Until when things wait for time to pass; nil where none does.
///
/// Kept from one event to the next, so that no event has to look at everything that waits.
struct DueTimes: Sendable {
    /// Pauses that failed are tried again.
    var pauses: Instant?
    /// Cool-downs are over.
    var resumes: Instant?
    /// Launches may start, expire or be tried again.
    var launches: Instant?
    /// Operations that are under way are looked at again.
    var operations: Instant?

    var earliest: Instant? { [pauses, resumes, launches, operations].compactMap { $0 }.min() }
}

extension Guard {
    /// All open launches are looked at at least this often, so that none is forgotten.
    private static let launchesMax: Duration = .seconds(10)

    /// When the campaign that an event is about comes to the end of its rest; nil where it does not rest.
    func restsUntil(_ event: Event) -> Instant? {
        event.campaign.flatMap { resting.contains($0) ? resumeDue($0) : nil }
    }

    /// Works out anew what an event may have changed.
    mutating func refreshDue(after event: Event, restedUntil: Instant?) {
        // A look at one campaign moves no other; whatever else happens is rare.
        var isAboutOne = false
        if case .observed = event { isAboutOne = event.campaign != nil }
        func hasPassed(_ time: Instant?) -> Bool { time.map { $0 <= workedAt } ?? false }
        if !isAboutOne || hasPassed(due.pauses) { due.pauses = pauseDue }
        if !isAboutOne || hasPassed(due.resumes) || restsUntil(event) != restedUntil { due.resumes = resumesDue }
        if !isAboutOne || hasPassed(due.launches) || haveLaunchesMoved { due.launches = launchesDue }
        if !isAboutOne { due.operations = operationsDue }
        if haveLaunchesMoved { wasLaunchBusy = isLaunchBusyNow }
    }

    /// True while a launch is judged or started: others wait for that.
    var isLaunchBusy: Bool { haveLaunchesMoved ? isLaunchBusyNow : wasLaunchBusy }

    private var isLaunchBusyNow: Bool {
        launches.contains {
            switch $0.phase {
            case .judging, .releasing: true
            case .waiting, .held, .released, .closed: false
            }
        }
    }

    private var pauseDue: Instant? {
        pausing.lazy.compactMap { id -> Instant? in
            guard let place = places[id], case .pausing(let attempt) = campaigns[place].phase else { return nil }
            return attempt.retryAt
        }.min()
    }

    /// What was due by the last work waits for news, not for time.
    private var resumesDue: Instant? { resting.lazy.compactMap { resumeDue($0) }.filter { $0 > workedAt }.min() }

    private var launchesDue: Instant? {
        var due: Instant?
        for launch in launches where launch.isOpen {
            let times = [launch.entry.notBefore.map(evenTime), launch.entry.expires.map(evenTime), launch.retryAt]
            for case let time? in times + [launch.forcedUntil, workedAt + Guard.launchesMax] where time > workedAt {
                due = due.map { min($0, time) } ?? time
            }
        }
        return due
    }

    /// The place of a campaign's launch that is neither released nor over.
    func openLaunchPlace(_ id: CampaignID) -> Int? { launchPlaces[id].flatMap { launches[$0].isOpen ? $0 : nil } }

    static func launchPlaces(_ policy: CheckedPolicy) -> [CampaignID: Int] {
        Dictionary(policy.launches.enumerated().map { ($1.campaign, $0) }, uniquingKeysWith: { first, _ in first })
    }

    static func launchOrder(_ launches: [LaunchState]) -> [Int] {
        launches.indices.sorted { LaunchState.goesFirst(launches[$0], launches[$1]) }
    }

    static func namedPools(_ policy: CheckedPolicy) -> [PoolID] {
        Set(policy.campaigns.compactMap(\.pool) + policy.pools.map(\.name)).sorted()
    }

    static func poollessWorkspaces(_ policy: CheckedPolicy) -> [WorkspaceName] {
        Set(policy.campaigns.filter { $0.pool == nil }.map(\.workspace)).sorted()
    }
}

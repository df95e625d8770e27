import Guard
package import Ledger
package import Model

/// What waits to be stored, in the order in which it was decided, and who waits for it.
///
/// One batch is at the store at a time; what comes meanwhile goes with the next, so that a slow disk makes larger
/// batches and not a longer queue. It stores nothing itself.
package struct PendingWrites<Waiter: Sendable>: Sendable {
    package enum Action: Sendable {
        /// Give it to the store, and ``finished(_:failure:at:)`` what comes of it.
        case write(LedgerBatch, number: Int)
        /// All that it waited for is durable.
        case proceed(Waiter)
        /// What it waited for is not stored.
        case refuse(Waiter)
        /// Storing has begun to fail, or goes on failing, for this reason; nil where it works again.
        case report(failure: String?)
    }

    /// So many records at most are in a batch that nobody waits for, so that an urgent one does not wait long for it.
    private static var batchMax: Int { 512 }
    /// Samples are stored together with those that come within this time, or once there are so many.
    private static var samplesWithin: Duration { .seconds(1) }
    private static var samplesMax: Int { 64 }
    /// Decisions, actions and events that could not be stored yet; older ones are given up.
    private static var backlogMax: Int { 1000 }
    /// Records that wait while a batch is at the store: ten times what a large policy's first poll makes.
    private static var waitingMax: Int { 20_000 }

    /// What one event made: it is stored as a whole.
    private struct Group: Sendable {
        var entries: [LedgerEntry]
        var waiters: [Waiter]
        var isUrgent: Bool
    }

    private struct Flight: Sendable {
        var number: Int
        var groups: [Group]
        var isStalled = false
    }

    private var groups: [Group] = []
    private var waiting = 0
    private var backlog: [LedgerEntry] = []
    private var samples: [LedgerEntry] = []
    private var samplesSince: Instant?
    private var flight: Flight?
    private var lastNumber = 0
    /// While it fails, only something new to store makes it try again.
    private var isRetryDue = false
    package private(set) var isFailing = false

    package init() {}

    /// Takes in what an event made.
    ///
    /// - Parameters:
    ///   - waiters: who is to wait until all of it, and all before it, is durable.
    ///   - isRetry: false for what a failure itself made, which is stored with what comes next.
    package mutating func add(
        _ entries: [LedgerEntry], waiters: [Waiter] = [], isRetry: Bool = true, at now: Instant
    ) -> [Action] {
        var group = Group(entries: [], waiters: waiters, isUrgent: false)
        for entry in entries {
            if entry.record.canWait {
                if samples.isEmpty { samplesSince = now }
                samples.append(entry)
            } else {
                group.entries.append(entry)
            }
        }
        group.isUrgent = group.entries.contains { $0.record.isUrgent }
        var actions: [Action] = []
        if !group.isUrgent, !isUrgentOutstanding {
            actions += waiters.map { isFailing ? .refuse($0) : .proceed($0) }
            group.waiters = []
        } else if !group.waiters.isEmpty {
            group.isUrgent = true
        }
        if flight?.isStalled == true {
            actions += group.waiters.map { .refuse($0) }
            group.waiters = []
        }
        if !group.entries.isEmpty || !group.waiters.isEmpty {
            groups.append(group)
            waiting += group.entries.count
            if isRetry { isRetryDue = true }
        }
        if waiting > Self.waitingMax || samples.count > Self.waitingMax {
            actions += giveUp("more than \(Self.waitingMax) records are waiting")
        }
        return actions + next(at: now)
    }

    private var isUrgentOutstanding: Bool {
        groups.contains(where: \.isUrgent) || flight?.groups.contains(where: \.isUrgent) == true
    }

    /// The next time at which ``wake(at:)`` is due; nil where nothing waits for time to pass.
    package var deadline: Instant? { flight == nil ? samplesSince.map { $0 + Self.samplesWithin } : nil }

    package mutating func wake(at now: Instant) -> [Action] { next(at: now) }

    /// A batch has been at the store for so long that it counts as failing: nobody is to wait longer for a no.
    package mutating func stalled(_ number: Int, for duration: Duration) -> [Action] {
        guard let flight, flight.number == number, !flight.isStalled else { return [] }
        return giveUp("no response for \(duration.policyText)")
    }

    /// A batch came back from the store; `failure` says why it is not stored.
    package mutating func finished(_ number: Int, failure: String?, at now: Instant) -> [Action] {
        guard let flight, flight.number == number else { return [] }
        self.flight = nil
        let waiters = flight.groups.flatMap(\.waiters)
        guard let failure else {
            backlog = []
            let actions: [Action] = waiters.map { .proceed($0) }
            guard isFailing else { return actions + next(at: now) }
            isFailing = false
            return [.report(failure: nil)] + actions + next(at: now)
        }
        backlog += flight.groups.flatMap(\.entries).filter(\.record.isStory)
        backlog = Array(backlog.suffix(Self.backlogMax))
        isFailing = true
        return [.report(failure: failure)] + waiters.map { .refuse($0) } + next(at: now)
    }

    /// The store fails at something else than a batch.
    package mutating func failed(_ failure: String) -> [Action] {
        isFailing = true
        return [.report(failure: failure)]
    }

    /// All that is not at the store yet, for the end; who waits for it waits in vain.
    package mutating func drain(at now: Instant) -> LedgerBatch? {
        let entries = backlog + groups.flatMap(\.entries) + samples
        (groups, waiting, backlog, samples, samplesSince) = ([], 0, [], [], nil)
        return entries.isEmpty ? nil : LedgerBatch(entries, at: now)
    }

    /// Nobody is to wait any longer; what is no more than a newer state is given up where there is too much.
    private mutating func giveUp(_ reason: String) -> [Action] {
        var waiters: [Waiter] = []
        if flight != nil {
            flight?.isStalled = true
            for index in flight?.groups.indices ?? 0..<0 {
                waiters += flight?.groups[index].waiters ?? []
                flight?.groups[index].waiters = []
            }
        }
        for index in groups.indices {
            waiters += groups[index].waiters
            groups[index].waiters = []
        }
        if waiting > Self.waitingMax {
            let story = groups.flatMap(\.entries).filter(\.record.isStory).suffix(Self.backlogMax)
            groups = [Group(entries: Array(story), waiters: [], isUrgent: story.contains { $0.record.isUrgent })]
            waiting = story.count
        }
        if samples.count > Self.waitingMax { (samples, samplesSince) = ([], nil) }
        isFailing = true
        return [.report(failure: reason)] + waiters.map { .refuse($0) }
    }

    /// The next batch, where one is due and none is at the store: everything up to what somebody waits for, or some.
    private mutating func next(at now: Instant) -> [Action] {
        guard flight == nil, !isFailing || isRetryDue else { return [] }
        let count: Int
        if let urgent = groups.lastIndex(where: \.isUrgent) {
            count = urgent + 1
        } else {
            var records = 0
            count =
                groups.prefix { group in
                    defer { records += group.entries.count }
                    return records < Self.batchMax
                }.count
        }
        let taken = Array(groups.prefix(count))
        var entries = backlog + taken.flatMap(\.entries)
        let areSamplesDue =
            samples.count >= Self.samplesMax || samplesSince.map { now - $0 >= Self.samplesWithin } ?? false
        if areSamplesDue, !taken.contains(where: \.isUrgent) {
            entries += samples
            (samples, samplesSince) = ([], nil)
        }
        guard !entries.isEmpty else { return [] }
        groups.removeFirst(count)
        waiting -= taken.reduce(0) { $0 + $1.entries.count }
        isRetryDue = false
        lastNumber += 1
        flight = Flight(number: lastNumber, groups: taken)
        return [.write(LedgerBatch(entries, at: now), number: lastNumber)]
    }
}

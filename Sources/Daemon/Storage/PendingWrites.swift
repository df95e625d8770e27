import Guard
package import Ledger
package import Model

/// The records that wait to be stored, in order, and the actions that wait for them.
///
/// One batch is written at a time, and later records join the next batch, so a slow disk leads to larger batches.
/// A value without I/O.
package struct PendingWrites<Waiter: Sendable>: Sendable {
    package enum Action: Sendable {
        /// Write the batch, then call ``finished(_:failure:at:)``.
        case write(LedgerBatch, number: Int)
        /// Everything that the waiter waited for is durable.
        case proceed(Waiter)
        /// What the waiter waited for could not be stored.
        case refuse(Waiter)
        /// Writing fails for this reason; nil once it works again.
        case report(failure: String?)
    }

    /// The most records in a batch that nobody waits for, so that an urgent batch does not wait long.
    private static var batchMax: Int { 512 }
    /// Samples are collected for this long, or until there are ``samplesMax``.
    private static var samplesWithin: Duration { .seconds(1) }
    private static var samplesMax: Int { 64 }
    /// How long after a failure what waits is tried again, if there is nothing new.
    private static var retryEvery: Duration { .seconds(10) }
    /// The most decisions, actions and events that are retried after a failure; older ones are dropped.
    private static var backlogMax: Int { 1000 }
    /// The most records that wait during a write: ten times those of a large policy's first poll.
    private static var waitingMax: Int { 20_000 }

    /// The records of one event, stored in one transaction.
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
    /// True if there is something new to store, which is tried at once even while writes fail.
    private var isRetryDue = false
    /// When what waits is tried again while writes fail.
    private var retryAt: Instant?
    package private(set) var isFailing = false

    package init() {}

    /// Adds the records of one event.
    ///
    /// - Parameters:
    ///   - waiters: wait until these records and all earlier ones are durable.
    ///   - isRetry: false for the records of a failure, which are stored with the next event.
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

    /// When ``wake(at:)`` is due; nil if nothing waits for time to pass.
    ///
    /// Each deadline is followed by a write, because the loop would spin on one that nothing follows.
    package var deadline: Instant? {
        guard flight == nil else { return nil }
        guard !isFailing || isRetryDue else { return isEmpty ? nil : retryAt }
        return samplesSince.map { $0 + Self.samplesWithin }
    }

    private var isEmpty: Bool { backlog.isEmpty && groups.isEmpty && samples.isEmpty }

    package mutating func wake(at now: Instant) -> [Action] { next(at: now) }

    /// Reports that a write has hung for `duration`: it counts as failed, and its waiters are refused.
    package mutating func stalled(_ number: Int, for duration: Duration) -> [Action] {
        guard let flight, flight.number == number, !flight.isStalled else { return [] }
        return giveUp("no response for \(duration.policyText)")
    }

    /// Reports the end of a write; `failure` is the reason if the batch was not stored.
    package mutating func finished(_ number: Int, failure: String?, at now: Instant) -> [Action] {
        guard let flight, flight.number == number else { return [] }
        self.flight = nil
        let waiters = flight.groups.flatMap(\.waiters)
        guard let failure else {
            (backlog, retryAt) = ([], nil)
            let actions: [Action] = waiters.map { .proceed($0) }
            guard isFailing else { return actions + next(at: now) }
            isFailing = false
            return [.report(failure: nil)] + actions + next(at: now)
        }
        backlog += flight.groups.flatMap(\.entries).filter(\.record.isStory)
        backlog = Array(backlog.suffix(Self.backlogMax))
        (isFailing, retryAt) = (true, now + Self.retryEvery)
        return [.report(failure: failure)] + waiters.map { .refuse($0) } + next(at: now)
    }

    /// Reports a failure of the store outside of a write.
    package mutating func failed(_ failure: String, at now: Instant) -> [Action] {
        (isFailing, retryAt) = (true, retryAt ?? now + Self.retryEvery)
        return [.report(failure: failure)]
    }

    /// Decisions, actions and events that are not durable yet, oldest first.
    package var unstored: [LedgerEntry] {
        (backlog + (flight?.groups ?? []).flatMap(\.entries) + groups.flatMap(\.entries)).filter(\.record.isStory)
    }

    /// True if there are waiters.
    package var hasWaiters: Bool {
        flight?.groups.contains { !$0.waiters.isEmpty } == true || groups.contains { !$0.waiters.isEmpty }
    }

    /// Removes and returns all waiters.
    package mutating func takeWaiters() -> [Waiter] {
        var waiters: [Waiter] = []
        for index in flight?.groups.indices ?? 0..<0 {
            waiters += flight?.groups[index].waiters ?? []
            flight?.groups[index].waiters = []
        }
        for index in groups.indices {
            waiters += groups[index].waiters
            groups[index].waiters = []
        }
        return waiters
    }

    /// All remaining records, for the shutdown; their waiters are dropped.
    package mutating func drain(at now: Instant) -> LedgerBatch? {
        let entries = backlog + groups.flatMap(\.entries) + samples
        (groups, waiting, backlog, samples, samplesSince) = ([], 0, [], [], nil)
        return entries.isEmpty ? nil : LedgerBatch(entries, at: now)
    }

    /// Refuses all waiters, and drops states and samples if too many records wait.
    private mutating func giveUp(_ reason: String) -> [Action] {
        flight?.isStalled = true
        let waiters = takeWaiters()
        if waiting > Self.waitingMax {
            let story = groups.flatMap(\.entries).filter(\.record.isStory).suffix(Self.backlogMax)
            groups = [Group(entries: Array(story), waiters: [], isUrgent: story.contains { $0.record.isUrgent })]
            waiting = story.count
        }
        if samples.count > Self.waitingMax { (samples, samplesSince) = ([], nil) }
        isFailing = true
        return [.report(failure: reason)] + waiters.map { .refuse($0) }
    }

    /// The next batch, if one is due and no write runs: all up to the last urgent record, or ``batchMax`` records.
    private mutating func next(at now: Instant) -> [Action] {
        let isRetry = isFailing && retryAt.map { $0 <= now } ?? false
        guard flight == nil, !isFailing || isRetryDue || isRetry else { return [] }
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
            isRetry || samples.count >= Self.samplesMax || samplesSince.map { now - $0 >= Self.samplesWithin } ?? false
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

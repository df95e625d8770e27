package import Model
package import Policy

/// The notifications that wait, and when each receiver gets its next message: a value without I/O.
///
/// Every receiver has a lane of its own, so that one that fails or hangs does not delay others.
package struct Outbox: Sendable {
    /// The bounds of each receiver's waiting notifications; tests use small values.
    package struct Limits: Sendable {
        package var countMax = 1000
        /// Enough for a thousand long messages of all receivers within the service's memory.
        package var bytesMax = 512 << 10
        /// An older notification misleads more than it helps.
        package var ageMax: Duration = .seconds(86400)
        /// The most notifications in one message.
        package var batchMax = 100
        /// A receiver that has failed for this long is reported.
        package var failingAfter: Duration = .seconds(300)
        /// Dropped notifications are reported at most this often.
        package var dropReportEvery: Duration = .seconds(3600)

        package init() {}
    }

    /// One message that is due.
    package struct Delivery: Sendable {
        package var receiver: Receiver
        package var items: [OutboxItem]
    }

    /// How sending a message ended.
    package enum Outcome: Sendable, Hashable {
        case sent
        /// It was sent, except to some recipients.
        case partlySent(String)
        /// It is sent again.
        case failed(String, retryAfter: Duration? = nil)
        /// The receiver will never accept it.
        case refused(String)
    }

    package enum DropReason: Sendable, Hashable {
        case full, old
        /// Too many at once.
        case flood
        case refused(String)
        /// Some recipients of an email did not get it.
        case recipients(String)
        /// The policy in use no longer has the receiver.
        case removed
    }

    let limits: Limits
    private(set) var lanes: [String: Lane] = [:]
    private var order: [String] = []
    private var settled: [Int64] = []
    private var reports: [JournalEvent] = []
    private static let backoff = Backoff(first: .seconds(5), max: .seconds(600), jitter: .full)

    package init(limits: Limits = Limits()) { self.limits = limits }

    // MARK: Receivers

    /// Adopts the receivers of a policy; notifications that wait for other receivers are dropped.
    package mutating func adopt(_ receivers: [Receiver]) {
        let names = Set(receivers.map(\.name))
        for (name, lane) in lanes where !names.contains(name) {
            let lost = lane.waiting + (lane.sending ?? [])
            settled += lost.map(\.id)
            lanes[name] = nil
            if !lost.isEmpty { reports.append(ReceiverReport.dropped(name, lost.count, .removed, limits)) }
        }
        for receiver in receivers {
            // A corrected address or credential is tried at once.
            lanes[receiver.name]?.retryAt = nil
            lanes[receiver.name, default: Lane(receiver: receiver)].receiver = receiver
        }
        order = receivers.map(\.name)
    }

    package var receivers: [Receiver] { order.compactMap { lanes[$0]?.receiver } }

    // MARK: Input

    /// - Parameter skipped: how many more there were, by receiver.
    package mutating func add(_ items: [OutboxItem], skipped: [String: Int] = [:], at now: Instant) {
        for item in items {
            guard lanes[item.receiver] != nil else {
                settled.append(item.id)
                continue
            }
            lanes[item.receiver]?.append(item)
        }
        for (name, count) in skipped { drop(count, of: name, .flood, at: now) }
        for name in order { enforceLimits(name, at: now) }
    }

    /// Adds what an earlier process left behind.
    package mutating func restore(_ items: [OutboxItem], at now: Instant) {
        let known = Set(lanes.values.flatMap { ($0.waiting + ($0.sending ?? [])).map(\.id) })
        var restored = items.filter { !known.contains($0.id) }
        // The clock may have been set back meanwhile.
        for index in restored.indices { restored[index].at = min(restored[index].at, now) }
        for name in lanes.keys {
            guard let waiting = lanes[name]?.waiting else { continue }
            let own = restored.filter { $0.receiver == name }
            lanes[name]?.replaceWaiting(own + waiting)
        }
        let lost = restored.filter { lanes[$0.receiver] == nil }
        settled += lost.map(\.id)
        for (name, items) in Dictionary(grouping: lost, by: \.receiver).sorted(by: { $0.key < $1.key }) {
            reports.append(ReceiverReport.dropped(name, items.count, .removed, limits))
        }
        for name in order { enforceLimits(name, at: now) }
    }

    private mutating func enforceLimits(_ name: String, at now: Instant) {
        guard var lane = lanes[name] else { return }
        let old = lane.waiting.prefix { now - $0.at > limits.ageMax }.count
        settled += lane.removeFirst(old).map(\.id)
        var excess = 0
        while lane.waiting.count > limits.countMax || lane.bytes > limits.bytesMax, !lane.waiting.isEmpty {
            settled += lane.removeFirst(1).map(\.id)
            excess += 1
        }
        lanes[name] = lane
        drop(old, of: name, .old, at: now)
        drop(excess, of: name, .full, at: now)
    }

    private mutating func drop(_ count: Int, of name: String, _ reason: DropReason, at now: Instant) {
        guard count > 0, lanes[name] != nil else { return }
        lanes[name]?.tally.dropped += count
        lanes[name]?.unreportedDrops += count
        lanes[name]?.dropReason = reason
        reportDrops(name, at: now)
    }

    private mutating func reportDrops(_ name: String, at now: Instant) {
        guard let lane = lanes[name], lane.unreportedDrops > 0, let reason = lane.dropReason else { return }
        if let last = lane.dropReportedAt, now - last < limits.dropReportEvery { return }
        reports.append(ReceiverReport.dropped(name, lane.unreportedDrops, reason, limits))
        lanes[name]?.unreportedDrops = 0
        lanes[name]?.dropReportedAt = now
    }

    // MARK: Output

    /// The messages that are due; each ends in ``finished(_:_:at:random:)``.
    package mutating func takeDue(at now: Instant) -> [Delivery] {
        var deliveries: [Delivery] = []
        for name in order {
            enforceLimits(name, at: now)
            reportDrops(name, at: now)
            guard var lane = lanes[name], let due = lane.due, due <= now else { continue }
            let items = lane.removeFirst(min(limits.batchMax, lane.waiting.count))
            if items.contains(where: \.isUrgent) { lane.urgentSentAt = now }
            lane.sending = items
            lanes[name] = lane
            deliveries.append(Delivery(receiver: lane.receiver, items: items))
        }
        return deliveries
    }

    /// - Parameter random: a random number in 0…1.
    package mutating func finished(_ name: String, _ outcome: Outcome, at now: Instant, random: Double) {
        guard var lane = lanes[name], let items = lane.sending else { return }
        lane.sending = nil
        switch outcome {
        case .sent, .partlySent:
            settled += items.map(\.id)
            lane.tally.sent += items.count
            lanes[name] = lane
            noteSuccess(name, at: now)
            if case .partlySent(let reason) = outcome {
                drop(items.count, of: name, .recipients(reason), at: now)
                // They were sent, though not to everyone.
                lanes[name]?.tally.dropped -= items.count
            }
        case .refused(let reason):
            settled += items.map(\.id)
            lane.tally.failed += 1
            // It responds, so what waits is sent next.
            (lane.failures, lane.retryAt) = (0, nil)
            lanes[name] = lane
            drop(items.count, of: name, .refused(reason), at: now)
        case .failed(let reason, let retryAfter):
            lane.replaceWaiting(items + lane.waiting)
            lanes[name] = lane
            noteFailure(name, reason, retryAfter: retryAfter, at: now, random: random)
            enforceLimits(name, at: now)
        }
    }

    /// Notes that a receiver accepted something outside of its lane, such as the current conditions.
    package mutating func noteSuccess(_ name: String, at now: Instant) {
        guard var lane = lanes[name] else { return }
        if lane.isReportedFailing, let since = lane.failingSince {
            reports.append(ReceiverReport.recovered(name, after: now - since, waiting: lane.waiting.count))
        }
        (lane.failures, lane.retryAt, lane.failingSince, lane.isReportedFailing) = (0, nil, nil, false)
        lanes[name] = lane
    }

    package mutating func noteFailure(
        _ name: String, _ reason: String, retryAfter: Duration? = nil, at now: Instant, random: Double
    ) {
        guard var lane = lanes[name] else { return }
        lane.failures += 1
        lane.tally.failed += 1
        let wait = Outbox.backoff.wait(after: lane.failures, random: random)
        lane.retryAt = now + max(wait, min(retryAfter ?? .zero, .seconds(3600)), .seconds(1))
        let since = lane.failingSince ?? now
        lane.failingSince = since
        if !lane.isReportedFailing, now - since >= limits.failingAfter {
            lane.isReportedFailing = true
            reports.append(ReceiverReport.failed(name, reason, since: since, for: now - since, lane.waiting.count))
        }
        lanes[name] = lane
    }

    /// When a message is next due; nil if nothing waits.
    package var nextDue: Instant? { lanes.values.compactMap(\.due).min() }

    /// Removes and returns the ids of notifications that were sent or dropped.
    package mutating func takeSettled() -> [Int64] {
        defer { settled = [] }
        return settled
    }

    /// Removes and returns the events about receivers.
    package mutating func takeReports() -> [JournalEvent] {
        defer { reports = [] }
        return reports
    }

    /// The state of each receiver, in the policy's order.
    package func tallies(at now: Instant) -> [ReceiverTally] {
        order.compactMap { name in
            guard let lane = lanes[name] else { return nil }
            var tally = lane.tally
            let waiting = (lane.sending ?? []) + lane.waiting
            tally.waiting = waiting.count
            tally.oldestAge = waiting.map(\.at).min().map { now - $0 } ?? .zero
            tally.isFailing = lane.isReportedFailing
            return tally
        }
    }
}

/// The counts and the state of a receiver, for metrics.
package struct ReceiverTally: Sendable, Hashable {
    package var receiver: String
    /// Notifications that were sent, and that were dropped.
    package var sent = 0
    package var dropped = 0
    /// Failed attempts.
    package var failed = 0
    package var waiting = 0
    package var oldestAge: Duration = .zero
    /// True while `notify.failed` is reported.
    package var isFailing = false

    package init(receiver: String) { self.receiver = receiver }
}

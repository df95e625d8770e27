package import Model

/// Limits the requests in flight per lane, and decides which waiting request is next.
///
/// Each lane has its own connections. A share of the poll connections is reserved for targets whose last response was
/// fast. A value without clock or I/O.
package struct ConnectionSlots: Sendable {
    package struct Limits: Hashable, Sendable {
        package var polls: Int
        package var starts: Int
        package var pauses: Int
        /// A target is slow if its last response took this long or longer.
        package var slowAfter: Duration

        /// Polls in flight per workspace.
        ///
        /// By Little's law, 1200 polls per minute at the default timeout of 10 s are 200 in flight. Each costs a file
        /// descriptor and about 50 KiB.
        package static let pollsMax = 256
        /// Polls in flight in all workspaces, so that 50 workspaces that hang fit into the service's memory.
        package static let pollsTotalMax = 1024
        /// Starts in flight; the pool and the budget limit starts first.
        package static let startsMax = 16
        /// Pauses in flight; a pause occupies a slot only while its request runs.
        package static let pausesMax = 128

        package init(
            polls: Int = pollsMax, starts: Int = startsMax, pauses: Int = pausesMax,
            slowAfter: Duration = .seconds(2)
        ) {
            (self.polls, self.starts, self.pauses, self.slowAfter) = (polls, starts, pauses, slowAfter)
        }

        /// The limits for one of several workspaces.
        ///
        /// - Parameter timeout: the request timeout; a response is slow from a fifth of it.
        package init(workspaces: Int, timeout: Duration) {
            self.init(
                polls: max(1, min(Limits.pollsMax, Limits.pollsTotalMax / max(1, workspaces))), slowAfter: timeout / 5)
        }

        /// Polls in flight of slow and of unknown targets: three quarters of all.
        var slowPolls: Int { max(1, polls - polls / 4) }
    }

    /// A poll that waits longer for a slot is dropped; shorter than the time after which the guard polls again.
    package static let pollWaitMax: Duration = .seconds(600)
    /// A start that waits longer is dropped, and the guard decides again.
    package static let startWaitMax: Duration = .seconds(30)
    /// The most requests that wait for a slot; above the campaign limit of a policy, as each campaign has one poll at a
    /// time.
    package static let waitingMax = 32_768
    /// The most targets remembered as fast; above the campaign limit of a policy.
    private static let fastMax = 32_768

    /// The right to send one request; released when the request ends.
    package struct Slot: Hashable, Sendable {
        var lane: RequestPriority
        var target: String
        var isSlow: Bool
    }

    package enum Turn: Hashable, Sendable {
        case go(Slot)
        /// A later ``release(_:took:at:)`` returns the ticket.
        case wait
        /// Too many requests are waiting.
        case full
    }

    /// How a wait ends.
    package enum Wake: Hashable, Sendable {
        case go(ticket: Int, Slot)
        case expired(ticket: Int)
    }

    private struct Waiter {
        var ticket: Int
        var target: String
        var expiresAt: Instant?
    }

    /// The queues, one per kind of slot.
    private enum Line: Hashable, CaseIterable { case pause, start, fastPoll, slowPoll }

    package var limits: Limits
    private var inUse: [Line: Int] = [:]
    private var waiting: [Line: [Waiter]] = [:]
    private var fast: Set<String> = []

    package init(_ limits: Limits) { self.limits = limits }

    package var waitingCount: Int { waiting.values.reduce(0) { $0 + $1.count } }

    /// Requests a slot.
    ///
    /// - Parameters:
    ///   - ticket: unique and increasing.
    ///   - target: what is polled, such as the path of a campaign's stats.
    package mutating func take(_ lane: RequestPriority, _ target: String, ticket: Int, at now: Instant) -> Turn {
        let line = line(lane, target)
        if waiting[line]?.isEmpty ?? true, hasFreeSlot(line) { return .go(occupy(line, target)) }
        guard waiting[line]?.count ?? 0 < ConnectionSlots.waitingMax else { return .full }
        let expiresAt: Instant? =
            switch lane {
            case .pause: nil
            case .start: now + ConnectionSlots.startWaitMax
            case .poll: now + ConnectionSlots.pollWaitMax
            }
        waiting[line, default: []].append(Waiter(ticket: ticket, target: target, expiresAt: expiresAt))
        return .wait
    }

    /// Releases a slot; returns the waiting requests that now have a slot and those that waited too long.
    ///
    /// - Parameter took: how long the request took; nil if it was not sent.
    package mutating func release(_ slot: Slot, took: Duration?, at now: Instant) -> [Wake] {
        inUse[line(of: slot), default: 0] -= 1
        if let took, slot.lane == .poll {
            if took >= limits.slowAfter {
                fast.remove(slot.target)
            } else if fast.count < ConnectionSlots.fastMax {
                fast.insert(slot.target)
            }
        }
        return wake(at: now)
    }

    /// Removes a waiting request that was cancelled.
    package mutating func forget(ticket: Int) {
        for line in Line.allCases { waiting[line]?.removeAll { $0.ticket == ticket } }
    }

    private mutating func wake(at now: Instant) -> [Wake] {
        var woken: [Wake] = []
        for line in Line.allCases {
            let expired = waiting[line]?.prefix { $0.expiresAt.map { $0 <= now } ?? false } ?? []
            guard !expired.isEmpty else { continue }
            woken += expired.map { .expired(ticket: $0.ticket) }
            waiting[line]?.removeFirst(expired.count)
        }
        // In order of arrival, if their queue has a free slot.
        while let line = Line.allCases.filter(hasFreeSlot).min(by: { ticket($0) < ticket($1) }),
            ticket(line) < .max, let next = waiting[line]?.removeFirst()
        {
            woken.append(.go(ticket: next.ticket, occupy(line, next.target)))
        }
        return woken
    }

    private func ticket(_ line: Line) -> Int { waiting[line]?.first?.ticket ?? .max }

    private func line(_ lane: RequestPriority, _ target: String) -> Line {
        switch lane {
        case .pause: .pause
        case .start: .start
        case .poll: fast.contains(target) ? .fastPoll : .slowPoll
        }
    }

    private func line(of slot: Slot) -> Line {
        switch slot.lane {
        case .pause: .pause
        case .start: .start
        case .poll: slot.isSlow ? .slowPoll : .fastPoll
        }
    }

    private func hasFreeSlot(_ line: Line) -> Bool {
        func used(_ line: Line) -> Int { inUse[line] ?? 0 }
        switch line {
        case .pause: return used(.pause) < limits.pauses
        case .start: return used(.start) < limits.starts
        case .fastPoll: return used(.fastPoll) + used(.slowPoll) < limits.polls
        case .slowPoll:
            return used(.slowPoll) < limits.slowPolls && used(.fastPoll) + used(.slowPoll) < limits.polls
        }
    }

    private mutating func occupy(_ line: Line, _ target: String) -> Slot {
        inUse[line, default: 0] += 1
        switch line {
        case .pause: return Slot(lane: .pause, target: target, isSlow: false)
        case .start: return Slot(lane: .start, target: target, isSlow: false)
        case .fastPoll: return Slot(lane: .poll, target: target, isSlow: false)
        case .slowPoll: return Slot(lane: .poll, target: target, isSlow: true)
        }
    }
}

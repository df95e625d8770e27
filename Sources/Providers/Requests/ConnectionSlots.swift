package import Model

/// Decides how many requests of each lane are under way, and whose turn is next.
///
/// Each lane has connections of its own, which the others cannot occupy. Polls whose target lately answered quickly have
/// a share that the slow ones cannot occupy. A value without clock or I/O.
package struct ConnectionSlots: Sendable {
    package struct Limits: Hashable, Sendable {
        package var polls: Int
        package var starts: Int
        package var pauses: Int
        /// An answer that takes longer makes its target a slow one.
        package var slowAfter: Duration

        /// Polls under way in one workspace.
        ///
        /// By Little's law, 1200 a minute at the usual timeout of 10 s are 200. More would be unfair to the platform, and
        /// a connection costs a file descriptor and about 50 KiB.
        package static let pollsMax = 256
        /// All workspaces together, so that 50 of them that hang stay within the service's memory.
        package static let pollsTotalMax = 1024
        /// A start waits for pool and budget long before it waits for this.
        package static let startsMax = 16
        /// More pauses at once than any circuit breaker lets through, each for the length of a request.
        package static let pausesMax = 128

        package init(
            polls: Int = pollsMax, starts: Int = startsMax, pauses: Int = pausesMax,
            slowAfter: Duration = .seconds(2)
        ) {
            (self.polls, self.starts, self.pauses, self.slowAfter) = (polls, starts, pauses, slowAfter)
        }

        /// Limits of one of so many workspaces.
        ///
        /// - Parameter timeout: of a request; a fifth of it is slow.
        package init(workspaces: Int, timeout: Duration) {
            self.init(
                polls: max(1, min(Limits.pollsMax, Limits.pollsTotalMax / max(1, workspaces))), slowAfter: timeout / 5)
        }

        /// Polls of slow targets, and of those that nothing is known of: three quarters of all.
        var slowPolls: Int { max(1, polls - polls / 4) }
    }

    /// A poll that waited longer for a slot does not leave: it is shorter than the time after which the guard asks again.
    package static let pollWaitMax: Duration = .seconds(600)
    /// A start that waited longer is decided again.
    package static let startWaitMax: Duration = .seconds(30)
    /// Requests of a kind that wait for a slot; above the most campaigns of a policy, each of which is polled once at a
    /// time.
    package static let waitingMax = 32_768
    /// Targets known to answer quickly; above the most campaigns of a policy.
    private static let quickMax = 32_768

    /// A right to be under way, given back when the request has ended.
    package struct Slot: Hashable, Sendable {
        var lane: RequestPriority
        var target: String
        var isSlow: Bool
    }

    package enum Turn: Hashable, Sendable {
        case go(Slot)
        /// Its ticket is named by a later ``release(_:took:at:)``.
        case wait
        /// Too many wait already.
        case full
    }

    /// What becomes of one that waits.
    package enum Wake: Hashable, Sendable {
        case go(ticket: Int, Slot)
        case expired(ticket: Int)
    }

    private struct Waiter {
        var ticket: Int
        var target: String
        var expiresAt: Instant?
    }

    /// Who waits for the same slots, in order.
    private enum Line: Hashable, CaseIterable { case pause, start, quickPoll, slowPoll }

    package var limits: Limits
    private var inUse: [Line: Int] = [:]
    private var waiting: [Line: [Waiter]] = [:]
    private var quick: Set<String> = []

    package init(_ limits: Limits) { self.limits = limits }

    package var waitingCount: Int { waiting.values.reduce(0) { $0 + $1.count } }

    /// Asks for a slot.
    ///
    /// - Parameters:
    ///   - ticket: unique, and rising with time.
    ///   - target: what is asked for, such as the path of a campaign's statistics.
    package mutating func take(_ lane: RequestPriority, _ target: String, ticket: Int, at now: Instant) -> Turn {
        let line = line(lane, target)
        if waiting[line]?.isEmpty ?? true, hasRoom(line) { return .go(occupy(line, target)) }
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

    /// Gives a slot back; who waited for it goes, and who waited too long is sent away.
    ///
    /// - Parameter took: how long the request was under way; nil where it never left.
    package mutating func release(_ slot: Slot, took: Duration?, at now: Instant) -> [Wake] {
        inUse[line(of: slot), default: 0] -= 1
        if let took, slot.lane == .poll {
            if took >= limits.slowAfter {
                quick.remove(slot.target)
            } else if quick.count < ConnectionSlots.quickMax {
                quick.insert(slot.target)
            }
        }
        return wake(at: now)
    }

    /// One that waits has gone away.
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
        // In the order of their asking, each where its line has room.
        while let line = Line.allCases.filter(hasRoom).min(by: { ticket($0) < ticket($1) }),
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
        case .poll: quick.contains(target) ? .quickPoll : .slowPoll
        }
    }

    private func line(of slot: Slot) -> Line {
        switch slot.lane {
        case .pause: .pause
        case .start: .start
        case .poll: slot.isSlow ? .slowPoll : .quickPoll
        }
    }

    private func hasRoom(_ line: Line) -> Bool {
        func used(_ line: Line) -> Int { inUse[line] ?? 0 }
        switch line {
        case .pause: return used(.pause) < limits.pauses
        case .start: return used(.start) < limits.starts
        case .quickPoll: return used(.quickPoll) + used(.slowPoll) < limits.polls
        case .slowPoll:
            return used(.slowPoll) < limits.slowPolls && used(.quickPoll) + used(.slowPoll) < limits.polls
        }
    }

    private mutating func occupy(_ line: Line, _ target: String) -> Slot {
        inUse[line, default: 0] += 1
        switch line {
        case .pause: return Slot(lane: .pause, target: target, isSlow: false)
        case .start: return Slot(lane: .start, target: target, isSlow: false)
        case .quickPoll: return Slot(lane: .poll, target: target, isSlow: false)
        case .slowPoll: return Slot(lane: .poll, target: target, isSlow: true)
        }
    }
}

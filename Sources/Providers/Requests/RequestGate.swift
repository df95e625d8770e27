package import Model

/// What a request is for; the graver goes first when the budget is short.
package enum RequestPriority: Int, Comparable, Sendable {
    case pause, start, poll

    package static func < (left: RequestPriority, right: RequestPriority) -> Bool { left.rawValue < right.rawValue }
}

/// Lets requests out at the pace of one token bucket, the gravest first, and none while the platform wants peace.
package actor RequestGate {
    /// How much of the budget may be spent at once, as time.
    private static let burst: Duration = .seconds(10)
    /// Tokens that polls leave for actions, where the bucket is large enough.
    private static let reserveMax = 5.0
    /// The longest peace that is granted on the platform's word: a wrong header must not blind the guard for days.
    package static let closedMax: Duration = .seconds(3600)

    private struct Waiter {
        var ticket: Int
        var priority: RequestPriority
    }

    private let time: any TimeSource
    private let perSecond: Double
    private let capacity: Double
    private let reserve: Double
    private var tokens: Double
    private var filledAt: Instant
    private var waiters: [Waiter] = []
    private var lastTicket = 0
    private var closedUntil: Instant?

    /// - Parameter perSecond: the budget; above 0.
    package init(perSecond: Double, time: any TimeSource) {
        self.time = time
        self.perSecond = perSecond
        capacity = max(2, perSecond * RequestGate.burst.seconds)
        reserve = min(RequestGate.reserveMax, (capacity / 4).rounded(.down))
        tokens = capacity
        filledAt = time.now
    }

    /// Returns once the request may leave.
    ///
    /// Throws a `.throttled` fault at once while the gate is closed, and `.unreachable` when the task is cancelled.
    package func admit(_ priority: RequestPriority) async throws(Fault) {
        lastTicket += 1
        let ticket = lastTicket
        waiters.append(Waiter(ticket: ticket, priority: priority))
        defer { waiters.removeAll { $0.ticket == ticket } }
        while true {
            let now = time.now
            if let closedUntil, closedUntil > now {
                throw Fault(.throttled, "the platform asked us to wait", retryAfter: closedUntil - now)
            }
            fill(now)
            let ahead = waiters.count { $0.priority < priority || ($0.priority == priority && $0.ticket < ticket) }
            let needed = Double(ahead + 1) + (priority == .poll ? reserve : 0)
            if tokens >= needed {
                tokens -= 1
                return
            }
            let wait = Duration.seconds((needed - tokens) / perSecond) + .milliseconds(1)
            do {
                try await time.sleep(until: now + wait)
            } catch {
                throw Fault(.unreachable, "cancelled before it was sent", mayHaveTakenEffect: false)
            }
        }
    }

    /// Lets nothing out for that long, at most ``closedMax``.
    package func close(for wait: Duration) {
        let until = time.now + min(max(wait, .zero), RequestGate.closedMax)
        closedUntil = max(closedUntil ?? until, until)
    }

    private func fill(_ now: Instant) {
        tokens = min(capacity, tokens + max(0, (now - filledAt).seconds) * perSecond)
        filledAt = now
    }
}

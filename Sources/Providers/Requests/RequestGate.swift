package import Model
import Synchronization

/// Delays one workspace's requests as ``RequestLanes`` (rate limit) and ``ConnectionSlots`` (concurrency) decide.
///
/// Gates created by ``continued(perSecond:limits:)`` share their state, so a reload keeps a `Retry-After` in effect and
/// the budget that was spent.
package struct RequestGate: Sendable {
    /// The right to send one request; ``leave(_:took:)`` releases it.
    package struct Pass: Sendable {
        fileprivate var slot: ConnectionSlots.Slot
    }

    /// The longest sleep of a waiting request before it checks again whether the rate changed or the gate closed.
    private static let sliceMax: Duration = .seconds(1)

    /// How a wait for a slot ends.
    private enum Outcome: Sendable {
        case slot(ConnectionSlots.Slot)
        case expired, full, cancelled
    }

    private struct State {
        var lanes: RequestLanes
        var slots: ConnectionSlots
        /// The gate whose rate and limits are in effect, and the newest gate.
        var generation = 0
        var newestGeneration = 0
        var lastTicket = 0
        /// Requests that have a slot and wait for the budget.
        var budgetWaiters: [Int: RequestPriority] = [:]
        var slotWaiters: [Int: CheckedContinuation<Outcome, Never>] = [:]
    }

    private final class Shared: Sendable {
        let state: Mutex<State>

        init(_ state: State) { self.state = Mutex(state) }
    }

    private let shared: Shared
    private let time: any TimeSource
    private let perSecond: Double
    private let limits: ConnectionSlots.Limits
    private let generation: Int

    /// - Parameter perSecond: the budget; above 0.
    package init(perSecond: Double, limits: ConnectionSlots.Limits = .init(), time: any TimeSource) {
        shared = Shared(
            State(lanes: RequestLanes(perSecond: perSecond, at: time.now), slots: ConnectionSlots(limits)))
        (self.time, self.perSecond, self.limits, generation) = (time, perSecond, limits, 0)
    }

    private init(_ previous: RequestGate, perSecond: Double, limits: ConnectionSlots.Limits) {
        (shared, time, self.perSecond, self.limits) = (previous.shared, previous.time, perSecond, limits)
        generation = previous.shared.state.withLock { state in
            state.newestGeneration += 1
            return state.newestGeneration
        }
    }

    /// The same gate with a new rate and new limits, which take effect with its first request; a policy that is refused
    /// changes nothing.
    package func continued(perSecond: Double, limits: ConnectionSlots.Limits) -> RequestGate {
        RequestGate(self, perSecond: perSecond, limits: limits)
    }

    /// Returns once the request may be sent.
    ///
    /// Throws a `.throttled` fault if a `Retry-After` is in effect or too many requests wait, and `.unreachable` if the
    /// task is cancelled.
    package func admit(_ lane: RequestPriority, target: String = "") async throws(Fault) -> Pass {
        let now = time.now
        let ticket = shared.state.withLock { state in
            if generation > state.generation {
                state.generation = generation
                state.lanes.adjust(perSecond: perSecond, at: now)
                state.slots.limits = limits
            }
            state.lastTicket += 1
            return state.lastTicket
        }
        let slot = try await slot(lane, target, ticket)
        do throws(Fault) {
            try await waitForBudget(lane, ticket)
            return Pass(slot: slot)
        } catch {
            release(slot, took: nil)
            throw error
        }
    }

    /// Releases the pass of a request that ended.
    ///
    /// - Parameter took: the time from sending the request to its end.
    package func leave(_ pass: Pass, took: Duration) { release(pass.slot, took: took) }

    /// Holds polls and starts back for that long, at most ``RequestLanes/closedMax``; pauses are still sent.
    package func close(for wait: Duration) {
        let now = time.now
        shared.state.withLock { $0.lanes.close(for: wait, at: now) }
    }

    // MARK: Waiting

    private func waitForBudget(_ lane: RequestPriority, _ ticket: Int) async throws(Fault) {
        defer { shared.state.withLock { $0.budgetWaiters[ticket] = nil } }
        while true {
            let now = time.now
            let admission = shared.state.withLock { state in
                let ahead = state.budgetWaiters.count { $1 < lane || ($1 == lane && $0 < ticket) }
                state.budgetWaiters[ticket] = lane
                return state.lanes.ask(lane, ahead: ahead, at: now)
            }
            switch admission {
            case .go: return
            case .refused(let wait):
                var fault = Fault(.throttled, "the platform's Retry-After is in effect", retryAfter: wait)
                fault.isHeldBack = true
                throw fault
            case .wait(let until):
                do {
                    try await time.sleep(until: min(until, now + RequestGate.sliceMax))
                } catch {
                    throw RequestGate.cancelled
                }
            }
        }
    }

    private static let cancelled = Fault(
        .unreachable, "request cancelled before it was sent", mayHaveTakenEffect: false)

    private func slot(
        _ lane: RequestPriority, _ target: String, _ ticket: Int
    ) async throws(Fault) -> ConnectionSlots.Slot {
        let now = time.now
        let outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Outcome, Never>) in
                let outcome: Outcome? = shared.state.withLock { state in
                    // Checked under the lock, so that a later cancellation finds the continuation.
                    if Task.isCancelled { return .cancelled }
                    switch state.slots.take(lane, target, ticket: ticket, at: now) {
                    case .go(let slot): return .slot(slot)
                    case .full: return .full
                    case .wait:
                        state.slotWaiters[ticket] = continuation
                        return nil
                    }
                }
                if let outcome { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            let waiter = shared.state.withLock { state in
                state.slots.forget(ticket: ticket)
                return state.slotWaiters.removeValue(forKey: ticket)
            }
            waiter?.resume(returning: .cancelled)
        }
        switch outcome {
        case .slot(let slot): return slot
        case .cancelled: throw RequestGate.cancelled
        case .expired, .full:
            // Not a failure of the platform: no request was sent.
            var fault = Fault(.throttled, "too many requests are waiting for slow responses")
            fault.isHeldBack = true
            throw fault
        }
    }

    private func release(_ slot: ConnectionSlots.Slot, took: Duration?) {
        let now = time.now
        let woken = shared.state.withLock { state in
            state.slots.release(slot, took: took, at: now).map {
                wake -> (CheckedContinuation<Outcome, Never>?, Outcome) in
                switch wake {
                case .go(let ticket, let slot): (state.slotWaiters.removeValue(forKey: ticket), .slot(slot))
                case .expired(let ticket): (state.slotWaiters.removeValue(forKey: ticket), .expired)
                }
            }
        }
        for (waiter, outcome) in woken { waiter?.resume(returning: outcome) }
    }
}

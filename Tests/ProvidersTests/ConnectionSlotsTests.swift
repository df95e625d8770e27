import Model
import Providers
import Testing

/// Which request gets a slot, as transcripts.
@Suite struct ConnectionSlotsTests {
    static let now = Instant(milliseconds: 1_796_000_000_000)

    /// Slots with numbered tickets.
    private struct Bench {
        var slots: ConnectionSlots
        var lastTicket = 0

        init(polls: Int, starts: Int = 2, pauses: Int = 2) {
            slots = ConnectionSlots(.init(polls: polls, starts: starts, pauses: pauses, slowAfter: .seconds(2)))
        }

        /// The slot; nil if the request must wait.
        mutating func take(_ lane: RequestPriority, _ target: String) -> ConnectionSlots.Slot? {
            lastTicket += 1
            guard case .go(let slot) = slots.take(lane, target, ticket: lastTicket, at: ConnectionSlotsTests.now) else {
                return nil
            }
            return slot
        }

        mutating func measure(_ target: String, took: Duration) {
            guard let slot = take(.poll, target) else { return }
            _ = slots.release(slot, took: took, at: ConnectionSlotsTests.now)
        }
    }

    private func tickets(_ wakes: [ConnectionSlots.Wake]) -> [Int] {
        wakes.map { wake in
            switch wake {
            case .go(let ticket, _): ticket
            case .expired(let ticket): -ticket
            }
        }
    }

    @Test func lanesAreIndependent() {
        var bench = Bench(polls: 4)
        while bench.take(.poll, "slow") != nil {}
        while bench.take(.start, "start") != nil {}
        #expect(bench.take(.pause, "a") != nil)
        #expect(bench.take(.pause, "b") != nil)
        #expect(bench.take(.pause, "c") == nil)
    }

    @Test func slowTargetsLeaveAQuarterToFastTargets() {
        var bench = Bench(polls: 8)
        bench.measure("fast", took: .seconds(1))
        bench.measure("slow", took: .seconds(2))
        for _ in 0..<6 { #expect(bench.take(.poll, "slow") != nil) }
        #expect(bench.take(.poll, "slow") == nil)
        #expect(bench.take(.poll, "unknown") == nil)
        #expect(bench.take(.poll, "fast") != nil)
        #expect(bench.take(.poll, "fast") != nil)
        #expect(bench.take(.poll, "fast") == nil)
    }

    @Test func aTargetThatBecomesSlowLosesItsShare() {
        var bench = Bench(polls: 4)
        bench.measure("a", took: .zero)
        bench.measure("a", took: .seconds(9))
        for _ in 0..<3 { #expect(bench.take(.poll, "slow") != nil) }
        #expect(bench.take(.poll, "a") == nil)
    }

    @Test func waitersAreServedInOrder() throws {
        var bench = Bench(polls: 1)
        let taken = bench.take(.poll, "x")
        let held = try #require(taken)
        #expect(bench.take(.poll, "a") == nil && bench.take(.poll, "b") == nil)
        bench.slots.forget(ticket: 2)
        #expect(tickets(bench.slots.release(held, took: nil, at: Self.now)) == [3])
        #expect(bench.slots.waitingCount == 0)
    }

    @Test func waitsExpireExceptForPauses() throws {
        var bench = Bench(polls: 1, starts: 1, pauses: 1)
        let held = RequestPriority.allCases.compactMap { bench.take($0, "x") }
        try #require(held.count == 3)
        for lane in RequestPriority.allCases { #expect(bench.take(lane, "y") == nil) }
        // Tickets 4, 5 and 6: the pause, the start and the poll.
        #expect(tickets(bench.slots.release(held[1], took: nil, at: Self.now + .seconds(30))) == [-5])
        #expect(tickets(bench.slots.release(held[2], took: nil, at: Self.now + .seconds(600))) == [-6])
        #expect(tickets(bench.slots.release(held[0], took: nil, at: Self.now + .seconds(86400))) == [4])
    }

    @Test func workspacesShareTheConnections() {
        #expect(ConnectionSlots.Limits(workspaces: 1, timeout: .seconds(10)).polls == 256)
        #expect(ConnectionSlots.Limits(workspaces: 50, timeout: .seconds(10)).polls == 20)
        #expect(ConnectionSlots.Limits(workspaces: 1, timeout: .seconds(10)).slowAfter == .seconds(2))
    }
}

import Model
import Providers
import Testing

/// Whose turn it is, as transcripts.
@Suite struct ConnectionSlotsTests {
    static let now = Instant(milliseconds: 1_796_000_000_000)

    /// Slots with numbered tickets.
    private struct Desk {
        var slots: ConnectionSlots
        var lastTicket = 0

        init(polls: Int, starts: Int = 2, pauses: Int = 2) {
            slots = ConnectionSlots(.init(polls: polls, starts: starts, pauses: pauses, slowAfter: .seconds(2)))
        }

        /// The slot; nil where it has to wait.
        mutating func take(_ lane: RequestPriority, _ target: String) -> ConnectionSlots.Slot? {
            lastTicket += 1
            guard case .go(let slot) = slots.take(lane, target, ticket: lastTicket, at: ConnectionSlotsTests.now) else {
                return nil
            }
            return slot
        }

        mutating func teach(_ target: String, took: Duration) {
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

    @Test func lanesDoNotTouchEachOther() {
        var desk = Desk(polls: 4)
        while desk.take(.poll, "slow") != nil {}
        while desk.take(.start, "start") != nil {}
        #expect(desk.take(.pause, "a") != nil)
        #expect(desk.take(.pause, "b") != nil)
        #expect(desk.take(.pause, "c") == nil)
    }

    @Test func slowTargetsLeaveAQuarterToTheQuickOnes() {
        var desk = Desk(polls: 8)
        desk.teach("quick", took: .seconds(1))
        desk.teach("slow", took: .seconds(2))
        for _ in 0..<6 { #expect(desk.take(.poll, "slow") != nil) }
        #expect(desk.take(.poll, "slow") == nil)
        #expect(desk.take(.poll, "unknown") == nil)
        #expect(desk.take(.poll, "quick") != nil)
        #expect(desk.take(.poll, "quick") != nil)
        #expect(desk.take(.poll, "quick") == nil)
    }

    @Test func aTargetThatSlowsDownLosesItsShare() {
        var desk = Desk(polls: 4)
        desk.teach("a", took: .zero)
        desk.teach("a", took: .seconds(9))
        for _ in 0..<3 { #expect(desk.take(.poll, "slow") != nil) }
        #expect(desk.take(.poll, "a") == nil)
    }

    @Test func whoWaitsGoesInTheOrderOfAsking() throws {
        var desk = Desk(polls: 1)
        let taken = desk.take(.poll, "x")
        let held = try #require(taken)
        #expect(desk.take(.poll, "a") == nil && desk.take(.poll, "b") == nil)
        desk.slots.forget(ticket: 2)
        #expect(tickets(desk.slots.release(held, took: nil, at: Self.now)) == [3])
        #expect(desk.slots.waitingCount == 0)
    }

    @Test func whoWaitedTooLongIsSentAwayButAPauseNever() throws {
        var desk = Desk(polls: 1, starts: 1, pauses: 1)
        let held = RequestPriority.allCases.compactMap { desk.take($0, "x") }
        try #require(held.count == 3)
        for lane in RequestPriority.allCases { #expect(desk.take(lane, "y") == nil) }
        // Tickets 4, 5 and 6: the pause, the start and the poll.
        #expect(tickets(desk.slots.release(held[1], took: nil, at: Self.now + .seconds(30))) == [-5])
        #expect(tickets(desk.slots.release(held[2], took: nil, at: Self.now + .seconds(600))) == [-6])
        #expect(tickets(desk.slots.release(held[0], took: nil, at: Self.now + .seconds(86400))) == [4])
    }

    @Test func moreWorkspacesShareTheConnections() {
        #expect(ConnectionSlots.Limits(workspaces: 1, timeout: .seconds(10)).polls == 256)
        #expect(ConnectionSlots.Limits(workspaces: 50, timeout: .seconds(10)).polls == 20)
        #expect(ConnectionSlots.Limits(workspaces: 1, timeout: .seconds(10)).slowAfter == .seconds(2))
    }
}

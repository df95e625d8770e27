import Foundation
import Gateway
import Testing

/// Which connection is replaced if the table is full.
@Suite struct ConnectionTableTests {
    /// Opens connections one after the other.
    private func open(_ table: inout ConnectionTable, _ count: Int) -> [ConnectionTable.Opening] {
        (0..<count).map { _ in table.open() }
    }

    @Test func theConnectionIdleForLongestIsReplaced() {
        var table = ConnectionTable(connectionsMax: 3)
        var openings = open(&table, 3)
        table.move(1, to: .answering(isOrder: true))
        openings += open(&table, 1)
        #expect(openings == [.accepted(1), .accepted(2), .accepted(3), .replaced(4, closing: 2)])
        #expect(table.count == 3)
        // The first connection gets a response in between, so it has the latest progress.
        table.move(1, to: .reading)
        let more = open(&table, 3)
        #expect(more == [.replaced(5, closing: 3), .replaced(6, closing: 4), .replaced(7, closing: 1)])
    }

    /// Incomplete requests, unread responses and waiting queries differ only in their idle time.
    @Test func aConnectionWithRecentProgressStays() {
        var table = ConnectionTable(connectionsMax: 3)
        _ = open(&table, 3)
        table.move(2, to: .writing)
        table.move(3, to: .answering(isOrder: false))
        table.move(1, to: .answering(isOrder: true))
        // An operator opens another connection for a second request.
        table.move(1, to: .reading)
        let openings = open(&table, 2)
        #expect(openings == [.replaced(4, closing: 2), .replaced(5, closing: 3)])
        let next = open(&table, 1)
        #expect(next == [.replaced(6, closing: 1)])
    }

    @Test func aConnectionWithAPendingOrderIsNotReplaced() {
        var table = ConnectionTable(connectionsMax: 1)
        _ = open(&table, 1)
        table.move(1, to: .answering(isOrder: true))
        let full = open(&table, 1)
        #expect(full == [.refused])
        table.close(1)
        let free = open(&table, 1)
        #expect(free == [.accepted(2)])
    }

    @Test func aReplacedConnectionStaysClosed() {
        var table = ConnectionTable(connectionsMax: 1)
        _ = open(&table, 2)
        table.move(1, to: .answering(isOrder: true))
        #expect(table.count == 1)
        let next = open(&table, 1)
        #expect(next == [.replaced(3, closing: 2)])
    }
}

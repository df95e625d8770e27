import Daemon
import Foundation
import Testing

/// Which connection gives way, and what threads for the past take on.
@Suite struct ConnectionTableTests {
    @Test func theOneIncompleteForLongestGivesWay() {
        var table = ConnectionTable(connectionsMax: 3)
        for id in 1...3 { #expect(table.open() == .accepted(id)) }
        table.move(1, to: .answering)
        #expect(table.open() == .replaced(4, closing: 2))
        #expect(table.count == 3)
        // Answered in between, the first is the youngest of those that read.
        table.move(1, to: .reading)
        #expect(table.open() == .replaced(5, closing: 3))
        #expect(table.open() == .replaced(6, closing: 4))
        #expect(table.open() == .replaced(7, closing: 1))
    }

    @Test func anAnswerThatNobodyReadsGivesWayAfterThoseThatAskNothing() {
        var table = ConnectionTable(connectionsMax: 2)
        _ = table.open()
        _ = table.open()
        table.move(1, to: .writing)
        #expect(table.open() == .replaced(3, closing: 2))
        table.move(3, to: .answering)
        #expect(table.open() == .replaced(4, closing: 1))
    }

    @Test func nothingThatIsBeingAnsweredGivesWay() {
        var table = ConnectionTable(connectionsMax: 1)
        #expect(table.open() == .accepted(1))
        table.move(1, to: .answering)
        #expect(table.open() == .refused)
        table.close(1)
        #expect(table.open() == .accepted(2))
    }

    @Test func oneThatGaveWayStaysOut() {
        var table = ConnectionTable(connectionsMax: 1)
        _ = table.open()
        #expect(table.open() == .replaced(2, closing: 1))
        table.move(1, to: .answering)
        #expect(table.count == 1)
        #expect(table.open() == .replaced(3, closing: 2))
    }

    @Test func questionsAboutThePastAreBounded() async throws {
        let past = PastThreads()
        let gate = DispatchSemaphore(value: 0)
        try await withThrowingTaskGroup(of: Int?.self) { group in
            for index in 0..<PastThreads.questionsMax {
                group.addTask {
                    try await past.ask {
                        gate.wait()
                        return index
                    }
                }
            }
            while past.isFree { await Task.yield() }
            // The next one is refused, and waits for nothing.
            #expect(try await past.ask { 0 } == nil)
            for _ in 0..<PastThreads.questionsMax { gate.signal() }
            let answers = try await group.reduce(into: Set<Int?>()) { $0.insert($1) }
            #expect(answers == Set(0..<PastThreads.questionsMax))
        }
        #expect(try await past.ask { 1 } == 1)
    }
}

import Guard
import Model
import Policy
import Reporting
import Testing

/// Rules that change a pool's members one at a time and follow each operation to its end.
@Suite struct SenderTimelineTests {
    static let remove = """
        rules:
          - name: out
            on: pool
            when: pool.senders > 3
            then: remove_sender
            sender: {status: DEACTIVATED}
            keep_at_least: 2

        """
    static let restore = "  - {name: back, on: pool, when: pool.senders < 4, for: 10m, then: restore_sender}\n"

    @Test func aSenderIsRemovedAndTheOperationFollowed() throws {
        var bench = try RosterBench(Self.remove)
        bench.poll()
        let change = try #require(bench.changes.first)
        #expect(change.action == .remove && change.platformPool.text == "comms_senderpool_x")
        #expect(change.sender.id == RosterBench.sender(4))
        bench.accept(change, operation: true)
        bench.wait(.seconds(1))
        #expect(bench.polled().contains(.operation(RosterBench.main)))
        bench.operation(.processing)
        #expect(bench.kinds.contains(.senderRemoved) == false)
        bench.wait(.seconds(2))
        bench.leave(4)
        bench.operation(.completed, failed: 0)
        let event = try #require(bench.events.first { $0.kind == .senderRemoved })
        #expect(event.message.contains("sender4@mail.example") && event.message.contains("rule out"))
        #expect(event.fields[.decision] == "\(change.decision)" && event.fields[.pool] == "main")
        // The next removal is evaluated on fresh data.
        #expect(bench.changes.count == 1)
        bench.poll()
        #expect(bench.changes.count == 2)
    }

    @Test func membersShowWhatThePlatformDoesNotReport() throws {
        var bench = try RosterBench(Self.remove)
        bench.poll()
        bench.accept(bench.changes[0], operation: false)
        bench.poll()
        #expect(!bench.kinds.contains(.senderRemoved))
        bench.leave(4)
        bench.poll()
        #expect(bench.kinds.contains(.senderRemoved))
    }

    @Test func aLateDisappearanceIsNotAttributedToUs() throws {
        var bench = try RosterBench(Self.remove + Self.restore)
        bench.poll()
        bench.accept(bench.changes.removeFirst(), operation: false)
        bench.poll(after: .seconds(70))
        #expect(bench.kinds.contains(.senderRemoveFailed))
        bench.leave(4)
        bench.leave(5)
        bench.leave(3)
        for _ in 0..<30 { bench.poll(after: .seconds(60)) }
        #expect(!bench.kinds.contains(.senderRemoved) && bench.changes.isEmpty)
    }

    @Test func keepAtLeastIsAlwaysRespected() throws {
        var bench = try RosterBench(
            """
            rules:
              - name: out
                on: pool
                when: pool.senders > 0
                then: remove_sender
                sender: {channel: EMAIL}
                keep_at_least: 2

            """)
        for _ in 0..<20 {
            bench.poll()
            guard let change = bench.changes.popLast() else { continue }
            bench.accept(change, operation: false)
            bench.leave(change.sender.id)
        }
        bench.poll()
        // Senders that cannot send are removed first, then the newest; two that can send stay.
        #expect(bench.members.map(\.id) == [RosterBench.sender(0), RosterBench.sender(1)])
        #expect(bench.kinds.count { $0 == .senderRemoved } == 4)
        #expect(bench.kinds.count { $0 == .senderKept } == 1)
    }

    @Test func keepAtLeastCountsOnlySendersThatCanSend() throws {
        var bench = try RosterBench(
            """
            rules:
              - name: out
                on: pool
                when: pool.senders > 0
                then: remove_sender
                sender: {status: ACTIVATED}
                keep_at_least: 2

            """)
        for _ in 0..<20 {
            bench.poll()
            guard let change = bench.changes.popLast() else { continue }
            bench.accept(change, operation: false)
            bench.leave(change.sender.id)
        }
        bench.poll()
        #expect(bench.members.map(\.id) == [0, 1, 4, 5].map(RosterBench.sender))
    }

    @Test func onlyRemovedSendersAreRestored() throws {
        var bench = try RosterBench(Self.remove + Self.restore)
        bench.poll()
        let removed = bench.changes.removeFirst()
        bench.accept(removed, operation: false)
        bench.leave(4)
        // Someone else removes two more.
        bench.leave(5)
        bench.leave(3)
        for _ in 0..<30 { bench.poll(after: .seconds(60)) }
        #expect(bench.changes.map(\.action) == [.restore])
        #expect(bench.changes.map(\.sender.id) == [RosterBench.sender(4)])
        bench.accept(bench.changes[0], operation: false)
        bench.join(4, .deactivated)
        bench.poll()
        #expect(bench.kinds.contains(.senderRestored))
        // It is not removed again at once, and no other sender is restored.
        for _ in 0..<60 { bench.poll(after: .seconds(60)) }
        #expect(bench.changes.count == 1)
    }

    @Test func aSenderRestoredByAPersonIsTheirs() throws {
        var bench = try RosterBench(Self.remove + Self.restore)
        bench.poll()
        bench.accept(bench.changes.removeFirst(), operation: false)
        bench.leave(4)
        bench.poll()
        #expect(bench.kinds.contains(.senderRemoved))
        bench.join(4, .deactivated)
        for _ in 0..<15 { bench.poll(after: .seconds(60)) }
        let event = try #require(bench.events.first { $0.kind == .senderOverride })
        #expect(event.message.contains("no rule removes it again before"))
        // The other deactivated sender can still be removed; this one is not.
        #expect(bench.changes.allSatisfy { $0.sender.id != RosterBench.sender(4) })
    }

    @Test func aPersonsRestoreIsOverriddenIfThePolicySaysSo() throws {
        var bench = try RosterBench(Self.remove + "on_override: pause_again\n")
        bench.poll()
        bench.accept(bench.changes.removeFirst(), operation: false)
        bench.leave(4)
        bench.leave(5)
        bench.poll()
        bench.join(4, .deactivated)
        for _ in 0..<15 { bench.poll(after: .seconds(60)) }
        #expect(bench.kinds.contains(.senderOverride))
        #expect(bench.changes.map(\.sender.id) == [RosterBench.sender(4)])
    }

    @Test func aSenderGoneBeforeTheRequestIsNotOurs() throws {
        var bench = try RosterBench(Self.remove + Self.restore)
        bench.poll()
        let change = bench.changes.removeFirst()
        bench.leave(4)
        bench.refuse(change, Fault(.missing, "HTTP 404"))
        #expect(bench.kinds.contains(.senderAlreadyRemoved))
        bench.leave(5)
        bench.leave(3)
        for _ in 0..<30 { bench.poll(after: .seconds(60)) }
        #expect(bench.changes.isEmpty)
    }

    @Test func aRemovalWithALostResponseIsNotOurs() throws {
        var bench = try RosterBench(Self.remove + Self.restore)
        bench.poll()
        let change = bench.changes.removeFirst()
        bench.refuse(change, Fault(.unreachable, "no answer in time"))
        bench.leave(4)
        bench.leave(5)
        bench.leave(3)
        for _ in 0..<30 { bench.poll(after: .seconds(60)) }
        #expect(bench.kinds.contains(.senderAlreadyRemoved))
        #expect(bench.changes.isEmpty)
    }

    @Test func aLostRemovalWithoutEffectIsEvaluatedAgain() throws {
        var bench = try RosterBench(Self.remove)
        bench.poll()
        bench.refuse(bench.changes.removeFirst(), Fault(.unreachable, "no answer in time"))
        bench.poll(after: .seconds(10))
        #expect(bench.changes.isEmpty)
        for _ in 0..<5 { bench.poll(after: .seconds(60)) }
        #expect(bench.changes.map(\.sender.id) == [RosterBench.sender(4)])
    }

    @Test func nothingIsSentAgainAfterA500() throws {
        var bench = try RosterBench(Self.remove)
        bench.leave(5)
        bench.poll()
        bench.refuse(bench.changes.removeFirst(), Fault(.unreachable, "HTTP 500", isRepeatable: false))
        for _ in 0..<600 { bench.poll(after: .seconds(60)) }
        #expect(bench.changes.isEmpty)
        for _ in 0..<900 { bench.poll(after: .seconds(60)) }
        #expect(bench.changes.count == 1)
    }

    @Test(arguments: [PoolOperation.Status.completed, .canceled])
    func aFailedOperationIsReportedAndEvaluatedAgain(_ status: PoolOperation.Status) throws {
        var bench = try RosterBench(Self.remove + Self.restore)
        bench.poll()
        bench.accept(bench.changes.removeFirst(), operation: true)
        bench.wait(.seconds(1))
        bench.operation(status, failed: 1)
        let event = try #require(bench.events.first { $0.kind == .senderRemoveFailed })
        #expect(event.message.contains(status == .completed ? "1 of 1 parts failed" : "canceled"))
        bench.poll(after: .seconds(10))
        #expect(bench.changes.isEmpty)
        bench.poll(after: .seconds(60))
        bench.poll(after: .seconds(60))
        #expect(bench.changes.count == 1)
        #expect(!bench.kinds.contains(.senderRemoved))
    }

    @Test func membersShowTheOutcomeOfAPartlyFailedOperation() throws {
        var bench = try RosterBench(Self.remove + Self.restore)
        bench.poll()
        bench.accept(bench.changes.removeFirst(), operation: true)
        bench.wait(.seconds(1))
        bench.leave(4)
        bench.operation(.completed, failed: 1)
        bench.poll()
        #expect(bench.kinds.contains(.senderRemoveFailed) && bench.kinds.contains(.senderAlreadyRemoved))
        // An unconfirmed removal is not ours to undo.
        bench.leave(5)
        bench.leave(3)
        for _ in 0..<30 { bench.poll(after: .seconds(60)) }
        #expect(bench.changes.isEmpty)
    }

    @Test func aPartlyFailedRestoreCanBeEffective() throws {
        var bench = try RosterBench(Self.remove + Self.restore)
        bench.poll()
        bench.accept(bench.changes.removeFirst(), operation: false)
        bench.leave(4)
        bench.leave(5)
        bench.leave(3)
        for _ in 0..<30 { bench.poll(after: .seconds(60)) }
        bench.accept(bench.changes.removeFirst(), operation: true)
        bench.wait(.seconds(1))
        bench.join(4, .deactivated)
        bench.operation(.canceled)
        bench.poll()
        #expect(bench.kinds.contains(.senderRestoreFailed) && bench.kinds.contains(.senderRestored))
    }

    @Test func anEndlessOperationIsReportedOnceAndBlocksOthers() throws {
        var bench = try RosterBench(Self.remove)
        bench.poll()
        bench.accept(bench.changes.removeFirst(), operation: true)
        for _ in 0..<240 {
            bench.wait(.seconds(30))
            if bench.polled().contains(.operation(RosterBench.main)) { bench.operation(.processing) }
            bench.poll()
        }
        #expect(bench.changes.isEmpty)
        #expect(bench.kinds.count { $0 == .senderRemoveFailed } == 1)
    }

    @Test func observeModeOnlyReportsRemovals() throws {
        var bench = try RosterBench("mode: observe\n" + Self.remove)
        for _ in 0..<10 { bench.poll() }
        #expect(bench.changes.isEmpty)
        #expect(
            bench.events.filter { $0.kind == .senderRemoved }.map { $0.message.hasPrefix("would remove") } == [true])
    }

    @Test func removalsAndOperationsSurviveARestart() throws {
        var bench = try RosterBench(Self.remove + Self.restore)
        bench.poll()
        bench.accept(bench.changes.removeFirst(), operation: true)
        try bench.restart(Self.remove + Self.restore)
        bench.wait(.seconds(1))
        #expect(bench.polled().contains(.operation(RosterBench.main)))
        bench.leave(4)
        bench.operation(.completed, failed: 0)
        #expect(bench.kinds.contains(.senderRemoved))
        try bench.restart(Self.remove + Self.restore)
        bench.leave(5)
        bench.leave(3)
        for _ in 0..<30 { bench.poll(after: .seconds(60)) }
        #expect(bench.changes.map(\.sender.id) == [RosterBench.sender(4)])
    }

    @Test func aRequestInterruptedByARestartIsNotOurs() throws {
        var bench = try RosterBench(Self.remove + Self.restore)
        bench.poll()
        #expect(bench.changes.count == 1)
        bench.leave(4)
        bench.leave(5)
        bench.leave(3)
        try bench.restart(Self.remove + Self.restore)
        for _ in 0..<30 { bench.poll(after: .seconds(60)) }
        #expect(bench.kinds.contains(.senderAlreadyRemoved))
        #expect(bench.changes.isEmpty)
    }
}

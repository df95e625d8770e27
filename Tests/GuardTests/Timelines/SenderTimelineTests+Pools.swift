import Guard
import Model
import Policy
import Reporting
import Testing

/// The volume of pools without volumes of their own, and how their names are found.
extension SenderTimelineTests {
    // MARK: Volume

    @Test func capacityFollowsFromActivatedSendersAndEmailsSentToday() throws {
        var bench = try RosterBench("rules:\n  - {name: few, on: pool, when: pool.remainingVolume < 30, then: alert}\n")
        bench.see(sent: 100)
        bench.poll()
        var pool = try #require(bench.status)
        #expect(
            pool.dailyCapacity == 200 && pool.remainingVolume == 200 && pool.activeSenders == 4 && pool.senders == 6)
        // Emails sent before the first poll may be from an earlier day.
        bench.wait(.seconds(60))
        bench.see(sent: 175)
        bench.poll()
        pool = try #require(bench.status)
        #expect(pool.remainingVolume == 125)
        #expect(!bench.kinds.contains(.ruleFiring))
        bench.wait(.seconds(60))
        bench.see(sent: 280)
        bench.poll()
        #expect(bench.status?.remainingVolume == 20)
        #expect(bench.kinds.contains(.ruleFiring))
        // The volume resets at midnight UTC.
        bench.wait(bench.now.nextMidnight - bench.now + .seconds(5))
        bench.see(sent: 280)
        bench.poll()
        #expect(bench.status?.remainingVolume == 200)
        bench.wait(.seconds(60))
        bench.see(sent: 290)
        bench.poll()
        #expect(bench.status?.remainingVolume == 190)
    }

    @Test func emailsSentAroundMidnightAreProrated() throws {
        var bench = try RosterBench("rules:\n  - {name: few, on: pool, when: pool.remainingVolume < 30, then: alert}\n")
        bench.wait(bench.now.nextMidnight - bench.now - .seconds(60))
        bench.see(sent: 100)
        bench.wait(.seconds(240))
        bench.see(sent: 180)
        bench.poll()
        // 180.1 of 240.05 seconds are after midnight; a fraction of an email counts as one.
        #expect(bench.status?.remainingVolume == 139)
    }

    @Test func aPollFromBeforeAChangeEndedDecidesNothing() throws {
        var bench = try RosterBench(Self.remove)
        bench.poll()
        bench.accept(bench.changes.removeFirst(), operation: true)
        bench.wait(.seconds(3))
        bench.operation(.completed, failed: 0)
        // It still contains the sender that was just removed.
        bench.poll(requestedBefore: .seconds(1))
        #expect(bench.changes.isEmpty)
        bench.leave(4)
        bench.poll()
        #expect(bench.changes.map(\.sender.id) == [RosterBench.sender(5)])
    }

    @Test func emailsSentTodaySurviveARestart() throws {
        let rules = "rules:\n  - {name: few, on: pool, when: pool.remainingVolume < 30, then: alert}\n"
        var bench = try RosterBench(rules)
        bench.see(sent: 100)
        bench.wait(.seconds(60))
        bench.see(sent: 150)
        bench.poll()
        #expect(bench.status?.remainingVolume == 150)
        try bench.restart(rules)
        bench.poll()
        #expect(bench.status?.remainingVolume == 150)
    }

    @Test func aLaunchIsHeldByAPoolOfAnotherPlatform() throws {
        let launch = """
            launches: [{campaign: camp_1}]
            rules:
              - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}

            """
        var bench = try RosterBench(launch)
        bench.seeDraft(enrolled: 300)
        bench.poll()
        let held = try #require(bench.events.first { $0.kind == .launchHeld })
        #expect(held.message.contains("300") && held.fields[.pool] == "main" && held.fields[.capacity] == "200")
        bench.join(10, .activated)
        bench.join(11, .activated)
        bench.join(12, .activated)
        bench.poll()
        bench.seeDraft(enrolled: 300)
        bench.poll()
        #expect(bench.starts == 1)
    }

    // MARK: Finding

    @Test func aMissingPoolIsReportedAfterTwoPollsAndHoldsLaunches() throws {
        var bench = try RosterBench(Self.remove)
        bench.poll()
        bench.find(.missing)
        #expect(!bench.kinds.contains(.poolMissing))
        bench.find(.missing)
        bench.find(.missing)
        #expect(bench.kinds.count { $0 == .poolMissing } == 1)
        #expect(bench.status?.isMissing == true && bench.status?.dailyCapacity == nil)
        bench.poll()
        #expect(bench.status?.isMissing == false && bench.status?.dailyCapacity == 200)
    }

    @Test func aPoolHiddenOnceByAShiftingListIsNotMissing() throws {
        var bench = try RosterBench(Self.remove)
        for _ in 0..<5 {
            bench.poll()
            bench.find(.missing)
        }
        #expect(!bench.kinds.contains(.poolMissing))
    }

    @Test func twoMatchingPoolsAreAmbiguous() throws {
        var bench = try RosterBench(Self.remove)
        bench.find(.ambiguous(2))
        bench.find(.ambiguous(2))
        let event = try #require(bench.events.first { $0.kind == .poolAmbiguous })
        #expect(event.message.contains("2 pools of workspace twilio"))
        #expect(bench.changes.isEmpty)
    }

    @Test func aNameThatMovesToAnotherPoolCancelsOperations() throws {
        var bench = try RosterBench(Self.remove + Self.restore)
        bench.poll()
        bench.accept(bench.changes.removeFirst(), operation: false)
        bench.found = PoolID(unchecked: "comms_senderpool_y")
        bench.poll()
        #expect(bench.kinds.contains(.senderRemoveFailed))
        bench.poll(after: .seconds(60))
        #expect(bench.changes.map(\.platformPool.text) == ["comms_senderpool_y"])
    }

    @Test func aSenderIsNotRestoredToAnotherPool() throws {
        var bench = try RosterBench(Self.remove + Self.restore)
        bench.poll()
        bench.accept(bench.changes.removeFirst(), operation: false)
        bench.leave(4)
        bench.poll()
        #expect(bench.kinds.contains(.senderRemoved))
        bench.changes = []
        bench.found = PoolID(unchecked: "comms_senderpool_y")
        bench.leave(5)
        bench.leave(3)
        for _ in 0..<30 { bench.poll(after: .seconds(60)) }
        #expect(bench.changes.isEmpty)
    }

    @Test func onePlatformsFailureDoesNotMakeTheServiceReady() throws {
        var bench = try RosterBench(Self.remove)
        bench.fail(.pool(RosterBench.main))
        #expect(!bench.isReady)
        bench.see(sent: 10)
        #expect(bench.isReady)
    }
}

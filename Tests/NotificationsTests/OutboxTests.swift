import Model
import Notifications
import Policy
import Testing

/// When messages are due, and what happens to those that a receiver does not take.
@Suite struct OutboxTests {
    private static let start = ReceiverBench.start

    private func at(_ seconds: Int) -> Instant { Self.start + .seconds(seconds) }

    private func outbox(_ limits: Outbox.Limits = Outbox.Limits(), groupWait: Duration = .seconds(30)) throws -> Outbox
    {
        var outbox = Outbox(limits: limits)
        outbox.adopt([try ReceiverBench.webhook(groupWait: groupWait)])
        return outbox
    }

    /// Each line: the events with their times in seconds (`!` marks a pause), and the messages with theirs.
    @Test(arguments: [
        ("0", "30:1"), ("0 10 29", "30:3"), ("0 10 40", "30:2 70:1"), ("0!", "0:1"), ("0 5!", "5:2"),
        // The second and third pause wait for the rest of the time since the first.
        ("0! 1! 2!", "0:1 30:2"), ("0! 40!", "0:1 40:1"),
        // A warning after a pause waits as usual.
        ("0! 5", "0:1 35:1"),
    ])
    func eventsAreGrouped(_ events: String, _ messages: String) throws {
        var outbox = try outbox()
        let planned = events.split(separator: " ").map { word in
            (at: Int(word.filter(\.isNumber)) ?? 0, isPause: word.hasSuffix("!"))
        }
        var sent: [String] = []
        for second in 0...120 {
            for (index, event) in planned.enumerated() where event.at == second {
                let kind: EventKind = event.isPause ? .campaignPaused : .ruleFiring
                outbox.add([ReceiverBench.item(Int64(index), after: second, kind)], at: at(second))
            }
            for delivery in outbox.takeDue(at: at(second)) {
                sent.append("\(second):\(delivery.items.count)")
                outbox.finished("hook", .sent, at: at(second), random: 1)
            }
        }
        #expect(sent.joined(separator: " ") == messages)
        #expect(outbox.takeSettled() == planned.indices.map(Int64.init))
        #expect(outbox.nextDue == nil)
    }

    @Test func whatAReceiverDoesNotTakeIsSentAgainWithWhatCameSince() throws {
        var outbox = try outbox()
        outbox.add([ReceiverBench.item(1)], at: at(0))
        #expect(outbox.takeDue(at: at(30)).count == 1)
        // Only one message at a time.
        outbox.add([ReceiverBench.item(2, after: 31, .campaignPaused)], at: at(31))
        #expect(outbox.takeDue(at: at(32)).isEmpty)
        outbox.finished("hook", .failed("HTTP 503"), at: at(40), random: 1)
        #expect(outbox.takeDue(at: at(44)).isEmpty)
        #expect(outbox.takeDue(at: at(45)).map { $0.items.map(\.id) } == [[1, 2]])
        #expect(outbox.takeSettled() == [])
        // A named wait is obeyed.
        outbox.finished("hook", .failed("HTTP 429", retryAfter: .seconds(100)), at: at(50), random: 0)
        #expect(outbox.takeDue(at: at(149)).isEmpty)
        #expect(outbox.takeDue(at: at(150)).count == 1)
    }

    @Test func aFailureIsReportedOnceAndItsEndToo() throws {
        var outbox = try outbox()
        outbox.add([ReceiverBench.item(1)], at: at(0))
        var (second, reports): (Int, [JournalEvent]) = (0, [])
        while second < 3600 {
            second += 1
            for _ in outbox.takeDue(at: at(second)) {
                outbox.finished("hook", .failed("HTTP 503"), at: at(second), random: 0.5)
            }
            reports += outbox.takeReports()
        }
        #expect(reports.map(\.kind) == [.notifyFailed])
        #expect(reports[0].fields[.receiver] == "hook" && reports[0].fields[.reason] == "HTTP 503")
        #expect(outbox.tallies(at: at(second))[0].isFailing)
        outbox.add([ReceiverBench.item(2, after: second)], at: at(second))
        while outbox.takeDue(at: at(second)).isEmpty { second += 1 }
        outbox.finished("hook", .sent, at: at(second), random: 0.5)
        #expect(outbox.takeReports().map(\.kind) == [.notifyRecovered])
        #expect(outbox.takeSettled() == [1, 2])
        let tally = outbox.tallies(at: at(second))[0]
        #expect(tally.sent == 2 && tally.failed > 5 && !tally.isFailing && tally.waiting == 0)
    }

    @Test func aReceiverThatIsDownForLongLosesTheOldest() throws {
        var limits = Outbox.Limits()
        limits.countMax = 3
        var outbox = try outbox(limits)
        for id in 1...10 { outbox.add([ReceiverBench.item(Int64(id), after: id)], at: at(id)) }
        #expect(outbox.takeSettled() == [1, 2, 3, 4, 5, 6, 7])
        // Once within an hour.
        let reports = outbox.takeReports()
        #expect(reports.map(\.kind) == [.notifyDropped])
        #expect(reports[0].message.contains("more than 3 were waiting"), "\(reports[0].message)")
        #expect(outbox.tallies(at: at(10))[0].dropped == 7)
        #expect(outbox.takeDue(at: at(60)).map { $0.items.map(\.id) } == [[8, 9, 10]])
        outbox.finished("hook", .failed("x"), at: at(60), random: 1)
        // Later ones are delivered, and the number of those dropped since the report follows.
        outbox.add([ReceiverBench.item(11, after: 3700)], at: at(3700))
        #expect(outbox.takeReports().map(\.kind) == [.notifyDropped])
        #expect(outbox.takeDue(at: at(3701)).map { $0.items.map(\.id) } == [[9, 10, 11]])
    }

    @Test func aFloodIsReported() throws {
        var outbox = try outbox()
        outbox.add([ReceiverBench.item(1)], skipped: ["hook": 800], at: at(0))
        #expect(
            outbox.takeReports().map(\.message) == [
                "800 notifications dropped for receiver hook: more than 200 events at once; 'sendwarden history' shows "
                    + "the events"
            ])
        #expect(outbox.tallies(at: at(0))[0].dropped == 800)
    }

    @Test func sizeAndAgeAreBounded() throws {
        var limits = Outbox.Limits()
        limits.bytesMax = 10_000
        var outbox = try outbox(limits)
        for id in 1...5 {
            outbox.add([ReceiverBench.item(Int64(id), .ruleFiring, String(repeating: "x", count: 4000))], at: at(0))
        }
        #expect(outbox.takeSettled() == [1, 2, 3])
        #expect(outbox.takeDue(at: at(86401)).isEmpty)
        #expect(outbox.takeSettled() == [4, 5])
    }

    @Test func aRefusedMessageDoesNotBlockOthers() throws {
        var outbox = try outbox()
        outbox.add([ReceiverBench.item(1, .campaignPaused)], at: at(0))
        #expect(outbox.takeDue(at: at(0)).count == 1)
        outbox.add([ReceiverBench.item(2)], at: at(1))
        outbox.finished("hook", .refused("HTTP 400"), at: at(2), random: 1)
        #expect(outbox.takeSettled() == [1])
        #expect(outbox.takeReports().map(\.message).first?.contains("refused the message: HTTP 400") == true)
        #expect(outbox.takeDue(at: at(30)).map { $0.items.map(\.id) } == [[2]])
    }

    @Test func whatAnEarlierProcessLeftIsSentFirst() throws {
        var outbox = try outbox()
        outbox.add([ReceiverBench.item(9)], at: at(0))
        let stored = [ReceiverBench.item(1, after: -60), ReceiverBench.item(2, to: "gone"), ReceiverBench.item(9)]
        outbox.restore(stored, at: at(0))
        #expect(outbox.takeSettled() == [2])
        #expect(outbox.takeDue(at: at(0)).map { $0.items.map(\.id) } == [[1, 9]])
    }

    /// The clock was an hour ahead when the earlier process stored it.
    @Test func aClockThatWasSetBackDelaysNothing() throws {
        var outbox = try outbox()
        outbox.restore([ReceiverBench.item(1, after: 3600)], at: at(0))
        #expect(outbox.takeDue(at: at(30)).count == 1)
    }

    @Test func aReloadKeepsWhatWaits() throws {
        var outbox = try outbox()
        outbox.add([ReceiverBench.item(1)], at: at(0))
        outbox.adopt([try ReceiverBench.webhook(groupWait: .zero), try ReceiverBench.webhook("other")])
        #expect(outbox.takeDue(at: at(1)).map { $0.items.map(\.id) } == [[1]])
        outbox.add([ReceiverBench.item(2)], at: at(1))
        outbox.adopt([try ReceiverBench.webhook("other")])
        #expect(Set(outbox.takeSettled()) == [1, 2])
        let report = try #require(outbox.takeReports().first)
        #expect(report.kind == .notifyDropped && report.message.contains("2 notifications dropped for receiver hook"))
        // The response of a removed receiver comes too late.
        outbox.finished("hook", .sent, at: at(2), random: 1)
        #expect(outbox.receivers.map(\.name) == ["other"])
    }
}

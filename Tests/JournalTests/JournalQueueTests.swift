import Journal
import Model
import TestSupport
import Testing

/// What the queue accepts, drops, numbers and reports, without a thread.
@Suite struct JournalQueueTests {
    private static let start = Instant(milliseconds: 1_796_000_000_000)

    private static func queue(entriesMax: Int = 8, bytesMax: Int = 1 << 20) -> JournalQueue {
        JournalQueue(limits: .init(entriesMax: entriesMax, bytesMax: bytesMax))
    }

    private static func event(_ priority: Priority, _ message: String = "x") -> JournalEvent {
        JournalEvent(.policyLoaded, priority: priority, message)
    }

    private static func number(_ entry: JournalEntry?) -> Int? {
        entry?.fields.first { $0.name == "SENDWARDEN_SEQ" }.flatMap { Int($0.value) }
    }

    /// Takes every waiting entry; returns their numbers, negative for summaries.
    private static func drain(_ queue: inout JournalQueue, at now: Instant = start) -> [Int] {
        var numbers: [Int] = []
        while let entry = queue.next(at: now) {
            numbers.append((number(entry) ?? 0) * (entry.kind == .journalDropped ? -1 : 1))
        }
        return numbers
    }

    @Test func entriesAreNumberedFromOne() {
        var queue = Self.queue()
        for _ in 0..<5 { queue.offer(Self.event(.info), at: Self.start) }
        #expect(Self.drain(&queue) == [1, 2, 3, 4, 5])
        #expect(queue.dropped == 0 && queue.summaries == 0)
    }

    /// Offered entries (i: info, w: warning) and the numbers written afterwards; `-n` is a summary.
    static let transcripts: [(name: String, offered: String, accepted: String, written: [Int])] = [
        ("info fills three quarters", "iiiiiii", "yyyyyyn", [1, 2, 3, 4, 5, 6, -8]),
        ("warnings fill the rest", "iiiiiiiwww", "yyyyyynyyn", [1, 2, 3, 4, 5, 6, 8, 9, -11]),
        ("warnings fill the whole queue", "wwwwwwwwwi", "yyyyyyyynn", [1, 2, 3, 4, 5, 6, 7, 8, -11]),
    ]

    @Test(arguments: transcripts)
    func aFullQueueDropsLowPrioritiesFirst(_ name: String, _ offered: String, _ accepted: String, _ written: [Int]) {
        var queue = Self.queue()
        let answers = offered.map { queue.offer(Self.event($0 == "w" ? .warning : .info), at: Self.start) ? "y" : "n" }
        #expect(answers.joined() == accepted, "\(name)")
        #expect(queue.dropped == accepted.count { $0 == "n" }, "\(name)")
        #expect(Self.drain(&queue) == written, "\(name)")
        #expect(queue.summaries == 1, "\(name)")
    }

    @Test(arguments: [Priority.critical, .error, .warning, .notice, .info])
    func onlySevereEntriesUseTheReserve(_ priority: Priority) {
        var queue = Self.queue()
        for _ in 0..<6 { queue.offer(Self.event(.info), at: Self.start) }
        let isTaken = queue.offer(Self.event(priority), at: Self.start)
        #expect(isTaken == (priority <= .warning))
    }

    @Test func bytesAreLimitedAsWellAsEntries() {
        var queue = Self.queue(entriesMax: 1000, bytesMax: 8000)
        let long = String(repeating: "x", count: 1800)
        let priorities: [Priority] = [.info, .info, .info, .info, .info, .error, .error]
        let answers = priorities.map { queue.offer(Self.event($0, long), at: Self.start) }
        #expect(answers == [true, true, true, false, false, true, false])
        // Entries that were taken free their bytes.
        #expect(Self.drain(&queue) == [1, 2, 3, 6, -8])
        let isTaken = queue.offer(Self.event(.info, long), at: Self.start)
        #expect(isTaken)
    }

    @Test func oneSummaryReportsCountAndPeriod() throws {
        var queue = Self.queue(entriesMax: 4)
        for second in 0..<13 { queue.offer(Self.event(.info), at: Self.start + .seconds(second)) }
        var entries: [JournalEntry] = []
        while let entry = queue.next(at: Self.start + .seconds(60)) { entries.append(entry) }
        let summary = try #require(entries.last)
        #expect(entries.count { $0.kind == .journalDropped } == 1)
        #expect(summary.priority == .warning && summary.at == Self.start + .seconds(60))
        let times = (Self.start + .seconds(3), Self.start + .seconds(12))
        #expect(
            summary.message.hasPrefix(
                "10 log entries were dropped between \(times.0.rfc3339) and \(times.1.rfc3339): "))
        #expect(summary.message.contains("sendwarden history"))
        // Later entries are not part of a summary.
        queue.offer(Self.event(.info), at: Self.start + .seconds(61))
        #expect(Self.drain(&queue) == [15])
    }

    /// A reader that reads a few entries at a time does not get a summary each time.
    @Test func theSummaryWaitsForTheReader() {
        var queue = Self.queue()
        for _ in 0..<10 { queue.offer(Self.event(.warning), at: Self.start) }
        let first = (0..<4).compactMap { _ in queue.next(at: Self.start) }
        #expect(first.allSatisfy { $0.kind != .journalDropped })
        #expect(queue.summaries == 0)
        #expect(Self.drain(&queue) == [5, 6, 7, 8, -11])
    }

    @Test func lostEntriesAreReportedOnceWritesSucceed() throws {
        var queue = Self.queue()
        for _ in 0..<3 {
            queue.offer(Self.event(.info), at: Self.start)
            let next = queue.next(at: Self.start)
            let entry = try #require(next)
            #expect(entry.kind == .policyLoaded)
            queue.lost(entry, at: Self.start)
            // While the descriptor fails, no summary is written.
            let more = queue.next(at: Self.start)
            #expect(more == nil)
        }
        #expect(queue.dropped == 3 && queue.summaries == 0)
        queue.offer(Self.event(.info), at: Self.start)
        #expect(Self.drain(&queue) == [4, -5])
    }

    @Test func aLostSummaryIsRepeatedWithAllDroppedEntries() throws {
        var queue = Self.queue(entriesMax: 4)
        for _ in 0..<5 { queue.offer(Self.event(.info), at: Self.start) }
        var summary: JournalEntry?
        while let entry = queue.next(at: Self.start) { summary = entry }
        // The last entry was the summary. In this queue, it is lost.
        var other = Self.queue(entriesMax: 4)
        for _ in 0..<5 { other.offer(Self.event(.info), at: Self.start) }
        while let entry = other.next(at: Self.start) {
            if entry.kind == .journalDropped {
                other.lost(entry, at: Self.start)
                break
            }
        }
        #expect(try #require(summary).message.hasPrefix("2 log entries were"))
        other.offer(Self.event(.info), at: Self.start)
        let (first, second) = (other.next(at: Self.start), other.next(at: Self.start))
        #expect(Self.number(first) == 7)
        let again = try #require(second)
        #expect(again.kind == .journalDropped && again.message.hasPrefix("3 log entries were"))
        #expect(other.dropped == 3)
    }

    /// Numbers always increase, and missing ones are counted and finally reported.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func missingNumbersAreExactlyTheDroppedEntries(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var queue = Self.queue(entriesMax: Int.random(in: 4...12, using: &random), bytesMax: 4000)
        var written: [Int] = []
        var reported = 0
        func take(losing share: Double) {
            guard let entry = queue.next(at: Self.start) else { return }
            if Double.random(in: 0..<1, using: &random) < share {
                queue.lost(entry, at: Self.start)
            } else {
                written.append(Self.number(entry) ?? 0)
                if entry.kind == .journalDropped { reported += Int(entry.message.prefix { $0 != " " }) ?? 0 }
            }
        }
        for _ in 0..<300 {
            if Bool.random(using: &random) {
                let priority = [Priority.critical, .warning, .notice, .info].randomElement(using: &random) ?? .info
                queue.offer(Self.event(priority), at: Self.start)
            } else {
                take(losing: 0.1)
            }
        }
        // The reader reads again.
        queue.offer(Self.event(.info), at: Self.start)
        for _ in 0..<40 { take(losing: 0) }
        let last = written.max() ?? 0
        #expect(written == written.sorted() && Set(written).count == written.count)
        #expect(last - written.count == queue.dropped)
        #expect(reported == queue.dropped)
    }
}

import Foundation
import Glibc
import Journal
import Model
import TestSupport
import Testing

/// The journal's thread, with real pipes.
@Suite(.timeLimit(.minutes(1))) struct JournalThreadTests {
    private static func journal(
        _ pipe: FullPipe, _ format: Journal.Format = .json, limits: JournalQueue.Limits = .standard
    ) -> Journal {
        Journal(
            format: format, time: SteadyTime(startingAt: EntryTests.at), descriptor: pipe.writing, limits: limits)
    }

    private func numbers(_ lines: some Sequence<some StringProtocol>) throws -> [Int] {
        try lines.map { line in
            let object = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
            return object["SENDWARDEN_SEQ"].flatMap { Int($0) } ?? 0
        }
    }

    /// With synchronous writes, the first call would never return.
    @Test(arguments: [false, true])
    func reportingNeverBlocks(_ isNonBlocking: Bool) async throws {
        let pipe = try FullPipe(isNonBlocking: isNonBlocking)
        let journal = Self.journal(pipe, limits: .init(entriesMax: 100, bytesMax: 1 << 20))
        for _ in 0..<500 { journal.report(JournalEvent(.rulePending, "pending")) }
        // 75 entries wait, and one may be in flight.
        #expect((424...425).contains(journal.tally.dropped))
        #expect(await !journal.close(within: .milliseconds(100)))
        pipe.discard()
        let lines = try pipe.readLines { $0.contains("journal.dropped") }
        let got = try numbers(lines)
        #expect(got.count == got.sorted().count && got == got.sorted())
        #expect(try #require(got.last) == 501)
        #expect(lines.count { $0.contains("\"journal.dropped\"") } == 1)
        #expect(lines.last?.contains("\(501 - got.count) log entries were dropped between") == true)
    }

    @Test(arguments: [false, true])
    func aSlowReaderGetsWholeLines(_ isNonBlocking: Bool) async throws {
        let pipe = try FullPipe(isNonBlocking: isNonBlocking)
        let journal = Self.journal(pipe)
        // Longer than the pipe's buffer, so that each line is written in parts.
        let long = String(repeating: "漢", count: 1200)
        for index in 0..<40 { journal.report(JournalEvent(.rulePending, "\(index) \(long)", fields: [.reason: long])) }
        pipe.discard()
        let lines = try pipe.readLines(count: 40)
        #expect(try numbers(lines) == Array(1...40))
        #expect(await journal.close(within: .seconds(30)))
        #expect(journal.tally.dropped == 0)
    }

    @Test func closingWaitsForTheLastEntry() async throws {
        let pipe = try FullPipe(isNonBlocking: false, isFull: false)
        let journal = Self.journal(pipe, .text)
        let reader = Lines()
        async let reading: Void = {
            for line in try pipe.readLines(count: 2000) { reader.add(line) }
        }()
        for _ in 0..<1999 { journal.report(JournalEvent(.rulePending, "pending")) }
        journal.report(JournalEvent(.daemonStopping, "stopping"))
        #expect(await journal.close(within: .seconds(30)))
        try await reading
        #expect(reader.all.count == 2000)
        #expect(reader.all.last?.hasSuffix("info daemon.stopping: stopping") == true)
    }

    @Test func entriesForAMissingReaderAreCountedAsDropped() async throws {
        signal(SIGPIPE, SIG_IGN)
        let pipe = try FullPipe(isNonBlocking: false)
        pipe.closeReading()
        let journal = Self.journal(pipe)
        for _ in 0..<10 { journal.report(JournalEvent(.rulePending, "pending")) }
        #expect(await journal.close(within: .seconds(30)))
        #expect(journal.tally.dropped == 10 && journal.tally.summaries == 0)
    }

    /// If the disk fills up within a line, the next line starts on its own.
    @Test func aPartialLineIsEndedBeforeTheNext() {
        var file: [UInt8] = []
        var room = 10
        var writer = LineWriter(STDERR_FILENO) { _, bytes in
            guard room > 0 else {
                errno = ENOSPC
                return -1
            }
            let part = bytes.prefix(room)
            file += part
            room -= part.count
            return part.count
        }
        let whole = writer.write("whole")
        let torn = writer.write("torn in two")
        room = 100
        let next = writer.write("next")
        #expect([whole, torn, next] == [true, false, true])
        #expect(String(decoding: file, as: UTF8.self) == "whole\ntorn\nnext\n")
    }
}

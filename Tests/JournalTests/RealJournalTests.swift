import Foundation
import Glibc
import Journal
import Model
import TestSupport
import Testing

/// The real journald, started if none is running.
private final class RealJournal: Sendable {
    private let process: Process?

    /// Nil if no journald is running and none can be started.
    init?() {
        if RealJournal.isListening {
            process = nil
            return
        }
        let daemon = URL(filePath: "/lib/systemd/systemd-journald")
        guard geteuid() == 0, FileManager.default.isExecutableFile(atPath: daemon.path) else { return nil }
        let process = Process()
        process.executableURL = daemon
        process.standardError = FileHandle.nullDevice
        // Another test sets NOTIFY_SOCKET and must not receive journald's notifications.
        process.environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("NOTIFY") }
        guard (try? process.run()) != nil else { return nil }
        self.process = process
        for _ in 0..<5000 where !RealJournal.isListening { usleep(1000) }
        guard RealJournal.isListening else { return nil }
    }

    deinit {
        process?.terminate()
        process?.waitUntilExit()
    }

    private static var isListening: Bool {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "/run/systemd/journal/socket".utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        } == 0
    }

    static var isPossible: Bool {
        isListening || (geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/lib/systemd/systemd-journald"))
    }

    func query(_ arguments: String...) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/journalctl")
        process.arguments = ["--no-pager", "--quiet"] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self)
    }

    /// The journal's entries of one test, once there are that many.
    func entries(of workspace: String, count: Int) throws -> [[String: String]] {
        for _ in 0..<500 {
            let lines = try query("-o", "json", "SENDWARDEN_WORKSPACE=\(workspace)").split(separator: "\n")
            if lines.count >= count {
                return try lines.map { try JSONDecoder().decode([String: String].self, from: Data($0.utf8)) }
            }
            usleep(10_000)
        }
        return []
    }
}

/// Entries as read back from the real journal.
@Suite(
    .serialized,
    .enabled(if: RealJournal.isPossible, "needs a running journald, or root and systemd-journald to start one"))
struct RealJournalTests {
    private let real: RealJournal
    private let workspace = "test-\(UUID().uuidString)"

    init() throws { real = try #require(RealJournal()) }

    private func report(_ events: [JournalEvent]) -> [String] {
        let journal = Journal(format: .journal, time: SteadyTime(startingAt: EntryTests.at))
        let lines = Lines()
        let mirror = Journal(format: .json, time: SteadyTime(startingAt: EntryTests.at), writeLine: lines.add)
        for event in events {
            var event = event
            event.fields[.workspace] = workspace
            journal.report(event)
            mirror.report(event)
        }
        return lines.all
    }

    @Test func oneScraperConfigurationServesBothFormats() throws {
        let mirrored = report([
            JournalEvent(
                .campaignPaused, "paused camp_1 \"VP\": 5.6 % > 5 %", fields: [.campaign: "camp_1", .value: "0.056"]),
            JournalEvent(.launchHeld, "holding camp_2", fields: [.campaign: "camp_2", .rule: "fits"]),
        ])
        let entries = try real.entries(of: workspace, count: 2)
        #expect(entries.count == 2)
        for (entry, line) in zip(entries, mirrored) {
            let own = try JSONDecoder().decode([String: String].self, from: Data(line.utf8))
            for (name, value) in own where !name.hasPrefix("__") { #expect(entry[name] == value, "\(name)") }
        }
        #expect(entries.map { $0["SENDWARDEN_SEQ"] } == ["1", "2"])
    }

    @Test func anEventIsFoundByItsNameAndByItsMessageID() throws {
        _ = report([JournalEvent(.campaignPaused, "paused"), JournalEvent(.launchHeld, "held")])
        #expect(try real.entries(of: workspace, count: 2).count == 2)
        let byName = try real.query(
            "-o", "cat", "SENDWARDEN_WORKSPACE=\(workspace)", "SENDWARDEN_EVENT=campaign.paused")
        let byID = try real.query(
            "-o", "cat", "SENDWARDEN_WORKSPACE=\(workspace)", "MESSAGE_ID=\(EventKind.campaignPaused.messageID)")
        #expect(byName == "paused\n")
        #expect(byID == "paused\n")
    }

    /// Unsanitized, a newline would forge a line, an escape would become an array of bytes, and a long value null.
    @Test func hostileTextIsReadBackAsOneLine() throws {
        let names = EntryTests.hostile.map(\.0) + [String(repeating: "x", count: 10_000)]
        _ = report(names.map { JournalEvent(.campaignPaused, "paused \($0)", fields: [.campaignName: $0]) })
        let entries = try real.entries(of: workspace, count: names.count)
        #expect(entries.count == names.count)
        #expect(entries.allSatisfy { $0["MESSAGE"] != nil && $0["SENDWARDEN_CAMPAIGN_NAME"] != nil })
        let lines = try real.query("-o", "cat", "SENDWARDEN_WORKSPACE=\(workspace)").split(separator: "\n")
        #expect(lines.count == names.count)
    }

    @Test func aBurstIsWrittenWithoutGaps() throws {
        _ = report((0..<500).map { JournalEvent(.rulePending, "pending \($0)") })
        let entries = try real.entries(of: workspace, count: 500)
        #expect(entries.compactMap { $0["SENDWARDEN_SEQ"].flatMap { Int($0) } } == Array(1...500))
    }
}

import Foundation
import TestSupport
import Testing

/// The log reader has stopped; the daemon must still guard and shut down.
@Suite struct SilentReaderTests {
    private static let campaigns = 61
    private static let key = "sk_live_NeverShownToTheSilent"

    private static let names = (0..<campaigns).map { "camp_\($0)" }

    private static let world =
        """
        key: \(key)
        bounce_lag: 5s
        transit: 2s
        pools: [{id: pool_a, capacity: 500000, used: 100}]
        campaigns:

        """
        + names.map {
            "  - {id: \($0), pool: pool_a, status: running, leads: 2000, rate: 3600, bounce_rate: \($0 == "camp_0" ? 0 : 25)%}\n"
        }.joined()

    private static func policy(_ url: String, _ folder: TemporaryFolder) -> String {
        """
        version: 1
        workspace: {name: silent, provider: leadterra, url: "\(url)", credential_file: \(folder.path)/key}
        mode: enforce
        poll: {stats: 500ms, pools: 1s, budget: 400/s}
        stale_after: 10s
        campaigns: [\(names.map { "{id: \($0), pool: pool_a}" }.joined(separator: ", "))]
        rules:
          - {name: bounces, when: bounceRate > 6% and resolved >= 40, for: 1s, then: pause}
        """
    }

    private func withDaemon(
        _ pipe: FullPipe, padding: Int = 0,
        _ body: (_ daemon: RunningProgram, _ url: String, _ folder: TemporaryFolder) throws -> Void
    ) throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("key", Self.key + "\n")
        let simulator = try SimulatorProcess(world: try folder.write("world.yaml", Self.world), speed: 20)
        defer { simulator.end() }
        _ = try folder.write("policy.yaml", Self.policy(simulator.url, folder))
        let policy = folder.path + String(repeating: "/.", count: padding) + "/policy.yaml"
        let daemon = try RunningProgram(
            [
                "run", "--policy", policy, "--log-format", "json", "--no-ledger", "--control",
                folder.path + "/control.sock",
            ],
            errors: pipe.writing)
        pipe.closeWriting()
        defer {
            daemon.signal(SIGKILL)
            _ = daemon.waitUntilExit()
        }
        try body(daemon, simulator.url, folder)
    }

    private func pausedCount(_ url: String) throws -> Int {
        let data = try Data(contentsOf: try #require(URL(string: url + "/simulator/world")))
        let world = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        return (world?["campaigns"] as? [[String: Any]] ?? []).count { $0["status"] as? String == "paused" }
    }

    @Test(arguments: [false, true])
    func everyBreachIsPausedAndItShutsDown(_ isNonBlocking: Bool) throws {
        let pipe = try FullPipe(isNonBlocking: isNonBlocking)
        try withDaemon(pipe) { daemon, url, folder in
            #expect(daemon.wait { (try? pausedCount(url)) == Self.campaigns - 1 })
            let metrics = try Program.run(["metrics", "--control", folder.path + "/control.sock"])
            #expect(metrics.stdout.contains("sendwarden_campaigns{state=\"paused\"} \(Self.campaigns - 1)\n"))
            #expect(metrics.stdout.contains("sendwarden_journal_dropped_total 0\n"))
            let asked = ContinuousClock.now
            daemon.signal(SIGTERM)
            #expect(daemon.waitUntilExit().code == 0)
            #expect(ContinuousClock.now - asked < .seconds(3))
        }
    }

    @Test func aReaderThatReturnsGetsEveryQueuedEntry() throws {
        let pipe = try FullPipe(isNonBlocking: false)
        try withDaemon(pipe) { daemon, url, _ in
            #expect(daemon.wait { (try? pausedCount(url)) == Self.campaigns - 1 })
            pipe.discard()
            daemon.signal(SIGTERM)
            let entries = try pipe.readLines().map {
                try JSONDecoder().decode([String: String].self, from: Data($0.utf8))
            }
            #expect(daemon.waitUntilExit().code == 0)
            #expect(entries.compactMap { $0["SENDWARDEN_SEQ"].flatMap { Int($0) } } == Array(1...entries.count))
            #expect(entries.count { $0["SENDWARDEN_EVENT"] == "campaign.paused" } == Self.campaigns - 1)
            #expect(entries.last?["SENDWARDEN_EVENT"] == "daemon.stopping")
        }
    }

    @Test func droppedEntriesAreAGapAndOneSummary() throws {
        let pipe = try FullPipe(isNonBlocking: false)
        // A long policy path makes long entries.
        try withDaemon(pipe, padding: 1850) { daemon, _, folder in
            let socket = folder.path + "/control.sock"
            #expect(daemon.wait { (try? RawConnection(path: socket)) != nil })
            // Each refusal has about 11 KB, and the queue's limit is 16 MiB.
            _ = try folder.write("policy.yaml", "version: 2\n")
            let client = try RawConnection(path: socket)
            for _ in 0..<2500 {
                client.send("POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
                #expect(try client.response().hasPrefix("HTTP/1.1 422 "))
            }
            let metrics = try Program.run(["metrics", "--control", socket]).stdout.split(separator: "\n")
            let dropped = try #require(
                metrics.first { $0.hasPrefix("sendwarden_journal_dropped_total ") }
                    .flatMap { Int($0.split(separator: " ")[1]) })
            #expect(dropped > 0)
            pipe.discard()
            let lines = try pipe.readLines { $0.contains("journal.dropped") }
            let last = try JSONDecoder().decode([String: String].self, from: Data(try #require(lines.last).utf8))
            #expect(last["SENDWARDEN_EVENT"] == "journal.dropped" && last["PRIORITY"] == "4")
            #expect(try #require(last["SENDWARDEN_SEQ"].flatMap { Int($0) }) >= lines.count + dropped)
            #expect(lines.count { $0.contains("\"journal.dropped\"") } == 1)
            daemon.signal(SIGTERM)
            let rest = try pipe.readLines()
            #expect(!rest.contains { $0.contains("\"journal.dropped\"") })
            #expect(rest.last?.contains("\"daemon.stopping\"") == true)
            #expect(daemon.waitUntilExit().code == 0)
        }
    }

    /// The daemon waits a bounded time for a reader of the entry that reports why it did not start.
    @Test(arguments: [false, true])
    func aFailedStartIsReportedAndExits(_ isRead: Bool) throws {
        let pipe = try FullPipe(isNonBlocking: false)
        let folder = try TemporaryFolder()
        let policy = try folder.write("policy.yaml", "version: 2\n")
        let daemon = try RunningProgram(
            ["run", "--policy", policy, "--log-format", "text"], errors: pipe.writing)
        pipe.closeWriting()
        if isRead {
            pipe.discard()
            let lines = try pipe.readLines()
            #expect(lines.count == 1 && lines.first?.contains("critical policy.refused: cannot start: ") == true)
        }
        #expect(daemon.waitUntilExit().code == 78)
    }
}

import Foundation
import TestSupport
import Testing

/// The daemon and the simulator as processes: signals, reloads, shutdown and the ledger.
@Suite struct DaemonProcessTests {
    static let key = "sk_live_NeverShownByTheProcess"

    static let world = """
        key: \(key)
        bounce_lag: 5s
        transit: 2s
        pools: [{id: pool_a, capacity: 5000, used: 100}]
        campaigns:
          - {id: good, pool: pool_a, status: running, leads: 2000, rate: 3600, bounce_rate: 0.5%}
          - {id: bad, pool: pool_a, status: running, leads: 2000, rate: 3600, bounce_rate: 20%}
        """

    static func policy(_ url: String, _ folder: TemporaryFolder, mode: String) -> String {
        """
        version: 1
        workspace: {name: process, provider: leadterra, url: "\(url)", credential_file: \(folder.path)/key}
        mode: \(mode)
        poll: {stats: 200ms, pools: 1s, budget: 100/s}
        stale_after: 5s
        campaigns: [{id: good, pool: pool_a}, {id: bad, pool: pool_a}]
        rules:
          - {name: bounces, when: bounceRate > 6% and resolved >= 40, for: 1s, then: pause}
          - {name: whole-pool, on: group, by: pool, when: bounceRate > 95% and resolved >= 40, then: pause}
        """
    }

    static func withDaemon(
        mode: String, arguments: [String] = [], shell: String? = nil, world: String = Self.world, speed: Int = 20,
        _ body: (RunningProgram, _ folder: TemporaryFolder, _ url: String, _ simulator: RunningProgram) throws -> Void
    ) throws {
        let folder = try TemporaryFolder()
        let world = try folder.write("world.yaml", world)
        _ = try folder.write("key", Self.key + "\n")
        let simulator = try SimulatorProcess(world: world, speed: speed)
        defer { simulator.end() }
        let url = simulator.url
        let policy = try folder.write("policy.yaml", Self.policy(url, folder, mode: mode))
        let state = folder.path + "/ledger.sqlite"
        let daemon = try RunningProgram(
            [
                "run", "--policy", policy, "--log-format", "json", "--ledger", state, "--control",
                folder.path + "/control.sock",
            ]
                + arguments, shell: shell)
        defer {
            daemon.signal(SIGKILL)
            _ = daemon.waitUntilExit()
        }
        try body(daemon, folder, url, simulator.program)
        #expect(!daemon.stderr.contains("NeverShown"))
        #expect(!daemon.stdout.contains("NeverShown"))
    }

    private func requests(_ url: String) throws -> [[String: Any]] {
        let data = try Data(contentsOf: try #require(URL(string: url + "/simulator/requests")))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func itShutsDownCleanlyOnASignal(_ signal: Int32) throws {
        try Self.withDaemon(mode: "enforce") { daemon, _, _, _ in
            #expect(daemon.wait { daemon.stderr.contains("campaign.paused") })
            let asked = ContinuousClock.now
            daemon.signal(signal)
            let outcome = daemon.waitUntilExit()
            #expect(outcome.code == 0)
            #expect(ContinuousClock.now - asked < .seconds(2))
            #expect(outcome.stderr.contains("daemon.stopping"))
            #expect(outcome.stdout.isEmpty)
        }
    }

    @Test func itShutsDownInTimeWhileThePlatformHangs() throws {
        try Self.withDaemon(mode: "enforce") { daemon, _, _, simulator in
            #expect(daemon.wait { daemon.stderr.contains("daemon.ready") })
            // The platform hangs: requests are in flight and get no response.
            simulator.signal(SIGSTOP)
            usleep(500_000)
            let asked = ContinuousClock.now
            daemon.signal(SIGTERM)
            let outcome = daemon.waitUntilExit()
            simulator.signal(SIGCONT)
            #expect(outcome.code == 0)
            #expect(ContinuousClock.now - asked < .seconds(2))
        }
    }

    @Test func sighupReloadsThePolicy() throws {
        try Self.withDaemon(mode: "observe") { daemon, folder, url, _ in
            #expect(daemon.wait { daemon.stderr.contains("campaign.paused") })
            #expect(try requests(url).allSatisfy { $0["method"] as? String == "GET" })
            _ = try folder.write("policy.yaml", Self.policy(url, folder, mode: "enforced"))
            daemon.signal(SIGHUP)
            #expect(daemon.wait { daemon.stderr.contains("policy.refused") })
            #expect(try requests(url).allSatisfy { $0["method"] as? String == "GET" })
            _ = try folder.write("policy.yaml", Self.policy(url, folder, mode: "enforce"))
            daemon.signal(SIGHUP)
            #expect(
                daemon.wait { daemon.stderr.split(separator: "\n").count { $0.contains("\"campaign.paused\"") } == 2 })
            let posts = try requests(url).filter { $0["method"] as? String == "POST" }
            #expect(posts.map { $0["path"] as? String } == ["/v1/campaigns/bad/pause"])
        }
    }

    // MARK: The ledger

    @Test func aSecondDaemonOnTheSameLedgerIsRefused() throws {
        try Self.withDaemon(mode: "observe") { daemon, folder, _, _ in
            #expect(daemon.wait { daemon.stderr.contains("daemon.ready") })
            let second = try Program.run([
                "run", "--policy", folder.path + "/policy.yaml", "--log-format", "text", "--ledger",
                folder.path + "/ledger.sqlite",
            ])
            #expect(second.code == 69)
            #expect(second.stderr.contains("process \(daemon.pid)"))
        }
    }

    @Test func aDamagedLedgerIsRefusedWithoutRecoverLedger() throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("key", Self.key)
        let policy = try folder.write("policy.yaml", Self.policy("http://127.0.0.1:9", folder, mode: "observe"))
        let state = try folder.write("ledger.sqlite", String(repeating: "no database ", count: 1000))
        let arguments = ["run", "--policy", policy, "--log-format", "text", "--ledger", state]
        let refused = try Program.run(arguments)
        #expect(refused.code == 65)
        #expect(refused.stderr.contains("--recover-ledger"))
        let recovered = try RunningProgram(arguments + ["--recover-ledger"])
        #expect(recovered.wait { recovered.stderr.contains("daemon.ready") })
        recovered.signal(SIGTERM)
        #expect(recovered.waitUntilExit().code == 0)
        #expect(recovered.stderr.contains("moved to \(state).damaged-"))
    }

    /// A file size limit stands in for a full disk.
    @Test func aFullDiskBlocksNoPauseAndTheLedgerRecovers() throws {
        try Self.withDaemon(mode: "enforce", shell: "trap '' XFSZ; ulimit -S -f 340; exec") { daemon, folder, url, _ in
            #expect(daemon.wait { daemon.stderr.contains("ledger.failed") })
            #expect(daemon.wait { daemon.stderr.contains("\"campaign.paused\"") })
            #expect(try requests(url).contains { $0["path"] as? String == "/v1/campaigns/bad/pause" })
            // With nothing new to store, it goes on polling and answers.
            Thread.sleep(forTimeInterval: 2)
            let polls = try requests(url).count
            Thread.sleep(forTimeInterval: 2)
            #expect(try requests(url).count > polls + 5)
            let status = try Program.run(["status", "--control", folder.path + "/control.sock"])
            #expect(status.code == 0, "\(status)")
            let prlimit = try Process.run(
                URL(filePath: "/usr/bin/prlimit"), arguments: ["--pid", "\(daemon.pid)", "--fsize=unlimited:unlimited"])
            prlimit.waitUntilExit()
            try #require(prlimit.terminationStatus == 0)
            #expect(daemon.wait { daemon.stderr.contains("ledger.recovered") })
        }
    }

    @Test func everyLogLineIsAJSONObjectOfStringsInOrder() throws {
        try Self.withDaemon(mode: "enforce") { daemon, _, _, _ in
            #expect(daemon.wait { daemon.stderr.contains("campaign.paused") })
            daemon.signal(SIGTERM)
            let lines = daemon.waitUntilExit().stderr.split(separator: "\n")
            let entries = try lines.map { try JSONDecoder().decode([String: String].self, from: Data($0.utf8)) }
            #expect(entries.compactMap { $0["SENDWARDEN_SEQ"].flatMap { Int($0) } } == Array(1...entries.count))
            let names = entries.compactMap { $0["SENDWARDEN_EVENT"] }
            #expect(names.first == "daemon.started")
            #expect(names.last == "daemon.stopping")
            #expect(names.contains("daemon.ready"))
            #expect(names.filter { $0 == "campaign.paused" }.count == 1)
        }
    }
}

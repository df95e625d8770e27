import Foundation
import GRDB
import TestSupport
import Testing

/// Notifications and health of the daemon as a process.
@Suite struct NotifyProcessTests {
    private static func policy(_ url: String, _ folder: TemporaryFolder, _ notify: String) -> String {
        DaemonProcessTests.policy(url, folder, mode: "enforce") + "\n" + notify + "\n"
    }

    private func outbox(_ folder: TemporaryFolder) throws -> Int {
        try DatabaseQueue(path: folder.path + "/ledger.sqlite").read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM outbox") ?? 0
        }
    }

    private func waitForOutbox(_ folder: TemporaryFolder, _ isWanted: (Int) -> Bool) throws -> Int {
        var count = try outbox(folder)
        for _ in 0..<1000 where !isWanted(count) {
            usleep(20_000)
            count = try outbox(folder)
        }
        return count
    }

    /// Killed after it stored the notification of a pause, and before the receiver took it.
    @Test func aKillBetweenStoreAndSendLosesNothing() async throws {
        let folder = try TemporaryFolder()
        _ = try folder.write("key", DaemonProcessTests.key)
        let simulator = try SimulatorProcess(world: try folder.write("world.yaml", DaemonProcessTests.world), speed: 20)
        defer { simulator.end() }
        let arguments = [
            "run", "--policy", folder.path + "/policy.yaml", "--log-format", "json", "--ledger",
            folder.path + "/ledger.sqlite", "--control", folder.path + "/control.sock",
        ]
        let notify = "notify: [{name: hook, webhook: {url_file: \(folder.path)/url}, events: [campaign.paused]}]"
        _ = try folder.write("policy.yaml", Self.policy(simulator.url, folder, notify))
        // Nothing listens there.
        _ = try folder.write("url", "http://127.0.0.1:1/NeverShownPath")
        let first = try RunningProgram(arguments)
        #expect(first.wait { first.stderr.contains("campaign.paused") })
        #expect(try waitForOutbox(folder) { $0 == 1 } == 1)
        first.signal(SIGKILL)
        #expect(!first.waitUntilExit().stderr.contains("NeverShown"))
        try await ScriptedServer.run({ _ in .bytes(ScriptedServer.ok("")) }) { url, server in
            _ = try folder.write("url", url + "/NeverShownPath")
            let second = try RunningProgram(arguments)
            #expect(second.wait { !server.requests.isEmpty })
            #expect(server.requests[0].line == "POST /NeverShownPath")
            #expect(server.requests[0].body.contains("paused bad"))
            #expect(try waitForOutbox(folder) { $0 == 0 } == 0)
            second.signal(SIGTERM)
            let outcome = second.waitUntilExit()
            #expect(outcome.code == 0 && !outcome.stderr.contains("NeverShown"))
            // Once, because it was confirmed.
            #expect(server.requests.count == 1)
        }
        let ledger = try Data(contentsOf: URL(filePath: folder.path + "/ledger.sqlite"))
        #expect(ledger.range(of: Data("NeverShown".utf8)) == nil)
    }

    @Test func aTestMessageGoesThroughTheDaemon() async throws {
        try await ScriptedServer.run({ request in
            .bytes(request.line.hasSuffix("/ok") ? ScriptedServer.ok("") : ScriptedServer.answer("404 No", ""))
        }) { url, server in
            try DaemonProcessTests.withDaemon(mode: "observe") { daemon, folder, simulator, _ in
                #expect(daemon.wait { daemon.stderr.contains("daemon.ready") })
                let socket = ["--control", folder.path + "/control.sock"]
                let none = try Program.run(["notify", "test", "good"] + socket)
                #expect(none.code == 65 && none.stderr.contains("the policy in use has no receivers"))
                let notify = """
                    notify:
                      - {name: good, webhook: {url: '\(url)/ok'}, severity: critical}
                      - {name: gone, webhook: {url: '\(url)/gone'}, severity: critical}
                    """
                _ = try folder.write("policy.yaml", Self.policy(simulator, folder, notify))
                #expect(try Program.run(["reload"] + socket).code == 0)
                let good = try Program.run(["notify", "test", "good"] + socket)
                #expect(good.code == 0 && good.stdout == "receiver good accepted the test notification\n")
                #expect(server.requests.contains { $0.line == "POST /ok" && $0.body.contains("nothing happened") })
                let gone = try Program.run(["notify", "test", "gone"] + socket)
                #expect(gone.code == 65)
                #expect(gone.stderr == "error: receiver gone did not accept the test notification: HTTP 404\n")
                let typo = try Program.run(["notify", "test", "goood"] + socket)
                #expect(typo.code == 65 && typo.stderr.contains("did you mean good?"))
                // doctor asks only the server.
                let count = server.requests.count
                let doctor = try Program.run(
                    ["doctor", "--policy", folder.path + "/policy.yaml", "--ledger", folder.path + "/ledger.sqlite"]
                        + socket)
                #expect(doctor.stdout.contains("receiver gone: \(url) responds"), "\(doctor.stdout)")
                #expect(server.requests[count...].map(\.line) == ["HEAD /", "HEAD /"])
            }
        }
    }

    private func fetch(_ port: Int, _ path: String) throws -> (status: Int, body: String) {
        let connection = try RawConnection(port: port)
        connection.send("GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        let text = connection.wholeResponse()
        let status = Int(text.split(separator: " ").dropFirst().first ?? "") ?? 0
        return (status, text.components(separatedBy: "\r\n\r\n").dropFirst().joined())
    }

    @Test func probesAndChecksTellHowItIs() throws {
        let port = 20_000 + Int(getpid() + 7) % 20_000
        try DaemonProcessTests.withDaemon(mode: "enforce", arguments: ["--metrics-port", "\(port)"]) {
            daemon, folder, _, simulator in
            #expect(daemon.wait { daemon.stderr.contains("campaign.paused") })
            let check = ["status", "--check", "--control", folder.path + "/control.sock"]
            #expect(try fetch(port, "/healthz") == (200, "ok\n"))
            #expect(try fetch(port, "/readyz") == (200, "ok\n"))
            #expect(try fetch(port, "/").body.contains("href=\"/readyz\""))
            #expect(try fetch(port, "/v1/status").status == 404)
            let paused = try Program.run(check)
            #expect(paused.code == 1)
            #expect(
                paused.stdout
                    == "SENDWARDEN WARNING - 2 campaigns watched, 1 paused, 1 rule firing | watched=2 paused=1 firing=1 "
                    + "stale=0 held=0\n")
            // The platform hangs.
            simulator.signal(SIGSTOP)
            #expect(daemon.wait { daemon.stderr.components(separatedBy: "\"campaign.stale\"").count > 2 })
            let probe = try fetch(port, "/readyz")
            #expect(probe.status == 503 && probe.body.hasPrefix("not ready: process: "), "\(probe)")
            #expect(try fetch(port, "/healthz").status == 200)
            let stale = try Program.run(check)
            #expect(stale.code == 2 && stale.stdout.hasPrefix("SENDWARDEN CRITICAL - 2 campaigns watched"), "\(stale)")
            simulator.signal(SIGCONT)
            // The daemon hangs.
            daemon.signal(SIGKILL)
            _ = daemon.waitUntilExit()
            let gone = try Program.run(check)
            #expect(gone.code == 3 && gone.stdout.hasPrefix("SENDWARDEN UNKNOWN - no daemon"), "\(gone)")
        }
    }
}

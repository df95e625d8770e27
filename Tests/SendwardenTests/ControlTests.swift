import Foundation
import TestSupport
import Testing

/// The control socket of a running daemon: reloads, status and metrics.
@Suite struct ControlTests {
    @Test func aReloadReportsItsOutcome() throws {
        try DaemonProcessTests.withDaemon(mode: "observe") { daemon, folder, url, _ in
            #expect(daemon.wait { daemon.stderr.contains("daemon.ready") })
            let socket = ["--control", folder.path + "/control.sock"]
            let mode = try FileManager.default.attributesOfItem(atPath: folder.path + "/control.sock")
            #expect(mode[.posixPermissions] as? Int == 0o660)

            _ = try folder.write("policy.yaml", DaemonProcessTests.policy(url, folder, mode: "enforced"))
            let refused = try Program.run(["reload"] + socket)
            #expect(refused.code == 78)
            #expect(refused.stdout.isEmpty)
            #expect(refused.stderr.contains("policy refused, the policy in use stays in use"))
            #expect(refused.stderr.contains("policy.yaml:3:"))
            #expect(daemon.wait { daemon.stderr.contains("campaign.paused") })
            #expect(!daemon.stderr.contains("\"SENDWARDEN_MODE\":\"enforced\""))

            _ = try folder.write("policy.yaml", DaemonProcessTests.policy(url, folder, mode: "enforce"))
            let accepted = try Program.run(["reload"] + socket)
            #expect(accepted.code == 0)
            #expect(accepted.stdout.hasPrefix("policy loaded: workspace process, enforce mode"))
            #expect(accepted.stderr.isEmpty)
            // The journal reports who requested the reload.
            let entry = daemon.stderr.split(separator: "\n").last { $0.contains("\"policy.loaded\"") }
            #expect(entry?.contains("(uid \(getuid()), pid ") == true)
        }
    }

    @Test func aMissingDaemonIsReported() throws {
        let outcome = try Program.run(["reload", "--control", "/nowhere/control.sock"])
        #expect(outcome.code == 69)
        #expect(outcome.stderr.contains("no daemon: socket /nowhere/control.sock does not exist"))
        let long = "/" + String(repeating: "x", count: 200)
        #expect(try Program.run(["metrics", "--control", long]).code == 78)
    }

    @Test func metricsCountWhatTheDaemonDid() throws {
        try DaemonProcessTests.withDaemon(mode: "enforce") { daemon, folder, _, _ in
            #expect(daemon.wait { daemon.stderr.contains("campaign.paused") })
            let socket = folder.path + "/control.sock"
            let outcome = try Program.run(["metrics", "--control", socket])
            #expect(outcome.code == 0)
            let lines = Set(outcome.stdout.split(separator: "\n").map(String.init))
            for line in [
                "sendwarden_enforcing 1", "sendwarden_api_healthy 1", "sendwarden_ledger_failing 0",
                "sendwarden_events_total{event=\"campaign.paused\"} 1",
                "sendwarden_api_requests_total{endpoint=\"pause\",outcome=\"ok\"} 1",
                "sendwarden_campaigns{state=\"paused\"} 1",
                "sendwarden_rule_firing{rule=\"bounces\",campaign=\"good\"} 0",
                "sendwarden_rule_firing{rule=\"bounces\",campaign=\"bad\"} 1",
                "sendwarden_group_rule_firing{rule=\"whole-pool\",group=\"pool=pool_a\"} 0",
                "sendwarden_group_rule_no_data{rule=\"whole-pool\",group=\"pool=pool_a\"} 0",
                "sendwarden_pool_capacity_messages{pool=\"pool_a\"} 5000",
            ] { #expect(lines.contains(line), "\(line)") }
            // Buckets are cumulative, and the last contains every request.
            let buckets = outcome.stdout.split(separator: "\n").filter {
                $0.hasPrefix("sendwarden_api_request_duration_seconds_bucket{endpoint=\"stats\"")
            }.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
            #expect(buckets == buckets.sorted() && buckets.count == 11)
            let count = outcome.stdout.split(separator: "\n").first {
                $0.hasPrefix("sendwarden_api_request_duration_seconds_count{endpoint=\"stats\"}")
            }.flatMap { $0.split(separator: " ").last.flatMap { Int($0) } }
            #expect(buckets.last == count)

            let families = Set(
                outcome.stdout.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map {
                    $0.split(separator: " ")[2]
                })
            let document = try String(contentsOfFile: CommandLineTests.root + "/docs/metrics.md", encoding: .utf8)
            let documented = document.split(separator: "\n").filter { $0.hasPrefix("| `") }.map {
                $0.dropFirst(3).prefix { $0 != "`" && $0 != "{" }
            }
            #expect(families == Set(documented))
        }
    }

    @Test func statusFitsOneScreen() throws {
        try DaemonProcessTests.withDaemon(mode: "enforce") { daemon, folder, _, _ in
            #expect(daemon.wait { daemon.stderr.contains("campaign.paused") })
            let socket = ["--control", folder.path + "/control.sock"]
            let outcome = try Program.run(["status"] + socket)
            #expect(outcome.code == 0 && outcome.stderr.isEmpty)
            let lines = outcome.stdout.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.first == "process on leadterra, enforce mode: watching 2 campaigns, 1 paused")
            #expect(lines.allSatisfy { $0.count <= 80 }, "wider than 80 columns")
            // No colors without a terminal; paused campaigns come before healthy ones.
            #expect(!outcome.stdout.contains("\u{1b}"))
            let order = lines.compactMap { line in ["bad ", "good "].first { line.hasPrefix($0) } }
            #expect(order == ["bad ", "good "])
            let bad = try #require(lines.first { $0.hasPrefix("bad ") })
            #expect(bad.contains(" paused ") && bad.contains(" %"))
            // Remarks that do not fit beside a campaign are below it.
            let remark = lines.firstIndex(of: bad).map { lines[$0] + lines[$0 + 1] }
            #expect(remark?.contains("bounces firing for ") == true)
            #expect(lines[1].hasPrefix("API healthy, ") && lines[1].hasSuffix(" of 6000 requests per minute"))
            #expect(lines.contains { $0.hasPrefix("pool_a  ") && $0.contains(" of 5000 left") })

            let json = try Program.run(["status", "--json"] + socket)
            let object = try JSONSerialization.jsonObject(with: Data(json.stdout.utf8)) as? [String: Any]
            let campaigns = try #require(object?["campaigns"] as? [[String: Any]])
            #expect(campaigns.map { $0["state"] as? String } == ["running", "paused"])
            #expect((object?["at"] as? String)?.hasSuffix("Z") == true)
            let short = try Program.run(["status", "--limit", "1"] + socket)
            #expect(short.stdout.contains("and 1 more, none more urgent"))
            #expect(!short.stdout.contains("\ngood "))
            let second = try Program.run(["status", "--limit", "1", "--page", "2"] + socket)
            #expect(second.stdout.contains("\ngood ") && !second.stdout.contains("\nbad "))
        }
    }

    @Test func metricsAreServedOnLoopbackAndWrittenToAFile() throws {
        let port = 20000 + Int(getpid()) % 20000
        let metrics = try TemporaryFolder()
        let file = metrics.path + "/sendwarden.prom"
        try DaemonProcessTests.withDaemon(
            mode: "enforce", arguments: ["--metrics-port", "\(port)", "--metrics-file", file]
        ) { daemon, _, _, _ in
            #expect(daemon.wait { daemon.stderr.contains("daemon.ready") })
            let url = try #require(URL(string: "http://127.0.0.1:\(port)"))
            let text = try String(contentsOf: url.appending(path: "metrics"), encoding: .utf8)
            #expect(text.contains("sendwarden_build_info{version="))
            // The metrics port accepts no orders.
            #expect((try? Data(contentsOf: url.appending(path: "v1/reload"))) == nil)
            #expect(daemon.wait { (try? String(contentsOfFile: file, encoding: .utf8))?.contains("_total") == true })
            daemon.signal(SIGTERM)
            #expect(daemon.waitUntilExit().code == 0)
            // The daemon removes the file, so that no stale metrics are scraped.
            #expect(!FileManager.default.fileExists(atPath: file))
        }
    }

    @Test func aFailedControlSocketDoesNotStopTheGuard() throws {
        try DaemonProcessTests.withDaemon(mode: "enforce", arguments: ["--control", "/nowhere/control.sock"]) {
            daemon, _, _, _ in
            #expect(daemon.wait { daemon.stderr.contains("campaign.paused") })
            #expect(daemon.stderr.contains("control.failed"))
            #expect(daemon.stderr.contains("cannot listen on /nowhere/control.sock"))
        }
    }
}

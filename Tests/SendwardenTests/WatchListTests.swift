import Foundation
import TestSupport
import Testing

/// Campaigns join and leave the watch list of a running daemon, which a user started without a service.
@Suite struct WatchListTests {
    /// A daemon in observe mode whose files are in the user's folders, and a file of campaigns.
    private func withDaemon(
        _ body: (RunningProgram, TemporaryFolder, [String: String]) throws -> Void
    ) throws {
        let folder = try TemporaryFolder()
        let world = try folder.write("world.yaml", DaemonProcessTests.world)
        _ = try folder.write("key", DaemonProcessTests.key + "\n")
        let simulator = try SimulatorProcess(world: world, speed: 20)
        defer { simulator.end() }
        _ = try folder.write("campaigns.txt", "good\n")
        let policy = try folder.write(
            "policy.yaml",
            """
            version: 1
            workspace: {name: process, provider: leadterra, url: "\(simulator.url)", credential_file: \(folder.path)/key}
            poll: {stats: 200ms, pools: 1s, budget: 100/s}
            defaults: {pool: pool_a}
            campaigns_file: campaigns.txt
            rules:
              - {name: bounces, when: bounceRate > 6% and resolved >= 40, for: 1s, then: pause}
            """)
        let home = ["XDG_STATE_HOME": folder.path + "/state", "XDG_RUNTIME_DIR": folder.path + "/run"]
        let daemon = try RunningProgram(["run", "--policy", policy, "--log-format", "json"], environment: home)
        defer {
            daemon.signal(SIGKILL)
            _ = daemon.waitUntilExit()
        }
        #expect(daemon.wait { daemon.stderr.contains("daemon.ready") })
        try body(daemon, folder, home)
    }

    /// Without the line breaks for a terminal of 80 columns.
    private func unwrapped(_ outcome: Program.Outcome) -> String {
        outcome.stdout.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    @Test func aUsersDaemonSaysWhereItsFilesAreAndCommandsFindThem() throws {
        try withDaemon { daemon, folder, home in
            #expect(daemon.stderr.contains("ledger \(folder.path)/state/sendwarden/ledger.sqlite"))
            #expect(daemon.stderr.contains("control socket \(folder.path)/run/sendwarden/control.sock"))
            #expect(daemon.stderr.contains("observe mode (the policy sets none)"))
            let status = try Program.run(["status"], environment: home)
            #expect(status.code == 0 && unwrapped(status).contains("campaigns: 1 in \(folder.path)/campaigns.txt"))
            daemon.signal(SIGTERM)
            #expect(daemon.waitUntilExit().code == 0)
            let history = try Program.run(["history"], environment: home)
            #expect(history.code == 0 && history.stdout.contains("daemon.stopping"), "\(history.stderr)")
        }
    }

    /// Nobody asked for the socket, so a second daemon guards without one; a second one on the same ledger does not run.
    @Test func aSecondDaemonOfTheUserRunsWithoutASocket() throws {
        try withDaemon { _, folder, home in
            let arguments = ["run", "--policy", folder.path + "/policy.yaml", "--log-format", "json"]
            let same = try Program.run(arguments, environment: home)
            #expect(same.code == 69 && same.stderr.contains("ledger.failed"))
            let other = try RunningProgram(arguments + ["--ledger", folder.path + "/other.sqlite"], environment: home)
            #expect(other.wait { other.stderr.contains("daemon.ready") })
            #expect(other.stderr.contains("no control socket: ") && other.stderr.contains("--control"))
            other.signal(SIGTERM)
            #expect(other.waitUntilExit().code == 0)
            #expect(try Program.run(["status"], environment: home).code == 0, "the first one still answers")
        }
    }

    @Test func peopleAddAndRemoveCampaigns() throws {
        try withDaemon { daemon, folder, home in
            let watch = try Program.run(["watch", "bad", "other", "--label", "team=sales"], environment: home)
            #expect(watch.code == 0 && watch.stdout.hasPrefix("watching bad (pool pool_a, team sales)"), "\(watch)")
            #expect(daemon.wait { daemon.stderr.contains("campaign.paused") }, "a rule judges it")
            let status = try Program.run(["status"], environment: home)
            #expect(unwrapped(status).contains("campaigns: 1 in \(folder.path)/campaigns.txt, 2 by order"))
            let listed = try Program.run(["unwatch", "good", "other"], environment: home)
            #expect(listed.code == 65 && listed.stderr.contains("campaigns.txt lists good; remove it there"))
            #expect(listed.stdout == "no longer watching other\n", "one refusal does not stop the others")
            #expect(try Program.run(["watch", "a b"], environment: home).code == 64)
            #expect(daemon.wait { daemon.stderr.contains("campaign.paused") })
            #expect(
                try Program.run(["reload"], environment: home).stdout.contains("2 campaigns (1 from files, 1 watched"))
            #expect(try Program.run(["watch", "nope"], environment: home).code == 0)
            #expect(
                daemon.wait { daemon.stderr.contains("end the watch of a wrong one with 'sendwarden unwatch nope'") })
            #expect(try Program.run(["unwatch", "--all"], environment: home).code == 64, "nobody can be asked")
            let all = try Program.run(["unwatch", "--all", "--yes"], environment: home)
            #expect(all.code == 0 && all.stdout.split(separator: "\n").count == 2, "\(all)")
            let none = try Program.run(["unwatch", "--label", "team=sales", "--yes"], environment: home)
            #expect(none.code == 65 && none.stderr.contains("no campaign with team=sales is watched by order"))
            #expect(try Program.run(["watch", "x", "--label", "team"], environment: home).code == 64)
            let long = String(repeating: "x", count: 101)
            let refused = try Program.run(["watch", "x", "--label", "team=\(long)"], environment: home)
            #expect(refused.code == 65 && refused.stderr.contains("longer than 100 characters"), "\(refused)")
        }
    }

    /// The file is empty at a restart: the campaigns that it listed stay guarded until the policy says otherwise.
    @Test func anEmptyFileAtARestartUnguardsNothing() throws {
        try withDaemon { daemon, folder, home in
            daemon.signal(SIGTERM)
            #expect(daemon.waitUntilExit().code == 0)
            _ = try folder.write("campaigns.txt", "")
            let path = folder.path + "/policy.yaml"
            let next = try RunningProgram(["run", "--policy", path, "--log-format", "json"], environment: home)
            defer {
                next.signal(SIGKILL)
                _ = next.waitUntilExit()
            }
            #expect(next.wait { next.stderr.contains("daemon.ready") })
            #expect(next.stderr.contains("watch.recalled") && next.stderr.contains("1 campaign (1 from files)"))
            #expect(try Program.run(["status", "--json"], environment: home).stdout.contains("\"good\""))
            let refused = try Program.run(["reload"], environment: home)
            #expect(refused.code == 78 && refused.stderr.contains("write 'campaigns: []' in the policy"), "\(refused)")
            let policy = try String(contentsOfFile: path, encoding: .utf8)
            _ = try folder.write("policy.yaml", policy + "\ncampaigns: []\n")
            #expect(try Program.run(["reload"], environment: home).code == 0)
            #expect(try !Program.run(["status", "--json"], environment: home).stdout.contains("\"good\""))
        }
    }

    @Test func aChangedFileIsReadAgainAndABrokenOneIsNot() throws {
        try withDaemon { daemon, folder, home in
            _ = try folder.write("campaigns.txt", "good\nbad\n")
            #expect(daemon.wait { daemon.stderr.contains("watching 2 campaigns; newly watched: bad") })
            // The policy's file is not read on the way.
            _ = try folder.write("policy.yaml", "version: 7\n")
            _ = try folder.write("campaigns.txt", "bad\nno id\n")
            #expect(daemon.wait { daemon.stderr.contains("campaigns_file refused, the campaigns in use stay in use") })
            #expect(daemon.stderr.contains("campaigns.txt:2:1: 'no id' is not a campaign's id"))
            _ = try folder.write("campaigns.txt", "")
            #expect(daemon.wait { daemon.stderr.contains("campaigns.txt no longer lists any campaign") })
            _ = try folder.write("campaigns.txt", "bad\n")
            #expect(daemon.wait { daemon.stderr.contains("watching 1 campaign; no longer watched: good") })
            #expect(!daemon.stderr.contains("unsupported policy version"))
            let status = try Program.run(["status", "--json"], environment: home)
            #expect(status.stdout.contains("\"bad\"") && !status.stdout.contains("\"good\""))
        }
    }
}

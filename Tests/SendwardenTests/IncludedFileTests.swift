import Foundation
import TestSupport
import Testing

/// A policy in several files, as a process reads it.
@Suite struct IncludedFileTests {
    private static let head = "version: 1\nmode: enforce\n"

    /// A daemon that includes `d/*.yaml`, in which `b.yaml` has the workspace.
    private func withDaemon(
        _ body: (RunningProgram, TemporaryFolder, _ url: String, _ home: [String: String]) throws -> Void
    ) throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path + "/d", withIntermediateDirectories: true)
        let world = try folder.write("world.yaml", DaemonProcessTests.world)
        _ = try folder.write("d/key", DaemonProcessTests.key + "\n")
        let simulator = try SimulatorProcess(world: world, speed: 20)
        defer { simulator.end() }
        _ = try folder.write("d/campaigns.txt", "")
        _ = try folder.write(
            "d/b.yaml",
            """
            workspace: {name: process, provider: leadterra, url: "\(simulator.url)", credential_file: ./key}
            campaigns: [good]
            campaigns_file: campaigns.txt
            """)
        let policy = try folder.write(
            "policy.yaml",
            """
            \(Self.head)include: d/*.yaml
            poll: {stats: 200ms, pools: 1s, budget: 100/s}
            rules: [{name: bounces, when: bounceRate > 90% and resolved >= 40, then: pause}]
            """)
        let home = ["XDG_STATE_HOME": folder.path + "/state", "XDG_RUNTIME_DIR": folder.path + "/run"]
        let daemon = try RunningProgram(["run", "--policy", policy, "--log-format", "json"], environment: home)
        defer {
            daemon.signal(SIGKILL)
            _ = daemon.waitUntilExit()
        }
        #expect(daemon.wait { daemon.stderr.contains("daemon.ready") }, "\(daemon.stderr)")
        try body(daemon, folder, simulator.url, home)
    }

    @Test func aReloadTakesUpIncludedFilesAllOrNothing() throws {
        try withDaemon { daemon, folder, url, home in
            #expect(daemon.stderr.contains("1 included file"))
            // A broken file changes nothing, neither at a reload nor when a campaign file changes.
            _ = try folder.write("d/c.yaml", "campains: [bad]\n")
            let refused = try Program.run(["reload"], environment: home)
            #expect(refused.code == 78, "\(refused)")
            #expect(refused.stderr.contains("d/c.yaml:1:1: unknown key 'campains' in an included file"), "\(refused)")
            _ = try folder.write("d/campaigns.txt", "bad\n")
            #expect(daemon.wait { daemon.stderr.contains("watching 2 campaigns; newly watched: bad") })
            // Another customer, whose file comes first, does not change whose daemon it is.
            try FileManager.default.removeItem(atPath: folder.path + "/d/c.yaml")
            _ = try folder.write(
                "d/a.yaml",
                """
                workspace: {name: first, provider: leadterra, url: "\(url)", credential_file: ./key}
                campaigns: [other]
                overrides: [{where: {campaign: other}, rule: bounces, when: bounceRate > 80%}]
                """)
            let taken = try Program.run(["reload"], environment: home)
            #expect(taken.code == 0 && taken.stdout.contains("workspaces process, first"), "\(taken)")
            #expect(taken.stdout.contains("1 override, 2 included files"), "\(taken)")
            let rule = try Program.run(["explain", "bounces"], environment: home)
            #expect(rule.stdout.contains("overridden for other: when bounceRate > 80%, then pause"), "\(rule)")
            let campaign = try Program.run(["explain", "other"], environment: home)
            #expect(
                campaign.stdout.contains("when bounceRate > 80%, then pause (overridden for this campaign)"),
                "\(campaign)")
            #expect(daemon.wait { daemon.stderr.contains("newly watched: other") })
        }
    }

    /// What happened in a workspace, and to its campaigns, is known after the policy dropped it.
    @Test func theHistoryOfARemovedWorkspaceRemains() throws {
        try withDaemon { daemon, folder, url, home in
            _ = try folder.write(
                "d/c.yaml",
                """
                workspace: {name: second, provider: leadterra, url: "\(url)", credential_file: ./key}
                campaigns: [other]
                """)
            #expect(try Program.run(["reload"], environment: home).code == 0)
            #expect(try Program.run(["mute", "other", "--for", "2h"], environment: home).code == 0)
            try FileManager.default.removeItem(atPath: folder.path + "/d/c.yaml")
            #expect(try Program.run(["reload"], environment: home).code == 0)
            for filter in [["--workspace", "second"], ["--campaign", "other"]] {
                let history = try Program.run(["history"] + filter, environment: home)
                #expect(history.code == 0 && history.stdout.contains("accepted order 'mute other"), "\(history)")
            }
            #expect(try Program.run(["history", "--workspace", "third"], environment: home).code != 0)
        }
    }

    /// A customer whose file is absent when the daemon starts has its mutes and holds when the file returns.
    @Test func aWorkspaceThatReturnsIsRemembered() throws {
        try withDaemon { daemon, folder, url, home in
            let customer = """
                workspace: {name: second, provider: leadterra, url: "\(url)", credential_file: ./key}
                campaigns: [other]
                """
            _ = try folder.write("d/c.yaml", customer)
            #expect(try Program.run(["reload"], environment: home).code == 0)
            #expect(
                try Program.run(["mute", "other", "--rule", "bounces", "--for", "2h"], environment: home).code == 0)
            try FileManager.default.removeItem(atPath: folder.path + "/d/c.yaml")
            daemon.signal(SIGTERM)
            #expect(daemon.waitUntilExit().code == 0, "\(daemon.stderr)")
            let next = try RunningProgram(
                ["run", "--policy", folder.path + "/policy.yaml", "--log-format", "json"], environment: home)
            defer {
                next.signal(SIGKILL)
                _ = next.waitUntilExit()
            }
            #expect(next.wait { next.stderr.contains("daemon.ready") }, "\(next.stderr)")
            _ = try folder.write("d/c.yaml", customer)
            #expect(try Program.run(["reload"], environment: home).code == 0)
            let status = try Program.run(["status"], environment: home)
            #expect(status.stdout.contains("bounces muted until"), "\(status)")
        }
    }

    // MARK: Messages

    /// What the command says about a policy with `include: policy.d/*.yaml` and one file in that folder.
    private func check(_ arguments: [String] = ["check"], _ prepare: (TemporaryFolder) throws -> Void) throws
        -> Program.Outcome
    {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path + "/policy.d", withIntermediateDirectories: true)
        let policy = try folder.write(
            "policy.yaml",
            """
            \(Self.head)workspace: {name: w, provider: leadterra, credential: key}
            include: policy.d/*.yaml
            campaigns: [{id: camp_1, labels: {team: sales}}, camp_2]
            rules: [{name: bounces, when: bounceRate > 5% and resolved >= 50, then: pause}]
            overrides: [{where: {team: sales}, rule: bounces, when: bounceRate > 8%}]
            """)
        try prepare(folder)
        return try Program.run(arguments + [policy])
    }

    @Test func checkNamesTheOverriddenCampaigns() throws {
        let outcome = try check {
            _ = try $0.write("policy.d/a.yaml", "campaigns: [{id: camp_3, labels: {team: sales}}]\n")
        }
        #expect(outcome.code == 0 && outcome.stderr.isEmpty, "\(outcome)")
        #expect(outcome.stdout.contains("3 campaigns, 1 rule, 1 override, 1 included file"))
        #expect(
            outcome.stdout.contains("rule bounces is overridden for camp_1, camp_3: when bounceRate > 8%, then pause"))
        let json = try check(["check", "--json"]) { _ = try $0.write("policy.d/a.yaml", "campains: [camp_3]\n") }
        #expect(json.code == 78 && json.stdout.contains("policy.d/a.yaml\""), "\(json)")
    }

    @Test func aFolderInPlaceOfAFileIsRefused() throws {
        let outcome = try check {
            try FileManager.default.createDirectory(
                atPath: $0.path + "/policy.d/a.yaml", withIntermediateDirectories: true)
        }
        #expect(outcome.code == 78 && outcome.stderr.contains("policy.d/a.yaml is not a regular file"), "\(outcome)")
    }

    @Test func aLinkToNothingIsRefused() throws {
        let outcome = try check {
            try FileManager.default.createSymbolicLink(
                atPath: $0.path + "/policy.d/a.yaml", withDestinationPath: "/nonexistent")
        }
        #expect(outcome.code == 78 && outcome.stderr.contains("remove the link, or create the file"), "\(outcome)")
    }

    @Test func anUnreadableFileIsRefused() throws {
        // Root can read every file.
        guard geteuid() != 0 else { return }
        let outcome = try check { _ = try $0.write("policy.d/a.yaml", "campaigns: []\n", mode: 0) }
        #expect(outcome.code == 78 && outcome.stderr.contains("the user that runs sendwarden needs read access"))
    }

    @Test func aFolderWithTooManyFilesIsRefusedAtOnce() throws {
        let outcome = try check { folder in
            for number in 0...10_000 {
                _ = FileManager.default.createFile(atPath: folder.path + "/policy.d/\(number).txt", contents: nil)
            }
        }
        #expect(outcome.code == 78 && outcome.stderr.contains("has more than 10000 files"), "\(outcome)")
    }

    @Test func doctorNamesTheIncludedFile() throws {
        let outcome = try check(["doctor"]) { _ = try $0.write("policy.d/a.yaml", "# a\ncampains: [camp_3]\n") }
        let text = outcome.stdout.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(text.contains("policy.d/a.yaml:2: unknown key 'campains'"), "\(outcome)")
    }
}

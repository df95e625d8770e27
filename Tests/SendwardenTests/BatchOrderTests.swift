import Foundation
import TestSupport
import Testing

/// Orders on several campaigns, given on the command line.
@Suite struct BatchOrderTests {
    private func withDaemon(_ body: (RunningProgram, [String]) throws -> Void) throws {
        try DaemonProcessTests.withDaemon(mode: "enforce") { daemon, folder, url, _ in
            let labelled = DaemonProcessTests.policy(url, folder, mode: "enforce")
                .replacing("{id: good, pool: pool_a}", with: "{id: good, pool: pool_a, labels: {team: sales}}")
            _ = try folder.write("policy.yaml", labelled)
            let socket = ["--control", folder.path + "/control.sock"]
            #expect(daemon.wait { daemon.stderr.contains("campaign.paused") })
            #expect(try Program.run(["reload"] + socket).code == 0)
            try body(daemon, socket)
        }
    }

    @Test func severalCampaignsGetOneLineEach() throws {
        try withDaemon { daemon, socket in
            let pause = try Program.run(["pause", "good", "bad", "good", "--reason", "x"] + socket)
            #expect(pause.code == 0, "\(pause)")
            #expect(pause.stdout.split(separator: "\n").count == 2 && pause.stdout.hasPrefix("pausing good"))
            let mixed = try Program.run(["hold", "good", "goood"] + socket)
            #expect(mixed.code == 65 && mixed.stdout.isEmpty)
            #expect(mixed.stderr.contains("error: the policy has no launch of good"))
            #expect(mixed.stderr.contains("did you mean good?"))
            let mute = try Program.run(["mute", "good", "bad", "--rule", "bounces", "--for", "1h"] + socket)
            #expect(mute.code == 0 && mute.stdout.split(separator: "\n").count == 2)
            let json = try Program.run(["pause", "good", "nobody", "--json"] + socket)
            #expect(json.code == 65 && json.stderr.isEmpty)
            let list = try JSONSerialization.jsonObject(with: Data(json.stdout.utf8)) as? [[String: Any]]
            #expect(list?.map { $0["campaign"] as? String } == ["good", "nobody"])
            #expect(list?.map { $0["accepted"] as? Bool } == [true, false])
            let history = try Program.run(["history", "--event", "order.accepted", "--json"] + socket)
            #expect(history.stdout.split(separator: "\n").count == 5, "each campaign has its event")
        }
    }

    @Test func labelsSelectCampaigns() throws {
        try withDaemon { daemon, socket in
            let asked = try Program.run(["pause", "--label", "team=sales"] + socket)
            #expect(asked.code == 64 && asked.stderr.contains("need --yes"), "\(asked)")
            let pause = try Program.run(["pause", "--label", "team=sales", "--yes"] + socket)
            #expect(pause.code == 0 && pause.stdout.hasPrefix("pausing good"), "\(pause)")
            let none = try Program.run(["pause", "--label", "team=ops", "--label", "land=de", "--yes"] + socket)
            #expect(none.code == 65 && none.stderr == "error: there is no campaign with land=de, team=ops\n")
            let held = try Program.run(["release", "--all", "--yes"] + socket)
            #expect(held.code == 65 && held.stderr == "error: no campaign has a launch that a person holds\n")
            #expect(daemon.wait { daemon.stderr.contains("\"paused good") })
            let resume = try Program.run(["resume", "--all", "--yes", "--json"] + socket)
            #expect(resume.stdout.contains("\"good\"") && resume.stdout.contains("\"bad\""))
        }
    }

    @Test(arguments: [
        [], ["good", "--all"], ["--label", "team"], ["--label", "a=b", "--label", "a=c"], ["--all", "--label", "a=b"],
        ["good", "--yes"], ["a b"],
    ])
    func wrongSelectionsAreUsageErrors(_ arguments: [String]) throws {
        let outcome = try Program.run(["pause"] + arguments + ["--control", "/nowhere/control.sock"])
        #expect(outcome.code == 64, "\(outcome)")
    }

    @Test(arguments: [("y\n", 0), ("n\n", 65)])
    func aTerminalListsTheCampaignsAndAsks(_ answer: String, _ code: Int32) throws {
        try withDaemon { daemon, socket in
            let words = [Program.path, "pause", "--label", "team=sales"] + socket
            let keyboard = Pipe()
            let environment = ["WORDS": words.joined(separator: " "), "SHELL": "/bin/sh"]
            let program = try RunningProgram(
                [], environment: environment, shell: "exec script -qec \"exec $WORDS\" /dev/null #", input: keyboard)
            #expect(program.wait { program.stdout.contains("Proceed? [y/N]") }, "\(program.stdout)")
            #expect(program.stdout.contains("pause 1 campaign with team=sales:"))
            #expect(program.stdout.contains("  good: "))
            try keyboard.fileHandleForWriting.write(contentsOf: Data(answer.utf8))
            let outcome = program.waitUntilExit()
            #expect(outcome.code == code, "\(outcome)")
            #expect(outcome.stdout.contains(code == 0 ? "pausing good" : "not confirmed; nothing was ordered"))
        }
    }
}

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

    @Test func aMaintenanceWindowIsPlannedAndCancelled() throws {
        try withDaemon { daemon, socket in
            let asked = try Program.run(["mute", "--label", "team=sales", "--for", "2h"] + socket)
            #expect(asked.code == 64 && asked.stderr.contains("need --yes"), "\(asked)")
            let mute = try Program.run(
                ["mute", "--label", "team=sales", "--for", "2h", "--reason", "list migration", "--yes"] + socket)
            #expect(mute.code == 0 && mute.stdout.contains("it covers 1 campaign now"), "\(mute)")
            let planned = try Program.run(
                ["mute", "--all", "--at", "2027-11-01T22:00+01:00", "--rule", "bounces", "--yes"] + socket)
            #expect(planned.code == 0 && planned.stdout.contains("from 2027-11-01T21:00:00Z until"), "\(planned)")
            let nothing = try Program.run(["mute", "--label", "team=ops", "--rule", "bounce", "--yes"] + socket)
            #expect(nothing.code == 65 && nothing.stderr.contains("did you mean bounces?"), "\(nothing)")
            let status = try Program.run(["status"] + socket).stdout.split(whereSeparator: \.isWhitespace)
                .joined(separator: " ")
            #expect(status.contains("every rule that pauses is muted on campaigns with team=sales (1 now), by "))
            #expect(status.contains("planned from ") && status.contains("\"list migration\""), "\(status)")
            let explained = try Program.run(["explain", "good"] + socket).stdout.split(whereSeparator: \.isWhitespace)
                .joined(separator: " ")
            #expect(explained.contains("muted until") && explained.contains("is in force until"), "\(explained)")
            let unmute = try Program.run(["unmute", "--label", "team=sales", "--yes"] + socket)
            #expect(unmute.code == 0 && unmute.stdout.contains("is cancelled"), "\(unmute)")
            #expect(try Program.run(["unmute", "--all", "--yes"] + socket).code == 0)
            #expect(try Program.run(["unmute", "--all", "--yes"] + socket).code == 65)
            let history = try Program.run(["history", "--event", "mute"] + socket)
            for kind in ["mute.planned", "mute.begun", "mute.cancelled"] { #expect(history.stdout.contains(kind)) }
            let one = try Program.run(["mute", "good", "--for", "1h"] + socket)
            #expect(one.code == 0)
            #expect(try Program.run(["unmute", "good"] + socket).stdout.contains("no longer muted on good"))
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

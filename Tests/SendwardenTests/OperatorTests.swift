import Foundation
import Testing
import TestSupport

/// What operators do with a running daemon, and with the ledger of a stopped one.
@Suite struct OperatorTests {
    private func last(_ text: String) -> String? { text.split(separator: "\n").last.map(String.init) }

    @Test func explainFitsOneScreen() throws {
        try DaemonProcessTests.withDaemon(mode: "enforce", arguments: []) { daemon, folder, _, _ in
            #expect(daemon.wait { daemon.stderr.contains("campaign.paused") })
            let socket = ["--control", folder.path + "/control.sock"]
            let why = try Program.run(["explain", "bad"] + socket)
            #expect(why.code == 0 && why.stderr.isEmpty)
            let lines = why.stdout.split(separator: "\n").map(String.init)
            #expect(lines.first?.hasPrefix("bad") == true && lines.first?.hasSuffix(": paused") == true)
            #expect(lines.allSatisfy { $0.count <= 80 }, "wider than 80 columns")
            #expect(why.stdout.contains("rule bounces fired, decision 1"))
            #expect(why.stdout.contains("Rule bounces: firing"))
            #expect(lines.contains { $0.contains("true") && $0.contains(" > 6 %") })
            #expect(why.stdout.contains("only a person can start it again"))

            let decision = try Program.run(["explain", "1"] + socket)
            #expect(decision.stdout.contains("Decision 1 on bad at ") && decision.stdout.contains("pause sent at "))
            let rule = try Program.run(["explain", "bounces"] + socket)
            #expect(rule.stdout.contains("Rule bounces, on running, enforce mode"))
            let json = try Program.run(["explain", "bad", "--json"] + socket)
            let object = try JSONSerialization.jsonObject(with: Data(json.stdout.utf8)) as? [String: Any]
            #expect((object?["campaign"] as? [String: Any])?["state"] as? String == "paused")
            let wrong = try Program.run(["explain", "bounce"] + socket)
            #expect(wrong.code == 65 && wrong.stdout.isEmpty)
            #expect(wrong.stderr.contains("no campaign, pool, rule or decision is named bounce; did you mean bounces?"))
        }
    }

    @Test func ordersAreExecutedLoggedAndStored() throws {
        try DaemonProcessTests.withDaemon(mode: "enforce") { daemon, folder, _, _ in
            #expect(daemon.wait { daemon.stderr.contains("campaign.paused") })
            let socket = ["--control", folder.path + "/control.sock"]
            let pause = try Program.run(["pause", "good", "--reason", "the client called"] + socket)
            #expect(pause.code == 0 && last(pause.stdout) == "good is paused")
            #expect(daemon.stderr.contains("the client called"))
            let refused = try Program.run(["resume", "goood"] + socket)
            #expect(refused.code == 65 && refused.stderr.contains("did you mean good?"))
            let resume = try Program.run(["resume", "good"] + socket)
            #expect(resume.code == 0 && resume.stdout.contains("good is running"))
            let mute = try Program.run(["mute", "good", "--rule", "bounces", "--for", "2h"] + socket)
            #expect(mute.code == 0 && mute.stdout.contains("rule bounces is muted on good"))
            #expect(try Program.run(["hold", "good"] + socket).code == 65)

            let history = try Program.run(["history", "--event", "order", "--json"] + socket)
            let events = try history.stdout.split(separator: "\n").map { line in
                try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            }
            #expect(
                events.map { $0["event"] as? String } == [
                    "order.accepted", "order.refused", "order.accepted", "order.accepted", "order.refused",
                ])
            let fields = try #require(events.first?["fields"] as? [String: String])
            #expect(fields["SENDWARDEN_REASON"] == "the client called" && fields["SENDWARDEN_ORDER"] == "pause")
            #expect(fields["SENDWARDEN_BY"]?.contains("(uid \(getuid()), pid ") == true)
            let some = try Program.run(["history", "--campaign", "bad", "--priority", "warning"] + socket)
            #expect(some.stdout.contains("campaign.paused") && !some.stdout.contains("order."))
            let unknown = try Program.run(["history", "--campaign", "gooood"] + socket)
            #expect(unknown.code == 65)
            #expect(unknown.stderr == "error: no campaign is named gooood; did you mean good?\n")
        }
    }

    @Test func theLedgerServesQueriesWithoutADaemon() throws {
        try DaemonProcessTests.withDaemon(mode: "enforce") { daemon, folder, _, _ in
            #expect(daemon.wait { daemon.stderr.contains("campaign.paused") })
            daemon.signal(SIGTERM)
            #expect(daemon.waitUntilExit().code == 0)
            let ledger = ["--ledger", folder.path + "/ledger.sqlite"]
            let why = try Program.run(["explain", "bad", "--policy", folder.path + "/policy.yaml"] + ledger)
            #expect(why.code == 0)
            #expect(why.stdout.hasPrefix("daemon not queried; ledger snapshot of "))
            #expect(why.stdout.contains("rule bounces fired, decision 1"))
            #expect(why.stdout.contains("Rule bounces: firing"))
            let history = try Program.run(["history"] + ledger)
            #expect(history.code == 0 && history.stdout.contains("daemon.ready"))
            #expect(last(history.stdout)?.contains("daemon.stopping") == true)
            let status = try Program.run(
                ["status", "--ledger", folder.path + "/ledger.sqlite", "--policy", folder.path + "/policy.yaml"])
            #expect(status.code == 0 && status.stdout.contains("watching 2 campaigns, 1 paused"))
            #expect(try Program.run(["history", "--ledger", "/nowhere/ledger.sqlite"]).code == 66)
            #expect(try Program.run(["history", "--ledger", folder.path + "/policy.yaml"]).code == 65)
        }
    }

    @Test func aReportIsOneSelfContainedFile() throws {
        try DaemonProcessTests.withDaemon(mode: "enforce") { daemon, folder, _, _ in
            #expect(daemon.wait { daemon.stderr.contains("campaign.paused") })
            // The daemon is still writing to the ledger.
            let arguments = ["report", "--ledger", folder.path + "/ledger.sqlite", "--output"]
            let policy = ["--policy", folder.path + "/policy.yaml"]
            let outcome = try Program.run(arguments + [folder.path + "/report.html"] + policy)
            #expect(outcome.code == 0 && outcome.stdout.contains("report.html: 2 campaigns, 1 decision"))
            let html = try String(contentsOfFile: folder.path + "/report.html", encoding: .utf8)
            for needed in [
                "<!doctype html>", "<html lang=\"en\">",
                "<svg role=\"img\" aria-labelledby=\"campaign-0-t campaign-0-d\"",
                "<title id=\"campaign-0-t\">Bounce rate of bad", "class=\"mark paused\"", "rule bounces",
                "<th scope=\"row\">1</th>", "pause: paused", "prefers-color-scheme:dark", "@media print",
            ] { #expect(html.contains(needed), "\(needed)") }
            for foreign in ["<script", "src=", "href=", "url(", "@import"] {
                #expect(!html.contains(foreign), "\(foreign)")
            }
            #expect(html.components(separatedBy: "<svg ").count == html.components(separatedBy: "</svg>").count)
            #expect(try Program.run(arguments + ["/nowhere/report.html"] + policy).code == 77)
            // A pipe is written to and not replaced.
            let pipe = folder.path + "/pipe"
            #expect(mkfifo(pipe, 0o600) == 0)
            let reader = try Process.run(URL(filePath: "/bin/sh"), arguments: ["-c", "cat \(pipe) > \(pipe).html"])
            #expect(try Program.run(arguments + [pipe] + policy).code == 0)
            reader.waitUntilExit()
            #expect(try String(contentsOfFile: pipe + ".html", encoding: .utf8).contains("</html>"))
            var status = stat()
            #expect(stat(pipe, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
            #expect(try Program.run(arguments + ["-", "--since", "tomorrow"]).code == 64)
            let empty = try Program.run(arguments + ["-", "--since", "2100-01-01T00:00:00Z"])
            #expect(empty.code == 64 && empty.stderr.contains("is not before the end of the period"))
        }
    }

    @Test func historyFollowsNewEvents() throws {
        try DaemonProcessTests.withDaemon(mode: "enforce") { daemon, folder, _, _ in
            #expect(daemon.wait { daemon.stderr.contains("campaign.paused") })
            let socket = ["--control", folder.path + "/control.sock"]
            let follower = try RunningProgram(["history", "--follow", "--limit", "1"] + socket)
            #expect(follower.wait { !follower.stdout.isEmpty })
            _ = try Program.run(["mute", "good"] + socket)
            #expect(follower.wait { follower.stdout.contains("order.accepted") })
            follower.signal(SIGINT)
            _ = follower.waitUntilExit()
            #expect(follower.stdout.split(separator: "\n").count { $0.contains("order.accepted") } == 1)
        }
    }
}

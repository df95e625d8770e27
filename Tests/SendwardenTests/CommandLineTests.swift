import Foundation
import TestSupport
import Testing

/// The command line as a table: arguments, exit code, and texts on stdout and stderr.
@Suite struct CommandLineTests {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    static let policy = root + "/config/policy.yaml"

    struct Case: CustomTestStringConvertible, Sendable {
        var arguments: [String]
        var code: Int32
        var stdout: [String] = []
        var stderr: [String] = []
        var testDescription: String { arguments.joined(separator: " ") }
    }

    static let cases: [Case] = [
        Case(arguments: [], code: 0, stdout: ["OVERVIEW", "run", "check", "demo", "simulate"]),
        Case(arguments: ["--help"], code: 0, stdout: ["Try it:"]),
        Case(arguments: ["--version"], code: 0, stdout: ["0.1.0"]),
        Case(
            arguments: ["frobnicate"], code: 64,
            stderr: ["unknown command 'frobnicate'; 'sendwarden --help' lists the commands"]),
        Case(arguments: ["statsu"], code: 64, stderr: ["unknown command 'statsu'; did you mean status?"]),
        Case(arguments: ["puase"], code: 64, stderr: ["did you mean pause?"]),
        Case(arguments: ["help", "check"], code: 0, stdout: ["Example: sendwarden check"]),
        Case(arguments: ["check", "--help"], code: 0, stdout: ["Example: sendwarden check"]),
        Case(arguments: ["run", "--help"], code: 0, stdout: ["Example: sendwarden run", "auto, journal, text, json"]),
        Case(arguments: ["demo", "--help"], code: 0, stdout: ["Example: sendwarden demo"]),
        Case(
            arguments: ["simulate", "--help"], code: 0, stdout: ["Example: sendwarden simulate", "/simulator/requests"]),
        Case(arguments: ["status", "--help"], code: 0, stdout: ["Example: sendwarden status", "--page", "--ledger"]),
        Case(arguments: ["explain", "--help"], code: 0, stdout: ["Example: sendwarden explain"]),
        Case(arguments: ["history", "--help"], code: 0, stdout: ["Example: sendwarden history", "--follow"]),
        Case(arguments: ["pause", "--help"], code: 0, stdout: ["Example: sendwarden pause", "--reason"]),
        Case(arguments: ["resume", "--help"], code: 0, stdout: ["Example: sendwarden resume", "--force"]),
        Case(arguments: ["hold", "--help"], code: 0, stdout: ["Example: sendwarden hold"]),
        Case(arguments: ["release", "--help"], code: 0, stdout: ["Example: sendwarden release", "--force"]),
        Case(
            arguments: ["mute", "--help"], code: 0,
            stdout: ["Example: sendwarden mute", "--for", "--off", "--label", "--at"]),
        Case(arguments: ["unmute", "--help"], code: 0, stdout: ["Example: sendwarden unmute", "--label", "--rule"]),
        Case(arguments: ["unwatch", "--help"], code: 0, stdout: ["--label", "--all", "--yes"]),
        Case(arguments: ["test", "--help"], code: 0, stdout: ["Example: sendwarden test", "--junit"]),
        Case(arguments: ["backtest", "--help"], code: 0, stdout: ["Example: sendwarden backtest", "--labels"]),
        Case(arguments: ["report", "--help"], code: 0, stdout: ["Example: sendwarden report", "--output"]),
        Case(arguments: ["doctor", "--help"], code: 0, stdout: ["Example: sendwarden doctor"]),
        Case(
            arguments: ["schema", "--help"], code: 0, stdout: ["Example: sendwarden schema", "yaml-language-server"]),
        Case(arguments: ["pools", "--help"], code: 0, stdout: ["Example: sendwarden pools", "--senders", "--tag"]),
        Case(arguments: ["pools", "/nowhere.yaml"], code: 66, stderr: ["/nowhere.yaml: no such file"]),
        Case(arguments: ["pools", policy, "--tag", "production"], code: 64, stderr: ["is not name=value"]),
        Case(arguments: ["pools", policy, "--channel", "EMAIL"], code: 64, stderr: ["add --senders POOL"]),
        Case(
            arguments: ["pools", policy, "--senders", "a", "--status", "ON"], code: 64,
            stderr: ["--status ON is not one of ACTIVATED, DEACTIVATED"]),
        Case(arguments: ["pools", policy, "--created-after", "soon"], code: 64, stderr: ["neither a duration"]),
        Case(arguments: ["pools", policy, "--workspace", "none"], code: 66, stderr: ["no workspace none"]),
        Case(arguments: ["pause"], code: 64, stderr: ["<campaign>"]),
        Case(arguments: ["pause", "a/b"], code: 64, stderr: ["'a/b' is not a valid campaign id"]),
        Case(arguments: ["mute", "a", "--for", "soon"], code: 64, stderr: ["--for soon is not a duration"]),
        Case(
            arguments: ["mute", "a", "--for", "-2h"], code: 64, stderr: ["--for -2h: a duration cannot be negative"]),
        Case(arguments: ["mute", "--for", "2h"], code: 64, stderr: ["select campaigns with --label or --all"]),
        Case(
            arguments: ["mute", "a", "--at", "2026-12-01T22:00Z"], code: 64, stderr: ["--at is for --label and --all"]),
        Case(
            arguments: ["mute", "--all", "--at", "2026-12-01T22:00"], code: 64,
            stderr: ["is not a date and time with a time zone, such as 2026-12-01T22:00+01:00"]),
        Case(
            arguments: ["mute", "--all", "--off", "--at", "2026-12-01T22:00Z"], code: 64,
            stderr: ["--off and --at cannot be combined"]),
        Case(arguments: ["mute", "--all", "--for", "0s"], code: 64, stderr: ["--for 0s"]),
        Case(arguments: ["unmute"], code: 64, stderr: ["select campaigns with --label or --all"]),
        Case(arguments: ["unwatch"], code: 64, stderr: ["select campaigns with --label or --all"]),
        Case(arguments: ["watch", "a", "--name", "a\u{1b}[1m"], code: 64, stderr: ["contains a control character"]),
        Case(arguments: ["watch", "a", "--label", "team=a\nb"], code: 64, stderr: ["contains a control character"]),
        Case(arguments: ["mute", "a", "--for", "2h", "--off"], code: 64, stderr: ["cannot be combined"]),
        Case(
            arguments: ["pause", "a", "--control", "/nowhere/c.sock"], code: 69,
            stderr: ["socket /nowhere/c.sock does not exist"]),
        Case(arguments: ["explain", "a", "--control", "/nowhere/c.sock"], code: 69, stderr: ["no daemon"]),
        Case(arguments: ["history", "--control", "/nowhere/c.sock"], code: 69, stderr: ["no daemon"]),
        Case(arguments: ["history", "--priority", "loud"], code: 64, stderr: ["loud is not one of critical"]),
        Case(arguments: ["history", "--since", "yesterday"], code: 64, stderr: ["neither a duration"]),
        Case(
            arguments: ["history", "--since", "1h", "--until", "24h"], code: 64,
            stderr: ["--since 1h is not before --until 24h"]),
        Case(
            arguments: ["pools", policy, "--created-after", "1h", "--created-before", "24h"], code: 64,
            stderr: ["is not before --created-before 24h"]),
        Case(
            arguments: ["explain", "a", "--ledger", "/nowhere/l.sqlite", "--policy", policy], code: 66,
            stderr: ["no ledger"]),
        Case(arguments: ["report", "--ledger", "/nowhere/l.sqlite"], code: 66, stderr: ["there is no ledger"]),
        Case(arguments: ["backtest", policy, "--recording", "/nowhere.csv"], code: 66, stderr: ["/nowhere.csv"]),
        Case(arguments: ["doctor", "/nowhere.yaml"], code: 66, stdout: ["FAIL  policy: /nowhere.yaml: no such file"]),
        Case(
            arguments: ["doctor", "/nowhere.yaml", "--ledger", "/nowhere/l.sqlite"], code: 69,
            stdout: ["FAIL  ledger: there is no ledger /nowhere/l.sqlite", "No such file or directory"]),
        Case(
            arguments: ["history", "--ledger", "/dev/null"], code: 78,
            stderr: ["/dev/null is not a regular file, so it cannot be a ledger"]),
        Case(arguments: ["schema"], code: 0, stdout: ["\"$schema\"", "bounceRate"]),
        Case(arguments: ["check", "--frob"], code: 64, stderr: ["--frob"]),
        Case(arguments: ["check", policy], code: 0, stdout: ["ok", "observe mode"]),
        Case(arguments: ["check", "--policy", policy], code: 0, stdout: ["ok"]),
        Case(arguments: ["check", policy, "--policy", policy], code: 64, stderr: ["given twice"]),
        Case(arguments: ["check", policy, "--json"], code: 0, stdout: ["\"ok\" : true"]),
        Case(
            arguments: ["check", "/nonexistent/policy.yaml"], code: 66,
            stderr: ["/nonexistent/policy.yaml", "no such file"]),
        Case(arguments: ["check", "/"], code: 78, stderr: ["not a regular file"]),
        Case(arguments: ["check", "/dev/zero"], code: 78, stderr: ["not a regular file"]),
        Case(
            arguments: ["check", root + "/Tests/PolicyTests/Malformed/ratio-with-count.bad.yaml"], code: 78,
            stderr: [
                ":12:19: error: cannot compare a count with a ratio", "^", "did you mean bounceRate > 5%?",
                "1 error",
            ]),
        Case(
            arguments: ["check", "--json", root + "/Tests/PolicyTests/Malformed/unknown-key.bad.yaml"], code: 78,
            stdout: ["\"ok\" : false", "\"line\" : 14", "did you mean 'then'?"]),
        Case(arguments: ["run", "--policy", "/nonexistent/policy.yaml"], code: 66, stderr: ["no such file"]),
        Case(
            arguments: ["run", "--policy", root + "/Tests/PolicyTests/Malformed/unknown-key.bad.yaml"], code: 78,
            stderr: ["policy.refused", "unknown key", "sendwarden check"]),
        Case(
            arguments: ["run", "--policy", policy], code: 78,
            stderr: ["policy.refused", "LoadCredential=leadterra.key"]),
        Case(arguments: ["run"], code: 66, stderr: ["give a policy: sendwarden run --policy", "'sendwarden init'"]),
        Case(
            arguments: ["backtest"], code: 66,
            stderr: ["/etc/sendwarden/policy.yaml: no such file; give the policies to replay: sendwarden backtest"]),
        Case(arguments: ["run", "--log-format", "xml"], code: 64, stderr: ["xml"]),
        Case(arguments: ["simulate", "--listen", "nowhere"], code: 64, stderr: ["HOST:PORT"]),
        Case(arguments: ["simulate", "--listen", "127.0.0.1:99999"], code: 64, stderr: ["127.0.0.1:99999"]),
        Case(arguments: ["simulate", "--speed", "0"], code: 64, stderr: ["0.01 to 100000"]),
        Case(arguments: ["simulate", "--world", "/nonexistent/world.yaml"], code: 66, stderr: ["no such file"]),
        Case(arguments: ["simulate", "--world", policy], code: 65, stderr: ["policy.yaml: ", "unknown key"]),
        Case(arguments: ["simulate", "--listen", "192.0.2.1:1"], code: 69, stderr: ["cannot listen on 192.0.2.1:1"]),
        Case(arguments: ["demo", "--speed", "1"], code: 64, stderr: ["60 to 3600"]),
    ]

    @Test(arguments: cases)
    func behavesAsListed(_ entry: Case) throws {
        let outcome = try Program.run(entry.arguments)
        #expect(outcome.code == entry.code, "\(outcome.stdout)\n\(outcome.stderr)")
        for text in entry.stdout { #expect(outcome.stdout.contains(text), "stdout: \(outcome.stdout)") }
        for text in entry.stderr { #expect(outcome.stderr.contains(text), "stderr: \(outcome.stderr)") }
        if entry.code != 0, entry.stdout.isEmpty { #expect(outcome.stdout.isEmpty) }
    }

    @Test func anUnreadablePolicyExitsWithNoPermission() throws {
        // Root can read every file.
        guard geteuid() != 0 else { return }
        let folder = try TemporaryFolder()
        let path = try folder.write("policy.yaml", "version: 1\n", mode: 0)
        #expect(try Program.run(["check", path]).code == 77)
    }

    @Test func aKeyFileReadableByOthersIsRefused() throws {
        let folder = try TemporaryFolder()
        let key = try folder.write("key", "sk_live_NeverShown", mode: 0o644)
        let text = try String(contentsOfFile: Self.policy, encoding: .utf8)
            .replacing("credential: leadterra.key", with: "credential_file: \(key)")
        let outcome = try Program.run([
            "run", "--policy", try folder.write("policy.yaml", text), "--log-format", "text",
        ])
        #expect(outcome.code == 78)
        #expect(outcome.stderr.contains("chmod 600 \(key)"))
        #expect(!outcome.stderr.contains("NeverShown"))
    }

    /// Users start from the shipped policies, so these must be free of warnings.
    @Test(arguments: [
        "policy.yaml", "examples/careful-launch.yaml", "examples/two-teams.yaml", "examples/try-out.yaml",
        "examples/sender-pools.yaml", "examples/office-hours.yaml", "examples/twice-yesterday.yaml",
        "examples/strict.yaml", "examples/team-limit.yaml", "examples/unsubscribes.yaml",
        "examples/first-days.yaml", "examples/forty-campaigns.yaml", "examples/customers.yaml",
        "examples/notify.yaml", "examples/quiet-hours.yaml",
    ])
    func shippedPoliciesHaveNoWarnings(_ file: String) throws {
        let outcome = try Program.run(["check", Self.root + "/config/" + file])
        #expect(outcome.code == 0)
        #expect(outcome.stderr.isEmpty)
    }

    @Test func fortyCampaignsNeedFifteenLines() throws {
        let path = Self.root + "/config/examples/forty-campaigns.yaml"
        #expect(try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").count <= 15)
        #expect(try Program.run(["check", path]).stdout.contains("40 campaigns"))
    }

    @Test func aBusyPortIsReportedPlainly() throws {
        let first = try SimulatorProcess(world: Self.root + "/config/examples/world.yaml", speed: 1)
        defer { first.end() }
        let address = String(first.url.dropFirst("http://".count))
        let outcome = try Program.run(["simulate", "--listen", address])
        #expect(outcome.code == 69)
        #expect(
            outcome.stderr == "error: cannot listen on \(address): Address already in use; choose another port, or "
                + "port 0 for a free one\n")
    }
}

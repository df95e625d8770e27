import Foundation
import TestSupport
import Testing

/// `sendwarden init` against the simulated platform.
@Suite struct InitTests {
    static let world = """
        key: sk_test_NeverShownByInit
        pools: [{id: pool_a, name: A, capacity: 5000, used: 100}]
        campaigns:
          - {id: good, pool: pool_a, status: running, leads: 4000, rate: 3600, bounce_rate: 0.5%}
          - {id: bad, pool: pool_a, status: running, leads: 9000, rate: 3600, bounce_rate: 40%, sent: 1000, bounced: 400}
        twilio:
          keys: ["account:NeverShownByInit"]
          pools: [{name: Main, active: 3}]
        """
    static let key = "sk_test_NeverShownByInit"

    /// A folder for the policy and the key, beside a running simulator.
    final class Place {
        let folder: TemporaryFolder
        let simulator: SimulatorProcess
        var policy: String { folder.path + "/config/sendwarden/policy.yaml" }
        var storedKey: String { folder.path + "/config/sendwarden/leadterra.key" }
        var environment: [String: String] { ["XDG_CONFIG_HOME": folder.path + "/config", "COLUMNS": "300"] }

        init(speed: Int = 1) throws {
            folder = try TemporaryFolder()
            simulator = try SimulatorProcess(world: folder.write("world.yaml", InitTests.world), speed: speed)
        }

        deinit { simulator.end() }

        /// Runs `init` with the key on standard input.
        func run(_ arguments: [String], key: String? = InitTests.key, online: Bool = true) throws -> Program.Outcome {
            let input = Pipe()
            try input.fileHandleForWriting.write(contentsOf: Data((key ?? "").utf8))
            try input.fileHandleForWriting.close()
            let url = online ? ["--base-url", simulator.url] : []
            let program = try RunningProgram(
                ["init", "--policy", policy] + (key == nil ? [] : ["--key-file", "-"]) + url + arguments,
                environment: environment, input: input)
            let outcome = program.waitUntilExit()
            #expect(!(outcome.stdout + outcome.stderr).contains("NeverShown"))
            return outcome
        }

        /// Nothing was written, and no temporary file is left.
        var isEmpty: Bool {
            let left = (try? FileManager.default.contentsOfDirectory(atPath: folder.path + "/config/sendwarden")) ?? []
            return left.isEmpty
        }
    }

    static let campaigns = ["--provider", "leadterra", "--campaign", "good", "bad"]

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    /// From nothing to a guarded campaign with two commands.
    @Test func theFirstCampaignIsGuardedWithinTwoMinutes() throws {
        let began = ContinuousClock.now
        let place = try Place(speed: 20)
        let outcome = try place.run(Self.campaigns + ["--pool", "pool_a", "--label", "team=sales"])
        #expect(outcome.code == 0, "\(outcome.stdout)\(outcome.stderr)")
        #expect(outcome.stdout.contains("campaign statistics: received for 2 of 2"))
        #expect(outcome.stdout.contains("sendwarden run --policy \(place.policy)"))
        #expect(try mode(place.storedKey) == 0o600)
        #expect(try mode(place.folder.path + "/config/sendwarden") == 0o700)
        #expect(try String(contentsOfFile: place.storedKey, encoding: .utf8) == Self.key + "\n")

        let check = try Program.run(["check", place.policy])
        #expect(check.code == 0 && check.stderr.isEmpty && check.stdout.contains("observe mode, 2 campaigns"))
        let text = try String(contentsOfFile: place.policy, encoding: .utf8)
        #expect(text.contains("defaults: {pool: pool_a, labels: {team: sales}}"))
        #expect(text.split(separator: "\n").count < 45)

        let daemon = try RunningProgram(["run", "--policy", place.policy, "--no-ledger"])
        defer { daemon.signal(SIGKILL) }
        #expect(daemon.wait { daemon.stderr.contains("campaign.paused") })
        #expect(daemon.stderr.contains("would pause") || daemon.stderr.contains("\"observe\""))
        #expect(ContinuousClock.now - began < .seconds(120))
    }

    @Test(
        arguments: [
            (["--provider", "leadterra", "--campaign", "goood", "bad"], "the platform does not know goood", Int32(78)),
            (["--provider", "leadterra", "--campaign", "good", "--pool", "pool_x"], "has no pool pool_x", 78),
            (
                ["--provider", "leadterra", "--campaign", "good", "--name", "a", "--campaigns-file", "/nowhere"],
                "/nowhere: No such file or directory", 66
            ),
            (["--provider", "leadterra", "--campaign", "good", "--base-url", "http://127.0.0.1:1"], "--offline", 69),
            (["--provider", "leadterra", "--campaign", "a/b"], "'a/b' is not a valid campaign id", 64),
            (["--provider", "leadterra", "--campaign", "a", "--base-url", "http://example.com"], "unencrypted", 64),
            (["--provider", "leadterra", "--campaign", "a", "--label", "team"], "such as team=sales", 64),
            (["--provider", "laedterra", "--campaign", "a"], "is not leadterra or twilio_comms", 64),
            (["--provider", "twilio_comms", "--campaign", "a"], "sends no campaigns; use --pool", 64),
            (["--provider", "twilio_comms"], "add --pool NAME, --per-sender-daily COUNT", 64),
            (["--provider", "leadterra"], "add --campaign ID or --campaigns-file FILE", 64),
        ] as [([String], String, Int32)])
    func mistakesAreNamedAndNothingIsWritten(_ arguments: [String], _ message: String, _ code: Int32) throws {
        let place = try Place()
        let outcome = try place.run(arguments, online: !arguments.contains("--base-url"))
        #expect(outcome.code == code, "\(outcome.stdout)\(outcome.stderr)")
        #expect(outcome.stderr.contains(message), "\(outcome.stderr)")
        #expect(place.isEmpty)
    }

    @Test func aWrongKeyIsRejectedAndNotStored() throws {
        let place = try Place()
        let outcome = try place.run(Self.campaigns, key: "sk_test_NeverShownEither")
        #expect(outcome.code == 77 && outcome.stderr.contains("the platform rejects the key\nnothing was written"))
        #expect(place.isEmpty)
        let argument = try place.run(Self.campaigns + ["--key-file", "sk_test_abc"], key: nil)
        #expect(argument.code == 64 && argument.stderr.contains("never the key itself"))
        let missing = try place.run(["--campaign", "good"], key: nil)
        #expect(missing.code == 64)
        #expect(missing.stderr.contains("add --provider leadterra or twilio_comms, --key-file FILE"))
    }

    @Test func existingFilesAreReplacedOnlyByForce() throws {
        let place = try Place()
        #expect(try place.run(Self.campaigns).code == 0)
        let again = try place.run(Self.campaigns)
        #expect(again.code == 73 && again.stderr.contains("policy.yaml exists; edit it, replace it with --force"))
        try FileManager.default.removeItem(atPath: place.policy)
        let other = try place.run(Self.campaigns + ["--offline"], key: "sk_test_other")
        #expect(other.code == 73 && other.stderr.contains("leadterra.key contains another key"))
        // The stored key is used if none is given.
        #expect(try place.run(Self.campaigns, key: nil).code == 0)
        #expect(try place.run(["--provider", "leadterra", "--campaign", "good", "--force"]).code == 0)
        #expect(try Program.run(["check", place.policy]).stdout.contains("1 campaign"))
    }

    @Test func aListAndAnotherPlatformMakeValidPolicies() throws {
        let place = try Place()
        let list = try place.folder.write("list.txt", (1...300).map { "camp_\($0)\n" }.joined())
        let long = try place.run(["--provider", "leadterra", "--campaigns-file", list, "--offline"], online: false)
        #expect(long.code == 0)
        let check = try Program.run(["check", place.policy])
        // Free of the warning about the request budget.
        #expect(check.code == 0 && check.stderr.isEmpty && check.stdout.contains("300 campaigns"))
        let twilio = try place.run(
            ["--provider", "twilio_comms", "--pool", "Main", "--per-sender-daily", "50", "--force"],
            key: "account:NeverShownByInit")
        #expect(twilio.code == 0, "\(twilio.stdout)\(twilio.stderr)")
        #expect(twilio.stdout.contains("3 senders"))
        #expect(try Program.run(["check", place.policy]).stderr.isEmpty)
        let unknown = try place.run(
            ["--provider", "twilio_comms", "--pool", "Minor", "--per-sender-daily", "50", "--force"], key: nil)
        #expect(unknown.code == 78 && unknown.stderr.contains("the platform has no pool that matches"))
    }

    @Test func aFullDiskLeavesNothing() throws {
        // Only root can mount a small file system.
        let probe = try Process.run(URL(filePath: "/usr/bin/unshare"), arguments: ["-m", "true"])
        probe.waitUntilExit()
        guard geteuid() == 0, probe.terminationStatus == 0 else { return }
        let folder = try TemporaryFolder()
        let key = try folder.write("key", Self.key)
        let mount = "mount -t tmpfs -o size=8k tmpfs \(folder.path) && cd \(folder.path)"
        let fill = "mkdir c c/sendwarden && { cat /dev/zero >c/fill; true; }"
        let inside =
            "exec 3<\(key); \(mount) && \(fill) 2>/dev/null; \"$0\" \"$@\"; code=$?; ls -A c/sendwarden; exit $code"
        let outcome = try RunningProgram(
            ["init", "--policy", "c/sendwarden/p.yaml", "--key-file", "/dev/fd/3", "--offline"] + Self.campaigns,
            environment: ["XDG_CONFIG_HOME": folder.path + "/c"], shell: "exec unshare -m sh -c '\(inside)'"
        ).waitUntilExit()
        #expect(
            outcome.code == 69 && outcome.stdout.split(separator: "\n").count == 1, "\(outcome.stdout)\(outcome.stderr)"
        )
        #expect(outcome.stderr.contains("No space left on device; nothing was written"))
    }
}

import ArgumentParser
import AsyncHTTPClient
import Daemon
import FoundationEssentials
import Glibc
import Journal
import Ledger
import Model
import NIOPosix
import Policy
import Providers

/// `sendwarden doctor`: checks everything that the daemon needs.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check everything that the daemon needs, and suggest fixes.",
        discussion: """
            Checks the policy, the key, the platform's host name, TLS and clock, the format of each endpoint's \
            response, the servers of receivers of notifications, the journal, systemd, the control socket, and the \
            ledger's integrity and size. It never starts or pauses a campaign, and sends no notification. Run it as root, or as the user that runs the daemon.
            Exits with 0 if no check failed, otherwise with the code of the most severe failure: 78 if the policy or \
            the key is refused, 77 without permission, 69 if the platform cannot be reached, 65 if the ledger is \
            damaged or a response cannot be used, 66 if there is no policy.

            Example: sendwarden doctor --policy /etc/sendwarden/policy.yaml
            """)

    @OptionGroup var policy: PolicyOption
    @OptionGroup var control: ControlOption
    @OptionGroup var ledger: LedgerOption

    @Flag(help: "Print the findings as one JSON object.")
    var json = false

    func run() async throws {
        ProcessHardening.apply()
        let page = Page.terminal
        var findings: [DoctorFinding] = []
        func note(_ more: [DoctorFinding]) {
            findings += more
            if !json { for finding in more { finding.show(page) } }
        }
        let (checked, policyFindings) = DoctorCommand.checkPolicy(policy.path)
        note(policyFindings)
        if let checked {
            for workspace in checked.workspaces {
                // A single workspace needs no prefix.
                let place = checked.workspaces.count == 1 ? "" : "\(workspace.name): "
                let (key, keyFindings) = DoctorCommand.checkCredential(workspace, instance)
                note(keyFindings.map { $0.placed(place) })
                await PlatformCheck(policy: checked, workspace: workspace, key: key).run { note([$0.placed(place)]) }
            }
        }
        if let checked { await ReceiverCheck(policy: checked).run { note([$0]) } }
        note(HostCheck.findings())
        note([await checkDaemon()])
        note(await checkLedger())
        let code = DoctorFinding.worst(findings)
        if json {
            StandardOutput.write(try ReadableJSON.text(["findings": findings]))
        } else {
            let failed = findings.count { $0.verdict == .failed }
            let doubts = findings.count { $0.verdict == .warning }
            StandardOutput.write(
                failed + doubts == 0
                    ? "all checks passed" : "\(failed) failed, \(doubts) warning\(doubts == 1 ? "" : "s")")
        }
        if code != 0 { throw ExitCode(code) }
    }

    // MARK: Policy and key

    static func checkPolicy(_ path: String) -> (CheckedPolicy?, [DoctorFinding]) {
        let source: SourceFile
        do throws(PolicyFileError) {
            source = try PolicyFile.read(path)
        } catch {
            return (
                nil,
                [
                    .failed(
                        "policy", error.message, "give the policy as an argument: sendwarden doctor policy.yaml",
                        ExitCode(error))
                ]
            )
        }
        let outcome = PolicyLoader.load(source)
        guard let checked = outcome.policy else {
            let first = SourceFile.sorted(outcome.diagnostics.filter { $0.severity == .error }).first
            let file = first?.source?.name ?? path
            return (
                nil,
                [
                    .failed(
                        "policy", "\(file):\(first?.position.line ?? 1): \(first?.message ?? "refused")",
                        "run 'sendwarden check \(path)' to see every error", .badConfiguration)
                ]
            )
        }
        var findings = [DoctorFinding.ok("policy", "\(path): \(checked.summary)")]
        let warnings = outcome.diagnostics.count
        if warnings > 0 {
            findings.append(
                .warning(
                    "policy", "\(warnings) warning\(warnings == 1 ? "" : "s")",
                    "run 'sendwarden check \(path)' to see them"))
        }
        if checked.mode == .observe {
            findings.append(
                .note("policy", "observe mode: decisions are logged, and nothing is sent", "set 'mode: enforce' to act")
            )
        }
        return (checked, findings)
    }

    /// - Parameter instance: the instance of the service whose key is checked; nil for the service itself.
    static func checkCredential(_ workspace: Workspace, _ instance: String? = nil) -> (APIKey?, [DoctorFinding]) {
        let directory = ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"]
        do throws(CredentialError) {
            switch workspace.credential {
            case .file(let path):
                return (try CredentialReader.file(path), [.ok("key", "\(path) is readable only by its owner")])
            case .systemd(let name) where directory != nil:
                return (
                    try CredentialReader.systemd(name, directory: directory),
                    [.ok("key", "systemd passed the credential \(name)")]
                )
            case .systemd(let name):
                // Outside the service: the file that the unit's LoadCredential= finds by that name.
                let file = CredentialStore.file(name, instance: instance)
                let store = "\(CredentialStore.folder)/\(file)"
                if access("\(CredentialStore.encryptedFolder)/\(file)", F_OK) == 0 {
                    return (
                        nil,
                        [
                            .note(
                                "key", "\(file) is encrypted: only the service can read it",
                                "endpoints are not checked; 'sendwarden status' shows whether the platform accepts the key"
                            )
                        ]
                    )
                }
                return (try CredentialReader.file(store), [.ok("key", "\(store) is readable only by its owner")])
            }
        } catch {
            return (nil, [.failed("key", error.message, "see docs/service.md for how to pass a key", ExitCode(error))])
        }
    }

    // MARK: Daemon and ledger

    /// The instance of the service that uses the policy; nil for the service itself and for a user's daemon.
    private var instance: String? { CredentialStore.instance(ofPolicy: policy.path) }

    private var unit: String { instance.map { "sendwarden@\($0)" } ?? "sendwarden" }

    /// The control socket and the ledger: those of the instance, unless options name others.
    private var places: (control: ControlOption, ledger: LedgerOption) {
        guard instance != nil else { return (control, ledger) }
        var (control, ledger) = (self.control, self.ledger)
        control.control = control.control ?? ControlOption.standardPath ?? "/run/\(unit)/control.sock"
        ledger.ledger = ledger.ledger ?? LedgerOption.standardPath ?? "/var/lib/\(unit)/ledger.sqlite"
        return (control, ledger)
    }

    private func checkDaemon() async -> DoctorFinding {
        do throws(ControlFailure) {
            let (status, _) = try await places.control.tryAsking("GET", "/metrics")
            return status == 200
                ? .ok("daemon", "responds on \(places.control.path)")
                : .warning(
                    "daemon", "responds with HTTP \(status) on \(places.control.path)",
                    "it may run another version; restart it")
        } catch {
            return error.isAbsent
                ? .note("daemon", error.reason, "run 'systemctl status \(unit)'")
                : .failed("daemon", error.reason, "run 'systemctl status \(unit)'", error.code)
        }
    }

    /// Checks that a ledger that does not exist yet can be created.
    private func checkDirectory(of path: String, _ missing: String) -> DoctorFinding {
        let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        if access(directory, W_OK | X_OK) == 0, access(directory + "/.", F_OK) == 0 {
            return .note("ledger", missing, "the daemon creates it when it first starts")
        }
        let code = errno
        // systemd creates the service's directory.
        if code == ENOENT, path == LedgerOption.installed || path == "/var/lib/\(unit)/ledger.sqlite" {
            return .note("ledger", missing, "the service creates it and its directory when it first starts")
        }
        return .failed(
            "ledger", "\(missing), and it cannot be created in \(directory): \(String(cString: strerror(code)))",
            "create the directory for the user that runs the daemon, or give another file with --ledger",
            code == EACCES ? .noPermission : .unavailable)
    }

    /// The free space that leaves the ledger room to grow.
    private static let roomMin = 500 << 20

    private func checkLedger() async -> [DoctorFinding] {
        let path = places.ledger.path
        var findings: [DoctorFinding] = []
        do throws(LedgerError) {
            let reader = try await LedgerLocation(path).openForReading()
            if let damage = try await reader.damage() {
                return [
                    .failed(
                        "ledger", "\(path) is damaged: \(damage)",
                        "restore a backup, or start the daemon once with --recover-ledger", .dataError)
                ]
            }
            let size = [path, path + "-wal"].reduce(0) { sum, file in
                sum + ((try? FileManager.default.attributesOfItem(atPath: file)[.size] as? Int) ?? 0)
            }
            var last = "no entries"
            for workspace in try await reader.workspaces() {
                if let then = try await reader.span(workspace)?.upperBound {
                    last = "last entry of \(workspace) at \(then.toSecond)"
                }
            }
            let megabytes = DecimalText.shortest(Double(size) / 1_000_000, decimals: 1)
            findings.append(.ok("ledger", "\(path) is valid, \(megabytes) MB; \(last)"))
        } catch {
            switch error.code {
            case .missing: findings.append(checkDirectory(of: path, error.message))
            default: findings.append(.failed("ledger", error.message, "see docs/ledger.md", ExitCode(error)))
            }
        }
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        var room = statvfs()
        if statvfs(folder, &room) == 0 {
            let free = Int(room.f_bavail) * Int(room.f_frsize)
            if free < DoctorCommand.roomMin {
                findings.append(
                    .warning(
                        "disk", "\(free >> 20) MiB free in \(folder)",
                        "free some space: with a full disk nothing is started or resumed, and pauses are not recorded"))
            }
        }
        return findings
    }
}

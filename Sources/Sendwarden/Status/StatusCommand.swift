import ArgumentParser
import Daemon
import FoundationEssentials
import Glibc
import Guard
import Journal
import NIOCore
import Reporting

/// `sendwarden status`: shows the state of pools, campaigns and launches.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the state of pools, campaigns and launches.",
        discussion: """
            Queries the running daemon. With --ledger, computes the state from a ledger and the policy, as of the \
            ledger's last entry. Campaigns are sorted by urgency: those in breach come first.
            --check prints one line for Nagios and its like, and exits with 0 if all is well, 1 if a campaign is paused, \
            breaches or is not guarded, 2 if no campaign is guarded or the ledger cannot be written, and 3 if the daemon \
            does not respond.
            Otherwise, exits with 66 if the ledger does not exist, 69 if no daemon responds, 77 without permission.

            Example: sendwarden status --watch
            """)

    @OptionGroup var control: ControlOption

    @Option(help: ArgumentHelp("Read this ledger instead of querying the daemon.", valueName: "file"))
    var ledger: String?

    @Option(help: ArgumentHelp("The policy to use with --ledger.", valueName: "file"))
    var policy = PolicyOption.installed

    @Flag(help: "Print one JSON object.")
    var json = false

    @Flag(help: "Print one line for a monitoring system, and exit with 0, 1, 2 or 3.")
    var check = false

    @Flag(help: "Refresh every two seconds until Ctrl-C.")
    var watch = false

    @Option(help: ArgumentHelp("Show at most this many campaigns.", valueName: "count"))
    var limit = 100

    @Option(help: ArgumentHelp("Show this page of the campaigns.", valueName: "number"))
    var page = 1

    func validate() throws {
        if page < 1 { throw ValidationError("--page \(page) is less than 1.") }
        if json, watch { throw ValidationError("--json and --watch cannot be combined.") }
        if ledger != nil, watch { throw ValidationError("--ledger and --watch cannot be combined.") }
        if check, json || watch || ledger != nil {
            throw ValidationError("--check cannot be combined with --json, --watch or --ledger.")
        }
        if limit < 1 { throw ValidationError("--limit \(limit) is less than 1.") }
    }

    func run() async throws {
        if check { return try await StatusCheck(control: control).run() }
        if let ledger {
            let past = try await PastGuard(ledger: ledger, policy: policy)
            let status = past.warden.status(at: past.at)
            if json { return StandardOutput.write(try ReadableJSON.text(status)) }
            return StandardOutput.write(past.note + "\n\n" + screen.text(status))
        }
        repeat {
            let body = try await control.fetch("/v1/status")
            if json {
                StandardOutput.write(String(String(buffer: body).dropLast()))
                return
            }
            let text = screen.text(try decode(Data(body.readableBytesView)))
            // A terminal is redrawn from its first line; other outputs get one screen after another.
            StandardOutput.write(watch && Terminal.isTerminal ? "\u{1b}[H\u{1b}[J" + text : text)
            if watch { try await Task.sleep(for: .seconds(2)) }
        } while watch
    }

    private var screen: StatusScreen {
        StatusScreen(
            page: Page.terminal, limit: limit, pageNumber: page)
    }

    private func decode(_ body: Data) throws -> GuardStatus {
        do {
            return try ReadableJSON.value(GuardStatus.self, from: body)
        } catch {
            StandardError.write(
                "error: cannot parse the daemon's response; does it run another version?")
            throw ExitCode.unavailable
        }
    }
}

/// Properties of stdout.
enum Terminal {
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// True on a terminal, unless NO_COLOR is set.
    static var isColored: Bool {
        let variable = ProcessInfo.processInfo.environment["NO_COLOR"] ?? ""
        return isTerminal && variable.isEmpty
    }

    /// The terminal's columns; 80 if stdout is not a terminal.
    static var width: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return max(40, Int(size.ws_col))
    }
}

import ArgumentParser
import Daemon
import FoundationEssentials
import Glibc
import Guard
import Journal
import NIOCore

/// `sendwarden status`: how everything stands, on one screen.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how everything stands.",
        discussion: """
            Asks the running daemon; with --ledger it is worked out from a ledger and the policy, as of the ledger's \
            last entry. Campaigns come by danger: what breaches first, what is well last.
            Exits with 66 without such a ledger, 69 if no daemon answers, 77 without the permission to ask.

            Example: sendwarden status --watch
            """)

    @OptionGroup var control: ControlOption

    @Option(help: ArgumentHelp("Show what this ledger knows, instead of asking a daemon.", valueName: "file"))
    var ledger: String?

    @Option(help: ArgumentHelp("The policy, to show a ledger.", valueName: "file"))
    var policy = PolicyOption.installed

    @Flag(help: "Print one JSON object, for programs.")
    var json = false

    @Flag(help: "Show it anew every two seconds, until Ctrl-C.")
    var watch = false

    @Option(help: ArgumentHelp("Show at most this many campaigns.", valueName: "count"))
    var limit = 100

    @Option(help: ArgumentHelp("Show the campaigns after as many pages of them.", valueName: "number"))
    var page = 1

    func validate() throws {
        if page < 1 { throw ValidationError("--page \(page) is less than 1.") }
        if json, watch { throw ValidationError("--json and --watch exclude each other.") }
        if ledger != nil, watch { throw ValidationError("--ledger and --watch exclude each other.") }
        if limit < 1 { throw ValidationError("--limit \(limit) is less than 1.") }
    }

    func run() async throws {
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
            // A terminal is drawn over from its first line; whatever else it is gets one screen after another.
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
                "error: the daemon's status cannot be read; is it of another version than this program?")
            throw ExitCode.unavailable
        }
    }
}

/// What stdout is.
enum Terminal {
    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Colours are for terminals, and not where NO_COLOR is set.
    static var isColored: Bool {
        let variable = ProcessInfo.processInfo.environment["NO_COLOR"] ?? ""
        return isTerminal && variable.isEmpty
    }

    /// Its columns; 80 where it is no terminal.
    static var width: Int {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return max(40, Int(size.ws_col))
    }
}

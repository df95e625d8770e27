import ArgumentParser
import FoundationEssentials
import Journal
import Ledger
import Model

/// The ledger that a command reads.
struct LedgerOption: ParsableArguments {
    static let installed = "/var/lib/sendwarden/ledger.sqlite"

    @Option(
        help: ArgumentHelp(
            "Read this ledger; by default your own daemon's if it exists, otherwise the service's.",
            valueName: "file"))
    var ledger: String?

    @Option(help: ArgumentHelp("The workspace, if the ledger contains several.", valueName: "name"))
    var workspace: String?

    /// The ledger in the service's state directory; nil outside a service.
    static var standardPath: String? { ServiceDirectory.path("ledger.sqlite", in: "STATE_DIRECTORY") }

    /// The ledger of the service, unless this user has a daemon of their own.
    var path: String {
        ledger ?? LedgerOption.standardPath ?? ServiceDirectory.existing(ServiceDirectory.userState("ledger.sqlite"))
            ?? LedgerOption.installed
    }

    /// Opens the ledger and selects the workspace.
    func open() async throws(LedgerError) -> (ledger: any LedgerQueries, workspace: String) {
        let reader = try await LedgerLocation(path).openForReading()
        let known = try await reader.workspaces()
        if let workspace {
            guard known.contains(workspace) else {
                throw LedgerError(
                    code: .missing,
                    message: "\(path) has no workspace \(workspace); it has \(known.joined(separator: ", "))")
            }
            return (reader, workspace)
        }
        guard known.count < 2 else {
            throw LedgerError(
                code: .missing,
                message:
                    "\(path) has several workspaces: select one with --workspace: \(known.joined(separator: ", "))"
            )
        }
        guard let only = known.first else {
            throw LedgerError(code: .missing, message: "\(path) is empty")
        }
        return (reader, only)
    }

    /// Returns if the ledger can be read in place of a daemon that is absent from its default socket; otherwise reports
    /// the failure and throws the exit code.
    func standIn(for failure: ControlFailure, of control: ControlOption) throws {
        let isReadable = FileManager.default.isReadableFile(atPath: path)
        guard failure.isAbsent, control.control == nil, isReadable else {
            StandardError.write("error: \(failure.reason)")
            throw failure.code
        }
    }

    /// Opens the ledger; reports a failure on stderr and throws the exit code.
    func openOrExit() async throws -> (ledger: any LedgerQueries, workspace: String) {
        try await orExit { () throws(LedgerError) in try await open() }
    }
}

/// Reads a ledger; reports a failure on stderr and throws the exit code.
func orExit<Value>(_ read: () async throws(LedgerError) -> Value) async throws -> Value {
    do throws(LedgerError) {
        return try await read()
    } catch {
        StandardError.write("error: \(error.message)")
        throw ExitCode(error)
    }
}

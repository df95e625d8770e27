import ArgumentParser
import FoundationEssentials
import Journal
import Ledger
import Model

/// Which ledger a command reads.
struct LedgerOption: ParsableArguments {
    static let installed = "/var/lib/sendwarden/ledger.sqlite"

    @Option(
        help: ArgumentHelp(
            "Read this ledger; by default ledger.sqlite in $STATE_DIRECTORY, else in /var/lib/sendwarden.",
            valueName: "file"))
    var ledger: String?

    @Option(help: ArgumentHelp("The workspace, where a ledger holds several.", valueName: "name"))
    var workspace: String?

    /// Where the daemon's own surroundings put the ledger; nil outside a service with a state directory.
    static var standardPath: String? { ServiceDirectory.path("ledger.sqlite", in: "STATE_DIRECTORY") }

    var path: String { ledger ?? LedgerOption.standardPath ?? LedgerOption.installed }

    /// Opens the ledger and finds the workspace that is meant.
    func open() async throws(LedgerError) -> (ledger: any LedgerQueries, workspace: String) {
        let reader = try await LedgerLocation(path).openForReading()
        let known = try await reader.workspaces()
        if let workspace {
            guard known.contains(workspace) else {
                throw LedgerError(
                    code: .missing,
                    message: "\(path) holds no workspace \(workspace); it holds \(known.joined(separator: ", "))")
            }
            return (reader, workspace)
        }
        guard known.count < 2 else {
            throw LedgerError(
                code: .missing,
                message:
                    "\(path) holds several workspaces: choose one of \(known.joined(separator: ", ")) with --workspace"
            )
        }
        guard let only = known.first else {
            throw LedgerError(code: .missing, message: "\(path) holds nothing yet")
        }
        return (reader, only)
    }

    /// Lets the ledger stand in where no daemon was found where one usually is; otherwise says why it was not reached,
    /// and throws the exit code.
    func standIn(for failure: ControlFailure, of control: ControlOption) throws {
        let isReadable = FileManager.default.isReadableFile(atPath: path)
        guard failure.isAbsent, control.control == nil, isReadable else {
            StandardError.write("error: \(failure.reason)")
            throw failure.code
        }
    }

    /// Opens the ledger; says why it cannot be read, where it cannot, and throws the exit code.
    func openOrExit() async throws -> (ledger: any LedgerQueries, workspace: String) {
        do throws(LedgerError) {
            return try await open()
        } catch {
            StandardError.write("error: \(error.message)")
            throw ExitCode(error)
        }
    }
}

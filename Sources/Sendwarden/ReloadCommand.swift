import ArgumentParser
import Daemon
import FoundationEssentials
import Journal
import NIOCore

/// `sendwarden reload`: has the daemon read its policy anew, and says what came of it.
struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Have the daemon read its policy anew.",
        discussion: """
            A policy with an error is refused as a whole, and the one in use goes on.
            Exits with 0 if the policy is in use, 78 if it was refused, 69 if no daemon answers, 77 without the \
            permission to give orders.

            Example: sendwarden reload
            """)

    @OptionGroup var control: ControlOption

    func run() async throws {
        let (status, body) = try await control.ask("POST", "/v1/reload")
        guard let outcome = try? ReadableJSON.value(ReloadOutcome.self, from: Data(body.readableBytesView)) else {
            StandardError.write("error: the daemon's answer to a reload cannot be read (HTTP \(status))")
            throw ExitCode.unavailable
        }
        if outcome.accepted {
            print(outcome.message)
        } else {
            StandardError.write("error: \(outcome.message)")
            throw ExitCode.badConfiguration
        }
    }
}

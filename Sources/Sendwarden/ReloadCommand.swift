import ArgumentParser
import Daemon
import FoundationEssentials
import Journal
import NIOCore

/// `sendwarden reload`: makes the daemon reload its policy and reports the outcome.
struct ReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Reload the daemon's policy.",
        discussion: """
            A policy with an error is refused as a whole; the policy in use stays in use.
            Exits with 0 if the new policy is in use, 78 if it was refused, 69 if no daemon responds, 77 without \
            permission.

            Example: sendwarden reload
            """)

    @OptionGroup var control: ControlOption

    func run() async throws {
        let (status, body) = try await control.ask("POST", "/v1/reload")
        guard let outcome = try? ReadableJSON.value(ReloadOutcome.self, from: Data(body.readableBytesView)) else {
            StandardError.write("error: \(ControlOption.refusal(status, body))")
            throw ExitCode.unavailable
        }
        if outcome.accepted {
            StandardOutput.write(outcome.message)
        } else {
            StandardError.write("error: \(outcome.message)")
            throw ExitCode.badConfiguration
        }
    }
}

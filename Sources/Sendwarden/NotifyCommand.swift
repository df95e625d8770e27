import ArgumentParser
import Daemon
import FoundationEssentials
import Journal
import NIOCore

/// `sendwarden notify`: tests the receivers of notifications.
struct NotifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "notify",
        abstract: "Test the receivers of notifications.",
        discussion: """
            The list 'notify' in the policy defines the receivers.

            Example: sendwarden notify test oncall
            """,
        subcommands: [NotifyTestCommand.self])
}

/// `sendwarden notify test`: sends a test message through the running daemon.
struct NotifyTestCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Send a test message to a receiver.",
        discussion: """
            The running daemon sends the message, because only the service can read its credentials. The message is \
            sent at once, without waiting for other notifications, and says that nothing happened.
            Exits with 65 if the receiver did not accept it or does not exist, 69 if no daemon responds, 77 without \
            permission.

            Example: sendwarden notify test oncall
            """)

    @OptionGroup var control: ControlOption

    @Argument(help: ArgumentHelp("The receiver's name in the policy.", valueName: "receiver"))
    var receiver: String

    func run() async throws {
        let path = ControlPath.notificationTest.with([("receiver", receiver)])
        let (status, body) = try await control.ask("POST", path)
        guard
            let outcome = try? ReadableJSON.value(
                NotificationTest.Outcome.self, from: Data(body.readableBytesView))
        else {
            StandardError.write("error: \(ControlOption.refusal(status, body))")
            throw ExitCode.unavailable
        }
        guard outcome.isSent else {
            StandardError.write("error: \(CleanText.cleaned(outcome.message))")
            throw ExitCode.dataError
        }
        StandardOutput.write(CleanText.cleaned(outcome.message))
    }
}

import ArgumentParser
import Guard

/// `sendwarden pause`: a person's pause.
struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Pause a campaign until a person resumes it.",
        discussion: """
            No rule and no cooldown ends a person's pause: only 'sendwarden resume' or a start on the platform does.
            Exits with 65 if the order is refused, 69 if no daemon responds, 77 without permission.

            Example: sendwarden pause camp_123 --reason "the client called"
            """)

    @OptionGroup var order: OrderOptions

    func run() async throws {
        try await order.give(.pause)
    }
}

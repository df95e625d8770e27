import ArgumentParser
import Guard

/// `sendwarden pause`: a person's pause.
struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Pause a campaign until a person resumes it.",
        discussion: """
            The pause is yours: no rule and no cool-down ever ends it. 'sendwarden resume' does, or a start on the \
            platform itself.
            Exits with 65 if the order is refused, 69 if no daemon answers, 77 without the permission to give orders.

            Example: sendwarden pause camp_123 --reason "the client called"
            """)

    @OptionGroup var order: OrderOptions

    func run() async throws {
        try await order.give(.pause)
    }
}

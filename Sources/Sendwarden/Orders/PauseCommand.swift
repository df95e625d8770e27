import ArgumentParser
import Guard

/// `sendwarden pause`: a person's pause.
struct PauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Pause campaigns until a person resumes them.",
        discussion: """
            No rule and no cooldown ends a person's pause: only 'sendwarden resume' or a start on the platform does.
            --label and --all select campaigns; the command lists them and asks for confirmation.
            Exits with 65 if an order is refused, 69 if no daemon responds, 77 without permission.

            Example: sendwarden pause camp_123 --reason "the client called"
            Example: sendwarden pause --label team=sales --reason "blocklisted"
            """)

    @OptionGroup var order: OrderOptions

    @OptionGroup var selection: SelectionOptions

    func validate() throws { try order.check(selection) }

    func run() async throws {
        try await order.give(.pause, selection)
    }
}

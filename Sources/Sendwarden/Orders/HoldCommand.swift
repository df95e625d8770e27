import ArgumentParser
import Guard

/// `sendwarden hold`: a person holds a launch.
struct HoldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract: "Hold a launch, regardless of its rules.",
        discussion: """
            The hold lasts until 'sendwarden release', also across restarts and policy changes.
            Exits with 65 if the order is refused, 69 if no daemon responds, 77 without permission.

            Example: sendwarden hold camp_456 --reason "typo in the subject"
            """)

    @OptionGroup var order: OrderOptions

    func run() async throws {
        try await order.give(.hold)
    }
}

import ArgumentParser
import Guard

/// `sendwarden hold`: a person holds a launch.
struct HoldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract: "Hold launches, regardless of their rules.",
        discussion: """
            The hold lasts until 'sendwarden release', also across restarts and policy changes.
            --label and --all select campaigns with a launch that waits; the command lists them and asks for \
            confirmation.
            Exits with 65 if an order is refused, 69 if no daemon responds, 77 without permission.

            Example: sendwarden hold camp_456 --reason "typo in the subject"
            """)

    @OptionGroup var order: OrderOptions

    @OptionGroup var selection: SelectionOptions

    func validate() throws { try order.check(selection) }

    func run() async throws {
        try await order.give(.hold, selection)
    }
}

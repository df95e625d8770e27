import ArgumentParser
import Guard

/// `sendwarden hold`: a person's hold on a launch.
struct HoldCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hold",
        abstract: "Keep a launch waiting, whatever its rules say.",
        discussion: """
            Lasts until 'sendwarden release', also over a restart or an edit of the policy.
            Exits with 65 if the order is refused, 69 if no daemon answers, 77 without the permission to give orders.

            Example: sendwarden hold camp_456 --reason "typo in the subject"
            """)

    @OptionGroup var order: OrderOptions

    func run() async throws {
        try await order.give(.hold)
    }
}

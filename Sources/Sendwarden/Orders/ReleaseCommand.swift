import ArgumentParser
import Guard

/// `sendwarden release`: a person releases a launch.
struct ReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Release a held launch or a paused campaign.",
        discussion: """
            Lifts a person's hold; the launch rules then decide. If a launch rule still holds the launch, the command \
            asks for confirmation on a terminal. --force starts the launch regardless of its rules, once fresh stats \
            are in. A paused campaign is resumed.
            Exits with 65 if the order is refused, 69 if no daemon responds, 77 without permission.

            Example: sendwarden release camp_456 --force --reason "the client insists"
            """)

    @OptionGroup var order: OrderOptions

    @Flag(help: "Override the rules that block it.")
    var force = false

    func run() async throws {
        try await order.give(.release, force: force)
    }
}

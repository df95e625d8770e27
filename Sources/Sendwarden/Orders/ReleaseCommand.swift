import ArgumentParser
import Guard

/// `sendwarden release`: a person releases a launch.
struct ReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Release held launches or paused campaigns.",
        discussion: """
            Lifts a person's hold; the launch rules then decide. If a launch rule still holds the launch, the command \
            asks for confirmation on a terminal. --force starts the launch regardless of its rules, once fresh stats \
            are in. A paused campaign is resumed.
            --label and --all select launches that a person holds; the command lists their campaigns and asks for \
            confirmation.
            Exits with 65 if an order is refused, 69 if no daemon responds, 77 without permission.

            Example: sendwarden release camp_456 --force --reason "the client insists"
            """)

    @OptionGroup var order: OrderOptions

    @OptionGroup var selection: SelectionOptions

    @Flag(help: "Override the rules that block it.")
    var force = false

    func validate() throws { try order.check(selection) }

    func run() async throws {
        try await order.give(.release, selection, force: force)
    }
}

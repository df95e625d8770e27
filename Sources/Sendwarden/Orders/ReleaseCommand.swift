import ArgumentParser
import Guard

/// `sendwarden release`: a person lets a launch go.
struct ReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release",
        abstract: "Lift a hold from a launch, or a pause that waits for a person.",
        discussion: """
            After a person's hold its launch rules decide. Where one of them still says no, a terminal is asked once \
            more; --force starts it all the same, on fresh numbers. A paused campaign is resumed.
            Exits with 65 if the order is refused, 69 if no daemon answers, 77 without the permission to give orders.

            Example: sendwarden release camp_456 --force --reason "the client insists"
            """)

    @OptionGroup var order: OrderOptions

    @Flag(help: "Overrule the rules that speak against it.")
    var force = false

    func run() async throws {
        try await order.give(.release, force: force)
    }
}

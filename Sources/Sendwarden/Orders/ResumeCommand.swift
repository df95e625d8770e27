import ArgumentParser
import Guard

/// `sendwarden resume`: a person resumes a campaign.
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Resume a campaign, no matter who paused it.",
        discussion: """
            The campaign is resumed once fresh stats are in. The rule that paused it counts only what is sent from \
            then on. If another pausing rule is in breach, the command asks for confirmation on a terminal. --force \
            overrides such rules and mutes them for the policy's override_for.
            Exits with 65 if the order is refused, 69 if no daemon responds, 77 without permission.

            Example: sendwarden resume camp_123 --reason "list cleaned"
            """)

    @OptionGroup var order: OrderOptions

    @Flag(help: "Override the rules that block it.")
    var force = false

    func run() async throws {
        try await order.give(.resume, force: force)
    }
}

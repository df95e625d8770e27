import ArgumentParser
import Guard

/// `sendwarden resume`: a person resumes a campaign.
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Resume campaigns, no matter who paused them.",
        discussion: """
            The campaign is resumed once fresh stats are in. The rule that paused it counts only what is sent from \
            then on. If another pausing rule is in breach, the command asks for confirmation on a terminal. --force \
            overrides such rules and mutes them for the policy's override_for.
            --label and --all select paused campaigns; the command lists them and asks for confirmation.
            Exits with 65 if an order is refused, 69 if no daemon responds, 77 without permission.

            Example: sendwarden resume camp_123 --reason "list cleaned"
            """)

    @OptionGroup var order: OrderOptions

    @OptionGroup var selection: SelectionOptions

    @Flag(help: "Override the rules that block it.")
    var force = false

    func validate() throws { try order.check(selection) }

    func run() async throws {
        try await order.give(.resume, selection, force: force)
    }
}

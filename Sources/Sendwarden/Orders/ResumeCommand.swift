import ArgumentParser
import Guard

/// `sendwarden resume`: a person ends a pause.
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "End a campaign's pause, whoever made it.",
        discussion: """
            It is started once fresh numbers are in, and counts from there for the rule that had paused it. Where a \
            rule or the pool speaks against it, a terminal is asked once more; --force overrules, and mutes the rules \
            that breach for the policy's override_for.
            Exits with 65 if the order is refused, 69 if no daemon answers, 77 without the permission to give orders.

            Example: sendwarden resume camp_123 --reason "list cleaned"
            """)

    @OptionGroup var order: OrderOptions

    @Flag(help: "Overrule the rules that speak against it.")
    var force = false

    func run() async throws {
        try await order.give(.resume, force: force)
    }
}

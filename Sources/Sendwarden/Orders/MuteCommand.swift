import ArgumentParser
import Guard
import Model

/// `sendwarden mute`: a person takes a rule's right to pause.
struct MuteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mute",
        abstract: "Have rules only watch a campaign for a while.",
        discussion: """
            A muted rule tells what it finds and pauses nothing.
            Exits with 65 if the order is refused, 69 if no daemon answers, 77 without the permission to give orders.

            Example: sendwarden mute camp_123 --rule bounce-rate --for 2h --reason "known bad segment"
            """)

    @OptionGroup var order: OrderOptions

    @Option(help: ArgumentHelp("The rule; by default every rule that pauses it.", valueName: "name"))
    var rule: String?

    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("How long, such as 2h; by default the policy's override_for.", valueName: "duration"))
    var lasts: String?

    @Flag(help: "End the mute.")
    var off = false

    func validate() throws {
        if off, lasts != nil { throw ValidationError("--off and --for exclude each other.") }
        if let lasts, Duration(policyText: lasts) == nil {
            throw ValidationError("--for \(lasts) is no duration; write 90s, 30m, 2h or 7d.")
        }
    }

    func run() async throws {
        try await order.give(
            .mute, rule: rule, seconds: off ? 0 : lasts.flatMap { Duration(policyText: $0) }?.seconds)
    }
}

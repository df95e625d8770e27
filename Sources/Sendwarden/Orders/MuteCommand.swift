import ArgumentParser
import Guard
import Model

/// `sendwarden mute`: a person mutes a rule on a campaign.
struct MuteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mute",
        abstract: "Mute a rule on campaigns for some time.",
        discussion: """
            A muted rule reports breaches but does not pause the campaign.
            Exits with 65 if an order is refused, 69 if no daemon responds, 77 without permission.

            Example: sendwarden mute camp_123 --rule bounce-rate --for 2h --reason "known bad segment"
            """)

    @OptionGroup var order: OrderOptions

    @Option(help: ArgumentHelp("The rule; by default every rule that pauses the campaign.", valueName: "name"))
    var rule: String?

    @Option(
        // What begins with a dash is a value too, so that a negative duration is refused as one.
        name: .customLong("for"), parsing: .unconditional,
        help: ArgumentHelp("The duration, such as 2h; by default the policy's override_for.", valueName: "duration"))
    var duration: String?

    @Flag(help: "End the mute.")
    var off = false

    func validate() throws {
        try order.check(nil)
        if off, duration != nil { throw ValidationError("--off and --for cannot be combined.") }
        if let duration, duration.hasPrefix("-") {
            throw ValidationError("--for \(duration): a duration cannot be negative; write 90s, 30m, 2h or 7d.")
        }
        if let duration, Duration(policyText: duration) == nil {
            throw ValidationError("--for \(duration) is not a duration; write 90s, 30m, 2h or 7d.")
        }
    }

    func run() async throws {
        try await order.give(
            .mute, rule: rule, seconds: off ? 0 : duration.flatMap { Duration(policyText: $0) }?.seconds)
    }
}

import ArgumentParser
import Guard
import Model

/// `sendwarden mute`: a person mutes a rule on campaigns, or plans to.
struct MuteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mute",
        abstract: "Mute a rule on campaigns for some time.",
        discussion: """
            A muted rule reports breaches but does not pause the campaign.
            --label and --all plan a maintenance window: it also covers campaigns that appear later, survives \
            restarts, and ends by itself; 'sendwarden status' shows it. The command lists the campaigns that the \
            window covers now and asks for confirmation.
            Exits with 65 if an order is refused, 69 if no daemon responds, 77 without permission.

            Example: sendwarden mute camp_123 --rule bounce-rate --for 2h --reason "known bad segment"
            Example: sendwarden mute --label team=sales --for 2h --at 2026-12-01T22:00+01:00 --reason "list migration"
            """)

    @OptionGroup var order: OrderOptions

    @OptionGroup var selection: SelectionOptions

    @Option(help: ArgumentHelp("The rule; by default every rule that pauses the campaign.", valueName: "name"))
    var rule: String?

    @Option(
        // What begins with a dash is a value too, so that a negative duration is refused as one.
        name: .customLong("for"), parsing: .unconditional,
        help: ArgumentHelp("The duration, such as 2h; by default the policy's override_for.", valueName: "duration"))
    var duration: String?

    @Option(
        help: ArgumentHelp(
            "With --label or --all: when the mute begins, such as 2026-12-01T22:00+01:00; by default now.",
            valueName: "time"))
    var at: String?

    @Flag(help: "End the mute, as 'sendwarden unmute' does.")
    var off = false

    func validate() throws {
        try order.check(selection)
        if off, duration != nil { throw ValidationError("--off and --for cannot be combined.") }
        if off, at != nil { throw ValidationError("--off and --at cannot be combined.") }
        if let duration, duration.hasPrefix("-") {
            throw ValidationError("--for \(duration): a duration cannot be negative; write 90s, 30m, 2h or 7d.")
        }
        if let duration, Duration(policyText: duration) == nil {
            throw ValidationError("--for \(duration) is not a duration; write 90s, 30m, 2h or 7d.")
        }
        if let duration, Duration(policyText: duration) == .zero, selection.isUsed {
            throw ValidationError("--for \(duration) mutes nothing; 'sendwarden unmute' ends a mute.")
        }
        if let at {
            if MomentText.time(at) == nil {
                throw ValidationError(
                    "--at \(at) is not a date and time with a time zone, such as 2026-12-01T22:00+01:00.")
            }
            if !selection.isUsed { throw ValidationError("--at is for --label and --all.") }
        }
    }

    func run() async throws {
        try await order.give(
            .mute, selection, rule: rule, seconds: off ? 0 : duration.flatMap { Duration(policyText: $0) }?.seconds,
            at: at.flatMap { MomentText.time($0) })
    }
}

/// `sendwarden unmute`: a person ends mutes.
struct UnmuteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unmute",
        abstract: "End mutes and cancel maintenance windows.",
        discussion: """
            --label cancels the maintenance windows that cover only campaigns with these labels, and ends the mutes of \
            such campaigns by id; --all cancels all of them. A window that covers other campaigns, too, stays; the \
            reply names it. The command lists the campaigns and asks for confirmation.
            Exits with 65 if an order is refused, 69 if no daemon responds, 77 without permission.

            Example: sendwarden unmute --label team=sales --reason "the migration is done"
            """)

    @OptionGroup var order: OrderOptions

    @OptionGroup var selection: SelectionOptions

    @Option(help: ArgumentHelp("The rule; by default every rule that pauses the campaign.", valueName: "name"))
    var rule: String?

    func validate() throws { try order.check(selection) }

    func run() async throws {
        try await order.give(.mute, selection, rule: rule, seconds: 0)
    }
}

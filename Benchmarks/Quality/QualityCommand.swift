import ArgumentParser

/// How well campaigns are judged, and how soon: measured on made-up worlds of which the truth is known.
@main
struct QualityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sendwarden-quality",
        abstract: "Measure how well campaigns are judged, and how soon, on made-up worlds of which the truth is known.",
        subcommands: [RulesCommand.self, PollingCommand.self], defaultSubcommand: RulesCommand.self)
}

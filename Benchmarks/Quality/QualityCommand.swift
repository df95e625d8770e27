import ArgumentParser

/// Measures how reliably and how soon bad campaigns are paused, on simulated worlds.
@main
struct QualityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sendwarden-quality",
        abstract: "Measure how reliably and how soon bad campaigns are paused, on simulated worlds.",
        subcommands: [RulesCommand.self, PollingCommand.self], defaultSubcommand: RulesCommand.self)
}

import ArgumentParser

/// What the benchmarks need beside the daemon itself: a platform that plays a trace, the floor of its clients, a full
/// ledger.
@main
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sendwarden-load",
        abstract: "The parts of the benchmarks; Benchmarks/run puts them together.",
        subcommands: [PlatformCommand.self, LoopCommand.self, LedgerCommand.self, AppendCommand.self])
}

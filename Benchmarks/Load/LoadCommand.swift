import ArgumentParser

/// The benchmarks' tools: a platform that plays a trace, a minimal client for comparison, and full ledgers.
@main
struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sendwarden-load",
        abstract: "Tools of the benchmarks, used by Benchmarks/run.",
        subcommands: [PlatformCommand.self, LoopCommand.self, LedgerCommand.self, AppendCommand.self])
}

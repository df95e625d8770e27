import ArgumentParser
import Journal
import Model
import Policy

/// The command line's root; each subcommand has its own file.
@main
struct Sendwarden: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sendwarden",
        abstract: "A guard rail for outbound email campaigns.",
        discussion: """
            Reads a policy, polls the sending platform, pauses campaigns that breach the policy, holds launches that \
            do not fit their sender pool, and logs what it did and why to the journal.

            Try it:          sendwarden demo
            Set it up:       sendwarden init
            Check a policy:  sendwarden check policy.yaml
            Run it:          sendwarden run --policy policy.yaml
            """,
        version: Version.current,
        subcommands: [
            InitCommand.self, RunCommand.self, CheckCommand.self, TestCommand.self, SchemaCommand.self,
            BacktestCommand.self,
            StatusCommand.self,
            ExplainCommand.self,
            HistoryCommand.self,
            PauseCommand.self, ResumeCommand.self, HoldCommand.self, ReleaseCommand.self, MuteCommand.self,
            UnmuteCommand.self,
            WatchCommand.self, UnwatchCommand.self,
            PoolsCommand.self, ReportCommand.self, ReloadCommand.self, MetricsCommand.self, NotifyCommand.self,
            DoctorCommand.self,
            DemoCommand.self,
            SimulateCommand.self,
        ])

    static func main() async {
        if let name = CommandLine.arguments.dropFirst().first, let refusal = refusal(of: name) {
            StandardError.write("Error: \(refusal)")
            exit(withError: ExitCode.validationFailure)
        }
        await main(nil)
    }

    /// Why the first argument is no command; nil if it is one, or an option.
    private static func refusal(of name: String) -> String? {
        let known = configuration.subcommands.map { $0._commandName }
        guard !name.hasPrefix("-"), !known.contains(name), name != "help" else { return nil }
        let unknown = "unknown command '\(CleanText.cleaned(name))'"
        guard let nearest = NearestName.of(name, in: known) else {
            return "\(unknown); 'sendwarden --help' lists the commands"
        }
        return "\(unknown); did you mean \(nearest)?"
    }
}

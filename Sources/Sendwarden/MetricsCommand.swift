import ArgumentParser
import Journal
import NIOCore

/// `sendwarden metrics`: prints what the running daemon counts and measures.
struct MetricsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Print the daemon's metrics, as Prometheus reads them.",
        discussion: """
            Exits with 69 if no daemon answers, 77 without the permission to ask.

            Example: sendwarden metrics | grep sendwarden_rule_firing
            """)

    @OptionGroup var control: ControlOption

    func run() async throws {
        let (status, body) = try await control.ask("GET", "/metrics")
        guard status == 200 else {
            StandardError.write("error: the daemon answers HTTP \(status)")
            throw ExitCode.unavailable
        }
        StandardOutput.write(String(String(buffer: body).dropLast()))
    }
}

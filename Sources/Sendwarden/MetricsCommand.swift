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
        StandardOutput.write(String(String(buffer: try await control.fetch("/metrics")).dropLast()))
    }
}

import ArgumentParser
import Journal
import NIOCore

/// `sendwarden metrics`: prints the running daemon's metrics.
struct MetricsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics",
        abstract: "Print the daemon's metrics in the Prometheus text format.",
        discussion: """
            Exits with 69 if no daemon responds, 77 without permission.

            Example: sendwarden metrics | grep sendwarden_rule_firing
            """)

    @OptionGroup var control: ControlOption

    func run() async throws {
        StandardOutput.write(String(String(buffer: try await control.fetch("/metrics")).dropLast()))
    }
}

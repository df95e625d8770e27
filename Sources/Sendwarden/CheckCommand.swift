import ArgumentParser
import Daemon
import Journal
import Model
import Policy

/// `sendwarden check`: reports every error and warning in a policy.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a policy file.",
        discussion: """
            Prints every error and warning with its file, line and column, and the campaigns that overrides apply to. \
            Reads only the policy and the files that it names: no key, no network.
            Exits with 0 if the policy is valid, 78 if it is not, 66 if the file does not exist, 77 if it cannot be \
            read.

            Example: sendwarden check config/policy.yaml
            """)

    @OptionGroup var policy: PolicyOption

    @Flag(help: "Print the findings as one JSON object.")
    var json = false

    func run() throws {
        let source = try PolicyReading.source(policy.path)
        let outcome = PolicyLoader.load(source)
        if json {
            StandardOutput.write(try ReadableJSON.text(CheckReport(source, outcome)))
        } else {
            let text = source.render(outcome.diagnostics)
            if !text.isEmpty { StandardError.write(String(text.dropLast())) }
            let errors = outcome.diagnostics.count { $0.severity == .error }
            if let policy = outcome.policy {
                StandardOutput.write("\(source.name): ok: \(policy.summary)")
                for line in PolicyText.overrides(policy) { StandardOutput.write("  \(line)") }
            } else {
                StandardError.write("\(source.name): refused: \(errors) error\(errors == 1 ? "" : "s")")
            }
        }
        if outcome.policy == nil { throw ExitCode.badConfiguration }
    }
}

/// The output of `check --json`.
private struct CheckReport: Encodable {
    struct Finding: Encodable {
        var severity: String
        /// The file, if it is not the policy itself.
        var file: String?
        var line: Int
        var column: Int
        var message: String
        var help: String?
    }

    /// A rule as an override changes it for some campaigns.
    struct Override: Encodable {
        var rule: String
        var campaigns: [String]
        var condition: String
    }

    var file: String
    var included: [String]
    var ok: Bool
    var findings: [Finding]
    var overrides: [Override]

    init(_ source: SourceFile, _ outcome: PolicyLoader.Outcome) {
        file = source.name
        included = outcome.included.map(\.name)
        ok = outcome.policy != nil
        overrides = (outcome.policy?.rules ?? []).flatMap { rule in
            rule.overrides.map { override in
                Override(
                    rule: rule.name,
                    campaigns: outcome.policy?.campaigns(of: override, of: rule).map(\.id.text) ?? [],
                    condition: override.rule.conditionText)
            }
        }
        findings = SourceFile.sorted(outcome.diagnostics).map {
            Finding(
                severity: $0.severity.rawValue, file: $0.source?.name, line: $0.position.line,
                column: $0.position.column, message: $0.message,
                help: $0.help)
        }
    }
}

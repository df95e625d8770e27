import ArgumentParser
import Journal
import Policy

/// `sendwarden schema`: prints the policy's JSON Schema.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the policy's JSON Schema, for editors.",
        discussion: """
            An editor with a YAML language server completes and checks a policy that names the schema in its first \
            line, as the installed one does:
              # yaml-language-server: $schema=\(PolicySchema.installedPath)
            What one value means for another, only 'sendwarden check' finds.

            Example: sendwarden schema > policy.schema.json
            """)

    func run() {
        StandardOutput.write(PolicySchema.text)
    }
}

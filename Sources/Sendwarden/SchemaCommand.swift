import ArgumentParser
import Journal
import Policy

/// `sendwarden schema`: prints the policy's JSON Schema.
struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "Print the JSON Schema of policies, for editors.",
        discussion: """
            An editor with a YAML language server completes and checks a policy whose first line names the schema, as \
            the installed policy does:
              # yaml-language-server: $schema=\(PolicySchema.installedPath)
            Only 'sendwarden check' finds errors that involve several values or the meaning of a condition.

            Example: sendwarden schema > policy.schema.json
            """)

    func run() {
        StandardOutput.write(PolicySchema.text)
    }
}

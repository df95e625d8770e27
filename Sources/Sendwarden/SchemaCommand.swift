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
            Files that a policy includes have a schema of their own, which --included prints:
              # yaml-language-server: $schema=\(PolicySchema.installedPathForIncluded)
            Only 'sendwarden check' finds errors that involve several values or the meaning of a condition.

            Example: sendwarden schema > policy.schema.json
            """)

    @Flag(help: "Print the schema of files that a policy includes.")
    var included = false

    func run() {
        StandardOutput.write(included ? PolicySchema.textForIncluded : PolicySchema.text)
    }
}

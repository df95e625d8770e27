import ArgumentParser

/// Which policy file a command is about.
struct PolicyOption: ParsableArguments {
    static let installed = "/etc/sendwarden/policy.yaml"

    @Argument(
        help: ArgumentHelp(
            "The policy file.", discussion: "Without it, \(PolicyOption.installed) is read.", valueName: "policy"))
    var file: String?

    @Option(name: .long, help: ArgumentHelp("The policy file, as an option.", valueName: "file"))
    var policy: String?

    var path: String { file ?? policy ?? PolicyOption.installed }

    func validate() throws {
        if file != nil, policy != nil {
            throw ValidationError("The policy file is named twice; give it once.")
        }
    }
}

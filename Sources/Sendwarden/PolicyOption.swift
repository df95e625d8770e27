import ArgumentParser

/// The policy file that a command reads.
struct PolicyOption: ParsableArguments {
    static let installed = "/etc/sendwarden/policy.yaml"

    @Argument(
        help: ArgumentHelp(
            "The policy file.", discussion: "The default is \(PolicyOption.installed).", valueName: "policy"))
    var file: String?

    @Option(name: .long, help: ArgumentHelp("The policy file, given as an option.", valueName: "file"))
    var policy: String?

    var path: String { file ?? policy ?? PolicyOption.installed }

    func validate() throws {
        if file != nil, policy != nil {
            throw ValidationError("The policy file is given twice; give it once.")
        }
    }
}

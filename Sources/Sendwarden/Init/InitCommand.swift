import ArgumentParser
import FoundationEssentials
import Journal
import Model
import Policy
import Providers

/// `sendwarden init`: stores the key and writes the first policy.
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Store the API key and write a first policy.",
        discussion: """
            Asks for the platform, the API key and the campaigns to guard, checks them on the platform, stores the \
            key, writes a commented policy in observe mode, and prints the next command. Options answer the questions \
            in advance. As root, it sets up the installed service: it writes the policy to \(PolicyOption.installed) \
            and the key to /etc/credstore. Otherwise, it writes both to ~/.config/sendwarden. It writes nothing until \
            every check has passed.
            Exits with 64 if an answer is missing and there is no terminal, 66 if a file does not exist, 69 \
            if the platform cannot be reached or the disk is full, 73 if the policy or another key exists, 77 if the \
            platform rejects the key or a folder cannot be written, 78 if the platform does not know a campaign or a \
            pool, 130 after Ctrl-C.

            Example: sendwarden init --provider leadterra --key-file key.txt --campaign camp_123 camp_124
            """)

    @OptionGroup var options: InitOptions

    func run() async throws {
        ProcessHardening.apply()
        let interruption = Interruption()
        let layout = try InitLayout(options)
        try layout.checkWritable(replacing: options.force)
        let page = Page.terminal
        StandardOutput.write(layout.introduction)
        var answers = try InitAnswers(options, layout, InitTerminal(interruption: interruption))
        var setup = try InitSetup(answers, layout)
        if !options.offline {
            StandardOutput.write("Checking \(setup.workspace.url) with the key; nothing is changed there.")
            while let objection = await setup.objection(page) {
                StandardError.write("error: \(objection.message)")
                guard try answers.askAgain(about: objection) else {
                    StandardError.write("nothing was written")
                    throw objection.code
                }
                setup = try InitSetup(answers, layout)
            }
        }
        try interruption.undisturbed {
            try setup.write(
                replacesPolicy: layout.mayWritePolicy(options.force), replacesKey: options.force || answers.replacesKey)
        }
        await conclude(setup, layout, page)
    }

    /// Shows the findings of `check` and `doctor` about the written files, and the next commands.
    private func conclude(_ setup: InitSetup, _ layout: InitLayout, _ page: Page) async {
        StandardOutput.write("\nThe key is in \(setup.keyPath); only its owner can read it.")
        StandardOutput.write("The policy is in \(layout.policy):")
        let (checked, findings) = DoctorCommand.checkPolicy(layout.policy)
        for finding in findings { finding.show(page) }
        if let checked, layout.unit == nil {
            for finding in DoctorCommand.checkCredential(checked.workspace).1 { finding.show(page) }
        }
        for finding in HostCheck.findings() where finding.verdict != .note { finding.show(page) }
        let path = ShellText.quoted(layout.policy)
        let next: [(String, String)] =
            if let unit = layout.unit {
                [
                    (layout.runs ? "systemctl restart \(unit)" : "systemctl enable --now \(unit)", "start guarding"),
                    ("journalctl -u \(unit) -f", "watch the decisions"),
                    ("sendwarden doctor --policy \(path)", "check the setup again at any time"),
                ]
            } else {
                [
                    ("sendwarden run --policy \(path)", "start guarding"),
                    ("sendwarden doctor --policy \(path)", "check the setup again at any time"),
                ]
            }
        StandardOutput.write("\nNext:")
        let width = next.map(\.0.count).max() ?? 0
        for (command, purpose) in next {
            let padding = String(repeating: " ", count: width - command.count)
            StandardOutput.write("  \(command)\(padding)   # \(purpose)")
        }
    }
}

/// Quotes text for a shell.
enum ShellText {
    static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || (0x2d...0x39).contains(byte)
                || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "@")
        }
        return isPlain && !text.isEmpty ? text : "'" + text.replacing("'", with: "'\\''") + "'"
    }
}

import Foundation
import TestSupport
import Testing

/// `sendwarden init` on a terminal.
@Suite struct InitTerminalTests {
    /// The program on a pseudo-terminal, whose output is on stdout.
    private struct Terminal {
        let program: RunningProgram
        let keyboard = Pipe()

        init(_ place: InitTests.Place, _ arguments: [String]) throws {
            let words = [Program.path, "init", "--policy", place.policy, "--base-url", place.simulator.url] + arguments
            var environment = place.environment
            (environment["WORDS"], environment["SHELL"]) = (words.joined(separator: " "), "/bin/sh")
            program = try RunningProgram(
                [], environment: environment, shell: "exec script -qec \"exec $WORDS\" /dev/null #", input: keyboard)
        }

        /// Answers the question once it is asked.
        func answer(_ question: String, _ text: String) throws {
            let asked = program.wait {
                let line = program.stdout.split(omittingEmptySubsequences: false) { $0.isNewline }.last ?? ""
                return line.contains(question) && line.hasSuffix(": ")
            }
            #expect(asked, "\(question): \(program.stdout)")
            try keyboard.fileHandleForWriting.write(contentsOf: Data(text.utf8))
        }
    }

    private let questions = [
        ("Sending platform", "leadterra\n"), ("API key (not shown", InitTests.key + "\n"),
        ("Campaigns to guard", "good bad\n"),
    ]

    @Test func theQuestionsLeadToAPolicy() throws {
        let place = try InitTests.Place()
        let terminal = try Terminal(place, [])
        try terminal.answer("Sending platform", "laedterra\n")
        try terminal.answer("Sending platform", "\n")
        try terminal.answer("API key (not shown", "sk_test_NeverShownWrong\n")
        try terminal.answer("Campaigns to guard", "a/b\n")
        try terminal.answer("Campaigns to guard", "good, goood\n")
        // What the platform refuses is asked again.
        try terminal.answer("API key (not shown", InitTests.key + "\n")
        try terminal.answer("Campaigns to guard", "good\n")
        let outcome = terminal.program.waitUntilExit()
        #expect(outcome.code == 0, "\(outcome.stdout)")
        #expect(!outcome.stdout.contains("NeverShown"))
        for text in ["did you mean leadterra?", "a/b", "rejects the key", "does not know goood", "Next:"] {
            #expect(outcome.stdout.contains(text), "\(text): \(outcome.stdout)")
        }
        #expect(try String(contentsOfFile: place.storedKey, encoding: .utf8) == InitTests.key + "\n")
        #expect(try Program.run(["check", place.policy]).stdout.contains("1 campaign,"))
    }

    @Test(arguments: 0...2)
    func ctrlCLeavesNothing(atQuestion index: Int) throws {
        let place = try InitTests.Place()
        let terminal = try Terminal(place, [])
        for (question, text) in questions.prefix(index) { try terminal.answer(question, text) }
        try terminal.answer(questions[index].0, "half an ans\u{3}")
        let outcome = terminal.program.waitUntilExit()
        #expect(outcome.code == 130, "\(outcome.stdout)")
        #expect(outcome.stdout.contains("stopped; nothing was written"))
        #expect(place.isEmpty)
    }

    @Test func anotherKeyReplacesTheStoredOneOnlyWithConsent() throws {
        let place = try InitTests.Place()
        #expect(try place.run(InitTests.campaigns + ["--offline"], key: "sk_test_NeverShownOld").code == 0)
        try FileManager.default.removeItem(atPath: place.policy)
        let terminal = try Terminal(place, InitTests.campaigns)
        try terminal.answer("press Enter to use the key in", InitTests.key + "\n")
        try terminal.answer("Replace the key in", "y\n")
        #expect(terminal.program.waitUntilExit().code == 0)
        #expect(try String(contentsOfFile: place.storedKey, encoding: .utf8) == InitTests.key + "\n")
    }
}

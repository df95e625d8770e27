import ArgumentParser
import Glibc
import Journal

/// Asks questions on the terminal.
struct InitTerminal {
    let interruption: Interruption

    /// True if there is someone to ask.
    var isThere: Bool { isatty(STDIN_FILENO) == 1 }

    /// The answer without spaces around it; ends the program at the end of the input.
    func ask(_ question: String) throws -> String {
        StandardError.prompt("\(question): ")
        return try answer(readLine())
    }

    /// The same without showing what is typed.
    func askSecretly(_ question: String) throws -> String {
        // An answer that is typed as soon as the question appears is not shown either.
        let line = interruption.hidingInput {
            StandardError.prompt("\(question): ")
            return readLine()
        }
        // The new line that ended the input was not shown either.
        StandardError.write("")
        return try answer(line)
    }

    /// False unless the answer begins with y.
    func confirm(_ question: String) throws -> Bool {
        try ask("\(question) [y/N]").lowercased().hasPrefix("y")
    }

    private func answer(_ line: String?) throws -> String {
        guard let line else {
            StandardError.write("\nstopped; nothing was written")
            throw ExitCode.validationFailure
        }
        return String(line.trimmingPrefix { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }
}

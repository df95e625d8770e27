import Glibc

/// Writes whole lines to stdout.
package enum StandardOutput {
    /// Writes the text, cleaned of control characters.
    package static func write(_ line: String) { writeLine(line, to: STDOUT_FILENO) }
}

/// Writes whole lines to stderr.
package enum StandardError {
    /// Writes the text, cleaned of control characters.
    package static func write(_ line: String) { writeLine(line, to: STDERR_FILENO) }

    /// Writes a question, cleaned of control characters; its answer follows on the same line.
    package static func prompt(_ text: String) { writeBytes(of: CleanText.printed(text)) }

    /// Replaces the current line of a terminal.
    package static func writeOver(_ text: String) {
        writeBytes(of: "\r\u{1b}[K" + CleanText.printed(text))
    }

    private static func writeBytes(of text: String) {
        _ = text.utf8CString.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count - 1) }
    }
}

private func writeLine(_ line: String, to descriptor: Int32) {
    var writer = LineWriter(descriptor)
    // If this fails, there is no place left to report it.
    _ = writer.write(CleanText.printed(line))
}

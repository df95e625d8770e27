import Glibc

/// Whole lines on stdout.
package enum StandardOutput {
    package static func write(_ line: String) { writeLine(line, to: STDOUT_FILENO) }
}

/// Whole lines on stderr.
package enum StandardError {
    package static func write(_ line: String) { writeLine(line, to: STDERR_FILENO) }

    /// Over what stands in a terminal's current line.
    package static func writeOver(_ text: String) {
        let line = "\r\u{1b}[K" + text
        _ = line.utf8CString.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count - 1) }
    }
}

private func writeLine(_ line: String, to descriptor: Int32) {
    var writer = LineWriter(descriptor)
    // Where it cannot be written, there is nowhere left to report that.
    _ = writer.write(line)
}

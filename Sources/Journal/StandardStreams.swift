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
    var bytes = ArraySlice(Array(line.utf8) + [UInt8(ascii: "\n")])
    while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { continue }
        // Nobody reads the stream, or its disk is full: there is nowhere left to say so.
        guard count > 0 else { return }
        bytes = bytes.dropFirst(count)
    }
}

import Glibc

/// Whole lines on stdout.
package enum StandardOutput {
    package static func write(_ line: String) { writeLine(line, to: STDOUT_FILENO) }
}

/// Whole lines on stderr.
package enum StandardError {
    package static func write(_ line: String) { writeLine(line, to: STDERR_FILENO) }
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

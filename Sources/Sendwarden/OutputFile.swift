import ArgumentParser
import FoundationEssentials
import Glibc
import Journal

/// Writes a command's output to a file.
enum OutputFile {
    /// Replaces a regular file atomically; writes into anything else, such as a pipe or a device.
    ///
    /// Reports a failure on stderr and throws the exit code.
    static func write(_ text: String, to path: String) throws {
        var status = stat()
        let isThere = stat(path, &status) == 0
        let isFile = !isThere || status.st_mode & S_IFMT == S_IFREG
        do {
            if isFile {
                try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
            } else if !writeThrough(Array(text.utf8), to: path) {
                throw CocoaError(.fileWriteUnknown)
            }
        } catch {
            let code = errno
            StandardError.write("error: cannot write \(path): \(String(cString: strerror(code)))")
            throw code == ENOSPC || code == EIO ? ExitCode.unavailable : ExitCode.noPermission
        }
    }

    private static func writeThrough(_ bytes: [UInt8], to path: String) -> Bool {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

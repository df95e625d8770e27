#if canImport(Glibc)
    import Glibc
#endif

/// Why a policy file cannot be read.
package struct PolicyFileError: Error, Hashable, Sendable {
    package enum Code: Hashable, Sendable {
        case missing
        case noPermission
        /// A directory, a device, or a file that is too large or not UTF-8.
        case unusable
    }

    package var code: Code
    /// The path and what is wrong with the file.
    package var reason: String
    /// What to do; nil if the reason says it.
    package var help: String?

    /// One sentence that names the file and the fix.
    package var message: String { reason + (help.map { "; \($0)" } ?? "") }

    package init(code: Code, reason: String, help: String? = nil) {
        (self.code, self.reason, self.help) = (code, reason, help)
    }
}

/// Reads policy files from disk.
package enum PolicyFile {
    /// The file's text, at most 1 MiB of UTF-8.
    package static func read(_ path: String) throws(PolicyFileError) -> SourceFile {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw openError(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw PolicyFileError(code: .unusable, reason: "\(path) is not a regular file")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw openError(path, errno) }
            if count == 0 { break }
            bytes += chunk[..<count]
            guard bytes.count <= YAMLDocument.bytesMax else {
                throw PolicyFileError(
                    code: .unusable,
                    reason: "\(path) is larger than the limit for policies, \(YAMLDocument.bytesMax) bytes")
            }
        }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let line = 1 + validPrefix(of: bytes).count { $0 == UInt8(ascii: "\n") }
            throw PolicyFileError(
                code: .unusable, reason: "\(path):\(line): the file is not valid UTF-8", help: "save it as UTF-8")
        }
        return SourceFile(name: path, text: text)
    }

    /// The most names that are read of one folder.
    static let namesMax = 10_000

    /// The names in a folder, in no particular order, without those that begin with a dot.
    package static func names(in folder: String) throws(PolicyFileError) -> [String] {
        guard let directory = opendir(folder) else {
            guard errno == ENOENT || errno == ENOTDIR else { throw openError(folder, errno) }
            throw PolicyFileError(
                code: .missing, reason: "\(folder): no such folder", help: "create it; an empty folder is fine")
        }
        defer { closedir(directory) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(directory) else { break }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard !name.hasPrefix(".") else { continue }
            guard names.count < namesMax else {
                throw PolicyFileError(
                    code: .unusable, reason: "\(folder) has more than \(namesMax) files",
                    help: "give the included files a folder of their own")
            }
            names.append(name)
        }
        // A part of the folder must not pass for the whole.
        guard errno == 0 else { throw openError(folder, errno) }
        return names
    }

    private static func openError(_ path: String, _ code: Int32) -> PolicyFileError {
        switch code {
        case ENOENT, ENOTDIR:
            return PolicyFileError(
                code: .missing,
                reason: "\(path): no such file",
                help: "give the path of a policy, for example: sendwarden check policy.yaml")
        case EACCES, EPERM:
            return PolicyFileError(
                code: .noPermission,
                reason: "\(path): permission denied", help: "the user that runs sendwarden needs read access")
        default:
            return PolicyFileError(code: .unusable, reason: "\(path): \(String(cString: strerror(code)))")
        }
    }

    private static func validPrefix(of bytes: [UInt8]) -> ArraySlice<UInt8> {
        var low = 0
        var high = bytes.count
        while low < high {
            let middle = (low + high + 1) / 2
            // The cut may be inside a character: try up to three bytes earlier.
            let isValid = (0...3).contains { back in
                middle - back >= 0 && String(validating: bytes[..<(middle - back)], as: UTF8.self) != nil
            }
            if isValid { low = middle } else { high = middle - 1 }
        }
        return bytes[..<low]
    }
}

import Glibc

/// Why a key could not be read.
///
/// The message names the file and the fix, never the content.
package struct CredentialError: Error, Hashable, Sendable {
    package enum Code: Hashable, Sendable {
        /// The credential or the file does not exist.
        case missing
        case noPermission
        /// It exists, but cannot be used safely.
        case refused
    }

    package var code: Code
    package var message: String

    package init(code: Code, message: String) { (self.code, self.message) = (code, message) }
}

/// Reads a key from systemd's credentials directory, or from a file that only its owner can read.
package enum CredentialReader {
    /// Longer than any key.
    package static let bytesMax = 4096

    /// What a file contains, as messages refer to it.
    package struct Content: Hashable, Sendable {
        package var noun: String
        /// The policy's key that names a file by its path.
        package var fileKey: String

        package init(noun: String, fileKey: String) { (self.noun, self.fileKey) = (noun, fileKey) }

        package static let key = Content(noun: "the platform's key", fileKey: "credential_file")
    }

    /// The key in `$CREDENTIALS_DIRECTORY/name`.
    ///
    /// - Parameter directory: the variable's value; nil if systemd passed no credentials.
    package static func systemd(
        _ name: String, directory: String?, _ content: Content = .key
    ) throws(CredentialError) -> APIKey {
        guard let directory, !directory.isEmpty else {
            throw CredentialError(
                code: .missing,
                message: "systemd did not pass the credential '\(name)': add "
                    + "LoadCredential=\(name):/etc/credstore/\(name) to the unit; without systemd, write "
                    + "\(content.fileKey): /path in the policy")
        }
        do throws(CredentialError) {
            // systemd sets the mode of the file, and only this service can read the directory.
            return try read("\(directory)/\(name)", content, isProtectedByDirectory: true)
        } catch {
            guard error.code == .missing else { throw error }
            throw CredentialError(
                code: .missing,
                message:
                    "systemd did not pass the credential '\(name)': put \(content.noun) into the file of the unit's "
                    + "LoadCredential=, by default /etc/credstore/\(name), mode 0600, and restart the service"
            )
        }
    }

    /// The key in a file that only its owner can read.
    package static func file(_ path: String, _ content: Content = .key) throws(CredentialError) -> APIKey {
        try read(path, content, isProtectedByDirectory: false)
    }

    private static func read(
        _ path: String, _ content: Content, isProtectedByDirectory: Bool
    ) throws(CredentialError) -> APIKey {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw openError(path, errno, content) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw CredentialError(
                code: .refused,
                message:
                    "\(path) is not a regular file; put \(content == .key ? "the key" : content.noun) into a regular file"
            )
        }
        if !isProtectedByDirectory {
            guard status.st_mode & 0o077 == 0 else {
                throw CredentialError(
                    code: .refused,
                    message:
                        "\(path) is accessible to others (mode \(octal(status.st_mode & 0o777))); run: chmod 600 \(path)"
                )
            }
            guard status.st_uid == geteuid() || status.st_uid == 0 else {
                throw CredentialError(
                    code: .refused,
                    message: "\(path) is owned by another user (uid \(status.st_uid)), who could change the key; "
                        + "run: chown \(geteuid()) \(path)")
            }
        }
        var bytes = [UInt8](repeating: 0, count: bytesMax + 1)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw openError(path, errno, content) }
        guard count <= bytesMax else {
            throw CredentialError(
                code: .refused,
                message:
                    "\(path) is larger than \(bytesMax) bytes and cannot be \(content == .key ? "a key" : content.noun)"
            )
        }
        return try key(bytes[..<count], path, content)
    }

    /// The key in these bytes; spaces and line breaks around it do not count.
    ///
    /// - Parameter path: where they come from, for messages.
    package static func key(
        _ bytes: ArraySlice<UInt8>, _ path: String, _ content: Content = .key
    ) throws(CredentialError) -> APIKey {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) }
        let trimmed = bytes.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        guard !trimmed.isEmpty else {
            throw CredentialError(code: .refused, message: "\(path) is empty; put \(content.noun) into it")
        }
        guard trimmed.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw CredentialError(
                code: .refused,
                message:
                    "\(path) must contain only \(content == .key ? "the key" : content.noun), on one line, without spaces"
            )
        }
        return APIKey(String(decoding: trimmed, as: UTF8.self))
    }

    private static func openError(_ path: String, _ code: Int32, _ content: Content) -> CredentialError {
        switch code {
        case ENOENT, ENOTDIR:
            CredentialError(code: .missing, message: "\(path): no such file; put \(content.noun) into it, mode 0600")
        case EACCES, EPERM:
            CredentialError(
                code: .noPermission,
                message: "\(path): permission denied; the user that runs sendwarden must own the file")
        default:
            CredentialError(code: .refused, message: "\(path): \(String(cString: strerror(code)))")
        }
    }

    private static func octal(_ mode: mode_t) -> String {
        let digits = String(mode, radix: 8)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

import ArgumentParser
import Glibc
import Journal
import Policy
import Providers

/// Gets the API key.
struct InitKeys {
    let options: InitOptions
    let terminal: InitTerminal
    let provider: Provider

    /// The key that is stored, given or typed, and whether it replaces the stored one.
    func key(storedIn path: String) throws -> (APIKey, Bool) {
        guard let file = options.keyFile else {
            if terminal.isThere { return try asked(storedIn: path, mayKeep: true) }
            return try orExit { () throws(CredentialError) in (try CredentialReader.file(path), false) }
        }
        let key = try given(file)
        if let stored = try stored(path), !stored.isSame(as: key), !options.force {
            StandardError.write(
                "error: \(path) contains another key; replace it with --force, or omit --key-file to use it")
            throw ExitCode.cannotCreate
        }
        return (key, false)
    }

    /// Asks for the key without showing it.
    func asked(storedIn path: String, mayKeep: Bool) throws -> (APIKey, Bool) {
        let stored = try stored(path)
        let keep = mayKeep && stored != nil ? "; press Enter to use the key in \(path)" : ""
        while true {
            let form = provider.traits.keyIsPair ? "Key, \(provider.traits.keyForm)" : "API key"
            let answer = try terminal.askSecretly("\(form) (not shown\(keep))")
            if answer.isEmpty, mayKeep, let stored { return (stored, false) }
            do throws(CredentialError) {
                let key = try valid(Array(answer.utf8)[...], "the key")
                guard let stored, !stored.isSame(as: key), !options.force else { return (key, false) }
            } catch {
                StandardError.write("  \(error.message)")
                continue
            }
            if try terminal.confirm("Replace the key in \(path)?") {
                return try orExit { () throws(CredentialError) in (try valid(Array(answer.utf8)[...], "the key"), true)
                }
            }
        }
    }

    private func stored(_ path: String) throws -> APIKey? {
        guard access(path, F_OK) == 0, !options.force else { return nil }
        return try orExit { () throws(CredentialError) in try CredentialReader.file(path) }
    }

    private func given(_ file: String) throws -> APIKey {
        if file == "-", terminal.isThere {
            return try orExit { [answer = try terminal.askSecretly("API key (not shown)")] () throws(CredentialError) in
                try valid(Array(answer.utf8)[...], "the key")
            }
        }
        let descriptor = file == "-" ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else {
            let code = errno
            StandardError.write("error: cannot read the key: \(file): \(String(cString: strerror(code)))")
            throw code == EACCES ? ExitCode.noPermission : ExitCode.noInput
        }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        var status = stat()
        if file != "-", fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 != 0
        {
            StandardError.write("warning: other users can read \(file); delete it when the setup is complete")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: CredentialReader.bytesMax + 1)
        while bytes.count <= CredentialReader.bytesMax {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        let source = file == "-" ? "standard input" : file
        return try orExit { [bytes] () throws(CredentialError) in
            guard bytes.count <= CredentialReader.bytesMax else {
                throw CredentialError(code: .refused, message: "\(source) is too large to be a key")
            }
            return try valid(bytes[...], source)
        }
    }

    private func valid(_ bytes: ArraySlice<UInt8>, _ source: String) throws(CredentialError) -> APIKey {
        let key = try CredentialReader.key(bytes, source)
        guard !provider.traits.keyIsPair || key.isPair else {
            throw CredentialError(
                code: .refused,
                message: "\(source) has no colon; \(provider.traits.title) needs \(provider.traits.keyForm)")
        }
        return key
    }

    private func orExit<Value>(_ body: () throws(CredentialError) -> Value) throws -> Value {
        do throws(CredentialError) {
            return try body()
        } catch {
            StandardError.write("error: \(error.message)")
            throw ExitCode(error)
        }
    }
}

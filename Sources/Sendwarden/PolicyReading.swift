import ArgumentParser
import Journal
import Policy

/// Reads files that a command requires; reports a failure on stderr and throws the exit code.
enum PolicyReading {
    /// - Parameter hint: what to do if there is no such file.
    static func source(_ path: String, hint: String? = nil) throws -> SourceFile {
        do throws(PolicyFileError) {
            return try PolicyFile.read(path)
        } catch {
            StandardError.write("error: \(error.advising(hint).message)")
            throw ExitCode(error)
        }
    }

    static func policy(_ path: String, hint: String? = nil) throws -> CheckedPolicy {
        let source = try source(path, hint: hint)
        let outcome = PolicyLoader.load(source)
        if let policy = outcome.policy { return policy }
        StandardError.write(String(source.render(outcome.diagnostics).dropLast()))
        StandardError.write("error: \(source.name) is not valid")
        throw ExitCode.badConfiguration
    }
}

extension PolicyFileError {
    /// The error with this advice, if the file does not exist.
    func advising(_ hint: String?) -> PolicyFileError {
        var error = self
        if code == .missing, let hint { error.help = hint }
        return error
    }
}

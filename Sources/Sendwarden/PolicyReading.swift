import ArgumentParser
import Journal
import Policy

/// Reads files that a command requires; reports a failure on stderr and throws the exit code.
enum PolicyReading {
    static func source(_ path: String, hint: String? = nil) throws -> SourceFile {
        do throws(PolicyFileError) {
            return try PolicyFile.read(path)
        } catch {
            StandardError.write("error: \(error.message)\(hint.map { "; \($0)" } ?? "")")
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

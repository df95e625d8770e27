package import Model
package import Policy
package import Providers

/// Why a policy cannot be used.
package enum PolicyRefusal: Error {
    case unreadable(PolicyFileError)
    case unsound(path: String, [Diagnostic])
    case credential(CredentialError)
    /// The campaign files used to list campaigns and no longer list any.
    case emptied([String])
    /// The stored state of workspaces that the policy adds cannot be read.
    case unknownPast([WorkspaceName], String)
    /// Too many file operations are waiting.
    case busy

    /// The first error with its location, and the command that shows all.
    package var message: String {
        switch self {
        case .unreadable(let error): return error.message
        case .credential(let error): return error.message
        case .emptied(let paths):
            return
                "\(paths.joined(separator: ", ")) no longer lists any campaign; to watch none, write 'campaigns: []' "
                + "in the policy and run 'sendwarden reload'"
        case .unknownPast(let names, let reason):
            return "the ledger cannot be read for workspace\(names.count == 1 ? "" : "s") "
                + "\(names.map(\.text).joined(separator: ", ")), so what was paused or held there is unknown: "
                + "\(reason); try again"
        case .busy: return "cannot read the policy: too many operations are waiting for the disk; try again"
        case .unsound(let path, let diagnostics):
            let errors = SourceFile.sorted(diagnostics.filter { $0.severity == .error })
            let first = errors.first.map {
                "\($0.source?.name ?? path):\($0.position.line):\($0.position.column): \($0.message)"
            }
            let more = errors.count > 1 ? " (and \(errors.count - 1) more)" : ""
            return "\(first ?? path)\(more); run 'sendwarden check \(path)' for details"
        }
    }
}

package import Model
package import Policy
package import Providers
package import Threads

/// Why a policy cannot be used.
package enum PolicyRefusal: Error {
    case unreadable(PolicyFileError)
    case unsound(path: String, [Diagnostic])
    case credential(CredentialError)
    /// Too many file operations are waiting.
    case busy

    /// The first error with its location, and the command that shows all.
    package var message: String {
        switch self {
        case .unreadable(let error): return error.message
        case .credential(let error): return error.message
        case .busy: return "cannot read the policy: too many operations wait for the disk; try again"
        case .unsound(let path, let diagnostics):
            let errors = diagnostics.filter { $0.severity == .error }.sorted { $0.position < $1.position }
            let first = errors.first.map { "\(path):\($0.position.line):\($0.position.column): \($0.message)" }
            let more = errors.count > 1 ? " (and \(errors.count - 1) more)" : ""
            return "\(first ?? path)\(more); run 'sendwarden check \(path)' for details"
        }
    }
}

/// Reads the policy file when the daemon starts and at each reload.
package struct PolicyReloader: Sendable {
    private let path: String
    private let factory: PlatformFactory
    private let files: BlockingWork

    package init(path: String, factory: PlatformFactory, files: BlockingWork) {
        self.path = path
        self.factory = factory
        self.files = files
    }

    /// The policy, its clients, and the event that reports the load.
    package func load() async throws(PolicyRefusal) -> (CheckedPolicy, Platforms, JournalEvent) {
        let result = await files.run { () -> Result<(CheckedPolicy, Platforms, JournalEvent), PolicyRefusal> in
            Result { () throws(PolicyRefusal) in try read() }
        }
        guard let result else { throw .busy }
        return try result.get()
    }

    private func read() throws(PolicyRefusal) -> (CheckedPolicy, Platforms, JournalEvent) {
        let source: SourceFile
        do throws(PolicyFileError) {
            source = try PolicyFile.read(path)
        } catch {
            throw .unreadable(error)
        }
        let outcome = PolicyLoader.load(source)
        guard let policy = outcome.policy else { throw .unsound(path: path, outcome.diagnostics) }
        do throws(CredentialError) {
            return (policy, try factory.platforms(for: policy), loaded(policy, outcome.diagnostics))
        } catch {
            throw .credential(error)
        }
    }

    /// Loads the policy as a whole, or refuses it with the reason.
    package func reload() async -> GuardService.Reload {
        do throws(PolicyRefusal) {
            let (policy, platforms, loaded) = try await load()
            return .loaded(policy, platforms, loaded)
        } catch {
            return .refused(
                JournalEvent(
                    .policyRefused, "policy refused, the policy in use stays in use: \(error.message)",
                    fields: [.policy: path, .reason: error.message]))
        }
    }

    private func loaded(_ policy: CheckedPolicy, _ diagnostics: [Diagnostic]) -> JournalEvent {
        let warnings = diagnostics.count { $0.severity == .warning }
        let doubts =
            warnings == 0 ? "" : ", \(warnings) warning\(warnings == 1 ? "" : "s") ('sendwarden check' shows them)"
        return JournalEvent(
            .policyLoaded,
            "policy loaded: \(policy.summary)\(doubts)",
            fields: [
                .policy: path, .mode: policy.mode.rawValue, .workspace: policy.workspace.name.text,
                .provider: policy.workspace.provider.rawValue,
            ])
    }
}

extension CheckedPolicy {
    /// The policy in one line.
    package var summary: String {
        func count(_ number: Int, _ word: String, _ plural: String? = nil) -> String {
            "\(number) \(number == 1 ? word : plural ?? word + "s")"
        }
        return [
            "workspace\(workspaces.count == 1 ? "" : "s") \(workspaces.map(\.name.text).joined(separator: ", "))",
            "\(mode.rawValue) mode", count(campaigns.count, "campaign"),
            count(rules.count, "rule"), count(launches.count, "launch", "launches"),
            pools.isEmpty ? nil : count(pools.count, "named pool"), "polled every \(poll.statsPace.text)",
        ].compactMap { $0 }.joined(separator: ", ")
    }
}

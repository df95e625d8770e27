package import Model
package import Policy
import Providers

/// Reads the policy file for the daemon: at its start, and anew at each reload.
package struct PolicyReloader: Sendable {
    private let path: String
    private let factory: PlatformFactory

    package init(path: String, factory: PlatformFactory) {
        self.path = path
        self.factory = factory
    }

    /// All or nothing: a policy that cannot be used in full is refused with the reason.
    package func reload() -> GuardService.Reload {
        do throws(PolicyFileError) {
            let source = try PolicyFile.read(path)
            let outcome = PolicyLoader.load(source)
            guard let policy = outcome.policy else { return .refused(refused(outcome.diagnostics)) }
            do throws(CredentialError) {
                return .loaded(
                    policy, try factory.platform(for: policy), PolicyReloader.loaded(policy, path, outcome.diagnostics))
            } catch {
                return .refused(refused(error.message))
            }
        } catch {
            return .refused(refused(error.message))
        }
    }

    private func refused(_ diagnostics: [Diagnostic]) -> JournalEvent {
        let errors = diagnostics.filter { $0.severity == .error }.sorted { $0.position < $1.position }
        guard let first = errors.first else { return refused("it could not be read") }
        let more = errors.count > 1 ? " (and \(errors.count - 1) more)" : ""
        return refused(
            "\(path):\(first.position.line):\(first.position.column): \(first.message)\(more); "
                + "'sendwarden check \(path)' shows it all")
    }

    private func refused(_ reason: String) -> JournalEvent {
        JournalEvent(
            .policyRefused, "policy refused, the one in use goes on: \(reason)",
            fields: [.policy: path, .reason: reason])
    }

    package static func loaded(_ policy: CheckedPolicy, _ path: String, _ diagnostics: [Diagnostic]) -> JournalEvent {
        let warnings = diagnostics.count { $0.severity == .warning }
        let doubts =
            warnings == 0 ? "" : ", \(warnings) warning\(warnings == 1 ? "" : "s") ('sendwarden check' shows them)"
        return JournalEvent(
            .policyLoaded,
            "policy loaded: workspace \(policy.workspace.name), \(policy.mode.rawValue) mode, campaigns: "
                + "\(policy.campaigns.count), rules: \(policy.rules.count), launches: \(policy.launches.count), polled every "
                + policy.poll.statsInterval.policyText + doubts,
            fields: [
                .policy: path, .mode: policy.mode.rawValue, .workspace: policy.workspace.name,
                .provider: policy.workspace.provider.rawValue,
            ])
    }
}

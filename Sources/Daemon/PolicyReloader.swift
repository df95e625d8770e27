import Glibc
package import Model
package import Policy
package import Providers
import Synchronization
package import Threads

/// Why a policy cannot be used.
package enum PolicyRefusal: Error {
    case unreadable(PolicyFileError)
    case unsound(path: String, [Diagnostic])
    case credential(CredentialError)
    /// The campaign files, which listed campaigns, list none any more.
    case emptied([String])
    /// Too many file operations are waiting.
    case busy

    /// The first error with its location, and the command that shows all.
    package var message: String {
        switch self {
        case .unreadable(let error): return error.message
        case .credential(let error): return error.message
        case .emptied(let paths):
            return "\(paths.joined(separator: ", ")) lists no campaign any more; to watch none, remove it from the "
                + "policy and run 'sendwarden reload'"
        case .busy: return "cannot read the policy: too many operations wait for the disk; try again"
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

/// What a reload reads.
package enum ReloadScope: Sendable {
    /// The policy and the files that it names.
    case policy
    /// Only the files under `campaigns_file`; the policy is the one in use, whatever its file contains by now.
    case campaignFiles
}

/// Reads the policy file and the files that it names, when the daemon starts and at each reload.
package final class PolicyReloader: Sendable {
    private struct State {
        /// The policy in use.
        var source: SourceFile?
        var policy: CheckedPolicy?
        /// The files under `campaigns_file` as they were when they were last read, and at the last look.
        var read: [String: FileStamp] = [:]
        var seen: [String: FileStamp] = [:]
    }

    private let path: String
    private let factory: PlatformFactory
    private let files: BlockingWork
    private let state = Mutex(State())

    package init(path: String, factory: PlatformFactory, files: BlockingWork) {
        self.path = path
        self.factory = factory
        self.files = files
    }

    /// The policy, its clients, and the event that reports the load.
    package func load(
        _ scope: ReloadScope = .policy
    ) async throws(PolicyRefusal) -> (CheckedPolicy, Platforms, JournalEvent) {
        let result = await files.run { () -> Result<(CheckedPolicy, Platforms, JournalEvent), PolicyRefusal> in
            Result { () throws(PolicyRefusal) in try self.read(scope) }
        }
        guard let result else { throw .busy }
        return try result.get()
    }

    private func read(_ scope: ReloadScope) throws(PolicyRefusal) -> (CheckedPolicy, Platforms, JournalEvent) {
        let before = state.withLock { $0 }
        let source: SourceFile
        if case .campaignFiles = scope, let inUse = before.source {
            source = inUse
        } else {
            do throws(PolicyFileError) {
                source = try PolicyFile.read(path)
            } catch {
                throw .unreadable(error)
            }
        }
        // Before they are read: a later change is then seen as one.
        noteStamps(before.policy?.campaignFiles ?? [])
        let outcome = PolicyLoader.load(source)
        guard let policy = outcome.policy else { throw .unsound(path: path, outcome.diagnostics) }
        if case .campaignFiles = scope, let inUse = before.policy, policy.listsNoneOfFiles, !inUse.listsNoneOfFiles {
            throw .emptied(policy.campaignFiles)
        }
        do throws(CredentialError) {
            let platforms = try factory.platforms(for: policy)
            // The loop refuses a policy for another workspace.
            if policy.workspace.name == (before.policy?.workspace.name ?? policy.workspace.name) {
                state.withLock { ($0.source, $0.policy) = (source, policy) }
                noteStamps(policy.campaignFiles.filter { !(before.policy?.campaignFiles.contains($0) ?? false) })
            }
            return (policy, platforms, loaded(policy, scope, outcome.diagnostics))
        } catch {
            throw .credential(error)
        }
    }

    /// Loads the policy as a whole, or refuses it with the reason.
    package func reload(_ scope: ReloadScope) async -> GuardService.Reload {
        do throws(PolicyRefusal) {
            let (policy, platforms, loaded) = try await load(scope)
            return .loaded(policy, platforms, loaded)
        } catch {
            let message =
                switch scope {
                case .policy: "policy refused, the policy in use stays in use: \(error.message)"
                case .campaignFiles: "campaigns_file refused, the campaigns in use stay in use: \(error.message)"
                }
            return .refused(
                JournalEvent(.policyRefused, message, fields: [.policy: path, .reason: error.message]))
        }
    }

    // MARK: Changes of campaign files

    /// True if a file under `campaigns_file` has changed since it was read, and not since the last call, so that nobody
    /// is writing it.
    package func campaignFilesChanged() async -> Bool {
        await files.run { self.look() } ?? false
    }

    private func look() -> Bool {
        let paths = state.withLock { $0.policy?.campaignFiles ?? [] }
        let stamps = PolicyReloader.stamps(paths)
        return state.withLock { state in
            defer { state.seen = stamps }
            return paths.contains { state.read[$0] != stamps[$0] && state.seen[$0] == stamps[$0] }
        }
    }

    private func noteStamps(_ paths: [String]) {
        let stamps = PolicyReloader.stamps(paths)
        state.withLock { $0.read.merge(stamps) { _, newer in newer } }
    }

    private static func stamps(_ paths: [String]) -> [String: FileStamp] {
        Dictionary(paths.map { ($0, FileStamp($0)) }, uniquingKeysWith: { first, _ in first })
    }

    private func loaded(
        _ policy: CheckedPolicy, _ scope: ReloadScope, _ diagnostics: [Diagnostic]
    ) -> JournalEvent {
        let warnings = diagnostics.count { $0.severity == .warning }
        let doubts =
            warnings == 0 ? "" : ", \(warnings) warning\(warnings == 1 ? "" : "s") ('sendwarden check' shows them)"
        let what =
            switch scope {
            case .policy: "policy loaded"
            case .campaignFiles: "campaigns_file changed and was read again"
            }
        return JournalEvent(
            .policyLoaded,
            "\(what): \(policy.summary)\(doubts)",
            fields: [
                .policy: path, .mode: policy.mode.rawValue, .workspace: policy.workspace.name.text,
                .provider: policy.workspace.provider.rawValue,
            ])
    }
}

/// What tells whether a file has changed.
private struct FileStamp: Hashable, Sendable {
    private var inode: UInt64 = 0
    private var size: Int64 = 0
    private var seconds = 0
    private var nanoseconds = 0

    /// All zero for a file that does not exist.
    init(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return }
        (inode, size) = (UInt64(status.st_ino), Int64(status.st_size))
        (seconds, nanoseconds) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
    }
}

extension CheckedPolicy {
    /// True if no file lists a campaign.
    fileprivate var listsNoneOfFiles: Bool {
        !campaigns.contains { if case .file = $0.origin { true } else { false } }
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
            "\(mode.rawValue) mode\(setsMode ? "" : " (the policy sets none)")", count(campaigns.count, "campaign"),
            count(rules.count, "rule"), count(launches.count, "launch", "launches"),
            pools.isEmpty ? nil : count(pools.count, "named pool"), "polled every \(poll.statsPace.text)",
        ].compactMap { $0 }.joined(separator: ", ")
    }
}

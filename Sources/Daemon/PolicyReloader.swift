import Guard
package import Ledger
package import Model
package import Policy
import Providers
import Synchronization
package import Threads

/// What a reload reads.
package enum ReloadScope: Sendable {
    /// The policy and the files that it names under `include` and `campaigns_file`.
    case policy
    /// Only the files under `campaigns_file`; the policy is the one in use, whatever its other files contain by now.
    case campaignFiles
}

/// Reads the policy file and the files that it names, when the daemon starts and at each reload.
package final class PolicyReloader: Sendable {
    /// The policy in use, and its clients.
    private struct InUse {
        var source: SourceFile
        /// The files under `include`.
        var included: [SourceFile]
        var policy: CheckedPolicy
        var platforms: Platforms
    }

    /// A policy that can be used, and the event that reports the load.
    private struct Loaded {
        var inUse: InUse
        var report: LoadReport
    }

    private struct State {
        var inUse: InUse?
        /// The workspaces whose stored state the guard has: those of every policy used so far.
        var joined: Set<WorkspaceName> = []
        /// The files under `campaigns_file` as they were when they were last read, and at the last check.
        var read: [String: FileStamp] = [:]
        var seen: [String: FileStamp] = [:]
    }

    /// The longest wait for the stored state of added workspaces.
    private static let pastWithin: Duration = .seconds(10)

    private let path: String
    private let factory: PlatformFactory
    private let files: BlockingWork
    private let state = Mutex(State())

    package init(path: String, factory: PlatformFactory, files: BlockingWork) {
        self.path = path
        self.factory = factory
        self.files = files
    }

    /// The first policy, its clients, and the event that reports the load.
    package func load() async throws(PolicyRefusal) -> (CheckedPolicy, Platforms, LoadReport) {
        let loaded = try await read(.policy)
        use(loaded.inUse)
        return (loaded.inUse.policy, loaded.inUse.platforms, loaded.report)
    }

    /// Notes the policy in use with the campaigns that its empty files listed before the process started.
    package func use(recalled policy: CheckedPolicy) { state.withLock { $0.inUse?.policy = policy } }

    private func use(_ inUse: InUse) {
        state.withLock { state in
            state.inUse = inUse
            state.joined.formUnion(inUse.policy.workspaces.map(\.name))
        }
    }

    private func read(_ scope: ReloadScope) async throws(PolicyRefusal) -> Loaded {
        let result = await files.run { () -> Result<Loaded, PolicyRefusal> in
            Result { () throws(PolicyRefusal) in try self.readNow(scope) }
        }
        guard let result else { throw .busy }
        return try result.get()
    }

    private func readNow(_ scope: ReloadScope) throws(PolicyRefusal) -> Loaded {
        let before = state.withLock { $0.inUse }
        let source: SourceFile
        // The files under `campaigns_file` need no new clients.
        let known: Platforms?
        let included: [SourceFile]?
        if case .campaignFiles = scope, let before {
            (source, included, known) = (before.source, before.included, before.platforms)
        } else {
            (included, known) = (nil, nil)
            do throws(PolicyFileError) {
                source = try PolicyFile.read(path)
            } catch {
                throw .unreadable(error)
            }
        }
        let files = before?.policy.campaignFiles ?? []
        // Noted before the files are read, so that any later change is detected.
        noteStamps(files)
        let outcome = PolicyLoader.load(source, included: included)
        guard var policy = outcome.policy else { throw .unsound(path: path, outcome.diagnostics) }
        if let before, policy.lacksFileList, before.policy.listsFiles {
            throw .emptied(policy.campaignFiles)
        }
        // A new file before the others does not change the workspace that the ledger belongs to.
        if let before { policy.moveToFront(before.policy.workspace.name) }
        do throws(CredentialError) {
            let platforms: Platforms
            if let known { platforms = known } else { platforms = try factory.platforms(for: policy) }
            noteStamps(policy.campaignFiles.filter { !files.contains($0) })
            return Loaded(
                inUse: InUse(source: source, included: outcome.included, policy: policy, platforms: platforms),
                report: LoadReport(path: path, scope: scope, warnings: warnings(outcome.diagnostics)))
        } catch {
            throw .credential(error)
        }
    }

    /// Loads the policy as a whole, or refuses it with the reason.
    ///
    /// - Parameter ledger: has the state of workspaces that the policy adds; nil if nothing is stored.
    package func reload(
        _ scope: ReloadScope, from ledger: (any LedgerQueries)?, at now: Instant
    ) async -> GuardService.Reload {
        do throws(PolicyRefusal) {
            let loaded = try await read(scope)
            let policy = loaded.inUse.policy
            let past = try await past(of: policy, ledger, at: now)
            // The loop refuses a policy for another workspace.
            let first = state.withLock { $0.inUse?.policy.workspace.name }
            if policy.workspace.name == first ?? policy.workspace.name { use(loaded.inUse) }
            return .loaded(policy, loaded.inUse.platforms, loaded.report, past)
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

    /// What the ledger has of workspaces that no policy has named since the process started; nil if there are none.
    private func past(
        of policy: CheckedPolicy, _ ledger: (any LedgerQueries)?, at now: Instant
    ) async throws(PolicyRefusal) -> Memory? {
        let joined = state.withLock { $0.joined }
        let added = policy.workspaces.map(\.name).filter { !joined.contains($0) }
        guard let ledger, !added.isEmpty else { return nil }
        // A ledger that hangs must not hold up the reloads that follow.
        let result = await bounded(by: PolicyReloader.pastWithin) { () -> Result<Memory, LedgerError> in
            do throws(LedgerError) {
                return .success(
                    try await ledger.memory(
                        LedgerScope(policy, only: Set(added)), window: policy.memoryWindow, at: now))
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let memory): return memory
        case .failure(let error): throw .unknownPast(added, error.message)
        case nil: throw .unknownPast(added, "it does not respond within \(PolicyReloader.pastWithin.policyText)")
        }
    }

    // MARK: Changes of campaign files

    /// True if a file under `campaigns_file` has changed since it was read but not since the last call, so that nobody
    /// is still writing it.
    package func campaignFilesChanged() async -> Bool {
        await files.run { self.look() } ?? false
    }

    private func look() -> Bool {
        let paths = state.withLock { $0.inUse?.policy.campaignFiles ?? [] }
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

    private func warnings(_ diagnostics: [Diagnostic]) -> Int { diagnostics.count { $0.severity == .warning } }
}

/// What is reported about a policy that was read, once it is known which campaigns people ordered to watch.
package struct LoadReport: Sendable {
    var path: String
    var scope: ReloadScope
    var warnings: Int

    /// - Parameter policy: as it is used, with the campaigns that people ordered to watch.
    package func event(_ policy: CheckedPolicy) -> JournalEvent {
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

extension CheckedPolicy {
    /// True if a file lists a campaign.
    fileprivate var listsFiles: Bool {
        campaigns.contains { if case .file = $0.origin { true } else { false } }
    }
}

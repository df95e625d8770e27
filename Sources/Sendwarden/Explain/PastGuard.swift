import ArgumentParser
import Guard
import Journal
import Ledger
import Model
import Policy

/// The guard's state as of the ledger's last entry, restored from the ledger and the policy.
struct PastGuard {
    var warden: Guard
    var at: Instant
    var ledger: any LedgerQueries
    var workspaces: [WorkspaceName]
    var path: String

    /// Precedes output that is based on a ledger.
    var note: String { "daemon not queried; ledger snapshot of \(at.toSecond) from \(path)" }

    /// Reports a failure on stderr and throws the exit code.
    init(ledger path: String, policy policyPath: String) async throws {
        let policy = try PolicyReading.policy(policyPath, hint: "select the policy with --policy")
        do throws(LedgerError) {
            let ledger = try await LedgerLocation(path).openForReading()
            let scope = LedgerScope(policy)
            guard let then = try await ledger.span(of: scope.workspaces)?.upperBound else {
                let names = scope.workspaces.map(\.text).joined(separator: ", ")
                throw LedgerError(
                    code: .missing,
                    message: "\(path) has no data of the policy's workspace\(scope.workspaces.count == 1 ? "" : "s") "
                        + names)
            }
            warden = Guard(
                policy: policy, memory: try await ledger.memory(scope, window: policy.memoryWindow, at: then), at: then)
            var pools: [SenderPool] = []
            for workspace in scope.workspaces {
                pools += try await ledger.pools(workspace.text, since: then - .seconds(86400)).compactMap {
                    id, samples in
                    samples.last.map { SenderPool(id: id, dailyCapacity: $0.capacity, remainingVolume: $0.remaining) }
                }
            }
            if !pools.isEmpty { warden.recall(pools: pools, at: then) }
            (at, self.ledger, workspaces, self.path) = (then, ledger, scope.workspaces, path)
        } catch {
            StandardError.write("error: \(error.message)")
            throw ExitCode(error)
        }
    }
}

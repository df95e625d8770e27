import ArgumentParser
import Guard
import Journal
import Ledger
import Model
import Policy

/// The guard as it stood when its ledger was last written, made from the ledger and the policy.
struct PastGuard {
    var warden: Guard
    var at: Instant
    var reader: LedgerReader
    var workspace: String
    var path: String

    /// What is said before anything that comes from here.
    var note: String { "no daemon was asked: this is how things stood at \(at.toSecond), from \(path)" }

    /// Says why it cannot be made, where it cannot, and throws the exit code.
    init(ledger path: String, policy policyPath: String) throws {
        let policy = try PolicyReading.policy(policyPath, hint: "name the policy with --policy")
        do throws(LedgerError) {
            let reader = try LedgerReader(path)
            let workspace = policy.workspace.name.text
            guard let then = try reader.lastUpdate(workspace) else {
                throw LedgerError(
                    code: .missing, message: "\(path) knows nothing of the policy's workspace \(workspace)")
            }
            warden = Guard(policy: policy, memory: try reader.memory(workspace, at: then), at: then)
            let pools = try reader.pools(workspace, since: then - .seconds(86400)).compactMap { id, samples in
                samples.last.map { SenderPool(id: id, dailyCapacity: $0.capacity, remainingVolume: $0.remaining) }
            }
            if !pools.isEmpty { warden.recollect(pools: pools, at: then) }
            (at, self.reader, self.workspace, self.path) = (then, reader, workspace, path)
        } catch {
            StandardError.write("error: \(error.message)")
            throw ExitCode(error)
        }
    }
}

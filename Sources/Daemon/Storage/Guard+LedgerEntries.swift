import Guard
import Ledger
import Model
import Policy

extension Guard {
    /// A record with its workspace; state that belongs to no single workspace is stored under each of them.
    func entries(for record: LedgerRecord) -> [LedgerEntry] {
        switch record {
        case .workspace: policy.workspaces.map { LedgerEntry($0.name, record) }
        case .sample(let id, _, _): [LedgerEntry(workspace(of: .stats(id)), record)]
        case .campaign(let memory): [LedgerEntry(workspace(of: .stats(memory.id)), record)]
        case .launch(let memory): [LedgerEntry(workspace(of: .stats(memory.campaign)), record)]
        case .poolState(let memory): [LedgerEntry(workspace(of: .pool(memory.id)), record)]
        case .pool(let pool, _, _): [LedgerEntry(workspace(of: .pool(pool.id)), record)]
        case .decision(let decision): [LedgerEntry(workspace(of: .stats(decision.campaign)), record)]
        case .intent(let intent, _): [LedgerEntry(workspace(of: .stats(intent.campaign)), record)]
        case .senderChange(let change, _): [LedgerEntry(workspace(of: .pool(change.pool)), record)]
        // Not produced here: the loop stores notifications, and the events that it logs under the workspace that they
        // concern.
        case .event, .outbox: [LedgerEntry(policy.workspace.name, record)]
        }
    }
}

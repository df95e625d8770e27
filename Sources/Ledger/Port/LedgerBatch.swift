package import Guard
package import Model

/// A record and the workspace that it belongs to.
package struct LedgerEntry: Sendable {
    package var workspace: WorkspaceName
    package var record: LedgerRecord

    package init(_ workspace: WorkspaceName, _ record: LedgerRecord) {
        (self.workspace, self.record) = (workspace, record)
    }
}

/// The records of one transaction.
package struct LedgerBatch: Sendable {
    package var entries: [LedgerEntry]
    /// The time of the transaction.
    package var at: Instant

    package init(_ entries: [LedgerEntry], at: Instant) { (self.entries, self.at) = (entries, at) }

    /// True if it must be durable when the write returns, because a request waits for it.
    package var isUrgent: Bool { entries.contains { $0.record.isUrgent } }
}

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

/// What is stored in one transaction.
package struct LedgerBatch: Sendable {
    package var entries: [LedgerEntry]
    /// When that was.
    package var at: Instant

    package init(_ entries: [LedgerEntry], at: Instant) { (self.entries, self.at) = (entries, at) }

    /// True where it must be durable before something that waits for it is sent.
    package var isUrgent: Bool { entries.contains { $0.record.isUrgent } }
}

/// Limits of a ledger; tests use small ones.
package struct LedgerLimits: Sendable {
    /// The largest size of the file; beyond it, writes fail as on a full disk.
    ///
    /// The default leaves space on a small disk and is enough for 90 days of a few thousand campaigns.
    package var bytesMax: Int
    /// The most rows that a maintenance step reads: a few milliseconds, for which an urgent write may wait.
    package var stepRows: Int

    package init(bytesMax: Int = 4 << 30, stepRows: Int = 500) {
        self.bytesMax = bytesMax
        self.stepRows = stepRows
    }
}

/// What bounds a ledger; tests choose small ones.
package struct LedgerLimits: Sendable {
    /// The largest size of the file; beyond it writing fails as on a full disk.
    ///
    /// The default leaves room on a small disk and holds 90 days of some thousand campaigns.
    package var bytesMax: Int
    /// Rows that one step of maintenance reads at most: some milliseconds, which an urgent write may have to wait.
    package var stepRows: Int

    package init(bytesMax: Int = 4 << 30, stepRows: Int = 500) {
        self.bytesMax = bytesMax
        self.stepRows = stepRows
    }
}

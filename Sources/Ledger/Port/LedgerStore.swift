package import Guard
package import Model

/// The durable store of a guard's state and history, used by one daemon at a time.
///
/// Calls run on the store's own threads and return when their work is done. If too many wait, a call throws
/// ``LedgerError/Code/busy`` immediately.
package protocol LedgerStore: Sendable {
    /// Read access, on connections that never delay a write.
    var queries: any LedgerQueries { get }

    /// The current right to write; a store whose leases expire renews it here.
    ///
    /// - Throws: ``LedgerError/Code/leaseLost`` if another holder has taken it.
    func lease() async throws(LedgerError) -> LedgerLease

    /// Stores the batch in one transaction; an urgent batch is durable when this returns.
    ///
    /// Batches of the same urgency are stored in the order of the calls; urgent ones overtake others.
    /// - Throws: ``LedgerError/Code/leaseLost`` if the lease was lost; the transaction checks this.
    func append(_ batch: LedgerBatch) async throws(LedgerError)

    /// Removes old or excess rows in one bounded step, when nothing else waits.
    ///
    /// Call it every few seconds, because it also detects a lost store.
    func maintain(at now: Instant) async throws(LedgerError) -> LedgerUpkeep

    /// Ends the lease after all accepted batches are stored.
    func close() async
}

/// Read-only access to a ledger, which a daemon may be writing.
package protocol LedgerQueries: Sendable {
    /// The workspaces in the ledger, sorted by name.
    func workspaces() async throws(LedgerError) -> [String]
    /// The times of the workspace's first and last entry; nil without entries.
    func span(_ workspace: String) async throws(LedgerError) -> ClosedRange<Instant>?
    /// The state from which a guard of these workspaces continues, with the samples of `window` before `now`.
    func memory(_ scope: LedgerScope, window: Duration, at now: Instant) async throws(LedgerError) -> Memory
    /// Events, oldest first.
    func history(_ workspace: String, _ filter: HistoryFilter) async throws(LedgerError) -> [HistoryEntry]
    /// The decision with this number; nil if there is none.
    func decision(_ id: Int, _ workspace: String) async throws(LedgerError) -> DecisionRecord?
    /// The decisions since this time, sorted by number.
    func decisions(_ workspace: String, since: Instant) async throws(LedgerError) -> [DecisionRecord]
    /// The newest decisions that match, sorted by number, newest first.
    func decisions(_ workspace: String, _ filter: DecisionFilter) async throws(LedgerError) -> [DecisionRecord]
    /// The campaigns with samples, sorted by id.
    func campaigns(_ workspace: String) async throws(LedgerError) -> [CampaignID]
    /// The campaign's samples since this time, oldest first.
    func samples(
        of campaign: CampaignID, _ workspace: String, since: Instant
    ) async throws(LedgerError) -> [(at: Instant, stats: CampaignStats)]
    /// The samples of all pools since this time, oldest first.
    func pools(_ workspace: String, since: Instant) async throws(LedgerError) -> [PoolID: [PoolVolumeSample]]
    /// Notifications that were neither sent nor dropped, oldest first; the oldest are omitted beyond the limit.
    func outbox(limit: Int) async throws(LedgerError) -> [OutboxItem]
    /// The first damage found; nil if the ledger is sound.
    func damage() async throws(LedgerError) -> String?
}

/// The right to write a ledger, held by one daemon at a time.
package struct LedgerLease: Hashable, Sendable {
    /// Describes the holder.
    package var holder: String
    /// The fencing token, which renewals preserve.
    ///
    /// It is higher than that of every earlier holder that stored anything, so a store can refuse their late writes.
    package var epoch: Int
    /// When it expires unless renewed; nil if it lasts until the process releases it.
    package var deadline: Instant?

    package init(holder: String, epoch: Int, deadline: Instant?) {
        (self.holder, self.epoch, self.deadline) = (holder, epoch, deadline)
    }
}

/// The outcome of a maintenance step.
package struct LedgerUpkeep: Hashable, Sendable {
    /// True if another step is due immediately.
    package var hasMore: Bool
    /// The ledger's size in bytes.
    package var bytes: Int

    package init(hasMore: Bool, bytes: Int) { (self.hasMore, self.bytes) = (hasMore, bytes) }
}

/// An opened store and the state that it contained.
package struct OpenedLedger<Store: Sendable>: Sendable {
    package var store: Store
    package var memory: Memory
    /// The new path of a damaged ledger that was moved aside; nil if there was none.
    package var setAside: String?

    package init(store: Store, memory: Memory, setAside: String? = nil) {
        (self.store, self.memory, self.setAside) = (store, memory, setAside)
    }
}

package import Guard
package import Model

/// The durable store of all that a guard must not forget, used by one daemon at a time.
///
/// Every call returns once its work is done, on threads of the store's own. Work that waits is bounded: beyond that a
/// call throws ``LedgerError/Code/busy`` at once.
package protocol LedgerStore: Sendable {
    /// Answers from the past, on connections that never keep a write waiting.
    var queries: any LedgerQueries { get }

    /// The right to write, as it stands; a store whose leases end renews it here.
    ///
    /// - Throws: ``LedgerError/Code/leaseLost`` where another holder has taken it.
    func lease() async throws(LedgerError) -> LedgerLease

    /// Stores all of the batch, or nothing; an urgent batch is durable when this returns.
    ///
    /// Batches of one urgency are stored in the order of the calls; an urgent one goes before others that wait.
    /// - Throws: ``LedgerError/Code/leaseLost`` where the lease is gone, which the batch's transaction checks.
    func append(_ batch: LedgerBatch) async throws(LedgerError)

    /// One bounded step of removing what is too old or too much; runs when nothing else waits.
    ///
    /// It is due every few seconds, as it also notices that the store was taken away.
    func maintain(at now: Instant) async throws(LedgerError) -> LedgerUpkeep

    /// Ends the lease once what has been taken in is stored.
    func close() async
}

/// What a ledger can tell; nothing of it is changed, and a daemon may go on writing.
package protocol LedgerQueries: Sendable {
    /// The workspaces that the ledger knows, in the order of their names.
    func workspaces() async throws(LedgerError) -> [String]
    /// When something of the workspace was first and last stored; nil where nothing was.
    func span(_ workspace: String) async throws(LedgerError) -> ClosedRange<Instant>?
    /// All that a guard of these workspaces continues from, with samples of the window before `now`.
    func memory(_ scope: LedgerScope, window: Duration, at now: Instant) async throws(LedgerError) -> Memory
    /// Events, oldest first.
    func history(_ workspace: String, _ filter: HistoryFilter) async throws(LedgerError) -> [HistoryEntry]
    /// One decision; nil where there is none of that number.
    func decision(_ id: Int, _ workspace: String) async throws(LedgerError) -> DecisionRecord?
    /// The decisions since then, in the order of their numbers.
    func decisions(_ workspace: String, since: Instant) async throws(LedgerError) -> [DecisionRecord]
    /// The campaigns with samples, in the order of their ids.
    func campaigns(_ workspace: String) async throws(LedgerError) -> [CampaignID]
    /// A campaign's samples since then, oldest first.
    func samples(
        of campaign: CampaignID, _ workspace: String, since: Instant
    ) async throws(LedgerError) -> [(at: Instant, stats: CampaignStats)]
    /// Every pool's samples since then, oldest first.
    func pools(_ workspace: String, since: Instant) async throws(LedgerError) -> [PoolID: [PoolVolumeSample]]
    /// What is wrong with what is stored; nil where it is sound.
    func damage() async throws(LedgerError) -> String?
}

/// The right to write a ledger, held by one daemon at a time.
package struct LedgerLease: Hashable, Sendable {
    /// Who holds it, in words.
    package var holder: String
    /// Higher than that of every earlier holder that stored anything, so that a store can refuse what an earlier one
    /// still sends; a renewal keeps it.
    package var epoch: Int
    /// When it ends unless it is renewed; nil for one that lasts as long as the process holds it.
    package var deadline: Instant?

    package init(holder: String, epoch: Int, deadline: Instant?) {
        (self.holder, self.epoch, self.deadline) = (holder, epoch, deadline)
    }
}

/// What came of a step of maintenance.
package struct LedgerUpkeep: Hashable, Sendable {
    /// Another step is due at once.
    package var hasMore: Bool
    /// The ledger's size in bytes.
    package var bytes: Int

    package init(hasMore: Bool, bytes: Int) { (self.hasMore, self.bytes) = (hasMore, bytes) }
}

/// A store that was just opened, and what it held.
package struct OpenedLedger<Store: Sendable>: Sendable {
    package var store: Store
    package var memory: Memory
    /// Where a damaged ledger was set aside; nil where none was.
    package var setAside: String?

    package init(store: Store, memory: Memory, setAside: String? = nil) {
        (self.store, self.memory, self.setAside) = (store, memory, setAside)
    }
}

package import Guard
package import Model
import Threads

/// A ledger file opened read-only; queries run on their own threads.
package final class SQLiteQueries: LedgerQueries {
    /// Two, so that a slow query does not delay all others.
    private static let threads = 2
    /// The most queries that run or wait, each with a result of a few MiB; further ones are refused.
    package static let queriesMax = 8

    private let reader: LedgerReader
    private let work: BlockingWork

    private init(_ reader: LedgerReader, _ work: BlockingWork) { (self.reader, self.work) = (reader, work) }

    /// - Throws: if the file does not exist, cannot be read, or is not a ledger of a known version.
    package static func open(_ path: String) async throws(LedgerError) -> SQLiteQueries {
        let work = BlockingWork("ledger-queries", threads: threads, unfinishedMax: queriesMax)
        let reader = try await work.ledger { () throws(LedgerError) in try LedgerReader(path) }
        return SQLiteQueries(reader, work)
    }

    private func read<Value: Sendable>(
        _ body: @escaping @Sendable (LedgerReader) throws(LedgerError) -> Value
    ) async throws(LedgerError) -> Value {
        let reader = reader
        return try await work.ledger { () throws(LedgerError) in try body(reader) }
    }

    package func workspaces() async throws(LedgerError) -> [String] {
        try await read { reader throws(LedgerError) in try reader.workspaces() }
    }

    package func span(_ workspace: String) async throws(LedgerError) -> ClosedRange<Instant>? {
        try await read { reader throws(LedgerError) in try reader.span(workspace) }
    }

    package func memory(
        _ scope: LedgerScope, window: Duration, at now: Instant
    ) async throws(LedgerError) -> Memory {
        try await read { reader throws(LedgerError) in try reader.memory(scope, window: window, at: now) }
    }

    package func history(_ workspace: String, _ filter: HistoryFilter) async throws(LedgerError) -> [HistoryEntry] {
        try await read { reader throws(LedgerError) in try reader.history(workspace, filter) }
    }

    package func decision(_ id: Int, _ workspace: String) async throws(LedgerError) -> DecisionRecord? {
        try await read { reader throws(LedgerError) in try reader.decision(id, workspace) }
    }

    package func decisions(_ workspace: String, since: Instant) async throws(LedgerError) -> [DecisionRecord] {
        try await read { reader throws(LedgerError) in try reader.decisions(workspace, since: since) }
    }

    package func decisions(
        _ workspace: String, _ filter: DecisionFilter
    ) async throws(LedgerError) -> [DecisionRecord] {
        try await read { reader throws(LedgerError) in try reader.decisions(workspace, filter) }
    }

    package func campaigns(_ workspace: String) async throws(LedgerError) -> [CampaignID] {
        try await read { reader throws(LedgerError) in try reader.campaigns(workspace) }
    }

    package func samples(
        of campaign: CampaignID, _ workspace: String, since: Instant
    ) async throws(LedgerError) -> [(at: Instant, stats: CampaignStats)] {
        try await read { reader throws(LedgerError) in try reader.samples(of: campaign, workspace, since: since) }
    }

    package func pools(
        _ workspace: String, since: Instant
    ) async throws(LedgerError) -> [PoolID: [PoolVolumeSample]] {
        try await read { reader throws(LedgerError) in try reader.pools(workspace, since: since) }
    }

    package func outbox(limit: Int) async throws(LedgerError) -> [OutboxItem] {
        try await read { reader throws(LedgerError) in try reader.outbox(limit: limit) }
    }

    package func damage() async throws(LedgerError) -> String? {
        try await read { reader throws(LedgerError) in try reader.damage() }
    }
}

extension BlockingWork {
    /// Runs work that throws ledger errors; throws `.busy` if the call is refused or cancelled.
    func ledger<Value: Sendable>(
        _ urgency: Urgency = .ordinary, _ work: @escaping @Sendable () throws(LedgerError) -> Value
    ) async throws(LedgerError) -> Value {
        let result = await run(urgency) { () -> Result<Value, LedgerError> in
            Result { () throws(LedgerError) in try work() }
        }
        guard let result else {
            throw LedgerError(
                code: .busy,
                message: "too many requests to the ledger are already running; try again in a few seconds")
        }
        return try result.get()
    }
}

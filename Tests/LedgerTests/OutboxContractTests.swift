import Guard
import Ledger
import Model
import Testing

/// The contract of every store for notifications that wait.
@Suite struct OutboxContractTests {
    private static let start = LedgerTests.start
    private static let acme = WorkspaceName("acme")

    private func item(_ id: Int64, after seconds: Int = 0) -> OutboxItem {
        OutboxItem(
            id: id, receiver: "hook", at: Self.start + .seconds(seconds), kind: .event, name: "campaign.paused",
            priority: .warning, message: "paused \"ü\" \(id)", fields: ["SENDWARDEN_CAMPAIGN": "camp_1"])
    }

    private func batch(_ changes: OutboxChange...) -> LedgerBatch {
        LedgerBatch(changes.map { LedgerEntry(Self.acme, .outbox($0)) }, at: Self.start)
    }

    @Test(arguments: LedgerStoreCase.all) func whatWaitsOutlivesTheProcess(_ kind: LedgerStoreCase) async throws {
        let bed = try kind.makeBed()
        defer { bed.end() }
        let first = try await bed.open(LedgerScope(Self.acme), Self.start).store
        #expect(try await first.queries.outbox(limit: 9).isEmpty)
        // Ids of a later process can be smaller if the clock was set back; the time counts.
        let items = [item(5, after: 1), item(3, after: 2), item(-4, after: 3), item(9, after: 3)]
        try await first.append(batch(OutboxChange(queued: items)))
        #expect(try await first.queries.outbox(limit: 9) == items)
        try await first.append(batch(OutboxChange(settled: [3, 77])))
        await first.close()
        let second = try await bed.open(LedgerScope(Self.acme), Self.start).store
        let left = [items[0], items[2], items[3]]
        #expect(try await second.queries.outbox(limit: 9) == left)
        #expect(try await second.queries.outbox(limit: 2) == Array(left.suffix(2)))
        #expect(try await second.queries.damage() == nil)
    }

    /// In the order of the records, also within a batch, as the daemon writes after an outage.
    @Test(arguments: LedgerStoreCase.all) func changesApplyInOrder(_ kind: LedgerStoreCase) async throws {
        let bed = try kind.makeBed()
        defer { bed.end() }
        let store = try await bed.open(LedgerScope(Self.acme), Self.start).store
        try await store.append(
            batch(OutboxChange(queued: [item(1), item(2)]), OutboxChange(queued: [item(1)], settled: [1, 2])))
        #expect(try await store.queries.outbox(limit: 9).isEmpty)
    }

    /// The events of old notifications may be removed long before.
    @Test(arguments: LedgerStoreCase.all) func maintenanceKeepsWhatWaits(_ kind: LedgerStoreCase) async throws {
        let bed = try kind.makeBed()
        defer { bed.end() }
        let store = try await bed.open(LedgerScope(Self.acme), Self.start).store
        try await store.append(batch(OutboxChange(queued: [item(1)])))
        for _ in 0..<20 { _ = try await store.maintain(at: Self.start + .seconds(200 * 86400)) }
        #expect(try await store.queries.outbox(limit: 9) == [item(1)])
    }
}

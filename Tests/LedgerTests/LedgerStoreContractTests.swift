import Guard
import Ledger
import Model
import TestSupport
import Testing

/// The contract of every store.
@Suite struct LedgerStoreContractTests {
    static let start = LedgerTests.start
    static let acme = WorkspaceName("acme")
    static let scope = LedgerScope(acme)
    static let later = start + .seconds(60)

    private func batch(_ records: [LedgerRecord], at now: Instant = start) -> LedgerBatch {
        LedgerBatch(records.map { LedgerEntry(Self.acme, $0) }, at: now)
    }

    private func event(_ kind: EventKind, _ campaign: String?, _ message: String, at: Instant = start) -> LedgerRecord {
        .event(JournalEvent(kind, message, fields: campaign.map { [.campaign: $0] } ?? [:]), at: at)
    }

    private func code(_ body: () async throws(LedgerError) -> Void) async -> LedgerError.Code? {
        do throws(LedgerError) {
            try await body()
            return nil
        } catch {
            return error.code
        }
    }

    // MARK: Memory

    @Test(arguments: LedgerStoreCase.all) func aNewLedgerIsEmpty(_ kind: LedgerStoreCase) async throws {
        let bed = try kind.makeBed()
        defer { bed.end() }
        let opened = try await bed.open(Self.scope, Self.start)
        #expect(opened.memory.campaigns.isEmpty && opened.memory.samples.isEmpty && opened.setAside == nil)
        #expect(try await opened.store.queries.workspaces().isEmpty)
        #expect(try await opened.store.queries.span("acme") == nil)
        #expect(try await opened.store.queries.damage() == nil)
    }

    @Test(arguments: LedgerStoreCase.all) func appendedRecordsAreLoaded(_ kind: LedgerStoreCase) async throws {
        let bed = try kind.makeBed()
        defer { bed.end() }
        let records = try LedgerTests().records()
        let first = try await bed.open(Self.scope, Self.start).store
        try await first.append(batch(records))
        await first.close()
        let second = try await bed.open(Self.scope, Self.later)
        var expected = Memory()
        for record in records { expected.store(record) }
        let queried = try await second.store.queries.memory(Self.scope, window: .seconds(86400), at: Self.later)
        for memory in [second.memory, queried] {
            #expect(memory.campaigns == expected.campaigns)
            #expect(memory.launches == expected.launches)
            #expect(memory.pools == expected.pools)
            #expect(memory.workspace == expected.workspace)
            #expect(memory.samples.mapValues { $0.map(\.stats) } == expected.samples.mapValues { $0.map(\.stats) })
        }
        // The last of several records wins, even across urgencies.
        let state = records.filter { if case .campaign = $0 { true } else { false } }
        try await second.store.append(batch(state, at: Self.later))
        #expect(try await second.store.queries.workspaces() == ["acme"])
    }

    @Test(arguments: LedgerStoreCase.all) func maintenanceWindowsAreLoaded(_ kind: LedgerStoreCase) async throws {
        let bed = try kind.makeBed()
        defer { bed.end() }
        let policy = try LedgerTests.policy()
        var warden = Guard(policy: policy, at: Self.start)
        func records(_ event: Event) -> [LedgerRecord] {
            warden.handle(event, at: Self.start).compactMap { if case .record(let record) = $0 { record } else { nil } }
        }
        let store = try await bed.open(Self.scope, Self.start).store
        try await store.append(batch(records(.started)))
        let sales = ["team": "sales"]
        let now = MuteOrder(
            .mute(from: nil, lasts: .seconds(3600)), labels: sales, reason: "list migration", by: "anna")
        let later = MuteOrder(
            .mute(from: Self.start + .seconds(86400), lasts: .seconds(3600)), labels: [:], rule: "b", by: "bob")
        for order in [now, later] { try await store.append(batch(records(.muteOrdered(order)))) }
        await store.close()
        let second = try await bed.open(Self.scope, Self.later)
        let restored = Guard(policy: policy, memory: second.memory, at: Self.later)
        #expect(restored.muteWindows.map(\.hasBegun) == [true, false])
        #expect(restored.muteWindows.map(\.by) == ["anna", "bob"] && restored.muteWindows.map(\.rule) == [nil, "b"])
        #expect(restored.muteWindows.first?.endsAt == Self.start + .seconds(3600))
        try await second.store.append(batch(records(.muteOrdered(MuteOrder(.unmute, labels: [:], by: "bob")))))
        let memory = try await second.store.queries.memory(Self.scope, window: .seconds(86400), at: Self.later)
        #expect(Guard(policy: policy, memory: memory, at: Self.later).muteWindows.isEmpty)
    }

    @Test(arguments: LedgerStoreCase.all) func onlyTheWindowIsLoaded(_ kind: LedgerStoreCase) async throws {
        let bed = try kind.makeBed()
        defer { bed.end() }
        let store = try await bed.open(Self.scope, Self.start).store
        for hour in 0..<4 {
            let at = Self.start + .seconds(3600 * hour)
            try await store.append(batch([.sample(LedgerTests.camp, LedgerTests.stats(hour), at: at)], at: at))
        }
        let now = Self.start + .seconds(3 * 3600)
        let memory = try await store.queries.memory(Self.scope, window: .seconds(2 * 3600), at: now)
        #expect(memory.samples[LedgerTests.camp]?.map(\.stats.sent) == [1, 2, 3])
        #expect(memory.firstSamples == [LedgerTests.camp: Self.start])
        let span = try await store.queries.span("acme")
        #expect(span == Self.start...now)
    }

    // MARK: The lease

    @Test(arguments: LedgerStoreCase.all) func oneHolderAtATime(_ kind: LedgerStoreCase) async throws {
        let bed = try kind.makeBed()
        defer { bed.end() }
        let first = try await bed.open(Self.scope, Self.start).store
        let lease = try await first.lease()
        #expect(!lease.holder.isEmpty)
        #expect(await code { () throws(LedgerError) in _ = try await bed.open(Self.scope, Self.start) } == .locked)
        // The attempt does not affect the holder.
        try await first.append(batch([event(.daemonReady, nil, "ready")]))
        #expect(try await first.lease().epoch == lease.epoch)
        await first.close()
        #expect(
            await code { () throws(LedgerError) in
                try await first.append(batch([event(.daemonReady, nil, "late")]))
            } == .leaseLost)
        let second = try await bed.open(Self.scope, Self.start).store
        #expect(try await second.lease().epoch > lease.epoch)
        #expect(try await second.queries.history("acme", HistoryFilter(limit: 9)).map(\.message) == ["ready"])
    }

    /// What only some platforms report, alone and with the others.
    @Test(arguments: LedgerStoreCase.all) func samplesContainEveryCounter(_ kind: LedgerStoreCase) async throws {
        let bed = try kind.makeBed()
        defer { bed.end() }
        var all = LedgerTests.stats(100)
        (all.hardBounced, all.softBounced, all.complained, all.unsubscribed, all.deferred) = (1, 2, 3, 4, 5)
        var some = LedgerTests.stats(200)
        some.unsubscribed = 0
        let samples = [all, some, LedgerTests.stats(300)]
        do {
            let store = try await bed.open(Self.scope, Self.start).store
            for (number, stats) in samples.enumerated() {
                let at = Self.start + .seconds(600 * number)
                try await store.append(batch([.sample(LedgerTests.camp, stats, at: at)], at: at))
            }
            #expect(try await store.queries.damage() == nil)
            await store.close()
        }
        let memory = try await bed.open(Self.scope, Self.start + .seconds(3600)).memory
        #expect(memory.samples[LedgerTests.camp]?.map(\.stats) == samples)
    }

    // MARK: Order

    @Test(arguments: LedgerStoreCase.all) func batchesOfOneUrgencyStayInOrder(_ kind: LedgerStoreCase) async throws {
        let bed = try kind.makeBed()
        defer { bed.end() }
        let store = try await bed.open(Self.scope, Self.start).store
        for number in 0..<40 { try await store.append(batch([event(.daemonReady, nil, "\(number)")])) }
        let told = try await store.queries.history("acme", HistoryFilter(limit: 100))
        #expect(told.map(\.message) == (0..<40).map(String.init))
        #expect(told.map(\.number) == told.map(\.number).sorted())
    }

    @Test(arguments: LedgerStoreCase.all) func concurrentBatchesAreStored(_ kind: LedgerStoreCase) async throws {
        let bed = try kind.makeBed()
        defer { bed.end() }
        let store = try await bed.open(Self.scope, Self.start).store
        let urgent = try LedgerTests().records()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask { try await store.append(batch([event(.daemonReady, nil, "\(number)")])) }
            }
            group.addTask { _ = try await store.maintain(at: Self.start) }
            group.addTask { try await store.append(batch(urgent)) }
            try await group.waitForAll()
        }
        #expect(try await store.queries.history("acme", HistoryFilter(limit: 100)).count == 8)
        #expect(try await store.queries.decisions("acme", since: Self.start).count == 1)
    }

    // MARK: Queries

    @Test(arguments: LedgerStoreCase.all) func historyIsFiltered(_ kind: LedgerStoreCase) async throws {
        let bed = try kind.makeBed()
        defer { bed.end() }
        let store = try await bed.open(Self.scope, Self.start).store
        try await store.append(
            batch([
                event(.daemonReady, nil, "ready"), event(.campaignPaused, "camp_1", "paused one"),
                event(.campaignResumed, "camp_2", "resumed two", at: Self.later),
            ]))
        func told(_ change: (inout HistoryFilter) -> Void) async throws -> [String] {
            var filter = HistoryFilter(limit: 10)
            change(&filter)
            return try await store.queries.history("acme", filter).map(\.message)
        }
        #expect(try await told { _ in } == ["ready", "paused one", "resumed two"])
        #expect(try await told { $0.limit = 1 } == ["resumed two"])
        #expect(try await told { $0.campaign = "camp_1" } == ["paused one"])
        #expect(try await told { $0.event = "campaign" } == ["paused one", "resumed two"])
        #expect(try await told { $0.event = "campaign.paused" } == ["paused one"])
        #expect(try await told { $0.event = "camp" }.isEmpty)
        #expect(try await told { $0.since = Self.later } == ["resumed two"])
        #expect(try await told { $0.until = Self.later } == ["ready", "paused one"])
        let first = try await store.queries.history("acme", HistoryFilter(limit: 10))[0]
        #expect(try await told { $0.after = first.number } == ["paused one", "resumed two"])
        #expect(try await told { $0.priority = 2 }.isEmpty)
        #expect(try await store.queries.history("another", HistoryFilter(limit: 10)).isEmpty)
    }

    @Test(arguments: LedgerStoreCase.all) func aDecisionHasItsActionAndItsOutcome(_ kind: LedgerStoreCase) async throws
    {
        let bed = try kind.makeBed()
        defer { bed.end() }
        let store = try await bed.open(Self.scope, Self.start).store
        let records = try LedgerTests().records()
        try await store.append(batch(records))
        let decision = try #require(try await store.queries.decision(1, "acme"))
        #expect(decision.campaign == LedgerTests.camp && decision.rule == "b" && decision.cause == "rule")
        #expect(decision.evidence == ["bounceRate 20 % > 5 %: true", "resolved 100 >= 50: true"])
        #expect(decision.actions.map(\.action) == ["pause"] && decision.actions[0].outcome == nil)
        for case .intent(let intent, _) in records {
            try await store.append(batch([.intent(intent, outcome: .answered(.paused))], at: Self.later))
        }
        let settled = try #require(try await store.queries.decision(1, "acme"))
        #expect(settled.actions.map(\.outcome) == ["paused"] && settled.actions[0].settledAt == Self.later)
        #expect(try await store.queries.decision(2, "acme") == nil)
        #expect(try await store.queries.decisions("acme", since: Self.start).map(\.id) == [1])
        #expect(try await store.queries.decisions("acme", since: Self.later).isEmpty)
        func found(_ filter: DecisionFilter, _ workspace: String = "acme") async throws -> [Int] {
            try await store.queries.decisions(workspace, filter).map(\.id)
        }
        #expect(try await found(DecisionFilter(limit: 10)) == [1])
        #expect(try await found(DecisionFilter(limit: 10), "another").isEmpty)
        #expect(try await found(DecisionFilter(campaign: LedgerTests.camp, before: 2, limit: 10)) == [1])
        #expect(try await found(DecisionFilter(campaign: CampaignID("another"), limit: 10)).isEmpty)
        #expect(try await found(DecisionFilter(before: 1, limit: 10)).isEmpty)
    }

    @Test(arguments: LedgerStoreCase.all) func samplesAreThinnedToTheirInterval(_ kind: LedgerStoreCase) async throws {
        let bed = try kind.makeBed()
        defer { bed.end() }
        let store = try await bed.open(Self.scope, Self.start).store
        let pool = SenderPool(id: PoolID(unchecked: "pool_a"), dailyCapacity: 100, remainingVolume: 60)
        for second in stride(from: 0, to: 180, by: 5) {
            let at = Self.start + .seconds(second)
            try await store.append(
                batch(
                    [
                        .sample(LedgerTests.camp, LedgerTests.stats(second), at: at),
                        .pool(pool, reserved: 5, at: at),
                    ], at: at))
        }
        #expect(try await store.queries.campaigns("acme") == [LedgerTests.camp])
        let samples = try await store.queries.samples(of: LedgerTests.camp, "acme", since: Self.later)
        #expect(samples.map { Int(($0.at - Self.start).seconds) } == [60, 75, 90, 105, 120, 135, 150, 165])
        let volumes = try await store.queries.pools("acme", since: Self.later)
        #expect(volumes[pool.id]?.map { Int(($0.at - Self.start).seconds) } == [60, 120])
        #expect(volumes[pool.id]?.allSatisfy { $0.capacity == 100 && $0.remaining == 60 && $0.reserved == 5 } == true)
    }

    // MARK: Retention

    @Test(arguments: LedgerStoreCase.all) func settledRecordsExpireAfterNinetyDays(_ kind: LedgerStoreCase) async throws
    {
        let bed = try kind.makeBed()
        defer { bed.end() }
        let store = try await bed.open(Self.scope, Self.start).store
        let records = try LedgerTests().records()
        try await store.append(batch(records + [event(.daemonReady, nil, "ready")]))
        let late = Self.start + .seconds(91 * 86400)
        while try await store.maintain(at: late).hasMore {}
        #expect(try await store.queries.history("acme", HistoryFilter(limit: 9)).isEmpty)
        #expect(try await store.queries.samples(of: LedgerTests.camp, "acme", since: Self.start).isEmpty)
        // Actions without an outcome and the state are retained.
        #expect(try await store.queries.decision(1, "acme")?.actions.count == 1)
        for case .intent(let intent, _) in records {
            try await store.append(batch([.intent(intent, outcome: .answered(.paused))]))
        }
        while try await store.maintain(at: late + .seconds(3601)).hasMore {}
        #expect(try await store.queries.decision(1, "acme") == nil)
        await store.close()
        #expect(try await bed.open(Self.scope, late).memory.campaigns.map(\.id) == [LedgerTests.camp])
    }

    // MARK: Workspaces

    @Test(arguments: LedgerStoreCase.all) func workspacesAreStoredSeparately(_ kind: LedgerStoreCase) async throws {
        let bed = try kind.makeBed()
        defer { bed.end() }
        let story = try LedgerStory()
        let store = try await bed.open(story.scope, Self.start).store
        try await store.append(LedgerBatch(story.entries, at: Self.start))
        try await expectApart(store.queries)
        await store.close()
        try await expectUnion(bed, story)
        // A single workspace is loaded without the other.
        let alone = try await bed.open(LedgerScope(LedgerStory.south), Self.start)
        #expect(alone.memory.campaigns.map(\.id.text) == ["camp_d", "camp_s"])
    }

    @Test(arguments: LedgerStoreCase.all)
    func recordsUnderTheFirstNameAreAdopted(_ kind: LedgerStoreCase) async throws {
        let bed = try kind.makeBed()
        defer { bed.end() }
        let story = try LedgerStory()
        let before = try await bed.open(LedgerScope(LedgerStory.north), Self.start).store
        try await before.append(LedgerBatch(story.entriesOfOldVersion, at: Self.start))
        await before.close()
        let opened = try await bed.open(story.scope, Self.start)
        #expect(opened.memory.campaigns.map(\.id.text) == ["camp_d", "camp_n", "camp_s"])
        while try await opened.store.maintain(at: Self.start).hasMore {}
        try await expectApart(opened.store.queries)
        #expect(try await opened.store.queries.damage() == nil)
        // The response to an earlier action finds its record.
        for case .intent(let intent, _) in story.records where intent.campaign.text == "camp_s" {
            let entry = LedgerEntry(LedgerStory.south, .intent(intent, outcome: .answered(.paused)))
            try await opened.store.append(LedgerBatch([entry], at: Self.later))
            let record = try await opened.store.queries.decision(intent.decision.id, "south")
            #expect(record?.actions.map(\.outcome) == ["paused"])
        }
        await opened.store.close()
        try await expectUnion(bed, story)
    }

    private func expectApart(_ queries: any LedgerQueries) async throws {
        for (workspace, campaign, pool) in [("north", "camp_n", "pool_n"), ("south", "camp_s", "pool_s")] {
            #expect(try await queries.campaigns(workspace).map(\.text) == [campaign])
            #expect(
                try await queries.history(workspace, HistoryFilter(limit: 9)).map(\.message) == ["paused \(campaign)"])
            #expect(
                try await queries.decisions(workspace, since: Self.start).compactMap(\.campaign?.text) == [campaign])
            #expect(try await queries.pools(workspace, since: Self.start).keys.map(\.text) == [pool])
        }
        let all = try await queries.history(of: [LedgerStory.north, LedgerStory.south], HistoryFilter(limit: 9))
        #expect(all.map(\.message) == ["paused camp_n", "paused camp_s"])
    }

    private func expectUnion(_ bed: LedgerStoreCase.Bed, _ story: LedgerStory) async throws {
        let opened = try await bed.open(story.scope, Self.later)
        var expected = Memory()
        for record in story.records { expected.store(record) }
        #expect(Set(opened.memory.campaigns) == Set(expected.campaigns))
        #expect(opened.memory.launches == expected.launches)
        #expect(opened.memory.workspace == expected.workspace)
        #expect(opened.memory.samples.keys.map(\.text).sorted() == ["camp_n", "camp_s"])
        await opened.store.close()
    }
}

/// Faults that only an in-memory store can simulate.
@Suite struct InMemoryLedgerTests {
    @Test func aFaultIsTransientOrPermanent() async throws {
        let scope = LedgerScope(WorkspaceName("acme"))
        let store = try await InMemoryLedger.open(InMemoryStorage(), scope, at: LedgerTests.start).store
        let entry = LedgerEntry(scope.first, .sample(LedgerTests.camp, LedgerTests.stats(1), at: LedgerTests.start))
        let batch = LedgerBatch([entry], at: LedgerTests.start)
        store.faults.failOnce()
        await #expect(throws: LedgerFaults.diskFull) { try await store.append(batch) }
        #expect(try await store.queries.campaigns("acme").isEmpty)
        try await store.append(batch)
        store.faults.fail()
        for _ in 0..<3 { await #expect(throws: LedgerFaults.diskFull) { try await store.append(batch) } }
        store.faults.fail(nil)
        try await store.append(batch)
    }

    @Test func aLostLeaseStopsItsHolder() async throws {
        let scope = LedgerScope(WorkspaceName("acme"))
        let storage = InMemoryStorage()
        let first = try await InMemoryLedger.open(storage, scope, at: LedgerTests.start).store
        storage.revokeLease()
        let second = try await InMemoryLedger.open(storage, scope, at: LedgerTests.start).store
        let entry = LedgerEntry(scope.first, .sample(LedgerTests.camp, LedgerTests.stats(1), at: LedgerTests.start))
        let batch = LedgerBatch([entry], at: LedgerTests.start)
        let error = await #expect(throws: LedgerError.self) { try await first.append(batch) }
        #expect(error?.code == .leaseLost)
        await first.close()
        try await second.append(batch)
    }
}

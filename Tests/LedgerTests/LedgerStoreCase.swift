import Guard
import Ledger
import Model
import Policy
import TestSupport
import Testing

/// A kind of store under the contract; a new store adds a case to ``all``.
struct LedgerStoreCase: Sendable, CustomTestStringConvertible {
    /// An empty ledger that can be opened repeatedly.
    struct Bed: Sendable {
        var open: @Sendable (LedgerScope, Instant) async throws(LedgerError) -> OpenedLedger<any LedgerStore>
        /// Removes the ledger; also keeps its resources alive during a test.
        var end: @Sendable () -> Void
    }

    var name: String
    var makeBed: @Sendable () throws -> Bed

    var testDescription: String { name }

    static let all: [LedgerStoreCase] = [
        LedgerStoreCase(name: "SQLite") {
            let folder = try TemporaryFolder()
            let path = folder.path + "/ledger.sqlite"
            return Bed(
                open: { scope, now throws(LedgerError) in try await LedgerLocation(path).open(scope, at: now) },
                end: { withExtendedLifetime(folder) {} })
        },
        LedgerStoreCase(name: "in memory") {
            let storage = InMemoryStorage()
            return Bed(
                open: { scope, now throws(LedgerError) in
                    let opened = try await InMemoryLedger.open(storage, scope, at: now)
                    return OpenedLedger(store: opened.store, memory: opened.memory)
                }, end: {})
        },
    ]
}

/// The records that a guard of two workspaces hands out.
struct LedgerStory {
    static let start = LedgerTests.start
    static let north = WorkspaceName("north")
    static let south = WorkspaceName("south")

    let policy: CheckedPolicy
    var scope: LedgerScope { LedgerScope(policy) }
    /// In the order of creation.
    let records: [LedgerRecord]

    /// A pause in each workspace, a launch and an event.
    init() throws {
        let text = """
            version: 1
            mode: enforce
            workspaces:
              - {name: north, provider: leadterra, credential: key}
              - {name: south, provider: leadterra, credential: key}
            campaigns:
              - {id: camp_n, workspace: north, pool: pool_n}
              - {id: camp_s, workspace: south, pool: pool_s}
              - {id: camp_d, workspace: south, pool: pool_s}
            launches: [{campaign: camp_d}]
            rules: [{name: b, when: bounceRate > 5% and resolved >= 50, then: pause}]
            """
        let outcome = PolicyLoader.load(SourceFile(name: "p", text: text))
        policy = try #require(outcome.policy, "\(outcome.diagnostics)")
        var warden = Guard(policy: policy, at: Self.start)
        var effects = warden.handle(.started, at: Self.start)
        let stats = CampaignStats(totalEnrolled: 500, sent: 100, delivered: 80, bounced: 20, queued: 400)
        effects += warden.handle(
            .polled(
                PollOutcome(
                    target: .stats(CampaignID(unchecked: "camp_d")), requestedAt: Self.start,
                    result: .failure(Fault(.missing, "HTTP 404")))),
            at: Self.start)
        for id in ["camp_n", "camp_s"] {
            effects += warden.handle(
                .polled(
                    PollOutcome(
                        target: .stats(CampaignID(unchecked: id)), requestedAt: Self.start,
                        result: .success(.stats(stats)))),
                at: Self.start)
        }
        var records = effects.compactMap { if case .record(let record) = $0 { record } else { nil } }
        for pool in ["pool_n", "pool_s"] {
            records.append(
                .pool(
                    SenderPool(id: PoolID(unchecked: pool), dailyCapacity: 100, remainingVolume: 60), reserved: 5,
                    at: Self.start))
        }
        for id in ["camp_n", "camp_s"] {
            records.append(
                .event(
                    JournalEvent(.campaignPaused, "paused \(id)", fields: [.campaign: id, .rule: "b"]), at: Self.start))
        }
        self.records = records
    }

    /// Each record under its own workspace.
    var entries: [LedgerEntry] {
        records.flatMap { record -> [LedgerEntry] in
            switch record {
            case .workspace: [LedgerEntry(Self.north, record), LedgerEntry(Self.south, record)]
            case .sample(let id, _, _): [LedgerEntry(home(id), record)]
            case .campaign(let memory): [LedgerEntry(home(memory.id), record)]
            case .launch(let memory): [LedgerEntry(home(memory.campaign), record)]
            case .decision(let decision): [LedgerEntry(home(decision.campaign), record)]
            case .intent(let intent, _): [LedgerEntry(home(intent.campaign), record)]
            case .poolState(let memory): [LedgerEntry(scope.pools[memory.id] ?? Self.north, record)]
            case .pool(let pool, _, _): [LedgerEntry(scope.pools[pool.id] ?? Self.north, record)]
            case .senderChange(let change, _): [LedgerEntry(scope.pools[change.pool] ?? Self.north, record)]
            case .outbox: [LedgerEntry(Self.north, record)]
            case .event(let event, _):
                [LedgerEntry(event.fields[.campaign].flatMap { CampaignID($0) }.map(home) ?? Self.north, record)]
            }
        }
    }

    /// Every record under the first workspace, as earlier versions stored them.
    var entriesOfOldVersion: [LedgerEntry] { records.map { LedgerEntry(Self.north, $0) } }

    private func home(_ id: CampaignID) -> WorkspaceName { scope.campaigns[id] ?? Self.north }
}

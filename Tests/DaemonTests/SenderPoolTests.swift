import Guard
import Ledger
import Model
import Simulator
import TestSupport
import Testing

/// The daemon on two platforms at once, over real HTTP.
@Suite struct SenderPoolTests {
    static let world = """
        pools: [{id: pool_a, capacity: 100000}]
        twilio:
          keys: ["\(DaemonBench.twilioKey)"]
          operation_takes: 20s
          pools:
            - {name: Marketing, tags: {environment: production}, active: 4, deactivated: 2}
            - {name: Other, active: 2}
        campaigns:
          - {id: camp_1, pool: pool_a, status: running, leads: 5000, rate: 60}
          - {id: camp_2, pool: pool_a, leads: 300}

        """
    static let policy = """
        pools:
          - {name: main, pool_where: {tags: {environment: production}}, per_sender_daily: 50}
        campaigns:
          - {id: camp_1, pool: main}
          - {id: camp_2, pool: main}

        """
    static let remove = """
        rules:
          - name: out
            on: pool
            when: pool.senders > pool.activeSenders
            then: remove_sender
            sender: {status: DEACTIVATED}
            keep_at_least: 2

        """

    private func members(_ bench: DaemonBench) -> Int { bench.server.world.twilio.pools[0].members.count }

    private func run(
        world: String = world, _ rules: String, ledger: (any LedgerStore)? = nil,
        _ body: (DaemonBench) async throws -> Void
    ) async throws {
        try await DaemonBench.run(world: world, policy: Self.policy + rules, twilio: true, ledger: ledger, body)
    }

    @Test func sendersThatCannotSendAreRemovedOneByOne() async throws {
        try await run(Self.remove) { bench in
            try await bench.wait(upTo: .seconds(3600)) { bench.count(.senderRemoved) == 2 }
            #expect(members(bench) == 4)
            try await bench.pass(.seconds(1800))
            #expect(bench.count(.senderRemoved) == 2 && bench.count(.senderRemoveFailed) == 0)
            let event = try #require(bench.events.first { $0["SENDWARDEN_EVENT"] == "sender.removed" })
            #expect(event["SENDWARDEN_WORKSPACE"] == "twilio" && event["SENDWARDEN_PROVIDER"] == "twilio_comms")
            #expect(event["SENDWARDEN_POOL"] == "main" && event["SENDWARDEN_RULE"] == "out")
            #expect(!bench.journal.all.joined().contains(DaemonBench.twilioKey))
        }
    }

    @Test func aFailedOperationIsReportedAndEvaluatedAgain() async throws {
        let faults = "faults: [{kind: operation_fails, endpoint: change_sender_pools, times: 1}]\n"
        try await run(world: Self.world + faults, Self.remove) { bench in
            try await bench.wait(upTo: .seconds(3600)) { bench.count(.senderRemoved) == 2 }
            #expect(bench.count(.senderRemoveFailed) == 1)
            #expect(members(bench) == 4)
        }
    }

    @Test func aSenderRestoredByAPersonStays() async throws {
        let acts = "acts: [{at: 3600s, do: restore_senders, pool: Marketing}]\n"
        try await run(world: Self.world + acts, Self.remove) { bench in
            try await bench.wait(upTo: .seconds(3000)) { bench.count(.senderRemoved) == 2 }
            try await bench.wait(upTo: .seconds(7200)) { bench.count(.senderOverride) == 2 }
            try await bench.pass(.seconds(1800))
            #expect(members(bench) == 6)
        }
    }

    @Test func onlyRemovedSendersAreRestored() async throws {
        let acts = "acts: [{at: 3600s, do: remove_sender, pool: Marketing, sender: 0}]\n"
        let back = "  - {name: back, on: pool, when: pool.senders < 4, then: restore_sender}\n"
        try await run(world: Self.world + acts, Self.remove + back) { bench in
            let first = bench.server.world.twilio.pools[0].members[0]
            try await bench.wait(upTo: .seconds(14400)) { bench.count(.senderRestored) == 1 }
            try await bench.pass(.seconds(3600))
            #expect(bench.count(.senderRestored) == 1)
            #expect(!bench.server.world.twilio.pools[0].members.contains(first))
        }
    }

    @Test func aLaunchWaitsForThePoolOfTheOtherPlatform() async throws {
        let rules = """
            launches: [{campaign: camp_2}]
            rules:
              - {name: fits, on: launch, when: totalEnrolled > pool.available, then: hold}

            """
        try await run(rules) { bench in
            try await bench.wait(upTo: .seconds(1800)) { bench.count(.launchHeld) == 1 }
            #expect(bench.status("camp_2") == "draft")
            let event = try #require(bench.events.first { $0["SENDWARDEN_EVENT"] == "launch.held" })
            #expect(event["SENDWARDEN_CAPACITY"] == "200" && event["SENDWARDEN_WORKSPACE"] == "bench")
        }
    }

    @Test func onePlatformsFailureDoesNotAffectTheOther() async throws {
        let faults = "faults: [{kind: error_503, endpoint: sender_pools}, {kind: error_503, endpoint: pool_senders}]\n"
        let rules = "rules: [{name: b, when: bounceRate > 50%, then: pause}]\n"
        try await run(world: Self.world + faults, rules) { bench in
            try await bench.wait(upTo: .seconds(1800)) { bench.count(.apiUnreachable) == 1 }
            let event = try #require(bench.events.first { $0["SENDWARDEN_EVENT"] == "api.unreachable" })
            #expect(event["SENDWARDEN_WORKSPACE"] == "twilio")
            #expect(event["MESSAGE"]?.contains("Twilio Comms (workspace twilio)") == true)
            try await bench.pass(.seconds(1800))
            #expect(bench.count(.campaignStale) == 0)
        }
    }

    @Test func eachWorkspaceIsStoredUnderItsOwnName() async throws {
        let folder = try TemporaryFolder()
        var scope = LedgerScope(WorkspaceName("bench"))
        scope.workspaces.append(WorkspaceName("twilio"))
        scope.pools[PoolID(unchecked: "main")] = WorkspaceName("twilio")
        let location = LedgerLocation(folder.path + "/ledger.sqlite")
        let ledger = try await location.open(scope, at: Instant(milliseconds: 0)).store
        try await run(Self.remove, ledger: ledger) { bench in
            try await bench.wait(upTo: .seconds(7200)) { bench.count(.senderRemoved) == 2 }
            try await bench.pass(.seconds(120))
        }
        let queries = ledger.queries
        #expect(try await queries.workspaces() == ["bench", "twilio"])
        #expect(try await queries.decisions("bench", since: Instant(milliseconds: 0)).isEmpty)
        let changes = try await queries.decisions("twilio", since: Instant(milliseconds: 0))
        #expect(changes.count == 2 && changes.allSatisfy { $0.pool?.text == "main" })
        #expect(try await queries.campaigns("bench").map(\.text) == ["camp_1", "camp_2"])
        #expect(try await queries.campaigns("twilio").isEmpty)
        var removals = HistoryFilter(limit: 100)
        removals.event = "sender.removed"
        #expect(try await queries.history("twilio", removals).count == 2)
        #expect(try await queries.history("bench", removals).isEmpty)
        #expect(try await queries.damage() == nil)
        await ledger.close()
        #expect(try await location.open(scope, at: Instant(milliseconds: 0)).memory.pools.map(\.id.text) == ["main"])
    }
}

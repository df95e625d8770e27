import Daemon
import Guard
import Ledger
import Model
import Reporting
import Testing

/// Orders on many campaigns at once.
@Suite struct OrderBatchTests {
    private static let count = 1000

    private static let world = """
        pools: [{id: pool_a, capacity: 500000}]
        campaigns:
        \((1...count).map { "  - {id: camp_\($0), pool: pool_a, status: running, leads: 2000, rate: 60}" }
            .joined(separator: "\n"))
        """

    private static let policy = """
        stale_after: 1h
        campaigns:
        \((1...count).map { "  - {id: camp_\($0), pool: pool_a, labels: {half: \($0 % 2 == 0 ? "even" : "odd")}}" }
            .joined(separator: "\n"))
        rules: [{name: bounces, when: bounceRate > 50% and resolved >= 1000, then: pause}]
        """

    private func request(_ act: Order.Act, _ change: (inout OrderBatchRequest) -> Void) -> OrderBatch {
        var request = OrderBatchRequest(act, reason: "the list was sold")
        change(&request)
        return request.batch(by: "anna (uid 1000, pid 7)")
    }

    @Test func aPauseOfAThousandCampaignsGoesOutAtOnce() async throws {
        let ledger = try await InMemoryLedger.open(
            InMemoryStorage(), LedgerScope(WorkspaceName("bench")), at: Instant(milliseconds: 0)
        ).store
        try await DaemonBench.run(world: Self.world, policy: Self.policy, speed: 20, ledger: ledger) { bench in
            let listed = try #require(await bench.control.obey(request(.pause) { ($0.all, $0.preview) = (true, true) }))
            #expect(listed.selected.count == Self.count && listed.replies.isEmpty && listed.refusal == nil)
            #expect(bench.count(.orderAccepted) == 0)

            let half = request(.pause) { $0.labels = ["half": "even"] }
            let reply = try #require(await bench.control.obey(half))
            #expect(reply.replies.count == Self.count / 2 && reply.replies.allSatisfy { $0.accepted })
            #expect(bench.count(.orderAccepted) == Self.count / 2, "each campaign has its event")

            let outdated = request(.pause) { ($0.all, $0.digest) = (true, reply.digest) }
            let refused = try #require(await bench.control.obey(outdated))
            #expect(refused.replies.isEmpty && refused.refusal?.contains("nothing was ordered") == true)

            let confirmed = request(.pause) { ($0.all, $0.digest) = (true, listed.digest) }
            let all = try #require(await bench.control.obey(confirmed))
            #expect(all.replies.map(\.campaign) == listed.selected.map(\.campaign))
            // The polls take most of the budget of 1200 requests per minute; pauses do not wait for it.
            try await bench.wait(upTo: .seconds(60), every: .seconds(2)) {
                (1...Self.count).allSatisfy { bench.status("camp_\($0)") == "paused" }
            }
            let event = try #require(bench.events.first { $0["SENDWARDEN_EVENT"] == "order.accepted" })
            #expect(event["SENDWARDEN_BY"] == "anna (uid 1000, pid 7)")
            #expect(event["SENDWARDEN_REASON"] == "the list was sold")
        }
    }
}

import Foundation
import FoundationNetworking
import Model
import Simulator
import TestSupport
import Testing

/// The daemon with rules on unsubscribes, which it counts in the platform's list of replies.
@Suite struct UnsubscribeTests {
    private static func world(faults: String = "[]") -> String {
        """
        start: 2026-12-01T08:00:00Z
        shapes: {replies: replies}
        faults: \(faults)
        pools: [{id: pool_a, capacity: 20000}]
        campaigns:
          - {id: liked, pool: pool_a, status: running, leads: 9000, rate: 240, reply_rate: 20%, unsubscribe_share: 0}
          - {id: hated, pool: pool_a, status: running, leads: 9000, rate: 240, reply_rate: 20%, unsubscribe_share: 60%}
        """
    }

    private static let policy = """
        campaigns: [{id: liked, pool: pool_a}, {id: hated, pool: pool_a}]
        rules:
          - {name: unsubscribes, when: unsubscribeRate > 2% and unsubscribed >= 5, then: pause}
        """

    @Test func aCampaignThatManyUnsubscribeFromIsPaused() async throws {
        try await DaemonBench.run(world: Self.world(), policy: Self.policy) { bench in
            try await bench.wait(upTo: .seconds(6 * 3600)) { bench.status("hated") == "paused" }
            #expect(bench.server.world.unsubscribes(of: CampaignID(unchecked: "hated")) >= 5)
            try await bench.pass(.seconds(1800))
            #expect(bench.status("liked") == "running")
            #expect(bench.count(.ruleNoData) == 0)
            // At most one read in five minutes for each campaign, and one more at the start.
            let minutes = (bench.server.world.now - bench.server.world.startedAt).seconds / 60
            #expect(Double(bench.server.requestCount("/v1/replies")) <= 2 * (minutes / 5 + 1))
        }
    }

    @Test func aTruncatedListPausesNothingAndIsReported() async throws {
        let faults = "[{kind: truncated_list, endpoint: replies}]"
        try await DaemonBench.run(world: Self.world(faults: faults), policy: Self.policy) { bench in
            var lacking: [[String: String]] { bench.events.filter { $0["SENDWARDEN_EVENT"] == "rule.no_data" } }
            try await bench.wait(upTo: .seconds(6 * 3600)) { lacking.count == 2 }
            #expect(Set(lacking.map { $0["SENDWARDEN_CAMPAIGN"] }) == ["liked", "hated"])
            #expect(lacking.allSatisfy { $0["SENDWARDEN_REASON"]?.hasPrefix("the list of replies ") == true })
            // Far more unsubscribes than the limit, of which the half that is listed would be enough.
            let hated = CampaignID(unchecked: "hated")
            try await bench.wait(upTo: .seconds(6 * 3600)) { bench.server.world.unsubscribes(of: hated) > 50 }
            #expect(bench.status("hated") == "running" && bench.count(.campaignPaused) == 0)
            // Stats are not lost with the list.
            #expect(bench.count(.apiUnexpected) == 0)
            var request = URLRequest(url: try #require(URL(string: bench.url + "/simulator/faults")))
            request.httpMethod = "DELETE"
            _ = try await URLSession.shared.data(for: request)
            try await bench.wait(upTo: .seconds(3 * 3600)) {
                bench.status("hated") == "paused" && bench.count(.ruleDataRestored) >= 1
            }
        }
    }

    @Test func withoutARuleNoListIsRead() async throws {
        let policy = Self.policy.replacing("unsubscribeRate > 2% and unsubscribed >= 5", with: "bounceRate > 50%")
        try await DaemonBench.run(world: Self.world(), policy: policy) { bench in
            try await bench.pass(.seconds(1800))
            #expect(bench.server.requestCounts["GET"] ?? 0 > 30)
            #expect(bench.server.requestCount("/v1/replies") == 0)
            // A reload to a policy with such a rule begins to read them.
            try await bench.reload(Self.policy)
            try await bench.wait(upTo: .seconds(600)) { bench.server.requestCount("/v1/replies") > 0 }
        }
    }
}

import Daemon
import Ledger
import Model
import Notifications
import Simulator
import TestSupport
import Testing

/// The daemon with receivers of notifications.
@Suite(.serialized, .timeLimit(.minutes(3))) struct NotificationTests {
    private static func policy(_ notify: String) -> String { GuardServiceTests.policy + "\n" + notify }

    private func ledger() async throws -> InMemoryLedger {
        try await InMemoryLedger.open(
            InMemoryStorage(), LedgerScope(WorkspaceName("bench")), at: Instant(milliseconds: 0)
        ).store
    }

    @Test func aReceiverThatNeverAnswersDelaysNoPause() async throws {
        let ledger = try await ledger()
        try await ScriptedServer.run({ $0.line.hasSuffix("/slow") ? .held : .bytes(ScriptedServer.ok("")) }) {
            url, server in
            let notify = """
                notify:
                  - {name: slow, webhook: {url: '\(url)/slow'}, severity: info}
                  - {name: fast, webhook: {url: '\(url)/fast'}, events: [campaign.paused]}
                """
            try await DaemonBench.run(world: GuardServiceTests.world, policy: Self.policy(notify), ledger: ledger) {
                bench in
                // The slow receiver hangs from the first event on.
                try await bench.wait(upTo: .seconds(3600)) { server.heldCount >= 1 }
                try await bench.wait(upTo: .seconds(3 * 3600)) { bench.status("bad") == "paused" }
                let bad = try #require(bench.server.world.campaign(CampaignID(unchecked: "bad")))
                #expect(bad.sent < 130)
                try await bench.wait(upTo: .seconds(3600)) {
                    server.requests.contains { $0.line == "POST /fast" && $0.body.contains("paused bad") }
                }
                try await bench.wait(upTo: .seconds(24 * 3600)) { bench.count(.notifyFailed) == 1 }
                let failed = bench.events.first { $0["SENDWARDEN_EVENT"] == EventKind.notifyFailed.rawValue }
                #expect(failed?["SENDWARDEN_RECEIVER"] == "slow")
                #expect(failed?["MESSAGE"]?.contains("request timed out") == true)
                #expect(failed?["MESSAGE"]?.contains("127.0.0.1") == false)
            }
        }
        // What was sent is settled, and the rest waits for the next start.
        let left = try await ledger.queries.outbox(limit: 1000)
        #expect(Set(left.map(\.receiver)) == ["slow"] && left.contains { $0.name == "campaign.paused" })
    }

    /// In memory only, and with the metrics and the health that follow.
    @Test func aFailingLedgerDoesNotStopNotifications() async throws {
        let ledger = try await ledger()
        ledger.faults.fail()
        try await ScriptedServer.run({ _ in .bytes(ScriptedServer.ok("")) }) { url, server in
            let notify = "notify: [{name: hook, webhook: {url: '\(url)/x'}}]"
            try await DaemonBench.run(world: GuardServiceTests.world, policy: Self.policy(notify), ledger: ledger) {
                bench in
                try await bench.wait(upTo: .seconds(4 * 3600)) {
                    server.requests.contains { $0.body.contains("paused bad") }
                }
                let metrics = try #require(await bench.control.metrics())
                #expect(metrics.contains("sendwarden_notifications_total{receiver=\"hook\",result=\"sent\"}"))
                #expect(
                    metrics.contains("sendwarden_ready 0") && metrics.contains("sendwarden_heartbeat_timestamp_seconds")
                )
                let health = try #require(await bench.control.health())
                #expect(health.storage.count == 1 && health.polls.isEmpty)
            }
        }
    }

    @Test func aReloadTakesUpReceiversAllOrNothing() async throws {
        try await ScriptedServer.run({ _ in .bytes(ScriptedServer.ok("")) }) { url, server in
            let first = "notify: [{name: first, webhook: {url: '\(url)/first'}, events: [order]}]"
            let second = "notify: [{name: second, webhook: {url: '\(url)/second'}, events: [policy]}]"
            try await DaemonBench.run(world: GuardServiceTests.world, policy: Self.policy(first)) { bench in
                try await bench.wait(upTo: .seconds(1200)) { bench.count(.daemonReady) == 1 }
                try await bench.reload(
                    Self.policy(second.replacing("url: '\(url)/second'", with: "url_file: /nonexistent/url")))
                try await bench.wait(upTo: .seconds(600)) { bench.count(.policyRefused) == 1 }
                #expect(bench.notifier.receiverNames == ["first"])
                try await bench.reload(Self.policy(second))
                try await bench.wait(upTo: .seconds(600)) { server.requests.contains { $0.line == "POST /second" } }
                #expect(bench.notifier.receiverNames == ["second"])
            }
        }
    }

    @Test func healthTellsWhyCampaignsAreNotGuarded() async throws {
        let world = GuardServiceTests.world + "\nfaults: [{kind: error_503, from: 20m}]\n"
        try await DaemonBench.run(world: world, policy: "mode: observe\n" + GuardServiceTests.policy) { bench in
            try await bench.wait(upTo: .seconds(1000)) { bench.count(.daemonReady) == 1 }
            #expect(await bench.control.health()?.problems == [])
            try await bench.wait(upTo: .seconds(7200)) { bench.count(.campaignStale) == 2 }
            let problems = await bench.control.health()?.polls
            #expect(problems == ["bench: API unreachable", "bench: no campaign has fresh stats"])
        }
    }
}

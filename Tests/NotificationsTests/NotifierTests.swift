import AsyncHTTPClient
import Foundation
import Guard
import Model
import NIOPosix
import Notifications
import Policy
import Providers
import Reporting
import ServiceLifecycle
import Synchronization
import TestSupport
import Testing

/// The notifier as a service, with receivers on real sockets.
@Suite(.timeLimit(.minutes(2))) struct NotifierTests {
    /// A running notifier and what it reported to the loop.
    private final class Bed: Sendable {
        let policy: CheckedPolicy
        let notifier: Notifier
        let time: any TimeSource
        let news: Mutex<[NotifierNews]>
        let problems: Mutex<[String]?>
        private let router: Mutex<NotificationRouter>

        init(
            _ policy: CheckedPolicy, _ notifier: Notifier, _ time: any TimeSource, _ reports: Reports
        ) {
            (self.policy, self.notifier, self.time) = (policy, notifier, time)
            self.news = Mutex([])
            problems = Mutex([])
            var router = NotificationRouter(startedAt: time.now)
            router.adopt(policy.receivers)
            self.router = Mutex(router)
            reports.bed.withLock { $0 = self }
        }

        func report(_ kind: EventKind, _ message: String = "m") {
            let routed = router.withLock { router in
                router.route(
                    JournalEvent(kind, message, fields: [.campaign: "camp_1"]), at: time.now,
                    labels: ["team": "sales"])
                return router.take()
            }
            notifier.post(routed, at: time.now)
        }

        var settled: [Int64] { news.withLock { $0.flatMap(\.change.settled) } }
        var events: [EventKind] { news.withLock { $0.flatMap(\.events).map(\.kind) } }
    }

    /// Connects the link with the bed, which is created after it.
    private final class Reports: Sendable {
        let bed = Mutex<Bed?>(nil)
    }

    private func run(
        _ notify: String, _ rest: String = "", speed: Double = 60, stored: [OutboxItem] = [],
        at given: (any TimeSource)? = nil,
        _ body: (Bed) async throws -> Void
    ) async throws {
        let policy = try ReceiverBench.policy(notify, rest)
        let time = given ?? SteadyTime(startingAt: ReceiverBench.start, speed: speed)
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: Connections.configuration)
        let reports = Reports()
        let link = GuardLink(
            report: { news in reports.bed.withLock { $0 }?.news.withLock { $0.append(news) } },
            state: {
                var status = Guard(policy: policy, at: time.now).status(at: time.now)
                status.campaigns[0].state = .paused
                return (status, policy)
            }, problems: { reports.bed.withLock { $0 }?.problems.withLock { $0 } },
            stored: { stored })
        let notifier = Notifier(
            courier: Courier(http, .singletonMultiThreadedEventLoopGroup), link: link, time: time, random: { 0.1 })
        notifier.adopt(policy, try ReceiverEndpoints(policy, credentialsDirectory: nil))
        let bed = Bed(policy, notifier, time, reports)
        let result = await withTaskGroup(of: Void.self) { group -> Result<Void, any Error> in
            group.addTask { try? await notifier.run() }
            defer { group.cancelAll() }
            do { return .success(try await body(bed)) } catch { return .failure(error) }
        }
        try await http.shutdown()
        try result.get()
    }

    @Test func aReceiverThatNeverAnswersDelaysNoOther() async throws {
        try await ScriptedServer.run({ $0.line.hasSuffix("/slow") ? .held : .bytes(ScriptedServer.ok("")) }) {
            url, server in
            let notify = """
                  - {name: slow, webhook: {url: '\(url)/slow'}}
                  - {name: fast, webhook: {url: '\(url)/fast'}}
                """
            try await run(notify) { bed in
                bed.report(.campaignPaused)
                try await settle { server.heldCount == 1 && bed.settled.count == 1 }
                bed.report(.campaignPaused)
                try await settle { bed.settled.count == 2 }
                let tallies = bed.notifier.tallies.receivers
                #expect(tallies.map(\.waiting) == [2, 0] && tallies.map(\.sent) == [0, 2])
                #expect(server.requests.count { $0.line == "POST /slow" } == 1)
            }
        }
    }

    @Test func whatAnEarlierProcessLeftIsSent() async throws {
        try await ScriptedServer.run({ _ in .bytes(ScriptedServer.ok("")) }) { url, server in
            let stored = [ReceiverBench.item(7, after: -3600, .campaignPaused, "left behind")]
            try await run("  - {name: hook, webhook: {url: '\(url)/x'}}", stored: stored) { bed in
                try await settle { bed.settled == [7] }
                #expect(server.requests.first?.body.contains("left behind") == true)
            }
        }
    }

    @Test func anOutageIsReportedAndEverythingDeliveredAfterwards() async throws {
        let isUp = Mutex(false)
        try await ScriptedServer.run({ _ in
            .bytes(isUp.withLock { $0 } ? ScriptedServer.ok("") : ScriptedServer.answer("503 No", ""))
        }) { url, server in
            try await run("  - {name: hook, webhook: {url: '\(url)/x'}}", speed: 600) { bed in
                bed.report(.campaignPaused, "first")
                try await settle { bed.events == [.notifyFailed] }
                bed.report(.campaignPaused, "second")
                isUp.withLock { $0 = true }
                try await settle { bed.settled.count == 2 }
                try await settle { bed.events == [.notifyFailed, .notifyRecovered] }
                let last = try #require(server.requests.last?.body)
                #expect(last.contains("first") || server.requests.contains { $0.body.contains("second") })
            }
        }
    }

    @Test func theHeartbeatStopsWhileCampaignsAreNotGuarded() async throws {
        try await ScriptedServer.run({ _ in .bytes(ScriptedServer.ok("")) }) { url, server in
            let heartbeat = "heartbeat: {url: '\(url)/ping/NeverShown', every: 10s, method: POST}"
            try await run("  []", heartbeat) { bed in
                try await settle { server.requests.count >= 2 }
                #expect(server.requests[0].line == "POST /ping/NeverShown")
                for problems in [["no campaign has fresh stats"], nil] {
                    bed.problems.withLock { $0 = problems }
                    // One may be under way.
                    try await bed.time.sleep(until: bed.time.now + .seconds(20))
                    let count = server.requests.count
                    try await bed.time.sleep(until: bed.time.now + .seconds(60))
                    #expect(server.requests.count == count)
                }
                bed.problems.withLock { $0 = [] }
                try await settle { (bed.notifier.tallies.heartbeats?.sent ?? 0) >= 4 }
            }
        }
    }

    @Test func conditionsAreSentAgainWhileTheyHold() async throws {
        try await ScriptedServer.run({ _ in .bytes(ScriptedServer.ok("")) }) { url, server in
            try await run("  - {name: am, alertmanager: {url: '\(url)/prefix/'}}", speed: 600) { bed in
                bed.report(.campaignPaused)
                try await settle { server.requests.count >= 3 }
                #expect(server.requests.allSatisfy { $0.line == "POST /prefix/api/v2/alerts" })
                #expect(server.requests[0].body.contains("\"alertname\":\"campaign.paused\""))
                #expect(bed.notifier.tallies.receivers[0].waiting == 0)
            }
        }
    }

    @Test func aSummaryIsSentEachDay() async throws {
        try await ScriptedServer.run({ _ in .bytes(ScriptedServer.ok("")) }) { url, server in
            let notify = "  - {name: hook, webhook: {url: '\(url)/x'}, summary: '02:00', tz: Europe/Berlin}"
            // It starts at 01:53 in Berlin.
            let time = ManualTime(ReceiverBench.start)
            try await run(notify, at: time) { bed in
                bed.report(.campaignPaused, "paused camp_1")
                bed.report(.campaignResumed, "resumed camp_1")
                func summaries() -> [String] {
                    server.requests.map(\.body).filter { $0.contains("daily summary") }.compactMap {
                        (try? ReceiverBench.json($0))?["text"] as? String
                    }
                }
                // Each tick of the notifier is a second.
                func pass(until count: Int, from start: Duration) async throws {
                    time.advance(by: start)
                    while summaries().count < count {
                        time.advance(by: .seconds(1))
                        try await Task.sleep(for: .milliseconds(2))
                    }
                }
                try await pass(until: 1, from: .seconds(420))
                let text = summaries()[0]
                for line in [
                    "Now: watching 2 campaigns", "paused in the last 24 hours: 1", "paused camp_1",
                    "resumed in the last 24 hours: 1", "launches held in the last 24 hours: none",
                    "paused now: 1\n- camp_1 \"VP Sales\"", "not guarded now: none",
                ] { #expect(text.contains(line), "\(line)\n\(text)") }
                try await pass(until: 2, from: .seconds(86400))
                #expect(summaries()[1].contains("paused in the last 24 hours: none"), "\(summaries()[1])")
                // It is stored like any other notification.
                #expect(bed.news.withLock { $0.flatMap(\.change.queued) }.contains { $0.kind == .summary })
            }
        }
    }

    @Test func aTestMessageIsSentAtOnce() async throws {
        try await ScriptedServer.run({ _ in .bytes(ScriptedServer.ok("")) }) { url, server in
            try await run("  - {name: hook, webhook: {url: '\(url)/x', format: slack}}") { bed in
                #expect(await bed.notifier.test("hook") == .sent)
                #expect(await bed.notifier.test("other") == nil)
                #expect(server.requests.map(\.body).joined().contains("nothing happened"))
            }
        }
    }
}

import Model
import Notifications
import Policy
import Testing

/// Which receiver gets which event.
@Suite struct RouterTests {
    private static let url = "webhook: {url: 'http://127.0.0.1:1/x'}"

    private func route(
        _ filter: String, _ kind: EventKind, labels: [String: String]? = nil, fields: [JournalField: String] = [:]
    ) throws -> Bool {
        var router = NotificationRouter(startedAt: ReceiverBench.start)
        router.adopt(try ReceiverBench.receivers("  - {name: r, \(Self.url)\(filter.isEmpty ? "" : ", \(filter)")}"))
        router.route(JournalEvent(kind, "m", fields: fields), at: ReceiverBench.start, labels: labels)
        return !router.take().items.isEmpty
    }

    @Test(arguments: [
        ("", EventKind.campaignPaused, true), ("", .campaignResumed, false), ("", .apiUnreachable, true),
        ("severity: notice", .campaignResumed, true), ("severity: notice", .rulePending, false),
        ("severity: critical", .campaignPaused, false), ("severity: critical", .ledgerFailed, true),
        // Named events are sent whatever their severity, unless one is given.
        ("events: [campaign.resumed]", .campaignResumed, true), ("events: [campaign.resumed]", .campaignPaused, false),
        ("events: [campaign, launch.held]", .campaignResumed, true), ("events: [campaign]", .launchHeld, false),
        ("events: [campaign], severity: warning", .campaignResumed, false),
        ("events: [rule]", .ruleFiring, true),
    ])
    func severityAndNames(_ filter: String, _ kind: EventKind, _ isSent: Bool) throws {
        #expect(try route(filter, kind) == isSent)
    }

    @Test(
        arguments: [
            (["team": "sales"], true), (["team": "sales", "region": "eu"], true), (["team": "letters"], false),
            ([:], false),
            (nil, false),
        ] as [([String: String]?, Bool)])
    func labels(_ labels: [String: String]?, _ isSent: Bool) throws {
        #expect(try route("labels: {team: sales}", .campaignPaused, labels: labels) == isSent)
    }

    @Test func aReceiverIsNotToldOfItsOwnFailure() throws {
        #expect(try !route("", .notifyFailed, fields: [.receiver: "r"]))
        #expect(try route("", .notifyFailed, fields: [.receiver: "another"]))
    }

    @Test func aFloodIsBounded() throws {
        var router = NotificationRouter(startedAt: ReceiverBench.start)
        router.adopt(try ReceiverBench.receivers("  - {name: r, \(Self.url)}\n  - {name: s, \(Self.url)}"))
        for _ in 0..<20_000 {
            router.route(JournalEvent(.campaignStale, "m"), at: ReceiverBench.start, labels: nil)
        }
        let routed = router.take()
        #expect(routed.items.count == 2 * NotificationRouter.perTurnMax)
        #expect(
            routed.skipped == [
                "r": 20_000 - NotificationRouter.perTurnMax, "s": 20_000 - NotificationRouter.perTurnMax,
            ])
        #expect(Set(routed.items.map(\.id)).count == routed.items.count)
        #expect(router.take().isEmpty)
    }

    @Test func alertmanagerGetsLastingConditionsFromTheStatus() throws {
        var router = NotificationRouter(startedAt: ReceiverBench.start)
        router.adopt(try ReceiverBench.receivers("  - {name: am, alertmanager: {url: 'http://127.0.0.1:9093'}}"))
        router.route(JournalEvent(.campaignPaused, "m"), at: ReceiverBench.start, labels: nil)
        let first = router.take()
        #expect(first.items.isEmpty && first.nudged == ["am"])
        // Nothing is paused in observe mode, and an override has no duration.
        router.route(
            JournalEvent(.campaignPaused, "m", fields: [.mode: "observe"]), at: ReceiverBench.start, labels: nil)
        router.route(JournalEvent(.campaignOverride, "m"), at: ReceiverBench.start, labels: nil)
        #expect(router.take().items.map(\.name) == ["campaign.paused", "campaign.override"])
    }
}

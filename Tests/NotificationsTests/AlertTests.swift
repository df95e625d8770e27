import AsyncHTTPClient
import Foundation
import Guard
import Model
import NIOCore
import NIOHTTP1
import NIOPosix
import Notifications
import Policy
import Providers
import Reporting
import TestSupport
import Testing

/// The alerts for Alertmanager, also with the real program.
@Suite struct AlertTests {
    private static let start = ReceiverBench.start

    private func policy(_ url: String = "http://127.0.0.1:9093", _ filter: String = "") throws -> CheckedPolicy {
        try ReceiverBench.policy("  - {name: am, alertmanager: {url: '\(url)'}\(filter)}")
    }

    private func status(_ policy: CheckedPolicy, _ change: (inout GuardStatus) -> Void) -> GuardStatus {
        var status = Guard(policy: policy, at: Self.start).status(at: Self.start)
        change(&status)
        return status
    }

    private func update(
        _ book: inout AlertBook, _ policy: CheckedPolicy, after seconds: Int, _ change: (inout GuardStatus) -> Void
    ) -> [Alert] {
        let conditions = AlertCondition.all(status(policy, change), policy)
        return book.update(conditions, for: policy.receivers[0], at: Self.start + .seconds(seconds))
    }

    @Test func alertsAreRepeatedWhileTheyHoldAndResolvedAfterwards() throws {
        let policy = try policy()
        var book = AlertBook()
        func pause(_ status: inout GuardStatus) {
            status.campaigns[0].state = .paused
            status.campaigns[0].pauseRule = "b"
        }
        #expect(update(&book, policy, after: 0) { _ in }.isEmpty)
        let first = update(&book, policy, after: 60, pause)
        #expect(first.count == 1)
        #expect(
            first[0].labels == [
                "alertname": "campaign.paused", "severity": "critical", "job": "sendwarden", "workspace": "acme",
                "campaign": "camp_1", "rule": "b",
            ])
        let second = update(&book, policy, after: 120, pause)
        #expect(second[0].labels == first[0].labels && second[0].startsAt == first[0].startsAt)
        #expect(second[0].endsAt == Self.start + .seconds(120 + 240))
        let third = update(&book, policy, after: 180) { _ in }
        #expect(third[0].endsAt == Self.start + .seconds(180) && third[0].startsAt == first[0].startsAt)
        #expect(update(&book, policy, after: 180 + 900) { _ in }.count == 1)
        #expect(update(&book, policy, after: 180 + 901) { _ in }.isEmpty)
    }

    @Test func everyConditionHasItsAlert() throws {
        let policy = try policy()
        var book = AlertBook()
        let alerts = update(&book, policy, after: 0) { status in
            status.isLedgerFailing = true
            status.workspaces[0].apiTrouble = "API key rejected"
            status.workspaces[0].apiTroubleKind = .unauthorized
            status.campaigns[0].isStale = true
            status.campaigns[0].rules[0].state = .firing
            status.campaigns[1].isMissing = true
            status.campaigns[1].isPauseIneffective = true
            status.campaigns[1].rules[0].noData = "bounced"
        }
        #expect(
            Set(alerts.map { "\($0.labels["alertname"] ?? "") \($0.labels["severity"] ?? "")" }) == [
                "ledger.failed critical", "api.unauthorized critical", "campaign.stale error", "rule.firing critical",
                "campaign.missing error", "campaign.pause_ineffective critical", "rule.no_data warning",
            ])
    }

    /// A part of a status, whose initializers are not accessible here.
    private func decoded<Part: Decodable>(_ json: String) throws -> Part {
        try JSONDecoder().decode(Part.self, from: Data(json.utf8))
    }

    private func group(_ by: String, _ value: String, _ rule: String) throws -> GuardStatus.GroupStatus {
        try decoded(#"{"by":"\#(by)","value":"\#(value)","campaigns":2,"counted":2,"rules":[{"name":"b",\#(rule)}]}"#)
    }

    @Test func rulesOnPoolsAndGroupsHaveAlerts() throws {
        let policy = try policy()
        var book = AlertBook()
        let pool: GuardStatus.PoolStatus = try decoded(
            #"{"id":"pool_a","workspace":"acme","isMissing":false,"tags":{},"removedSenders":[],"reserved":0,"#
                + #""rules":[{"name":"b","state":"firing","noData":"volume"}]}"#)
        let groups = [
            try group("team", "sales", #""state":"firing""#),
            try group("pool", "pool_a", #""state":"inactive","noData":"1 campaign lacks data""#),
        ]
        let alerts = update(&book, policy, after: 0) { ($0.groups, $0.pools) = (groups, [pool]) }
        #expect(
            Set(alerts.map { "\($0.labels["alertname"] ?? "") \($0.labels["group"] ?? $0.labels["pool"] ?? "")" }) == [
                "rule.firing team=sales", "rule.no_data pool=pool_a", "rule.firing pool_a", "rule.no_data pool_a",
            ])
        // Their ends are sent, too.
        let ends = update(&book, policy, after: 60) { _ in }.map(\.endsAt)
        #expect(ends == Array(repeating: Self.start + .seconds(60), count: 4))
    }

    @Test func filtersApplyToGroups() throws {
        let policy = try policy("http://127.0.0.1:9093", ", labels: {team: sales}")
        var book = AlertBook()
        let groups = try ["sales", "letters"].map { try group("team", $0, #""state":"firing""#) }
        let alerts = update(&book, policy, after: 0) { $0.groups = groups }
        #expect(alerts.map { $0.labels["group"] } == ["team=sales"])
    }

    @Test func filtersApplyToConditions() throws {
        let policy = try policy("http://127.0.0.1:9093", ", labels: {team: letters}, events: [campaign.paused]")
        var book = AlertBook()
        let alerts = update(&book, policy, after: 0) { status in
            status.isLedgerFailing = true
            for index in status.campaigns.indices { status.campaigns[index].state = .paused }
        }
        #expect(alerts.map { $0.labels["campaign"] } == ["camp_2"])
    }

    // MARK: The real program

    private static let program = "/usr/bin/prometheus-alertmanager"
    private static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: program) }

    private func request(_ url: String) async throws -> [[String: Any]] {
        let (data, _) = try await fetch(url)
        return try #require(try JSONSerialization.jsonObject(with: data) as? [[String: Any]])
    }

    private func fetch(_ url: String) async throws -> (Data, UInt) {
        let response = try await HTTPClient.shared.execute(HTTPClientRequest(url: url), timeout: .seconds(5))
        return (Data((try await response.body.collect(upTo: 1 << 20)).readableBytesView), response.status.code)
    }

    @Test(
        .enabled(if: isInstalled, "apt-get install prometheus-alertmanager installs the program"),
        .timeLimit(.minutes(2)))
    func theRealAlertmanagerTakesAlertsAndResolvesThem() async throws {
        let folder = try TemporaryFolder()
        let config = try folder.write("am.yml", "route: {receiver: none}\nreceivers: [{name: none}]\n")
        let port = 20_000 + Int.random(in: 0..<20_000)
        let process = Process()
        process.executableURL = URL(filePath: Self.program)
        process.arguments = [
            "--config.file=\(config)", "--storage.path=\(folder.path)/data", "--web.listen-address=127.0.0.1:\(port)",
            "--cluster.listen-address=",
        ]
        process.standardError = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        defer {
            process.terminate()
            process.waitUntilExit()
        }
        let url = "http://127.0.0.1:\(port)"
        while (try? await fetch(url + "/-/ready"))?.1 != 200 { try await Task.sleep(for: .milliseconds(50)) }
        let policy = try policy(url)
        let endpoints = try ReceiverEndpoints(policy, credentialsDirectory: nil)
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: Connections.configuration)
        let courier = Courier(http, .singletonMultiThreadedEventLoopGroup)
        func wallClock() -> Instant { Instant(milliseconds: Int64(Date().timeIntervalSince1970 * 1000)) }
        let now = wallClock()
        var book = AlertBook()
        let paused = status(policy) { $0.campaigns[0].state = .paused }
        let firing = book.update(AlertCondition.all(paused, policy), for: policy.receivers[0], at: now)
        #expect(await courier.send(firing, endpoints["am"]) == .sent)
        var found = try await request(url + "/api/v2/alerts")
        #expect(found.count == 1)
        #expect((found[0]["labels"] as? [String: String])?["campaign"] == "camp_1")
        #expect((found[0]["annotations"] as? [String: String])?["summary"]?.contains("VP Sales") == true)
        // An event without an end, through the outbox's path.
        let item = OutboxItem(
            id: 1, receiver: "am", at: now, kind: .event, name: "campaign.override", priority: .warning,
            message: "someone restarted \"x\\", fields: ["SENDWARDEN_CAMPAIGN": "camp_2"])
        #expect(await courier.send([item], to: policy.receivers[0], endpoints["am"], at: now) == .sent)
        found = try await request(url + "/api/v2/alerts")
        #expect(found.count == 2)
        // Alertmanager ignores an end that is not past when it arrives.
        let ended = book.update([], for: policy.receivers[0], at: wallClock())
        #expect(await courier.send(ended, endpoints["am"]) == .sent)
        // Alertmanager lists only those that hold.
        var names: [String] = ["campaign.paused"]
        while names.contains("campaign.paused") {
            try await Task.sleep(for: .milliseconds(100))
            names = try await request(url + "/api/v2/alerts").compactMap {
                ($0["labels"] as? [String: String])?["alertname"]
            }
        }
        #expect(names == ["campaign.override"])
        #expect(await courier.probe(policy.receivers[0], endpoints["am"]) == nil)
        try await http.shutdown()
    }
}

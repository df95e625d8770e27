import AsyncHTTPClient
import Daemon
import Foundation
import Guard
import Journal
import Ledger
import Logging
import Model
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import TestSupport
import Testing

/// What the control socket answers while the ledger hangs, as on a frozen disk.
@Suite(.serialized, .timeLimit(.minutes(3))) struct SilentLedgerTests {
    private struct Answer {
        var status: UInt
        var body: String
        var unstored: String?
        var delay: Duration
    }

    private struct Client {
        var path: String

        func ask(_ uri: String, order: String? = nil) async throws -> Answer {
            let host = path.replacing("/", with: "%2F")
            var request = HTTPClientRequest(url: "http+unix://\(host)\(uri)")
            if let order {
                request.method = .POST
                request.body = .bytes(ByteBuffer(string: order))
            }
            let start = ContinuousClock.now
            let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
            let body = String(buffer: try await response.body.collect(upTo: 1 << 20))
            return Answer(
                status: response.status.code, body: body,
                unstored: response.headers.first(name: HistoryQuery.unstoredHeader), delay: start.duration(to: .now))
        }
    }

    /// Runs the daemon with a control socket whose ledger may take half a second.
    private func withDaemon(_ body: (DaemonBench, Client, LedgerFaults) async throws -> Void) async throws {
        let ledger = try await InMemoryLedger.open(
            InMemoryStorage(), LedgerScope(WorkspaceName("bench")), at: Instant(milliseconds: 0)
        ).store
        try await DaemonBench.run(
            world: LedgerFaultTests.world, policy: LedgerFaultTests.policy, speed: 60, ledger: ledger,
            ledgerAnswersWithin: .seconds(8), orderAnswersWithin: .milliseconds(500)
        ) { bench in
            try await bench.wait(upTo: .seconds(300)) { bench.count(.daemonReady) == 1 }
            let folder = try TemporaryFolder()
            let server = ControlServer(
                .socket(path: folder.path + "/c.sock"), control: bench.control,
                journal: Journal(format: .json, time: bench.time, writeLine: Lines().add), threads: .singleton,
                ledger: ledger.queries, ledgerAnswersWithin: .milliseconds(500))
            let group = ServiceGroup(
                configuration: .init(
                    services: [.init(service: server)], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
                ))
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                while !FileManager.default.fileExists(atPath: folder.path + "/c.sock") {
                    try await Task.sleep(for: .milliseconds(10))
                }
                try await body(bench, Client(path: folder.path + "/c.sock"), ledger.faults)
                ledger.faults.release()
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
        }
    }

    @Test func everyRequestIsAnsweredWhileTheLedgerHangs() async throws {
        try await withDaemon { _, client, faults in
            let healthy = try await client.ask("/v1/explain?subject=good")
            #expect(healthy.status == 200 && !healthy.body.contains("incomplete"))
            faults.hang()
            async let order = client.ask("/v1/orders", order: #"{"act":"pause","campaign":"good"}"#)
            // The first question finds out; the ledger is not asked by those that follow.
            for limit in [Duration.seconds(3), .seconds(1), .seconds(1)] {
                let history = try await client.ask("/v1/history?limit=5")
                #expect(history.status == 503 && history.delay < limit)
                #expect(history.body.contains("the ledger has not responded since 2026-12-01T"))
                #expect(history.body.contains("campaigns are still watched"))
            }
            let decision = try await client.ask("/v1/explain?subject=99")
            #expect(decision.status == 503 && decision.body.contains("the ledger has not responded since"))
            // The order is answered before the ledger counts as failing.
            let reply = try await order
            #expect(reply.status == 200 && reply.delay < .seconds(4))
            #expect(reply.body.contains("pausing good; the ledger has not stored this within 500ms"))
            // What the guard knows, with its events from memory.
            let explained = try await client.ask("/v1/explain?subject=good")
            #expect(explained.status == 200 && explained.delay < .seconds(2))
            #expect(explained.body.contains("\"incomplete\"") && explained.body.contains("order.accepted"))
            let brief = try await client.ask("/v1/explain?subject=good&history=none")
            #expect(brief.status == 200 && brief.delay < .seconds(1) && !brief.body.contains("\"incomplete\""))
            // A decision that is not stored yet.
            let number = try #require(explained.body.firstMatch(of: /"decision" : (\d+)/)?.1)
            let pause = try await client.ask("/v1/explain?subject=\(number)")
            #expect(pause.status == 200 && pause.body.contains("\"decision\""))
        }
    }

    @Test func theLedgerIsAskedAgainOnceItResponds() async throws {
        try await withDaemon { _, client, faults in
            faults.hang()
            #expect(try await client.ask("/v1/history").status == 503)
            faults.release()
            var status: UInt = 503
            let end = ContinuousClock.now + .seconds(15)
            while status != 200, ContinuousClock.now < end {
                try await Task.sleep(for: .milliseconds(200))
                status = try await client.ask("/v1/history").status
            }
            #expect(status == 200)
        }
    }

    /// The ledger can be read, but not be written.
    @Test func whatIsNotStoredYetIsNotOmittedInSilence() async throws {
        try await withDaemon { bench, client, faults in
            faults.fail()
            let reply = try await client.ask("/v1/orders", order: #"{"act":"pause","campaign":"good"}"#)
            #expect(reply.body.contains("the ledger cannot be written"))
            try await bench.wait(upTo: .seconds(120)) { bench.status("good") == "paused" }
            try await bench.pass(.seconds(10))
            let history = try await client.ask("/v1/history?campaign=good")
            #expect(history.status == 200 && !history.body.contains("campaign.paused"))
            // The order and the pause.
            #expect(history.unstored == "2")
            let explained = try await client.ask("/v1/explain?subject=good")
            #expect(explained.body.contains("campaign.paused") && explained.body.contains("\"number\" : 0"))
            let decision = try await client.ask("/v1/explain?subject=1")
            #expect(decision.status == 200 && decision.body.contains("\"outcome\" : \"paused\""))
            faults.fail(nil)
        }
    }
}

import Foundation
import TestSupport
import Testing

/// A stop while requests are in flight: their responses have a second.
@Suite(.serialized) struct ShutdownTests {
    /// In real time, as the platform's clock is compared with ours.
    static let world = """
        key: \(DaemonProcessTests.key)
        pools: [{id: pool_a, capacity: 5000, used: 100}]
        campaigns:
          - {id: good, pool: pool_a, status: running, leads: 2000, rate: 3600}
          - {id: bad, pool: pool_a, status: running, leads: 2000, sent: 200, bounced: 100, rate: 3600, bounce_rate: 50%}
        """

    /// - Parameter milliseconds: how long the platform takes to answer a pause.
    private func withSlowPauses(
        _ milliseconds: Int, _ body: (RunningProgram, TemporaryFolder) throws -> Void
    ) throws {
        let fault = "faults: [{kind: slow, endpoint: pause, wait: \(milliseconds)ms}]"
        try DaemonProcessTests.withDaemon(mode: "enforce", world: Self.world + "\n" + fault, speed: 1) {
            daemon, folder, url, _ in
            let hasAsked = {
                guard let address = URL(string: url + "/simulator/requests"),
                    let text = try? String(contentsOf: address, encoding: .utf8)
                else { return false }
                return text.contains("/v1/campaigns/bad/pause")
            }
            #expect(daemon.wait(until: hasAsked))
            try body(daemon, folder)
        }
    }

    @Test func thePauseInFlightIsWaitedFor() throws {
        try withSlowPauses(600) { daemon, folder in
            let asked = ContinuousClock.now
            daemon.signal(SIGTERM)
            let outcome = daemon.waitUntilExit()
            #expect(outcome.code == 0 && ContinuousClock.now - asked < .seconds(3))
            let events = outcome.stderr.split(separator: "\n")
            #expect(events.contains { $0.contains("\"campaign.paused\"") })
            #expect(events.last?.contains("\"daemon.stopping\"") == true)
            let history = try Program.run(["history", "--ledger", folder.path + "/ledger.sqlite"])
            #expect(history.stdout.contains("campaign.paused"))
        }
    }

    @Test func aResponseThatTakesTooLongIsNotWaitedFor() throws {
        try withSlowPauses(5000) { daemon, _ in
            let asked = ContinuousClock.now
            daemon.signal(SIGTERM)
            let outcome = daemon.waitUntilExit()
            #expect(outcome.code == 0 && ContinuousClock.now - asked < .seconds(3))
            #expect(!outcome.stderr.contains("\"campaign.paused\""))
        }
    }

    /// An order that is accepted before the signal is carried out, and its giver hears so.
    @Test func anOrderInFlightIsWaitedFor() throws {
        try withSlowPauses(600) { daemon, folder in
            let connection = try RawConnection(path: folder.path + "/control.sock")
            let body = "{\"act\":\"pause\",\"campaign\":\"good\"}"
            connection.send("POST /v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
            #expect(daemon.wait { daemon.stderr.contains("\"order.accepted\"") })
            daemon.signal(SIGTERM)
            #expect(try connection.response().hasPrefix("HTTP/1.1 200 "))
            let outcome = daemon.waitUntilExit()
            #expect(outcome.code == 0)
            let paused = outcome.stderr.split(separator: "\n").filter { $0.contains("\"campaign.paused\"") }
            #expect(paused.contains { $0.contains("\"SENDWARDEN_CAMPAIGN\":\"good\"") })
        }
    }
}

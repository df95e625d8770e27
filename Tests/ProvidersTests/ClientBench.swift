import AsyncHTTPClient
import Model
import NIOPosix
import Providers
import Simulator
import TestSupport

/// Clients for tests, with their own simulator or on a scripted server.
enum ClientBench {
    static let key = "sk_test_simulator"
    static let camp = CampaignID(unchecked: "camp_1")
    static let draft = CampaignID(unchecked: "camp_draft")
    static let empty = CampaignID(unchecked: "camp_empty")

    static func world(shapes: String = "{}", faults: String = "[]") -> String {
        """
        shapes: \(shapes)
        faults: \(faults)
        pools: [{id: pool_a, name: A, capacity: 2000, used: 660, active: 2, warming: 1, paused: 1}]
        campaigns:
          - {id: camp_1, pool: pool_a, status: running, leads: 500, sent: 480, bounced: 9, rate: 0}
          - {id: camp_draft, pool: pool_a, leads: 10, rate: 0}
          - {id: camp_empty, pool: pool_a}
          - {id: camp_stepless, pool: pool_a, leads: 5, steps: 0}
        """
    }

    static func run<Result: Sendable>(
        shapes: String = "{}", faults: String = "[]", key: String = key, timeout: Duration = .seconds(30),
        _ body: (LeadterraClient, SimulatorServer) async throws -> Result
    ) async throws -> Result {
        try await withSimulator(world(shapes: shapes, faults: faults)) { url, server in
            let http = HTTPClient(eventLoopGroupProvider: .singleton)
            let time = SteadyTime(startingAt: server.world.now)
            let client = LeadterraClient(
                connections: Connections(all: http), url: url, key: APIKey(key),
                gate: RequestGate(perSecond: 1000, time: time),
                timeout: timeout,
                time: time, random: { 0.1 })
            let result: Swift.Result<Result, any Error>
            do { result = .success(try await body(client, server)) } catch { result = .failure(error) }
            try await http.shutdown()
            return try result.get()
        }
    }

    /// Creates a Leadterra client without jitter.
    static func leadterra(key: String) -> (ClientParts) -> LeadterraClient {
        { parts in
            LeadterraClient(
                connections: parts.connections, url: parts.url, key: APIKey(key), gate: parts.gate,
                timeout: parts.timeout, time: parts.time, random: { 0 })
        }
    }

    /// Creates a Twilio client without jitter.
    static func twilio(key: String) -> (ClientParts) -> TwilioCommsClient {
        { parts in
            TwilioCommsClient(
                connections: parts.connections, url: parts.url, key: APIKey(key), gate: parts.gate,
                timeout: parts.timeout, time: parts.time, random: { 0 })
        }
    }

    /// The fault that a call throws; nil if it succeeds.
    static func fault<Value>(_ call: () async throws(Fault) -> Value) async -> Fault? {
        do throws(Fault) {
            _ = try await call()
            return nil
        } catch {
            return error
        }
    }
}

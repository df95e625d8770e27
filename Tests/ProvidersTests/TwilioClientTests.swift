import AsyncHTTPClient
import Model
import NIOPosix
import Providers
import Simulator
import TestSupport
import Testing

/// The Twilio client against every call, format, error and fault, over HTTP.
@Suite struct TwilioClientTests {
    static let keys = ["AC_simulator:auth_token", "SK_simulator:api_key_secret"]

    private func run<Result: Sendable>(
        pools: String = "[{name: Main, tags: {environment: production}, active: 3, deactivated: 1}]",
        faults: String = "[]", takes: String = "100ms", more: String = "", key: String = keys[0],
        _ body: (TwilioCommsClient, SimulatorServer) async throws -> Result
    ) async throws -> Result {
        try await withSimulator("twilio: {pools: \(pools), operation_takes: \(takes)\(more)}\nfaults: \(faults)") {
            url, server in
            let http = HTTPClient(eventLoopGroupProvider: .singleton)
            let time = SteadyTime(startingAt: server.world.now)
            let client = TwilioCommsClient(
                connections: Connections(all: http), url: url, key: APIKey(key),
                gate: RequestGate(perSecond: 1000, time: time),
                timeout: .seconds(10), time: time, random: { 0.1 })
            let result: Swift.Result<Result, any Error>
            do { result = .success(try await body(client, server)) } catch { result = .failure(error) }
            try await http.shutdown()
            return try result.get()
        }
    }

    private func pools(_ client: TwilioCommsClient, _ filter: PoolFilter = PoolFilter()) async throws(Fault)
        -> [SenderPool]
    {
        var (pages, all) = (client.pools(filter), [SenderPool]())
        while let page = try await pages.next() { all += page }
        return all
    }

    private func senders(
        _ client: TwilioCommsClient, _ pool: PoolID, _ filter: SenderFilter = SenderFilter()
    ) async throws(Fault) -> [PoolSender] {
        var (pages, all) = (client.senders(of: pool, filter), [PoolSender]())
        while let page = try await pages.next() { all += page }
        return all
    }

    /// Polls an operation until it ends.
    private func ended(_ client: TwilioCommsClient, _ receipt: ChangeReceipt) async throws -> PoolOperation {
        let id = try #require(receipt.operation)
        while true {
            let operation = try await client.operation(id)
            if operation.status != .processing { return operation }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    @Test(arguments: keys)
    func poolsAreListedWithBothKindsOfKey(_ key: String) async throws {
        try await run(key: key) { client, server in
            let listed = try await pools(client)
            let truth = server.world.twilio.pools[0]
            #expect(
                listed == [
                    SenderPool(
                        id: PoolID(unchecked: truth.id), name: "Main", tags: ["environment": "production"],
                        createdAt: truth.createdAt, updatedAt: truth.updatedAt)
                ])
            #expect(try await client.pool(listed[0].id) == listed[0])
        }
    }

    @Test func aWrongKeyIsUnauthorized() async throws {
        try await run(key: "AC_simulator:another") { client, _ in
            let fault = await ClientBench.fault { () throws(Fault) in try await pools(client) }
            #expect(fault?.kind == .unauthorized)
            #expect(fault?.summary == "HTTP 401 20003")
        }
    }

    @Test func poolsAreReadPageByPage() async throws {
        let list = (1...2500).map { "{name: Pool \($0)}" }.joined(separator: ", ")
        try await run(pools: "[\(list)]") { client, server in
            var (pages, sizes) = (client.pools(), [Int]())
            while let page = try await pages.next() { sizes.append(page.count) }
            #expect(sizes == [1000, 1000, 500])
            #expect(server.requestCounts["GET"] == 3)
        }
    }

    @Test func aPoolOfTenThousandSendersIsReadCompletely() async throws {
        try await run(pools: "[{name: Large, active: 9000, deactivated: 1000}]") { client, server in
            let id = PoolID(unchecked: server.world.twilio.pools[0].id)
            let all = try await senders(client, id)
            #expect(Set(all.map(\.id)).count == 10_000)
            #expect(all.count { $0.status == .activated } == 9000)
        }
    }

    @Test func filtersAreAppliedByThePlatform() async throws {
        let list = "[{name: Old, age: 90d}, {name: New, age: 1d, active: 2, deactivated: 3, channel: SMS}]"
        try await run(pools: list) { client, server in
            let now = server.world.now
            let old = try await pools(client, PoolFilter(created: CreationDates(before: now - .seconds(30 * 86400))))
            #expect(old.map(\.name) == ["Old"])
            let new = try await pools(client, PoolFilter(created: CreationDates(after: now - .seconds(30 * 86400))))
            #expect(new.map(\.name) == ["New"])
            #expect(try await senders(client, new[0].id, SenderFilter(status: .deactivated)).count == 3)
            #expect(try await senders(client, new[0].id, SenderFilter(channel: .sms)).count == 5)
            #expect(try await senders(client, new[0].id, SenderFilter(channel: .email)).isEmpty)
            let member = try #require(try await senders(client, old[0].id).first)
            let removal = try await client.remove(member.id, from: old[0].id)
            _ = try await ended(client, removal)
            let changed = try await pools(client, PoolFilter(operation: removal.operation))
            #expect(changed.map(\.name) == ["Old"])
        }
    }

    @Test func changesAreTrackedByTheirOperations() async throws {
        try await run { client, server in
            let id = PoolID(unchecked: server.world.twilio.pools[0].id)
            let first = try #require(try await senders(client, id).first)
            let removal = try await ended(client, try await client.remove(first.id, from: id))
            #expect(removal.status == .completed && removal.failed == 0)
            #expect(try await !senders(client, id).map(\.id).contains(first.id))
            let addition = try await ended(client, try await client.add([first.id], to: id))
            #expect(addition.status == .completed && addition.failed == 0 && addition.created == 1)
            #expect(try await senders(client, id).map(\.id).contains(first.id))
        }
    }

    @Test func anOperationCanFailPartially() async throws {
        try await run(more: ", spare: 20, failures: 50%") { client, server in
            let id = PoolID(unchecked: server.world.twilio.pools[0].id)
            let spare = Set(server.world.twilio.senders.keys).subtracting(server.world.twilio.pools[0].members)
            let receipt = try await client.add(spare.sorted().map { SenderID(unchecked: $0) }, to: id)
            let operation = try await ended(client, receipt)
            let failed = try #require(operation.failed)
            #expect(failed > 0 && failed < 20)
            #expect(try await senders(client, id).count == 4 + 20 - failed)
        }
    }

    @Test func aLoopingTokenIsAFault() async throws {
        try await run(faults: "[{kind: token_loops, endpoint: sender_pools}]") { client, server in
            let fault = await ClientBench.fault { () throws(Fault) in try await pools(client) }
            #expect(fault?.summary == "page token repeats")
            #expect((server.requestCounts["GET"] ?? 0) <= 3)
        }
    }

    static let refusals: [(String, Fault.Kind, String)] = [
        ("error_500", .unreachable, "HTTP 500 20500"), ("error_503", .unreachable, "HTTP 503 20503"),
        ("throttle_seconds", .throttled, "HTTP 429 20429"), ("throttle_date", .throttled, "HTTP 429 20429"),
        ("not_found", .missing, "HTTP 404 20404"), ("html", .unexpected, "response is not JSON"),
        ("empty", .unexpected, "response is empty"), ("huge", .unexpected, "response is larger than 8 MiB"),
        ("wrong_types", .unexpected, "field \"senderPools\" is missing"),
        ("cut", .unreachable, "connection closed unexpectedly"),
    ]

    @Test(arguments: refusals)
    func faultsHaveTheRightKindAndSummary(_ kind: String, _ expected: Fault.Kind, _ summary: String) async throws {
        try await run(faults: "[{kind: \(kind), wait: 7s}]") { client, _ in
            let fault = await ClientBench.fault { () throws(Fault) in try await pools(client) }
            #expect(fault?.kind == expected)
            #expect(fault?.summary == summary)
            if expected == .throttled { #expect((6...8).contains(fault?.retryAfter?.seconds ?? 0)) }
        }
    }

    @Test func nothingIsRetriedAfterHTTP500() async throws {
        try await run(faults: "[{kind: error_500}]") { client, server in
            let id = PoolID(unchecked: server.world.twilio.pools[0].id)
            let sender = SenderID(unchecked: server.world.twilio.pools[0].members[0])
            let read = await ClientBench.fault { () throws(Fault) in try await client.pool(id) }
            #expect(read?.isRepeatable == false)
            #expect(server.requestCounts["GET"] == 1)
            let write = await ClientBench.fault { () throws(Fault) in try await client.remove(sender, from: id) }
            #expect(write?.isRepeatable == false && write?.mayHaveTakenEffect == true)
            #expect(server.requestCounts["DELETE"] == 1)
        }
    }

    @Test func aReadIsRetriedAfterHTTP503() async throws {
        try await run(faults: "[{kind: error_503, times: 2}]") { client, server in
            let listed = try await pools(client)
            #expect(listed.count == 1)
            #expect(server.requestCounts["GET"] == 3)
        }
    }

    @Test func nothingIsSentWhileRetryAfterIsInEffect() async throws {
        try await run(faults: "[{kind: throttle_seconds, wait: 60s, times: 1}]") { client, server in
            _ = await ClientBench.fault { () throws(Fault) in try await pools(client) }
            let second = await ClientBench.fault { () throws(Fault) in try await pools(client) }
            #expect(second?.kind == .throttled)
            #expect(server.requestCounts["GET"] == 1)
        }
    }

    @Test func refusalsContainThePlatformsCode() async throws {
        try await run(takes: "1h") { client, server in
            let id = PoolID(unchecked: server.world.twilio.pools[0].id)
            let stranger = SenderID(unchecked: "comms_sender_0zzzzzzzzzzzzzzzzzzzzzzzzz")
            let bad = await ClientBench.fault { () throws(Fault) in try await client.pool(PoolID(unchecked: "pool_a")) }
            #expect(bad?.kind == .refused && bad?.summary == "HTTP 400 20001")
            let gone = await ClientBench.fault { () throws(Fault) in try await client.remove(stranger, from: id) }
            #expect(gone?.kind == .missing)
            let first = SenderID(unchecked: server.world.twilio.pools[0].members[0])
            _ = try await client.remove(first, from: id)
            let second = SenderID(unchecked: server.world.twilio.pools[0].members[1])
            let busy = await ClientBench.fault { () throws(Fault) in try await client.remove(second, from: id) }
            #expect(busy?.kind == .refused && busy?.summary == "HTTP 409 20409")
            let none = await ClientBench.fault { () throws(Fault) in try await client.add([], to: id) }
            #expect(none?.kind == .refused && none?.mayHaveTakenEffect == false)
        }
    }

    @Test func aLostResponseMayHaveTakenEffect() async throws {
        try await run(faults: "[{kind: lost, endpoint: change_sender_pools, times: 1}]") { client, server in
            let id = PoolID(unchecked: server.world.twilio.pools[0].id)
            let sender = SenderID(unchecked: server.world.twilio.pools[0].members[0])
            let fault = await ClientBench.fault { () throws(Fault) in try await client.remove(sender, from: id) }
            #expect(fault?.kind == .unreachable && fault?.mayHaveTakenEffect == true)
            #expect(server.requestCounts["DELETE"] == 1)
        }
    }
}

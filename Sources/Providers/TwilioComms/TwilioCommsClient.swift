import FoundationEssentials
package import Model
import NIOCore
import NIOHTTP1

/// The Twilio Communications API, v1: sender pools, their senders, and the operations that change them.
///
/// Reads are retried, but not after HTTP 500, as the API's documentation requires. Changes are sent once.
package struct TwilioCommsClient: RosterPlatform {
    /// The largest page that the API returns.
    package static let pageSize = 1000
    /// The most senders that one request may add.
    package static let addedMax = 10_000

    private let requests: RequestSender

    /// - Parameters:
    ///   - url: scheme, host and port, without a trailing slash.
    ///   - key: `account_id:auth_token` or `api_key:api_key_secret`.
    ///   - timeout: for one request, from sending it to the last byte of its response.
    ///   - random: returns a new random number in 0…1.
    package init(
        connections: Connections, url: String, key: APIKey, gate: RequestGate, timeout: Duration, time: any TimeSource,
        random: @escaping @Sendable () -> Double
    ) {
        let dialect = RequestSender.Dialect(
            // Enough for a page of pools with the most and longest tags.
            bodyBytesMax: 8 << 20, retries500: false,
            code: { (try? JSONDecoder().decode(TwilioErrorWire.self, from: Data($0.readableBytesView)))?.code })
        requests = RequestSender(
            connections: connections, url: url, authorization: .basic(key), gate: gate, timeout: timeout, time: time,
            random: random,
            dialect: dialect)
    }

    // MARK: Pools

    package func pools(_ filter: PoolFilter = PoolFilter()) -> Pages<SenderPool> {
        var query = dates(filter.created)
        if let operation = filter.operation { query.append(("operationId", operation.text)) }
        return pages("/v1/SenderPools", query) { (wire: TwilioPoolsWire) in
            Page(items: wire.pools, next: wire.pagination.next)
        }
    }

    package func pool(_ id: PoolID) async throws(Fault) -> SenderPool {
        let wire: TwilioPoolWire = try await requests.fetch("/v1/SenderPools/\(id)")
        guard wire.pool.id == id else { throw Fault(.unexpected, "response is for a different pool") }
        return wire.pool
    }

    // MARK: Senders

    package func senders(of pool: PoolID, _ filter: SenderFilter = SenderFilter()) -> Pages<PoolSender> {
        var query = dates(filter.created)
        if let channel = filter.channel { query.append(("channel", channel.rawValue)) }
        if let status = filter.status { query.append(("status", status.rawValue)) }
        return pages("/v1/SenderPools/\(pool)/Senders", query) { (wire: TwilioSendersWire) in
            Page(items: wire.senders, next: wire.pagination.next)
        }
    }

    package func add(_ senders: [SenderID], to pool: PoolID) async throws(Fault) -> ChangeReceipt {
        guard (1...TwilioCommsClient.addedMax).contains(senders.count) else {
            throw Fault(.refused, "one request can add 1 to \(TwilioCommsClient.addedMax) senders")
        }
        guard let body = try? JSONEncoder().encode(senders.map(TwilioSenderReference.init)) else {
            throw Fault(.refused, "the request cannot be encoded as JSON")
        }
        return try await change(.POST, "/v1/SenderPools/\(pool)/Senders", body)
    }

    package func remove(_ sender: SenderID, from pool: PoolID) async throws(Fault) -> ChangeReceipt {
        try await change(.DELETE, "/v1/SenderPools/\(pool)/Senders/\(sender)", nil)
    }

    // MARK: Operations

    package func operation(_ id: OperationID) async throws(Fault) -> PoolOperation {
        let wire: TwilioOperationWire = try await requests.fetch("/v1/SenderPools/Operations/\(id)")
        guard wire.operation.id == id else { throw Fault(.unexpected, "response is for a different operation") }
        return wire.operation
    }

    // MARK: Requests

    private func pages<Wire: Decodable & SendableMetatype, Item: Sendable>(
        _ path: String, _ query: [(String, String)], _ page: @escaping @Sendable (Wire) -> Page<Item>
    ) -> Pages<Item> {
        let requests = requests
        return Pages { token throws(Fault) in
            var query = query + [("pageSize", String(TwilioCommsClient.pageSize))]
            if let token { query.append(("pageToken", token)) }
            let wire: Wire = try await requests.fetch(path + TwilioCommsClient.encoded(query))
            return page(wire)
        }
    }

    private func dates(_ created: CreationDates) -> [(String, String)] {
        [("startDate", created.after), ("endDate", created.before)].compactMap { name, date in
            date.map { (name, $0.rfc3339) }
        }
    }

    private static func encoded(_ query: [(String, String)]) -> String {
        "?" + query.map { "\($0)=\(percentEncoded($1))" }.joined(separator: "&")
    }

    /// Encodes everything but RFC 3986's unreserved characters, because page tokens can contain anything.
    private static func percentEncoded(_ text: String) -> String {
        text.utf8.reduce(into: "") { result, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"),
                UInt8(ascii: "-"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
    }

    private func change(_ method: HTTPMethod, _ path: String, _ body: Data?) async throws(Fault) -> ChangeReceipt {
        let text = body.map { String(decoding: $0, as: UTF8.self) }
        // Changes of members go before polls.
        let response = try await requests.send(.init(method: method, path: path, body: text, priority: .start))
        // The operation is in the body or in a header.
        let wire = try? JSONDecoder().decode(TwilioReceiptWire.self, from: Data(response.body.readableBytesView))
        return ChangeReceipt(
            operation: wire?.operation
                ?? response.headers.first(name: "operation-id").flatMap { TwilioID.operation($0) })
    }
}

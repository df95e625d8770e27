import AsyncHTTPClient
import FoundationEssentials
import Model
import NIOCore
import NIOHTTP1

/// Sends one workspace's requests through its gate, with a timeout and a size limit, and turns failures into a
/// ``Fault``.
struct RequestSender: Sendable {
    struct Request: Sendable {
        var method: HTTPMethod
        /// Path and query, percent-encoded.
        var path: String
        var body: String?
        var priority: RequestPriority
        /// The largest accepted response body; nil for the platform's usual limit.
        var bodyBytesMax: Int?

        /// The path without the query: all pages of a list have the same target.
        var target: String { String(path.prefix { $0 != "?" }) }
    }

    struct Response: Sendable {
        var status: Int
        var headers: HTTPHeaders
        var body: ByteBuffer
        /// The `Date` header, in whole seconds.
        var date: Instant?
    }

    /// What differs between platforms.
    struct Dialect: Sendable {
        /// The largest accepted response body.
        var bodyBytesMax: Int
        /// False if the platform's documentation forbids retrying after HTTP 500.
        var retries500: Bool
        /// The error code in the body of an error.
        var code: @Sendable (ByteBuffer) -> String?
        /// Overrides the fault kind that follows from the status; nil keeps it.
        var meaning: @Sendable (_ status: Int, _ code: String?) -> Fault.Kind? = { _, _ in nil }
    }

    /// The most attempts of a read; changes are sent once, and the caller decides about retries.
    private static let attemptsMax = 3
    /// After this many failed reads in a row, reads are not retried, so that retries do not add load to an outage.
    private static let failuresBeforeNoRetry = 3

    private let connections: Connections
    private let url: String
    private let authorization: AuthorizationValue
    private let gate: RequestGate
    private let timeout: Duration
    let time: any TimeSource
    private let dialect: Dialect
    private let backoff: Backoff
    private let throttleBackoff: Backoff
    private let random: @Sendable () -> Double
    private let failures = ConsecutiveFailures()

    /// - Parameters:
    ///   - url: scheme, host and port, without a trailing slash.
    ///   - timeout: for one request, from sending it to the last byte of its response.
    ///   - random: returns a new random number in 0…1.
    init(
        connections: Connections, url: String, authorization: AuthorizationValue, gate: RequestGate, timeout: Duration,
        time: any TimeSource, random: @escaping @Sendable () -> Double, dialect: Dialect
    ) {
        self.connections = connections
        self.url = url
        self.authorization = authorization
        self.gate = gate
        self.timeout = timeout
        self.time = time
        self.dialect = dialect
        self.random = random
        backoff = Backoff(first: .milliseconds(250), max: .seconds(5), jitter: .full)
        throttleBackoff = Backoff(first: .seconds(5), max: .seconds(60), jitter: .equal)
    }

    /// Sends a read request, and retries it while the platform is unreachable.
    func fetch<Wire: Decodable>(_ path: String) async throws(Fault) -> Wire {
        var attempts = 0
        while true {
            do throws(Fault) {
                let response = try await send(Request(method: .GET, path: path, priority: .poll))
                let wire: Wire = try decode(response.body)
                failures.reset()
                return wire
            } catch {
                attempts += 1
                guard error.kind == .unreachable else { throw error }
                let isOutage = failures.add() >= RequestSender.failuresBeforeNoRetry
                guard attempts < RequestSender.attemptsMax, !isOutage, error.isRepeatable, !Task.isCancelled else {
                    throw error
                }
                do {
                    try await time.sleep(until: time.now + backoff.wait(after: attempts, random: random()))
                } catch _ {
                    throw error
                }
            }
        }
    }

    /// Sends a read request once.
    ///
    /// - Parameter limit: the longest time until the response is read, the wait for the budget included.
    func fetchOnce<Wire: Decodable & Sendable>(
        _ path: String, bodyBytesMax: Int, within limit: Duration
    ) async throws(Fault) -> Wire {
        let request = Request(method: .GET, path: path, priority: .poll, bodyBytesMax: bodyBytesMax)
        let result = await withTaskGroup(of: Result<Wire, Fault>?.self) { group -> Result<Wire, Fault>? in
            group.addTask {
                do throws(Fault) {
                    return .success(try decode(try await send(request).body))
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                try? await connections[.poll].eventLoopGroup.any().sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            if let first = await group.next() ?? nil { return first }
            group.cancelAll()
            // The fault of a cancelled request only shows whether it was sent.
            guard case .failure(let fault) = await group.next() ?? nil, !fault.mayHaveTakenEffect else { return nil }
            return .failure(fault)
        }
        guard let result else { throw Fault(.unreachable, "request timed out") }
        return try result.get()
    }

    /// Sends the request once.
    ///
    /// - Throws: a fault for every status but 2xx.
    func send(_ asked: Request) async throws(Fault) -> Response {
        var headers: HTTPHeaders = [
            "Authorization": authorization.header, "Accept": "application/json", "User-Agent": "sendwarden",
        ]
        if asked.body != nil { headers.add(name: "Content-Type", value: "application/json") }
        // An action gets a new connection: if an unused one were closed under it, nobody would know whether the
        // action took effect.
        if asked.priority != .poll { headers.add(name: "Connection", value: "close") }
        let request: HTTPClient.Request
        do {
            request = try HTTPClient.Request(
                url: url + asked.path, method: asked.method, headers: headers,
                body: asked.body.map { .byteBuffer(ByteBuffer(string: $0)) })
        } catch {
            throw TransportFault.fault(error)
        }
        let (sentAt, response) = try await admitted(request, asked)
        let date = response.headers.first(name: "Date").flatMap { HTTPTime.instant($0) }
        let body = response.body ?? ByteBuffer()
        guard (200..<300).contains(response.status.code) else {
            throw refusal(response, body, date)
        }
        Departure.current?.note(sentAt)
        return Response(status: Int(response.status.code), headers: response.headers, body: body, date: date)
    }

    /// Waits for the gate, then sends; the timeout starts after the wait.
    private func admitted(
        _ request: HTTPClient.Request, _ asked: Request
    ) async throws(Fault) -> (sentAt: Instant, HTTPClient.Response) {
        let pass = try await gate.admit(asked.priority, target: asked.target)
        let (sentAt, start) = (time.now, ContinuousClock.now)
        defer { gate.leave(pass, took: start.duration(to: .now)) }
        let response = try await exchange(
            request, on: connections[asked.priority], asked.bodyBytesMax ?? dialect.bodyBytesMax)
        return (sentAt, response)
    }

    /// Sends the request and reads the whole response within the timeout, so that a slow body cannot extend it.
    ///
    /// The client's functions for one whole response do without a task of their own, which would wake another thread.
    private func exchange(
        _ request: HTTPClient.Request, on http: HTTPClient, _ bytesMax: Int
    ) async throws(Fault) -> HTTPClient.Response {
        let exchange = http.execute(
            request: request, delegate: ResponseAccumulator(request: request, maxBodySize: bytesMax),
            deadline: .now() + TimeAmount(timeout))
        do {
            return try await withTaskCancellationHandler {
                try await exchange.get()
            } onCancel: {
                exchange.cancel()
            }
        } catch {
            throw TransportFault.fault(error, bodyBytesMax: bytesMax)
        }
    }

    private func refusal(_ response: HTTPClient.Response, _ body: ByteBuffer, _ date: Instant?) -> Fault {
        let status = Int(response.status.code)
        let code = dialect.code(body)
        let summary = "HTTP \(status)" + (code.map { " \($0)" } ?? "")
        let named = response.headers.first(name: "Retry-After").flatMap {
            HTTPTime.wait(retryAfter: $0, date: date, now: time.now)
        }
        if let kind = dialect.meaning(status, code) { return Fault(kind, summary, code: code) }
        switch status {
        case 401, 403: return Fault(.unauthorized, summary, code: code)
        case 404: return Fault(.missing, summary, code: code)
        case 429:
            let wait = min(named ?? throttleBackoff.wait(after: 1, random: random()), RequestLanes.closedMax)
            gate.close(for: wait)
            return Fault(.throttled, summary, code: code, retryAfter: wait)
        case 503:
            guard let named else { return Fault(.unreachable, summary, code: code) }
            let wait = min(named, RequestLanes.closedMax)
            gate.close(for: wait)
            return Fault(.throttled, summary, code: code, retryAfter: wait)
        case 500: return Fault(.unreachable, summary, code: code, isRepeatable: dialect.retries500)
        case 408, 501...599: return Fault(.unreachable, summary, code: code)
        case 400..<500: return Fault(.refused, summary, code: code)
        default: return Fault(.unexpected, summary, code: code)
        }
    }

    func decode<Wire: Decodable>(_ body: ByteBuffer) throws(Fault) -> Wire {
        do {
            return try JSONDecoder().decode(Wire.self, from: Data(body.readableBytesView))
        } catch let error as DecodingError {
            throw Fault(.unexpected, RequestSender.summary(error, isEmpty: body.readableBytes == 0))
        } catch {
            throw Fault(.unexpected, "response is not JSON")
        }
    }

    /// Describes a response that cannot be decoded; names only documented fields, because other text is the platform's.
    private static func summary(_ error: DecodingError, isEmpty: Bool) -> String {
        let path: [any CodingKey]
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context): path = context.codingPath
        case .keyNotFound(let key, let context): return "field \"\((context.codingPath + [key]).lastName)\" is missing"
        case .dataCorrupted(let context):
            if context.codingPath.isEmpty { return isEmpty ? "response is empty" : "response is not JSON" }
            path = context.codingPath
        @unknown default: return "response does not match the API documentation"
        }
        return path.allSatisfy { $0.intValue != nil }
            ? "response does not match the API documentation"
            : "field \"\(path.lastName)\" does not match the API documentation"
    }
}

extension [any CodingKey] {
    fileprivate var lastName: String {
        last { $0.intValue == nil }?.stringValue ?? "?"
    }
}

/// Accepts an error code only if it is one short word, because other text must not get into logs.
enum MachineCode {
    static func isOne(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || "_.-0123456789".unicodeScalars.contains($0))
            }
    }
}
